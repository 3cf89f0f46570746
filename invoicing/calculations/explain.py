"""How was this computed: one short sentence with the numbers for each money cell of a line and of the summary."""

from decimal import Decimal

from invoicing.calculations.lines import Line, LineInput
from invoicing.calculations.money import format_amount as money
from invoicing.calculations.money import format_percent
from invoicing.calculations.summary import Summary


def explain(line: LineInput) -> dict[str, str]:
    """A sentence for every computed column, by the name of the `Line` property."""
    line = Line.of(line)
    return {**_explain_work(line), **_explain_retainage(line), **_explain_period(line)}


def _explain_work(line: Line) -> dict[str, str]:
    total = money(line.total_completed_and_stored)
    share = "no percentage, as the scheduled value is zero"
    if line.percent_complete is not None:
        share = f"{total} ÷ {money(line.scheduled_value)} = {format_percent(line.percent_complete)} %"
    return {
        "work_to_date": _sum(
            ("previous work", line.work_previous),
            ("work this period", line.work_this_period),
            ("moved from storage", line.stored_moved),
            result=line.work_to_date,
        ),
        "stored_balance_previous": _explain_stored_balance(line),
        "stored_presently": _sum(
            ("previous balance", line.stored_balance_previous),
            ("new material", line.stored_new),
            result=line.stored_presently,
        ),
        "total_completed_and_stored": _sum(
            ("previous work", line.work_previous),
            ("work this period", line.work_this_period),
            ("moved from storage", line.stored_moved),
            ("presently stored", line.stored_presently),
            result=line.total_completed_and_stored,
        ),
        "percent_complete": share,
        "balance_to_finish": f"{money(line.scheduled_value)} scheduled − {total} = {money(line.balance_to_finish)}",
    }


def _explain_stored_balance(line: Line) -> str:
    balance = money(line.stored_balance_previous)
    if line.stored_balance_override is not None:
        return f"{balance}, typed by an Admin"
    return f"{money(line.stored_previous)} stored before − {money(line.stored_moved)} moved to work = {balance}"


def _explain_retainage(line: Line) -> dict[str, str]:
    base = line.work_this_period + line.stored_moved
    typed = None if line.stored_presently == 0 else line.stored_retainage_typed
    return {
        "work_retainage": _rate(
            line.work_retainage_typed, line.work_retainage_rate, base, "work and moved material", line.work_retainage
        ),
        "stored_retainage": _rate(
            typed, line.stored_retainage_rate, line.stored_presently, "stored materials", line.stored_retainage
        ),
        "work_retainage_to_date": (
            f"{money(line.work_retainage_previous)} held before + {money(line.work_retainage)} this period "
            f"− {money(line.retainage_released)} released = {money(line.work_retainage_to_date)}"
        ),
        "total_retainage": _sum(
            ("on work", line.work_retainage_to_date),
            ("on stored materials", line.stored_retainage),
            result=line.total_retainage,
        ),
    }


def _rate(typed: Decimal | None, rate: Decimal, base: Decimal, words: str, result: Decimal) -> str:
    if typed is not None:
        return f"{money(typed)}, typed"
    return f"{format_percent(rate)} % of {money(base)} {words} = {money(result)}, rounded half-up"


def _explain_period(line: Line) -> dict[str, str]:
    return {
        "gross_this_period": (
            f"{money(line.work_this_period)} work + {money(line.stored_moved)} moved + "
            f"{money(line.stored_presently)} stored now − {money(line.stored_previous)} stored before "
            f"= {money(line.gross_this_period)}"
        ),
        "retainage_held_this_period": (
            f"{money(line.work_retainage)} on work + change of stored retainage from "
            f"{money(line.stored_retainage_previous)} to {money(line.stored_retainage)}, releases left out"
            f"{_at_once(line)} = {money(line.retainage_held_this_period)}"
        ),
        "retainage_released_this_period": (
            f"{money(line.retainage_held_this_period)} newly held − change of total retainage from "
            f"{money(line.retainage_held_before)} to {money(line.total_retainage)} "
            f"= {money(line.retainage_released_this_period)}"
        ),
        "net_this_period": (
            f"{money(line.gross_this_period)} gross − {money(line.retainage_held_this_period)} newly held "
            f"+ {money(line.retainage_released_this_period)} released = {money(line.net_this_period)}"
        ),
    }


