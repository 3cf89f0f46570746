"""What a sender should have seen about a bill although every identity holds: told and ticked like their warnings."""

from invoicing.calculations.facts import InvoiceFacts
from invoicing.calculations.findings import WARNING, Identity
from invoicing.calculations.money import ZERO

NOTHING_DUE = "Nothing due"


def check(facts: InvoiceFacts) -> tuple[Identity, ...]:
    """The remarks that apply to this bill; they have names, because N-1 to N-13 are all there are."""
    due = facts.header.current_payment_due
    if due:
        return ()
    return (Identity(NOTHING_DUE, WARNING, False, _why_nothing(facts), "", ZERO, due, ZERO),)


def _why_nothing(facts: InvoiceFacts) -> str:
    is_empty = not any(line.result.gross_this_period or line.result.retainage_released for line in facts.lines)
    if is_empty:
        return "It asks for 0.00: nothing is billed and nothing is released. Send it only if nothing was done."
    return "It asks for 0.00: what is billed or released is taken back or held in full. Check the amounts."
