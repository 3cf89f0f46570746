"""One decision over several invoices at once: each by itself, with its own result (5.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from directory.refusals import NotAllowed, Refused
from invoicing.actions import invoices
from invoicing.models import Invoice

# {decision: (its words, what does it)}. The comment is what each of them asks for: a comment or a reason.
# Nobody ticks the warnings of many at once, so what has any is decided on its own page (5.5).
DECISIONS: dict[str, tuple[str, Callable]] = {
    "approve": ("Approve", lambda invoice, words, by: invoices.approve(invoice, comment=words, by=by, seen=())),
    "approve_as_noted": (
        "Approve as noted",
        lambda invoice, words, by: invoices.approve_as_noted(invoice, comment=words, by=by, seen=()),
    ),
    "hold_for_owner": (
        "Hold for owner",
        lambda invoice, words, by: invoices.hold_for_owner(invoice, comment=words, by=by),
    ),
    "send_back": ("Send back", lambda invoice, words, by: invoices.send_back(invoice, comment=words, by=by)),
    "reopen": ("Reopen", lambda invoice, words, by: invoices.reopen(invoice, reason=words, by=by)),
}


@dataclass(frozen=True)
class Decided:
    """What became of one invoice: as it stands now, and why nothing was done; "" when it was."""

    invoice: Invoice
    refusal: str = ""


def decide(chosen: Sequence[Invoice], decision: str, words: str, *, by) -> list[Decided]:
    """Each in a transaction of its own, on the version that was looked at: a refusal stops none of the others."""
    _, act = DECISIONS[decision]
    return [_decide_one(invoice, act, words, by) for invoice in chosen]


def _decide_one(invoice: Invoice, act: Callable, words: str, by) -> Decided:
    try:
        return Decided(act(invoice, words, by))
    except (Refused, NotAllowed) as refused:
        on_its_own = " Open it and decide there." if getattr(refused, "field", "") == "seen" else ""
        return Decided(Invoice.objects.with_context().get(pk=invoice.pk), f"{refused.message}{on_its_own}")
