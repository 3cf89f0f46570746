"""The one door for a commitment's status: `move`, by the name of a transition of its machine."""

from collections.abc import Callable

from django.db import transaction
from django_fsm import can_proceed

from directory import machines
from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.calculations.money import ZERO, format_amount
from invoicing.models import Commitment
from invoicing.permissions import ADMIN_RIGHT, may_move_commitment

# Every move there is, and what stands against it beyond the machine: a guard raises why.


def _may_start(commitment: Commitment) -> None:
    if not commitment.lines.original().exists():
        raise NotNow("It has no schedule of values. Add at least one line, then approve it.")
    original, changes = commitment.original_contract_sum, commitment.net_change_orders
    if original <= ZERO:
        raise NotNow("Its contract sum is not above zero. Give its lines their amounts, then approve it.")
    if original + changes < ZERO:
        raise NotNow(
            f"Its approved change orders take off {format_amount(-changes)}, but its lines add up to "
            f"{format_amount(original)} only. Give the lines more, or take a change order back first."
        )
    if not commitment.vendor.is_active:
        raise NotNow(f"{commitment.vendor.name} is deactivated in the directory. Have it reactivated first.")


def _is_unbilled(commitment: Commitment) -> None:
    """C-1."""
    if commitment.has_been_billed:
        raise NotNow("It has been billed. From the first invoice on it changes by change orders.")


def _was_never_billed(commitment: Commitment) -> None:
    """Else there would be no way back: what was billed is terminated, which can be taken up again."""
    if commitment.has_been_billed:
        raise NotNow("It has been billed. Terminate it instead.")


def _has_no_open_invoice(commitment: Commitment) -> None:
    waiting = commitment.invoices.live().uncertified().order_by("position").first()
    if waiting:
        raise NotNow(f"Invoice {waiting.position} is {waiting.get_status_display()}. Settle it first.")


def _nothing(commitment: Commitment) -> None:
    pass


MOVES: dict[str, tuple[Callable, Callable[[Commitment], None]]] = {
    "send_out_for_bid": (Commitment.send_out_for_bid, _nothing),
    "send_out_for_signature": (Commitment.send_out_for_signature, _nothing),
    "process": (Commitment.process, _nothing),
    "submit": (Commitment.submit, _nothing),
    "receive_part": (Commitment.receive_part, _nothing),
    "receive": (Commitment.receive, _nothing),
    "approve": (Commitment.approve, _may_start),
    "back_to_draft": (Commitment.back_to_draft, _nothing),
    "reopen": (Commitment.reopen, _is_unbilled),
    "complete": (Commitment.complete, _nothing),
    "resume": (Commitment.resume, _nothing),
    "terminate": (Commitment.terminate, _has_no_open_invoice),
    "void": (Commitment.void, _was_never_billed),
    "restore": (Commitment.restore, _is_unbilled),
    "close": (Commitment.close, _has_no_open_invoice),
}


def words_of(name: str) -> dict:
    """How the machine calls this move: `label`, `done`, `needs_reason`."""
    return machines.words_of(MOVES[name][0])


@transaction.atomic
def move(commitment: Commitment, name: str, *, by, reason: str = "", version: int | None = None) -> Commitment:
    """Carry out the move called `name`. `version`: of the page it was asked from; None takes what was handed in.

    Refuses without the right, on an older version, from another state, against a guard, or without the reason it needs.
    """
    looked_at = commitment.version if version is None else version
    commitment = Commitment.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=commitment.pk)
    transition, guard = MOVES[name]
    if not may_move_commitment(commitment, read_access(by, commitment.company, commitment.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if not can_proceed(transition.__get__(commitment)):
        raise NotNow(machines.no_longer(commitment))
    if commitment.version != looked_at:
        raise Stale("Somebody changed this commitment in between. Look at it again, then decide.")
    guard(commitment)
    said = words_of(name)
    if said["needs_reason"] and not reason.strip():
        raise Refused("Say why: the reason stays with the commitment.", field="reason")
    before = commitment.status
    transition(commitment)
    commitment.version += 1
    commitment.save(update_fields=["status", "version"])
    Event.objects.record(
        said["done"], commitment, by=by, from_state=before, to_state=commitment.status, reason=reason.strip()
    )
    return commitment
