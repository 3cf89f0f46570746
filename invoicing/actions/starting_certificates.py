"""Mid-job start: open commitments with what was billed, stored and retained on each line, all of them or none."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from directory.models import Event, Project
from directory.permissions import read_access
from directory.refusals import NotAllowed, Refused
from invoicing.actions import change_orders, commitment_moves, commitments
from invoicing.actions.commitments import NewLine
from invoicing.actions.starting_proofs import Controls, LoadedCommitment, LoadedLine, must_be_loadable, prove
from invoicing.calculations.money import ZERO
from invoicing.models import Commitment, CostCode, StartingCertificate, StartingLine
from invoicing.opening import hold
from invoicing.permissions import ADMIN_RIGHT, is_project_admin


@transaction.atomic
def load(
    project: Project, loaded: Sequence[LoadedCommitment], controls: Controls, *, as_of: date, by
) -> list[StartingCertificate]:
    """Enter, approve and start each commitment. Raises Refused when the proof does not hold; then nothing is kept."""
    project = hold(project)
    if not is_project_admin(read_access(by, project.company, project)):
        raise NotAllowed(ADMIN_RIGHT)
    if as_of > project.today:
        raise Refused("That day has not come yet. Say until which day the work was billed.", field="as_of")
    must_be_loadable(sum(len(each.every_line) for each in loaded))
    if not prove(project, loaded, controls).holds:
        raise Refused("The file and the totals don't prove any more. Look at it again.")
    codes = {code.code: code for code in CostCode.objects.filter(company=project.company)}
    return [_start(project, each, codes, as_of, by) for each in loaded]


def _start(project: Project, loaded: LoadedCommitment, codes: dict, as_of: date, by) -> StartingCertificate:
    commitment = _agreed(project, loaded, codes, by)
    for order in loaded.change_orders:
        made = change_orders.enter(commitment, order.number, order.title, _new(order.lines, codes), by=by)
        change_orders.approve(made, by=by, day=as_of)  # so that it counts as a change of earlier periods
    commitment.refresh_from_db(fields=["version"])
    certificate = StartingCertificate.objects.create(
        commitment=commitment,
        as_of_date=as_of,
        total_completed_and_stored=sum((line.work_completed + line.stored for line in loaded.every_line), ZERO),
        work_retainage=sum((line.work_retainage for line in loaded.every_line), ZERO),
        stored_retainage=sum((line.stored_retainage for line in loaded.every_line), ZERO),
        created_by=by,
    )
    StartingLine.objects.bulk_create(
        StartingLine(
            certificate=certificate,
            schedule_line=stored,
            work_completed=line.work_completed,
            stored=line.stored,
            work_retainage=line.work_retainage,
            stored_retainage=line.stored_retainage,
        )
        for stored, line in zip(commitment.lines.order_by("position"), loaded.every_line, strict=True)
    )
    changes = {
        "billed to date": ["", str(certificate.total_completed_and_stored)],
        "retained to date": ["", str(certificate.total_retainage)],
        "as of": ["", str(as_of)],
    }
    Event.objects.record("started in the middle of the job", commitment, by=by, changes=changes)
    return certificate


def _agreed(project: Project, loaded: LoadedCommitment, codes: dict, by) -> Commitment:
    """The commitment as it was signed, approved."""
    method = Commitment.Accounting.UNIT if loaded.is_unit_priced else Commitment.Accounting.AMOUNT
    commitment = Commitment(
        project=project,
        vendor=loaded.vendor,
        kind=loaded.kind,
        number=loaded.number,
        title=loaded.title,
        accounting_method=method,
        retainage_rate=loaded.retainage_rate,
        holds_stored_retainage=loaded.stored_retainage_rate is not None,
        stored_retainage_rate=loaded.stored_retainage_rate or ZERO,
    )
    commitment = commitments.enter(commitment, _new(loaded.lines, codes), by=by)
    return commitment_moves.move(commitment, "approve", by=by)


def _new(lines: Sequence[LoadedLine], codes: dict) -> list[NewLine]:
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
