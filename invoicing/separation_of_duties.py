"""P-7: whoever has a part in a claim, or allowed more than it asks, does not approve it (R78, R80).

Actions raise what stands here, pages say it before anybody presses a button. That whoever had one of these parts, or
sent the invoice to accounting, does not accept it there is asked in erp_integrations/permissions.py.
"""

from decimal import Decimal

from django.db.models import Case, Exists, OuterRef, Q, Value, When

from directory.kept import kept
from directory.machines import words_of
from directory.models import Event, Person
from directory.models.events import subject_names
from invoicing.allowed_amounts import as_it_stands, pays_more
from invoicing.models import Endorsement, Invoice, InvoiceLine, Submission

# As the record says that somebody did.
APPROVED = tuple(words_of(move)["done"] for move in (Invoice.approve, Invoice.approve_as_noted))


def conflict_of(invoice: Invoice, person: Person) -> str:
    """Why separation of duties keeps this person from approving; "" when nothing does."""
    company = invoice.company
    if company.separate_submitter_and_approver and (part := part_in_claim(invoice, person)):
        return f"You {part} this invoice, so someone else approves it (separation of duties)."
    if company.separate_raiser_and_approver and raised_by(invoice, person):
        return "You allowed more than was claimed, so someone else approves it (separation of duties)."
    return ""


def duties_waived(invoice: Invoice, person: Person) -> bool:
    """Whether this approval is one that separation of duties, were it on, would refuse (P-7, R78)."""
    return bool(part_in_claim(invoice, person)) or raised_by(invoice, person)


def part_in_claim(invoice: Invoice, person: Person) -> str:
    """What this person did to bring the claim about: "submitted" or "started" it; "" for nothing (R78)."""
    part = Case(*parts_in_claims(person), default=Value(""))
    return Invoice.objects.filter(pk=invoice.pk).values_list(part, flat=True).get()


def parts_in_claims(person: Person, invoice: str = "") -> list[When]:
    """What brings a claim about, for a query over many: `invoice` leads to it, as in "invoice__".

    R78: whoever submitted it, now or before it came back, and whoever started it, whoever pressed Send last.
    """
    sent = Submission.objects.filter(invoice=OuterRef(f"{invoice}pk"), submitted_by=person)
    return [
        When(Q(**{f"{invoice}submitted_by": person}) | Q(Exists(sent)), then=Value("submitted")),
        When(**{f"{invoice}created_by": person}, then=Value("started")),
    ]


def parts_in_approvals(person: Person, invoice: str = "") -> list[When]:
    """The same of what approves it: the approval itself, and the first of two, even one that no longer counts (R84).

    R78: an approval stays one when another follows, as the one of what was approved as noted before; the invoice names
    the last alone, so the record is asked.
    """
    first = Endorsement.objects.filter(invoice=OuterRef(f"{invoice}pk"), by=person)
    told = Event.objects.of_one(subject_names("invoicing.invoice", OuterRef(f"{invoice}pk")), by=person)
    approved = Q(**{f"{invoice}approved_by": person}) | Q(Exists(told.filter(verb__in=APPROVED)))
    return [
        When(approved, then=Value("approved")),
        When(Exists(first), then=Value("gave the first approval to")),
    ]


def raised_by(invoice: Invoice, person: Person) -> bool:
    """Whether this person's own allowed amounts pay more than was claimed, on a line or in all (R80)."""
    edited = _allowed_by(invoice=invoice.pk, person=person.pk)
    claim = invoice.submissions.latest_one() if edited else None
    if claim is None:
        return False
    figures = claim.figures()
    in_all = invoice.current_payment_due > Decimal(claim.header["current_payment_due"])
    return in_all or any(_is_raised(line, figures.get(line.schedule_line_id)) for line in edited)


@kept
def _allowed_by(invoice, person):
    return InvoiceLine.objects.filter(invoice=invoice, allowed_by=person).select_related("schedule_line")


def _is_raised(line: InvoiceLine, claim: dict | None) -> bool:
    return claim is None or pays_more(claim, as_it_stands(line))
