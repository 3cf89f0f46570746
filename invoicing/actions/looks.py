"""Keeping what a reviewer saw, for "changed since I last looked" (I-10). No event: a look changes nothing."""

from django.db import transaction
from django.utils import timezone

from directory.permissions import read_access
from directory.refusals import NotAllowed, Stale
from invoicing.models import Invoice, Look, figures_of
from invoicing.permissions import ADMIN_RIGHT, may_review


@transaction.atomic
def keep(invoice: Invoice, *, by, version: int) -> None:
    """`version` is the one that was on the page: what nobody saw is not kept as seen."""
    invoice = Invoice.objects.select_for_update(of=("self",)).with_context().get(pk=invoice.pk)
    if not may_review(invoice, read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if invoice.version != version:
        raise Stale("Somebody changed it after you opened this page. Look at what changed, then mark it as seen.")
    remember(invoice, by)


def remember(invoice: Invoice, by) -> None:
    """As it stands now, in the caller's transaction and under its lock: whoever decides has seen it."""
    lines = {str(line.schedule_line_id): figures_of(line) for line in invoice.lines.order_by()}
    Look.objects.update_or_create(invoice=invoice, person=by, defaults={"at": timezone.now(), "lines": lines})
