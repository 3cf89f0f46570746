"""An invoice as the arithmetic takes it: settling its lines, adding up its header, and what its identities say."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch, Sum, prefetch_related_objects
from django.utils import timezone

from directory.kept import kept
from invoicing.calculations import identities, remarks
from invoicing.calculations.facts import (
    BillFacts,
    InvoiceFacts,
    LineFacts,
    LookAlike,
    PeriodFacts,
    PreviousCertificate,
    PreviousLine,
    WaitingChangeOrder,
)
from invoicing.calculations.findings import WARNING, Identity
from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO
from invoicing.calculations.summary import ChangeOrderAmount, Summary, summarize
from invoicing.deadlines import deadline_of_bill
from invoicing.models import (
    ChangeOrder,
    Invoice,
    InvoiceContact,
    InvoiceLine,
    ScheduleLine,
    StartingCertificate,
    StartingLine,
)
from invoicing.numbers import look_alikes
from invoicing.permissions import may_see_commitment, may_send_late
from invoicing.safeguards import LIEN_WAIVER, missing_papers

HEADER = (
    "original_contract_sum",
    "net_change_orders",
    "total_completed_and_stored",
    "work_retainage",
    "stored_retainage",
    "gross_this_period",
    "retainage_newly_held",
    "retainage_released",
)


def settle(line: InvoiceLine) -> None:
    """Store the line's retainage as its rule gives it, or as typed (5.2).

    A typed MR is set aside while nothing is stored: once something is again, it holds as before.
    """
    worked_out = line.as_line()
    line.stored_retainage_set_aside = None if worked_out.stored_presently else worked_out.stored_retainage_typed
    line.work_retainage = worked_out.work_retainage
    line.stored_retainage = worked_out.stored_retainage


def lines_of(invoice: Invoice) -> list[InvoiceLine]:
    lines = _lines(invoice=invoice.pk)
    for line in lines:
        line.invoice = invoice
    return lines


@kept
def _lines(invoice):
    return InvoiceLine.objects.filter(invoice=invoice).select_related("schedule_line__change_order")


def refresh_header(invoice: Invoice, lines: list[InvoiceLine] | None = None) -> None:
    """Set the header's amounts to the sums of its lines (N-8), the saved ones by default. The caller saves it."""
    summary = summary_of(invoice, lines_of(invoice) if lines is None else lines)
    for name in HEADER:
        setattr(invoice, name, getattr(summary, name))


def summary_of(invoice: Invoice, lines: list[InvoiceLine], worked: list[Line] | None = None) -> Summary:
    """Lines 1 to 9 worked out from these lines, or from what they would be; line 7 is the stored one (PA-19)."""
    original, changes = _contract_sums(lines)
    return summarize(
        [line.as_line() for line in lines] if worked is None else worked,
        original,
        changes,
        invoice.previous_certificates,
        _change_order_block(invoice, lines),
    )


def _contract_sums(lines: list[InvoiceLine]) -> tuple[Decimal, Decimal]:
    """(original, change orders) by the schedule of values as it stands now, in dollars."""
    schedule = [line.schedule_line for line in lines]
    original = sum((line.amount for line in schedule if line.change_order_id is None), ZERO)
    changes = sum((line.amount for line in schedule if line.change_order_id is not None), ZERO)
    return original, changes


def _change_order_block(invoice: Invoice, lines: list[InvoiceLine]) -> list[ChangeOrderAmount]:
    """Each line of a change order: of this period where the certificate before does not hold it; so it counts once."""
    changes = [line for line in lines if line.schedule_line.change_order_id]
    if not changes:
        return []
    before = invoice.goes_on_from
    held = {line.schedule_line_id for line in lines_before(before)} if before else set()
    return [
        ChangeOrderAmount(amount=line.scheduled_value, is_this_period=line.schedule_line_id not in held)
        for line in changes
    ]


def stored_summary(invoice: Invoice, lines: list[InvoiceLine]) -> Summary:
    """The header as it is stored, with the change-order block."""
    stored = {name: getattr(invoice, name) for name in (*HEADER, "previous_certificates")}
    return replace(summary_of(invoice, lines), **stored)