def _at_once(line: Line) -> str:
    by_the_bill = f" ({money(line.at_once_alone)} if it were alone on its bill)" if line.at_once_for_bill else ""
    taken = line.released_at_once or line.at_once_for_bill
    return f" − {money(line.released_at_once)} of it released at once{by_the_bill}" if taken else ""


def explain_summary(summary: Summary, line_7: str) -> dict[str, str]:
    """A sentence for every amount of the summary, by the name of the `Summary` property.

    `line_7`: where that amount comes from, in words.
    """
    net = f"{money(summary.earned_less_retainage)} earned less retainage"
    share = "no percentage, as the contract sum is zero"
    if summary.percent_complete is not None:
        share = (
            f"{money(summary.total_completed_and_stored)} completed and stored ÷ "
            f"{money(summary.contract_sum_to_date)} contract sum = {format_percent(summary.percent_complete)} %"
        )
    return {
        "original_contract_sum": f"{money(summary.original_contract_sum)}, the schedule of values before change orders",
        "net_change_orders": f"{money(summary.net_change_orders)}, the lines of approved change orders",
        "percent_complete": share,
        "contract_sum_to_date": _sum(
            ("original contract sum", summary.original_contract_sum),
            ("change orders", summary.net_change_orders),
            result=summary.contract_sum_to_date,
        ),
        "total_completed_and_stored": f"{money(summary.total_completed_and_stored)}, the sum of the lines",
        "work_retainage": f"{money(summary.work_retainage)}, the sum of the lines",
        "stored_retainage": f"{money(summary.stored_retainage)}, the sum of the lines",
        "total_retainage": _sum(
            ("on work", summary.work_retainage),
            ("on stored materials", summary.stored_retainage),
            result=summary.total_retainage,
        ),
        "earned_less_retainage": (
            f"{money(summary.total_completed_and_stored)} completed and stored "
            f"− {money(summary.total_retainage)} retainage = {money(summary.earned_less_retainage)}"
        ),
        "previous_certificates": f"{money(summary.previous_certificates)}, {line_7}",
        "current_payment_due": (
            f"{net} − {money(summary.previous_certificates)} previous certificates "
            f"= {money(summary.current_payment_due)}"
        ),
        "balance_to_finish_including_retainage": (
            f"{money(summary.contract_sum_to_date)} contract sum − {net} "
            f"= {money(summary.balance_to_finish_including_retainage)}"
        ),
        "gross_this_period": (
            f"{money(summary.gross_this_period)}, the sum of the lines: work, moved and stored materials of this "
            "period − what was stored before"
        ),
        "retainage_newly_held": (
            f"{money(summary.retainage_newly_held)}, the sum of the lines: held on work this period + the change of "
            "what is held on stored materials, releases left out, less what a line holds and releases at once"
        ),
        "retainage_released": (
            f"{money(summary.retainage_released)}, the sum of the lines: what was held before and is given back"
        ),
        **_explain_change_orders(summary),
    }


def _explain_change_orders(summary: Summary) -> dict[str, str]:
    found = {}
    for sort, sign in (("additions", "more"), ("deductions", "less")):
        for when, words in (("previous", "before this period"), ("this_period", "in this period")):
            name = f"change_order_{sort}_{when}"
            amount = money(getattr(summary, name))
            found[name] = f"{amount}, all change orders approved {words} by which the contract sum became {sign}"
    return found


def _sum(*parts: tuple[str, Decimal], result: Decimal) -> str:
    return " + ".join(f"{money(amount)} {words}" for words, amount in parts) + f" = {money(result)}"
