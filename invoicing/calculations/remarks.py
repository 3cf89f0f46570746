"""What a sender should have seen about a bill although every identity holds: told and ticked like their warnings."""

from decimal import Decimal

from invoicing.calculations.facts import BillFacts, LookAlike
from invoicing.calculations.findings import WARNING, Identity
from invoicing.calculations.lines import Line, describe
from invoicing.calculations.money import ZERO, format_amount

NOTHING_DUE = "Nothing due"
LOOKS_ALIKE = "Look-alike number"
RETAINAGE_MISSING = "Retainage missing"
MOST_NAMED = 5


def check(facts: BillFacts) -> tuple[Identity, ...]:
    """The remarks that apply to this bill; they have names, because N-1 to N-13 are all there are."""
    due = facts.payment_due
    nothing = () if due else (Identity(NOTHING_DUE, WARNING, False, _why_nothing(facts), "", ZERO, due, ZERO),)
    return nothing + _retainage_missing(facts) + _looks_alike(facts)


def _why_nothing(facts: BillFacts) -> str:
    is_empty = not any(line.gross_this_period or line.retainage_released for line in facts.lines)
    if is_empty:
        return "It asks for 0.00: nothing is billed and nothing is released. Send it only if nothing was done."
    return "It asks for 0.00: what is billed or released is taken back or held in full. Check the amounts."


def _retainage_missing(facts: BillFacts) -> tuple[Identity, ...]:
    """Lines that hold nothing although their rate asks for something: typed so (N-5), and perhaps forgotten (9.4)."""
    asked = {line: amount for line in facts.lines if (amount := _not_held(line))}
    if not asked:
        return ()
    named = ", ".join(describe(line) for line in list(asked)[:MOST_NAMED])
    more = f" and {len(asked) - MOST_NAMED} more" if len(asked) > MOST_NAMED else ""
    total = sum(asked.values(), ZERO)
    holds, its = ("holds", "its rate") if len(asked) == 1 else ("hold", "their rates")
    sentence = (
        f"{named}{more} {holds} no retainage, where {its} would hold {format_amount(total)}. "
        "Have a project Admin empty the amount that was typed, unless it is meant."
    )
    return (Identity(RETAINAGE_MISSING, WARNING, False, sentence, "", total, ZERO, -total),)


def _not_held(line: Line) -> Decimal:
    """Dollars that the line's rates ask for and nobody holds; what was held on stored materials may be released."""
    work = ZERO if line.work_retainage else line.work_retainage_by_rule
    is_new = not line.stored_retainage and not line.stored_retainage_previous
    return work + (line.stored_retainage_by_rule if is_new else ZERO)


def _looks_alike(facts: BillFacts) -> tuple[Identity, ...]:
    """R19: another hand may have written the same number, and then the same work is paid twice."""
    if not facts.look_alikes:
        return ()
    named = [_named(each) for each in facts.look_alikes if each.number]
    if len(named) < len(facts.look_alikes):
        named.append("that of another bill of this vendor")
    shown = ", and ".join(named[:MOST_NAMED])
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    sentence = f"The number {facts.number} looks like {shown}{more}: is it the same bill? Send no bill twice."
    return (Identity(LOOKS_ALIKE, WARNING, False, sentence, "", ZERO, ZERO, ZERO),)


def _named(other: LookAlike) -> str:
    day = f"{other.sent_date.day} {other.sent_date:%b %Y}"
    return f"{other.number}, sent {day} for {format_amount(other.due)}"