def identities_of(invoice: Invoice, lines: list[InvoiceLine] | None = None, access=None) -> tuple[Identity, ...]:
    """N-1 … N-13, each with expected, found and difference, from what is stored now.

    `access`: of whoever would send it, as an Admin may at any time (B-5).
    """
    return identities.check(facts_of(invoice, lines_of(invoice) if lines is None else lines, access=access))


def broken_identities(
    invoices: Collection[Invoice], lines: Mapping[int, list[InvoiceLine]]
) -> dict[int, tuple[Identity, ...]]:
    """{invoice id: its identities that are errors}, of those that have any; as many queries for fifty as for one.

    `lines`: {invoice id: all of its lines}, of these and of those before them. Whether files are attached is not asked:
    it only warns (N-10).
    """
    starts = []
    for invoice in invoices:
        before = invoice.goes_on_from
        if isinstance(before, StartingCertificate):
            starts.append(before)
        elif before:
            before.lines_at_hand = lines.get(before.pk, [])
    held = StartingLine.objects.select_related("schedule_line__commitment")
    prefetch_related_objects(starts, Prefetch("lines", held, to_attr="lines_at_hand"))
    found = {
        invoice.pk: identities.errors(identities.check(facts_of(invoice, lines.get(invoice.pk, []), has_files=True)))
        for invoice in invoices
    }
    return {pk: broken for pk, broken in found.items() if broken}


def findings_before_sending(invoice: Invoice, lines: list[InvoiceLine], access) -> tuple[Identity, ...]:
    """The identities, and the remarks that a sender ticks like their warnings."""
    return identities_of(invoice, lines, access) + remarks_on(invoice, lines, access) + _papers_to_attach(invoice)


LIEN_WAIVER_MISSING = f"{LIEN_WAIVER.capitalize()} missing"
MENDED_BY_A_FILE = ("N-10", LIEN_WAIVER_MISSING)


def _papers_to_attach(invoice: Invoice) -> tuple[Identity, ...]:
    """What the approval would wait for and the sender can attach now (9.4, R85)."""
    waits = f" {invoice.company} does not approve a bill without it."
    return tuple(
        Identity(
            LIEN_WAIVER_MISSING,
            WARNING,
            False,
            f"{paper.words} {paper.remedy}{waits if paper.blocks else ''}",
            "",
            ZERO,
            ZERO,
            ZERO,
        )
        for paper in missing_papers(invoice)
        if paper.comes_with_bill
    )


def remarks_on(
    invoice: Invoice, lines: list[InvoiceLine], access, alike: Collection[Invoice] | None = None
) -> tuple[Identity, ...]:
    """What whoever approves should have seen, too, although every identity holds (9.4).

    `alike`: its look-alikes, where they were asked for together with those of others.
    """
    alike = look_alikes(invoice) if alike is None else alike
    facts = BillFacts(
        number=invoice.number,
        payment_due=invoice.current_payment_due,
        lines=tuple(Line.of(line.as_line()) for line in lines),
        look_alikes=_named(invoice, alike, access),
    )
    return remarks.check(facts)


def _named(invoice: Invoice, alike: Collection[Invoice], access) -> tuple[LookAlike, ...]:
    """R19: named to who sees their commitments (P-1, P-2); of the others it is said that there are such."""
    known = _known_to(access, alike)
    return tuple(
        LookAlike(
            number=other.number if other.commitment_id in known else "",
            sent_date=invoice.project.day_of(other.submitted_at),
            due=other.current_payment_due,
        )
        for other in alike
    )


def _known_to(access, bills: Collection[Invoice]) -> set[int]:
    """The commitments of these bills that this person sees: a contact also those of other projects (P-1)."""
    commitments = {bill.commitment_id: bill.commitment for bill in bills}
    if not access.is_external:
        here = [each for each in commitments.values() if each.project_id == access.project.pk]
        return {each.pk for each in here if may_see_commitment(each, access)}
    theirs = InvoiceContact.objects.acting().filter(person=access.person, commitment__in=commitments)
    return set(theirs.values_list("commitment", flat=True)) if commitments else set()


