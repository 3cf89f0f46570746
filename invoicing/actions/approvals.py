"""What both approvals ask before the machine moves, and the first of two where a company wants two (5.1, R84)."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from functools import partial

from django.db import transaction
from django_fsm import can_proceed

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import looks
from invoicing.allowed_amounts import as_it_stands, is_reduced
from invoicing.calculations import identities
from invoicing.calculations.findings import Identity
from invoicing.calculations.lines import describe
from invoicing.calculations.money import ZERO, format_amount
from invoicing.models import Endorsement, Invoice, InvoiceLine, StartingLine, Verdict
from invoicing.permissions import ADMIN_RIGHT, may_review
from invoicing.proof import identities_of, lines_of
from invoicing.safeguards import endorsement_of, limit_in_words, missing_papers, needs_two, why_not_second
from invoicing.separation_of_duties import conflict_of, duties_waived


def must_be_certifiable(
    invoice: Invoice, access, goes_ahead_because: str = "", seen: Collection[str] | None = None
) -> dict:
    """Raises what stands against an approval by this person; returns what the event notes about papers and warnings.

    Separation of duties, earlier invoices settled, identities hold, no line over-billed by all certified invoices
    together, papers as the company wants them. A paper that blocks is passed with `goes_ahead_because`, an Admin's
    reason (R85); a warning that is not among the `seen` ones refuses it, None: nobody was asked (5.5).
    """
    conflict = conflict_of(invoice, access.person)
    if conflict:
        raise NotNow(conflict)
    invoice.duties_waived = duties_waived(invoice, access.person)
    found = _must_be_in_order(invoice)
    return must_be_seen(found, seen) | _must_have_papers(invoice, goes_ahead_because.strip())


def _must_be_in_order(invoice: Invoice) -> tuple[Identity, ...]:
    must_come_in_turn(invoice)
    found = must_hold(invoice)
    must_not_over_bill(invoice)
    return found


def must_be_certifiable_later(invoice: Invoice, access) -> None:
    """Raises what stands against sending, before its approval, what waits for its owner (6.2).

    An approval meets it as it was sent, so what an approval asks is asked now; of a paper that blocks nobody can say
    here why it goes ahead.
    """
    conflict = conflict_of(invoice, access.person)
    if conflict:
        raise NotNow(f"{conflict} It is sent before that, so someone else sends it as well.")
    _must_be_in_order(invoice)
    try:
        must_not_have_rejected_lines(invoice)
    except NotNow as refused:
        raise NotNow(f"{refused.message} Reopen its review for that: once it is sent, no figure changes.") from None
    blocking = [paper for paper in missing_papers(invoice) if paper.blocks]
    if blocking:
        said = " ".join(f"{paper.words} {paper.remedy}" for paper in blocking)
        raise NotNow(f"{said} Or have it approved first, with the reason why it goes ahead without.")


def must_come_in_turn(invoice: Invoice) -> None:
    """Every earlier invoice of the commitment is certified."""
    earlier = Invoice.objects.live().filter(commitment=invoice.commitment_id, position__lt=invoice.position)
    waiting = earlier.uncertified().first()
    if waiting:
        raise NotNow(f"Invoice {waiting.position} is {waiting.get_status_display()}. Approve it first.")


def _must_have_papers(invoice: Invoice, goes_ahead_because: str) -> dict:
    papers = missing_papers(invoice)
    blocking = [paper for paper in papers if paper.blocks]
    if blocking and not goes_ahead_because:
        said = " ".join(f"{paper.words} {paper.remedy}" for paper in blocking)
        raise Refused(f"{said} Or say why it goes ahead without.", field="goes_ahead_because")
    noted = {"papers missing": ["", ", ".join(paper.name for paper in papers)]} if papers else {}
    return noted | ({"went ahead because": ["", goes_ahead_because]} if blocking else {})


def must_hold(invoice: Invoice) -> tuple[Identity, ...]:
    """Every identity that is an error holds (5.5); all of them."""
    found = identities_of(invoice)
    broken = identities.errors(found)
    if broken:
        raise Refused(" ".join(f"{identity.number}: {identity.sentence}" for identity in broken))
    return found


def must_be_seen(found: Iterable[Identity], seen: Collection[str] | None) -> dict:
    """Every warning has its tick; what the event notes of them."""
    if seen is None:
        return {}
    warnings = identities.warnings(found)
    if unseen := [warning for warning in warnings if warning.name not in seen]:
        said = " ".join(f"{warning.number}: {warning.sentence}" for warning in unseen)
        raise Refused(f"{said} Tick that you have seen {'it' if len(unseen) == 1 else 'each of them'}.", field="seen")
    return {"warnings seen": ["", ", ".join(warning.name for warning in warnings)]} if warnings else {}


def must_not_over_bill(invoice: Invoice, lines: Iterable[InvoiceLine] | None = None) -> None:
    """R42: what all certified invoices bill on a line goes no further over its scheduled value by this one.

    N-4 trusts the previous amounts that stand on this invoice; this adds up the others anew, so the caller holds the
    lock of the commitment. Over-billing may be allowed on the commitment or waived on a unit-priced line. `lines`: all
    of its own, where they were read already.
    """
    if invoice.commitment.allows_over_billing:
        return
    before = _certified_before(invoice)
    for line in lines_of(invoice) if lines is None else lines:
        if line.may_pass_its_value:
            continue
        worked_out = line.as_line()
        certified = before.get(line.schedule_line_id, ZERO)
        total = certified + worked_out.gross_this_period
        over = abs(total) - abs(line.scheduled_value)
        if over > 0 and abs(total) > abs(certified):
            raise NotNow(
                f"With every certified invoice, {describe(worked_out)} comes to {format_amount(total)}: "
                f"{format_amount(over)} over its scheduled value. Send this invoice back, and bill the rest."
            )


def in_the_way(invoice: Invoice, lines: Iterable[InvoiceLine], *, holds: bool) -> list[str]:
    """What other invoices of the commitment stand against an approval, told before anybody decides (U3).

    `holds`: no identity is an error; else what is over-billed is said there, line by line.
    """
    said, looks = [], [must_come_in_turn]
    if holds:
        looks.append(partial(must_not_over_bill, lines=lines))
    for look in looks:
        try:
            look(invoice)
        except NotNow as refused:
            said.append(refused.message)
    return said


def _certified_before(invoice: Invoice) -> dict[int, Decimal]:
    """{schedule line: what the other certified invoices and the starting certificate bill on it}, in dollars."""
    start = StartingLine.objects.filter(certificate__commitment=invoice.commitment_id)
    sums = {line.schedule_line_id: line.work_completed + line.stored for line in start}
    certified = Invoice.objects.live().filter(commitment=invoice.commitment_id, status__in=Invoice.CERTIFIED)
    others = InvoiceLine.objects.filter(invoice__in=certified.exclude(pk=invoice.pk))
    for line, gross in others.gross_by_schedule_line().items():
        sums[line] = sums.get(line, ZERO) + gross
    return sums


def must_be_endorsed(invoice: Invoice, access) -> None:
    """Where two approve, somebody else has given the first approval to these very amounts (R84)."""
    if not needs_two(invoice):
        return
    first = endorsement_of(invoice)
    if first is None:
        raise NotNow(f"{limit_in_words(invoice.company)} Give the first approval; another Admin then approves.")
    if why_not := why_not_second(first, access.person):
        raise NotNow(why_not)


@transaction.atomic
def endorse(
    invoice: Invoice,
    *,
    by,
    comment: str = "",
    goes_ahead_because: str = "",
    seen: Collection[str] | None = None,
) -> Endorsement:
    """Give the first of two approvals; the status stays, and a change of any amount voids it."""
    looked_at, invoice = invoice.version, Invoice.objects.locked(invoice.pk)
    access = read_access(by, invoice.company, invoice.project)
    if not may_review(invoice, access):
        raise NotAllowed(ADMIN_RIGHT)
    looks.must_be_as_seen(invoice, looked_at)
    if not can_proceed(invoice.approve):
        raise NotNow(invoice.why_not(Invoice.approve))
    if not needs_two(invoice):
        raise NotNow("One approval is enough for this invoice. Approve it.")
    first = endorsement_of(invoice)
    if first:
        raise NotNow(f"{first.by} gave the first approval already. The second approves it.")
    noted = must_be_certifiable(invoice, access, goes_ahead_because, seen)
    must_not_have_rejected_lines(invoice)
    invoice.begin_review()
    looks.remember(invoice, by)
    endorsement = Endorsement.objects.create(invoice=invoice, version=invoice.version, by=by, comment=comment.strip())
    Event.objects.record("gave the first approval", invoice, by=by, reason=comment.strip(), changes=noted)
    return endorsement


def must_not_have_rejected_lines(invoice: Invoice) -> None:
    """A rejected line is passed only with a smaller amount than was claimed."""
    claim = invoice.submissions.latest_one().figures()
    unreduced = [x for x in rejected_lines(invoice) if not is_reduced(claim.get(x.schedule_line_id), as_it_stands(x))]
    if unreduced:
        names = ", ".join(str(line) for line in unreduced)
        raise NotNow(f"Rejected and not reduced: {names}. Allow a smaller amount there, or send the invoice back.")


def rejected_lines(invoice: Invoice):
    return invoice.lines.filter(verdict=Verdict.REJECTED).select_related("schedule_line")
