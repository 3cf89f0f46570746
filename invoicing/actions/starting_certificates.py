"""Mid-job start: open commitments with what was billed, stored and retained on each line, all of them or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F

from directory.models import Event, Project, Vendor
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from directory.refused_faults import faults_refused
from invoicing.actions import change_orders, commitment_moves
from invoicing.actions.commitments import NewLine, no_code_in_use, schedule_lines
from invoicing.actions.starting_proofs import Controls, LoadedCommitment, LoadedLine, must_be_loadable, prove
from invoicing.calculations.money import ZERO, format_amount
from invoicing.models import ChangeOrder, Commitment, CostCode, ScheduleLine, StartingCertificate, StartingLine
from invoicing.periods import hold
from invoicing.permissions import ADMIN_RIGHT, is_project_admin

NOT_YET = "That day has not come yet. Say until which day the work was billed."


@transaction.atomic
def load(
    project: Project, loaded: Sequence[LoadedCommitment], controls: Controls, *, as_of: date, by
) -> list[StartingCertificate]:
    """Enter, approve and start each commitment. Raises Refused when the proof does not hold; then nothing is kept."""
    project = hold(project)
    if not is_project_admin(read_access(by, project.company, project)):
        raise NotAllowed(ADMIN_RIGHT)
    if as_of > project.today:
        raise Refused(NOT_YET, field="as_of")
    must_be_loadable(sum(len(each.every_line) for each in loaded))
    if not prove(project, loaded, controls).holds:
        raise Refused("The file and the totals don't prove any more. Look at it again.")
    starts = [_drafted(project, each, by) for each in loaded]
    _check(project, starts)
    _write(project, starts)
    _approve(starts, as_of)
    certificates = _certify(starts, as_of, by)
    Event.objects.record_all([event for start in starts for event in _told(start, as_of, by)])
    return certificates


# As many statements for 200 commitments as for one: whoever loads them waits, and holds the project.


@dataclass
class Start:
    """One commitment on its way in: what the file says, and the rows made of it."""

    loaded: LoadedCommitment
    commitment: Commitment
    orders: list[ChangeOrder]
    lines: list[ScheduleLine] = field(default_factory=list)
    certificate: StartingCertificate | None = None


def _drafted(project: Project, loaded: LoadedCommitment, by) -> Start:
    method = Commitment.Accounting.UNIT if loaded.is_unit_priced else Commitment.Accounting.AMOUNT
    commitment = Commitment(
        project=project,
        company=project.company,
        vendor=loaded.vendor,
        kind=loaded.kind,
        number=loaded.number,
        title=loaded.title,
        accounting_method=method,
        retainage_rate=loaded.retainage_rate,
        holds_stored_retainage=loaded.stored_retainage_rate is not None,
        stored_retainage_rate=loaded.stored_retainage_rate or ZERO,
        created_by=by,
    )
    orders = [
        ChangeOrder(commitment=commitment, number=order.number.strip(), title=order.title.strip(), created_by=by)
        for order in loaded.change_orders
    ]
    return Start(loaded, commitment, orders)


# What entering and approving each by itself would refuse


def _check(project: Project, starts: Sequence[Start]) -> None:
    vendors = Vendor.objects.in_bulk({start.loaded.vendor.pk for start in starts})
    _must_differ([start.commitment.number for start in starts], "commitments")
    for start in starts:
        vendor = vendors[start.loaded.vendor.pk]
        if vendor.company_id != project.company_id:
            raise Refused("Choose a vendor of this company’s directory.", field="vendor")
        if not vendor.is_active:
            raise NotNow(f"{vendor.name} is deactivated in the directory. Have it reactivated first.")
        _must_hold(start.commitment)
        _must_differ([order.number for order in start.orders], f"change orders of {start.commitment.number}")
        for order, loaded in zip(start.orders, start.loaded.change_orders, strict=True):
            _must_hold(order)
            if not loaded.lines:
                raise NotNow(f"{order.number} has no lines. Add at least one, then approve it.")


def _must_differ(numbers: Sequence[str], what: str) -> None:
    """Without regard to case, as the database sees them."""
    seen = set()
    for number in numbers:
        if number.casefold() in seen:
            raise Refused(f"Two {what} have the number {number}. Choose another number for one.", field="number")
        seen.add(number.casefold())


def _must_hold(row: Commitment | ChangeOrder) -> None:
    """Raises Refused, naming the field. What it refers to was read here; what is unique, the database sees to."""
    known = [each.name for each in row._meta.fields if each.is_relation]
    with faults_refused(f"{row.number}: "):
        row.clean_fields(exclude=["status", *known])
    for name in ("retainage_rate", "stored_retainage_rate"):
        if not 0 <= getattr(row, name, 0) <= 100:
            raise Refused(f"{row.number}: a rate lies between 0 and 100 %.", field=name)


# What is written


def _write(project: Project, starts: Sequence[Start]) -> None:
    """The commitments as drafts with their change orders and every line, as they were signed."""
    try:
        with transaction.atomic():
            Commitment.objects.bulk_create(start.commitment for start in starts)
    except IntegrityError as error:
        if "a_commitment_number_is_used_once_in_a_company" not in str(error):
            raise
        raise Refused("Somebody took one of the numbers meanwhile. Look at the file again.", field="number") from None
    ChangeOrder.objects.bulk_create(order for start in starts for order in start.orders)
    in_use = CostCode.objects.filter(company=project.company, is_active=True)
    codes = {code.code: code for code in in_use}
    for start in starts:
        start.lines = schedule_lines(start.commitment, _new(start.loaded.lines, codes))
        for order, loaded in zip(start.orders, start.loaded.change_orders, strict=True):
            new = _new(loaded.lines, codes)
            start.lines += schedule_lines(start.commitment, new, order, after=len(start.lines))
    ScheduleLine.objects.bulk_create(line for start in starts for line in start.lines)


def _approve(starts: Sequence[Start], day: date) -> None:
    """By the machine each, in one statement all. `day`: so that an order counts as a change of earlier periods."""
    orders = [order for start in starts for order in start.orders]
    for start in starts:
        start.commitment.approve()
        start.commitment.version += 1
    for order in orders:
        order.approve(day)
    approved = Commitment.objects.filter(pk__in=[start.commitment.pk for start in starts])
    approved.update(status=Commitment.Status.APPROVED, version=F("version") + 1)
    approved = ChangeOrder.objects.filter(pk__in=[order.pk for order in orders])
    approved.update(status=ChangeOrder.Status.APPROVED, approved_date=day)


def _certify(starts: Sequence[Start], as_of: date, by) -> list[StartingCertificate]:
    for start in starts:
        lines = start.loaded.every_line
        start.certificate = StartingCertificate(
            commitment=start.commitment,
            as_of_date=as_of,
            total_completed_and_stored=sum((line.work_completed + line.stored for line in lines), ZERO),
            work_retainage=sum((line.work_retainage for line in lines), ZERO),
            stored_retainage=sum((line.stored_retainage for line in lines), ZERO),
            created_by=by,
        )
    certificates = StartingCertificate.objects.bulk_create(start.certificate for start in starts)
    StartingLine.objects.bulk_create(
        StartingLine(
            certificate=start.certificate,
            schedule_line=stored,
            work_completed=line.work_completed,
            stored=line.stored,
            work_retainage=line.work_retainage,
            stored_retainage=line.stored_retainage,
        )
        for start in starts
        for stored, line in zip(start.lines, start.loaded.every_line, strict=True)
    )
    return certificates


def _told(start: Start, as_of: date, by) -> Iterator[Event]:
    """What entering, approving and starting it would have told."""
    certificate, made = start.certificate, Event.objects.made
    for row in (start.commitment, *start.orders):
        said = (commitment_moves if row is start.commitment else change_orders).words_of("approve")
        yield made("entered", row, by=by, to_state=row.Status.DRAFT)
        yield made(said["done"], row, by=by, from_state=row.Status.DRAFT, to_state=row.status)
    changes = {
        "billed to date": ["", format_amount(certificate.total_completed_and_stored)],
        "retained to date": ["", format_amount(certificate.total_retainage)],
        "as of": ["", str(as_of)],
    }
    yield made("started in the middle of the job", start.commitment, by=by, changes=changes)


def _new(lines: Sequence[LoadedLine], codes: dict) -> list[NewLine]:
    """Raises Refused for a cost code that is not the company's or was put aside."""
    for line in lines:
        if line.cost_code not in codes:
            raise Refused(no_code_in_use(line.cost_code), field="cost_code")
    return [
        NewLine(
            codes[line.cost_code],
            line.description,
            line.scheduled_value,
            line.cost_type,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
        )
        for line in lines
    ]
