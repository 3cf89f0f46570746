"""One decision over several invoices at once: each by itself, with its own result (5.1)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from directory.permissions import read_access
from directory.refusals import NotAllowed, Refused, Stale
from invoicing.actions import invoices
from invoicing.actions.reviews import mark_of_verdicts
from invoicing.models import Invoice
from invoicing.numbers import look_alikes_of
from invoicing.permissions import may_review
from invoicing.proof import lines_of, remarks_on

# {decision: (its words, what does it)}. The comment is what each of them asks for: a comment or a reason.
# Nobody ticks the warnings of many at once, so what has any is decided on its own page (5.5), and so is what its
# approver is asked about besides (R19).
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


APPROVING = ("approve", "approve_as_noted")


@dataclass(frozen=True)
class Decided:
    """What became of one invoice: as it stands now, and why nothing was done; "" when it was."""

    invoice: Invoice
    refusal: str = ""


def decide(
    chosen: Sequence[Invoice], decision: str, words: str, *, by, verdicts: Mapping[int, str] | None = None
) -> list[Decided]:
    """Each in a transaction of its own, on the version that was looked at: a refusal stops none of the others.

    `verdicts`: the mark of those that each had then, where that was told; a verdict makes no new version (U6).
    """
    _, act = DECISIONS[decision]
    alike, seen = look_alikes_of(chosen) if decision in APPROVING else {}, verdicts or {}
    return [_decide_one(each, act, words, by, alike.get(each.pk), seen.get(each.pk)) for each in chosen]


def _decide_one(
    invoice: Invoice, act: Callable, words: str, by, alike: Collection[Invoice] | None, verdicts: str | None
) -> Decided:
    """`alike`: the look-alikes of one that is to be approved."""
    try:
        with transaction.atomic():
            if verdicts is not None:
                _must_be_as_judged(invoice, verdicts)
            if alike is not None:
                _must_ask_nothing(invoice, alike, by)
            return Decided(act(invoice, words, by))
    except (Refused, NotAllowed) as refused:
        on_its_own = " Open it and decide there." if getattr(refused, "field", "") == "seen" else ""
        return Decided(Invoice.objects.with_context().get(pk=invoice.pk), f"{refused.message}{on_its_own}")


def _must_be_as_judged(invoice: Invoice, verdicts: str) -> None:
    """No verdict comes in between: whoever gives one waits for the invoice (I-5)."""
    invoice = Invoice.objects.locked(invoice.pk)
    if invoice.status == Invoice.Status.UNDER_REVIEW and mark_of_verdicts(invoice.lines.all()) != verdicts:
        raise Stale("Its verdicts are others than when you looked. Look again, then decide.")


def _must_ask_nothing(invoice: Invoice, alike: Collection[Invoice], by) -> None:
    """Whoever may not decide is told so by the decision itself."""
    access = read_access(by, invoice.company, invoice.project)
    if may_review(invoice, access) and (found := remarks_on(invoice, lines_of(invoice), access, alike)):
        raise Refused(" ".join(each.sentence for each in found), field="seen")
