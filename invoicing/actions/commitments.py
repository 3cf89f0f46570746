"""Entering a commitment with its schedule of values, and naming who bills it."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, Refused
from directory.refused_faults import faults_refused
from invoicing.calculations.lines import work_for_quantity
from invoicing.models import Commitment, CostCode, CostType, InvoiceContact, ScheduleLine
from invoicing.permissions import ADMIN_RIGHT, DRAFT_RIGHT, is_project_admin, may_create_commitments


@dataclass(frozen=True)
class NewLine:
    """A line to enter: dollars, or quantity × unit price. `retainage_rate` None: the commitment's."""

    cost_code: CostCode
    description: str
    amount: Decimal | None = None
    cost_type: int = CostType.SUBCONTRACT
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    retainage_rate: Decimal | None = None

    @property
    def value(self) -> Decimal:
        return self.amount if self.unit_price is None else work_for_quantity(self.quantity, self.unit_price)


def require_admin(by, project) -> None:
    """Raises NotAllowed unless `by` administers the project's invoices now."""
    if not is_project_admin(read_access(by, project.company, project)):
        raise NotAllowed(ADMIN_RIGHT)


@transaction.atomic
def enter(commitment: Commitment, lines: list[NewLine], *, by) -> Commitment:
    """Save a new draft with its schedule of values, by one of the company's own people with Standard (1.2).

    Refuses a field that does not fit, naming it. Whoever enters a private one stays able to see it (P-2).
    """
    access = read_access(by, commitment.project.company, commitment.project)
    if not may_create_commitments(access):
        raise NotAllowed(DRAFT_RIGHT)
    if commitment.status != Commitment.Status.DRAFT:
        raise Refused("A new commitment is a draft. Enter it, then approve it.", field="status")
    commitment.company = commitment.project.company
    commitment.created_by = by
    must_fit(commitment)
    store(commitment)
    if not is_project_admin(access):
        commitment.access_list.add(by)
    add_lines(commitment, lines)
    Event.objects.record("entered", commitment, by=by, to_state=commitment.status)
    return commitment


def must_fit(commitment: Commitment) -> None:
    """Raises Refused, naming the field, unless every field of it holds what it may."""
    others = Commitment.objects.filter(company=commitment.company_id).exclude(pk=commitment.pk)
    if others.filter(number__iexact=commitment.number).exists():
        raise number_taken(commitment)
    dates = (commitment.start_date, commitment.completion_date)
    if all(dates) and dates[0] > dates[1]:
        raise Refused("The completion date is before the start. Choose a later one.", field="completion_date")
    if commitment.vendor.company_id != commitment.company_id:
        raise Refused("Choose a vendor of this company’s directory.", field="vendor")
    with faults_refused():
        commitment.full_clean(exclude=["status"])  # protected: cleaning would set it anew


def store(commitment: Commitment) -> None:
    """Save it in the caller's transaction. Refuses the number that somebody else took since it was looked up."""
    try:
        with transaction.atomic():
            commitment.save()
    except IntegrityError as error:
        if "a_commitment_number_is_used_once_in_a_company" not in str(error):
            raise
        raise number_taken(commitment) from None


def number_taken(commitment: Commitment) -> Refused:
    return Refused(f"The company has a commitment {commitment.number} already. Choose another number.", field="number")


def add_lines(commitment: Commitment, lines: list[NewLine], change_order=None) -> list[ScheduleLine]:
    """Append lines in the caller's transaction; positions go on where the commitment's end.

    Raises Refused, `rows[3].cost_code` as its field, for a cost code that is not the company's or was put aside.
    """
    _must_be_in_use(commitment, lines)
    last = commitment.lines.order_by("-position").values_list("position", flat=True).first() or 0
    return ScheduleLine.objects.bulk_create(schedule_lines(commitment, lines, change_order, after=last))


def schedule_lines(commitment: Commitment, lines: list[NewLine], change_order=None, *, after: int = 0):
    """As rows that are not written yet; positions go on `after` that one."""
    return [
        ScheduleLine(
            commitment=commitment,
            change_order=change_order,
            position=position,
            cost_code=line.cost_code,
            cost_type=line.cost_type,
            description=line.description,
            amount=line.value,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            retainage_rate=line.retainage_rate,
        )
        for position, line in enumerate(lines, after + 1)
    ]


def _must_be_in_use(commitment: Commitment, lines: list[NewLine]) -> None:
    wanted = {line.cost_code.pk for line in lines}
    codes = CostCode.objects.filter(company=commitment.company_id, is_active=True, pk__in=wanted)
    in_use = set(codes.values_list("pk", flat=True)) if wanted else set()
    for place, line in enumerate(lines):
        if line.cost_code.pk not in in_use:
            raise Refused(no_code_in_use(line.cost_code.code), field=f"rows[{place}].cost_code")


def no_code_in_use(code: str) -> str:
    return f"“{code}” is no cost code in use. Choose one of the company’s list."


@transaction.atomic
def add_contact(commitment: Commitment, person, *, by) -> Level | None:
    """Name an invoice contact. Gives Standard on Commitments if the person has less (P-3): the level given, or None."""
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    project = commitment.project
    require_admin(by, project)
    membership = person.membership_in(commitment.company)
    if membership is None or membership.vendor_id != commitment.vendor_id:
        raise Refused(
            f"{person.name} does not work for {commitment.vendor.name}. Only its own people can bill.", field="person"
        )
    if commitment.invoice_contacts.filter(person=person).exists():
        raise Refused(f"{person.name} is an invoice contact already.", field="person")
    InvoiceContact.objects.create(commitment=commitment, person=person, added_by=by)
    commitment.access_list.add(person)  # P-2
    Event.objects.record("added invoice contact", commitment, by=by, changes={"contact": ["", person.name]})
    if read_access(person, commitment.company, project).allows(Tool.COMMITMENTS, Level.STANDARD):
        return None
    set_level(person, Tool.COMMITMENTS, project, Level.STANDARD, by=by)
    return Level.STANDARD


@transaction.atomic
def remove_contact(contact: InvoiceContact, *, by) -> None:
    """The person no longer sees or bills the commitment; their level stays, and shows them nothing by itself (P-1)."""
    commitment = Commitment.objects.select_for_update().get(pk=contact.commitment_id)
    require_admin(by, commitment.project)
    contact = commitment.invoice_contacts.filter(pk=contact.pk).first()
    if contact is None:
        return  # a second click
    commitment.access_list.remove(contact.person)
    Event.objects.record("removed invoice contact", commitment, by=by, changes={"contact": [contact.person.name, ""]})
    contact.delete()