def facts_of(invoice: Invoice, lines: list[InvoiceLine], *, has_files: bool | None = None, access=None) -> InvoiceFacts:
    original, changes = _contract_sums(lines)
    previous = invoice.goes_on_from
    previous_lines = lines_before(previous) if previous else ()
    return InvoiceFacts(
        lines=tuple(_line_facts(line, is_enterable=invoice.status in Invoice.ENTERABLE) for line in lines),
        header=stored_summary(invoice, lines),
        original_contract_sum=original,
        approved_change_orders=changes,
        period=_period_facts(invoice, access),
        waiting_change_orders=_waiting_change_orders(invoice),
        previous_lines=tuple(_previous_line(line) for line in previous_lines),
        previous_certificate=PreviousCertificate(
            earned_less_retainage=previous.earned_less_retainage, total_retainage=previous.total_retainage
        )
        if previous
        else PreviousCertificate(),
        allows_over_billing=invoice.commitment.allows_over_billing,
        has_attachments=invoice.has_files if has_files is None else has_files,
        is_certified=invoice.is_certified,
    )


def _previous_line(line: InvoiceLine | StartingLine) -> PreviousLine:
    """At which rates was held before a mid-job start nobody knows, so that none of them can differ (N-13)."""
    previous = PreviousLine.of(line.as_line())
    if isinstance(line, StartingLine):
        return replace(previous, work_retainage_rate=None, stored_retainage_rate=None)
    return previous


def _waiting_change_orders(invoice: Invoice) -> tuple[WaitingChangeOrder, ...]:
    """Those that it lacks, while lines can be added; one approved after its own approval is for the next (I-7)."""
    if invoice.status not in (*Invoice.ENTERABLE, Invoice.Status.UNDER_REVIEW):
        return ()
    sums = _change_orders_not_on(commitment=invoice.commitment_id, invoice=invoice.pk)
    return tuple(WaitingChangeOrder(number=number, amount=amount) for number, amount in sums)


@kept
def _change_orders_not_on(commitment, invoice):
    lines = ScheduleLine.objects.filter(commitment=commitment).not_on(invoice).exclude(change_order=None)
    return lines.order_by("change_order__number").values_list("change_order__number").annotate(Sum("amount"))


def lines_before(previous) -> Collection:
    """Of the previous invoice or the starting certificate; read once, or together for many where somebody did."""
    if getattr(previous, "lines_at_hand", None) is None:
        if isinstance(previous, Invoice):
            previous.lines_at_hand = _billed_before(invoice=previous.pk)
        else:
            previous.lines_at_hand = _held_at_the_start(certificate=previous.pk)
    return previous.lines_at_hand


@kept
def _billed_before(invoice):
    return InvoiceLine.objects.filter(invoice=invoice).select_related("schedule_line__commitment")


@kept
def _held_at_the_start(certificate):
    return StartingLine.objects.filter(certificate=certificate).select_related("schedule_line__commitment")


def _line_facts(line: InvoiceLine, *, is_enterable: bool) -> LineFacts:
    """Why a review allowed an amount is no reason of the next claim, which stands for itself and has its own (N-9)."""
    allowed_because = "" if is_enterable else line.allowed_reason
    change_order = line.schedule_line.change_order
    return LineFacts(
        line=line.as_line(),
        reason=line.note or allowed_because,
        is_unit_priced=line.schedule_line.is_unit_priced,
        is_over_billing_waived=line.over_billing_is_waived,
        is_change_order_approved=change_order is None or change_order.status == ChangeOrder.Status.APPROVED,
        work_retainage_as_stored=line.work_retainage,
        stored_retainage_as_stored=line.stored_retainage,
    )


def _period_facts(invoice: Invoice, access) -> PeriodFacts:
    was_sent = invoice.submitted_at is not None and invoice.status not in Invoice.ENTERABLE
    moment = invoice.submitted_at if was_sent else timezone.now()
    return PeriodFacts(
        start_date=invoice.period_start_date,
        end_date=invoice.period_end_date,
        due_date=invoice.due_date,
        submitted_date=invoice.project.day_of(moment),
        accepts_bills=was_sent or not deadline_of_bill(invoice).is_closed,
        may_finish_late=invoice.may_finish_late or (access is not None and may_send_late(invoice, access)),
        goes_on_after=_goes_on_after(invoice),
    )


def _goes_on_after(invoice: Invoice) -> date | None:
    """Work goes on: from the previous invoice's first day at the earliest, from a mid-job start's month."""
    before = invoice.goes_on_from
    if before is None:
        return None
    return before.as_of_date.replace(day=1) if isinstance(before, StartingCertificate) else before.period_start_date
