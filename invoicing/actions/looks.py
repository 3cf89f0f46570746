"""That a reviewer opened a bill, and what they saw of it, for "changed since I last looked" (5.1, I-10)."""

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Stale
from invoicing.models import Invoice, Look, figures_of
from invoicing.permissions import ADMIN_RIGHT, may_review


@transaction.atomic
def keep(invoice: Invoice, *, by, version: int, only_opens: bool = False) -> bool:
    """The first look of a reviewer since it was sent begins its review: True. A look by itself is no event.

    `version` is the one that was on the page: what nobody saw is not kept as seen. `only_opens`: what they saw last
    time is still what they compare with.
    """
    invoice = Invoice.objects.select_for_update(of=("self",)).with_context().get(pk=invoice.pk)
    if not may_review(invoice, read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if invoice.version != version:
        raise Stale("Somebody changed it after you opened this page. Look at what changed, then mark it as seen.")
    begins = invoice.status == Invoice.Status.UNDER_REVIEW and invoice.review_opened_at is None
    if begins:
        invoice.begin_review()
        Event.objects.record("opened the review", invoice, by=by)
    if not only_opens:
        remember(invoice, by)
    return begins


def must_be_as_seen(invoice: Invoice, version: int) -> None:
    """Asked under the lock: Stale on another version than was looked at (I-5), NotNow on what was deleted."""
    if invoice.version != version:
        raise Stale("Somebody changed this invoice in between. Look at it again, then decide.")
    if invoice.deleted_at:
        raise NotNow("It was deleted. Restore it first.")


def remember(invoice: Invoice, by) -> None:
    """As it stands now, in the caller's transaction and under its lock: whoever decides has seen it."""
    lines = {str(line.schedule_line_id): figures_of(line) for line in invoice.lines.order_by()}
    Look.objects.update_or_create(invoice=invoice, person=by, defaults={"at": timezone.now(), "lines": lines})
