"""Change orders: entering one with its lines, correcting it, and moving it until it can be billed (C-1, C-3)."""

from collections.abc import Callable
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum
from django_fsm import can_proceed

from directory import machines
from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from directory.refused_faults import faults_refused
from invoicing.actions.commitments import NewLine, add_lines
from invoicing.calculations.money import ZERO, format_amount, printed_amount
from invoicing.models import ChangeOrder, Commitment, InvoiceLine, StartingLine
from invoicing.models.commitment_statuses import ENDED
from invoicing.permissions import (
    ADMIN_RIGHT,
    DRAFT_RIGHT,
    may_create_commitments,
    may_edit_change_order,
    may_move_change_order,
    may_see_commitment,
)


@transaction.atomic
def enter(commitment: Commitment, number: str, title: str, lines: list[NewLine], *, by) -> ChangeOrder:
    """A draft; its lines may be negative and are not billable yet. By the company's own people with Standard (1.2)."""
    commitment = _locked(commitment.pk)
    access = read_access(by, commitment.company, commitment.project)
    if not (may_create_commitments(access) and may_see_commitment(commitment, access)):
        raise NotAllowed(DRAFT_RIGHT)
    if commitment.status in ENDED:
        raise NotNow(f"The commitment is {commitment.get_status_display()}. It takes no change order.")
    change_order = ChangeOrder(commitment=commitment, number=number.strip(), title=title.strip(), created_by=by)
    _must_fit(change_order)
    change_order.save()
    add_lines(commitment, lines, change_order)
    _bump(commitment)
    Event.objects.record("entered", change_order, by=by, to_state=change_order.status)
    return change_order


@transaction.atomic
def edit(change_order: ChangeOrder, number: str, title: str, *, by, version: int) -> ChangeOrder:
    """Another number or title while it is a draft or pending. `version` is the commitment's that was looked at."""
    commitment, change_order = _locked_with(change_order, by, version, may_edit_change_order)
    if not change_order.is_open:
        raise NotNow(f"It is {change_order.get_status_display()}. Only a draft or pending one can be changed.")
    wanted = {"number": number.strip(), "title": title.strip()}
    changes = {name: [getattr(change_order, name), value] for name, value in wanted.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if not changes:
        return change_order
    change_order.number, change_order.title = wanted["number"], wanted["title"]
    _must_fit(change_order)
    change_order.save(update_fields=["number", "title"])
    _bump(commitment)
    Event.objects.record("edited", change_order, by=by, changes=changes)
    return change_order


def _must_fit(change_order: ChangeOrder) -> None:
    """Raises Refused, naming the field."""
    others = ChangeOrder.objects.filter(commitment=change_order.commitment_id).exclude(pk=change_order.pk)
    if others.filter(number__iexact=change_order.number).exists():
        raise Refused(
            f"The commitment has a change order {change_order.number} already. Choose another number.", field="number"
        )
    with faults_refused():
        change_order.full_clean(exclude=["status"])  # protected: cleaning would set it anew


# Moves: every one there is, and what stands against it beyond the machine.


def _may_be_billed(change_order: ChangeOrder) -> None:
    if not change_order.commitment.is_billable:
        raise NotNow("Approve the commitment first. Until then its own schedule of values can be changed.")
    if not change_order.lines.exists():
        raise NotNow("It has no lines. Add at least one, then approve it.")
    _must_leave_a_sum(change_order, change_order.lines.aggregate(sum=Sum("amount"))["sum"])


def _must_leave_a_sum(change_order: ChangeOrder, change: Decimal) -> None:
    """No deduction, and no addition taken back, leaves a contract sum to date below zero."""
    if words := why_no_sum(change_order.commitment.contract_sum_to_date + change):
        raise NotNow(words)


def why_no_sum(after: Decimal) -> str:
    """Why no change order may leave this contract sum to date, in dollars; "" if it may."""
    if after >= ZERO:
        return ""
    return f"The contract sum to date would be {printed_amount(after)}. It can’t fall below 0.00: correct its lines."


def _costs_nothing(change_order: ChangeOrder) -> None:
    total = change_order.lines.aggregate(sum=Sum("amount"))["sum"] or ZERO
    if total:
        raise NotNow(f"Its lines add up to {format_amount(total)}. A change without charge adds up to 0.00.")


def _is_unbilled(change_order: ChangeOrder) -> None:
    """C-3. A draft of an invoice that has its lines counts, and so does a deleted one: it can be restored."""
    line = InvoiceLine.objects.filter(schedule_line__change_order=change_order).select_related("invoice").first()
    if line:
        raise NotNow(f"Invoice {line.invoice.position} has its lines. A change of it is another change order.")
    if StartingLine.objects.filter(schedule_line__change_order=change_order).exists():
        raise NotNow("The starting certificate has its lines. A change of it is another change order.")
    _must_leave_a_sum(change_order, -change_order.lines.aggregate(sum=Sum("amount"))["sum"])


def _nothing(change_order: ChangeOrder) -> None:
    pass


MOVES: dict[str, tuple[Callable, Callable[[ChangeOrder], None]]] = {
    "send_for_approval": (ChangeOrder.send_for_approval, _nothing),
    "approve": (ChangeOrder.approve, _may_be_billed),
    "mark_no_charge": (ChangeOrder.mark_no_charge, _costs_nothing),
    "reject": (ChangeOrder.reject, _nothing),
    "back_to_draft": (ChangeOrder.back_to_draft, _nothing),
    "take_back": (ChangeOrder.take_back, _is_unbilled),
    "void": (ChangeOrder.void, _nothing),
}


def words_of(name: str) -> dict:
    """How the machine calls this move: `label`, `done`, `needs_reason`."""
    return machines.words_of(MOVES[name][0])


@transaction.atomic
def move(change_order: ChangeOrder, name: str, *, by, reason: str = "", version: int | None = None) -> ChangeOrder:
    """Carry out the move called `name`; approving makes its lines billable, once.

    Refuses without the right, on an older version of the commitment, from another state, against a guard, or without
    the reason it needs.
    """
    commitment, change_order = _locked_with(change_order, by, version, may_move_change_order)
    transition, guard = MOVES[name]
    if not can_proceed(transition.__get__(change_order)):
        raise NotNow(machines.no_longer(change_order))
    guard(change_order)
    said = words_of(name)
    if said["needs_reason"] and not reason.strip():
        raise Refused("Say why: the reason stays with the change order.", field="reason")
    before = change_order.status
    transition(change_order, commitment.project.today)
    change_order.save(update_fields=["status", "approved_date"])
    _bump(commitment)
    Event.objects.record(
        said["done"], change_order, by=by, from_state=before, to_state=change_order.status, reason=reason.strip()
    )
    return change_order


def _locked(pk: int) -> Commitment:
    return Commitment.objects.select_for_update(of=("self",)).select_related("project__company").get(pk=pk)


def _locked_with(change_order: ChangeOrder, by, version: int | None, may: Callable) -> tuple[Commitment, ChangeOrder]:
    """The commitment first, as everybody locks them (R45); by whoever `may`, on the version that was looked at."""
    commitment = _locked(change_order.commitment_id)
    change_order = (
        ChangeOrder.objects.select_for_update(of=("self",)).select_related("commitment").get(pk=change_order.pk)
    )
    if not may(change_order, read_access(by, commitment.company, commitment.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if version is not None and commitment.version != version:
        raise Stale("Somebody changed this commitment in between. Look at it again, then decide.")
    return commitment, change_order


def _bump(commitment: Commitment) -> None:
    Commitment.objects.filter(pk=commitment.pk).update(version=F("version") + 1)
