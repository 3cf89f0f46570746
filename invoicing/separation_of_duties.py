"""P-7: whoever has a part in a claim, or allowed more than it asks, does not approve it (R78, R80).

Actions raise what stands here, pages say it before anybody presses a button. That whoever sends an invoice to
accounting does not accept it is asked in erp_integrations/permissions.py.
"""

from decimal import Decimal

from directory.kept import kept
from directory.models import Person
from invoicing.allowed_amounts import as_it_stands, pays_more
from invoicing.models import Invoice, InvoiceLine


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
    """What this person did to bring the claim about: "submitted" it, now or before it came back, "started" it; or "".

    R78: neither approves it, whoever pressed Send last.
    """
    if invoice.submitted_by_id == person.pk:
        return "submitted"
    if invoice.created_by_id == person.pk:
        return "started"
    return "submitted" if invoice.submissions.filter(submitted_by=person).exists() else ""


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
