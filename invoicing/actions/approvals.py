"""What both approvals ask before the machine moves, and the first of two where a company wants two (5.1, R84)."""

from django.db import transaction
from django_fsm import can_proceed

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.calculations import identities
from invoicing.models import Endorsement, Invoice, InvoiceLine, Verdict
from invoicing.permissions import ADMIN_RIGHT, may_review
from invoicing.proof import identities_of
from invoicing.safeguards import conflict_of, duties_waived, endorsement_of, limit_in_words, missing_papers, needs_two


def must_be_certifiable(invoice: Invoice, access, goes_ahead_because: str = "") -> dict:
    """Raises what stands against an approval by this person; returns what the event notes about papers.

    Separation of duties, earlier invoices settled, identities hold, papers as the company wants them. A paper that
    blocks is passed with `goes_ahead_because`, an Admin's reason (R85).
    """
    conflict = conflict_of(invoice, access.person)
    if conflict:
        raise NotNow(conflict)
    invoice.duties_waived = duties_waived(invoice, access.person)
    earlier = Invoice.objects.live().filter(commitment=invoice.commitment_id, position__lt=invoice.position)
    waiting = earlier.exclude(status__in=Invoice.CERTIFIED).first()
    if waiting:
        raise NotNow(f"Invoice {waiting.position} is {waiting.get_status_display()}. Approve it first.")
    must_hold(invoice)
    return _must_have_papers(invoice, goes_ahead_because.strip())


def _must_have_papers(invoice: Invoice, goes_ahead_because: str) -> dict:
    papers = missing_papers(invoice)
    blocking = [paper for paper in papers if paper.blocks]
    if blocking and not goes_ahead_because:
        said = " ".join(f"{paper.words} {paper.remedy}" for paper in blocking)
        raise Refused(f"{said} Or say why it goes ahead without.", field="goes_ahead_because")
    noted = {"papers missing": ["", ", ".join(paper.name for paper in papers)]} if papers else {}
    return noted | ({"went ahead because": ["", goes_ahead_because]} if blocking else {})


def must_hold(invoice: Invoice) -> None:
    """Every identity that is an error holds (5.5)."""
    broken = identities.errors(identities_of(invoice))
    if broken:
        raise Refused(" ".join(f"{identity.number}: {identity.sentence}" for identity in broken))


def must_be_endorsed(invoice: Invoice, access) -> None:
    """Where two approve, somebody else has given the first approval to these very amounts (R84)."""
    if not needs_two(invoice):
        return
    first = endorsement_of(invoice)
    if first is None:
        raise NotNow(f"{limit_in_words(invoice.company)} Give the first approval; another Admin then approves.")
    if first.by_id == access.person.pk:
        raise NotNow("You gave the first approval, so another Admin gives the second.")


@transaction.atomic
def endorse(invoice: Invoice, *, by, comment: str = "", goes_ahead_because: str = "") -> Endorsement:
    """Give the first of two approvals; the status stays, and a change of any amount voids it."""
    looked_at, invoice = invoice.version, Invoice.objects.locked(invoice.pk)
    access = read_access(by, invoice.company, invoice.project)
    if not may_review(invoice, access):
        raise NotAllowed(ADMIN_RIGHT)
    if invoice.version != looked_at:
        raise Stale("Somebody changed this invoice in between. Look at it again, then decide.")
    if not can_proceed(invoice.approve):
        raise NotNow(f"It is {invoice.get_status_display()} now, so that is no longer possible.")
    if not needs_two(invoice):
        raise NotNow("One approval is enough for this invoice. Approve it.")
    first = endorsement_of(invoice)
    if first:
        raise NotNow(f"{first.by} gave the first approval already. The second approves it.")
    noted = must_be_certifiable(invoice, access, goes_ahead_because)
    must_not_have_rejected_lines(invoice)
    endorsement = Endorsement.objects.create(invoice=invoice, version=invoice.version, by=by, comment=comment.strip())
    Event.objects.record("gave the first approval", invoice, by=by, reason=comment.strip(), changes=noted)
    return endorsement


def must_not_have_rejected_lines(invoice: Invoice) -> None:
    """A rejected line is passed only with a smaller amount than was claimed."""
    unreduced = [line for line in rejected_lines(invoice) if not _was_reduced(invoice, line)]
    if unreduced:
        names = ", ".join(str(line) for line in unreduced)
        raise NotNow(f"Rejected and not reduced: {names}. Allow a smaller amount there, or send the invoice back.")


def rejected_lines(invoice: Invoice):
    return invoice.lines.filter(verdict=Verdict.REJECTED).select_related("schedule_line")


def _was_reduced(invoice: Invoice, line: InvoiceLine) -> bool:
    claim = invoice.submissions.order_by("-number").first().figures().get(line.schedule_line_id)
    return claim is not None and line.as_line().total_completed_and_stored < type(line.scheduled_value)(
        claim["total_completed_and_stored"]
    )
