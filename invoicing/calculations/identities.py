"""The identities N-1 … N-13 of a payment application (5.5): each says what was expected, found, and the difference."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from invoicing.calculations.at_once import lines_of_bill
from invoicing.calculations.facts import InvoiceFacts, LineFacts, PreviousLine, WaitingChangeOrder
from invoicing.calculations.findings import ERROR, WARNING, Identity, compare, found_on, total_of
from invoicing.calculations.lines import Line, describe, with_nothing_typed
from invoicing.calculations.money import ZERO, format_amount, format_percent
from invoicing.calculations.retainage import held, is_between
from invoicing.calculations.summary import Summary, column_total, summarize

HEADER_AMOUNTS = (
    ("total_completed_and_stored", "total completed and stored (line 4)"),
    ("work_retainage", "work retainage (line 5a)"),
    ("stored_retainage", "stored retainage (line 5b)"),
    ("gross_this_period", "gross this period"),
    ("retainage_newly_held", "retainage newly held"),
    ("retainage_released", "retainage released"),
)
PREVIOUS_AMOUNTS = (
    ("work_previous", "work_to_date", "work completed before"),
    ("stored_previous", "stored_presently", "materials stored before"),
    ("work_retainage_previous", "work_retainage_to_date", "work retainage held before"),
    ("stored_retainage_previous", "stored_retainage", "stored retainage held before"),
)
NAMED = 3  # lines of those that a sentence counts
TAKE_ANEW = "Have an Admin delete this invoice and bring it back: the previous amounts are taken anew then."


def check(facts: InvoiceFacts) -> tuple[Identity, ...]:
    """Every identity, N-1 to N-13 in order. One entry for an identity that holds, one per breach otherwise."""
    return tuple(finding for rule in RULES for finding in rule(facts))


def errors(findings: Iterable[Identity]) -> tuple[Identity, ...]:
    """The breaches that block."""
    return tuple(finding for finding in findings if not finding.holds and finding.severity == ERROR)


def warnings(findings: Iterable[Identity]) -> tuple[Identity, ...]:
    """The breaches that need a tick."""
    return tuple(finding for finding in findings if not finding.holds and finding.severity == WARNING)


def previous_amounts(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-1: previous amounts equal the previous invoice's stored ones; a typed stored balance is pointed out."""
    before = {line.key: line for line in facts.previous_lines}
    breaches = [finding for line in facts.lines for finding in _previous_of_line(line, before)]
    present = {line.line.key for line in facts.lines}
    breaches += [_missing(line) for line in facts.previous_lines if line.key not in present]
    yield from total_of(
        breaches,
        "N-1",
        "Every previous amount is the one the previous invoice stored.",
        sum((getattr(line, stored) for line in facts.previous_lines for _, stored, _ in PREVIOUS_AMOUNTS), ZERO),
    )


def _previous_of_line(facts: LineFacts, before: dict[str, PreviousLine]) -> Iterator[Identity]:
    line = facts.result
    previous = before.get(line.key, PreviousLine(key=line.key))
    for column, stored, words in PREVIOUS_AMOUNTS:
        sentence = f"On {describe(line)}, {words} is not what the previous invoice stored. {TAKE_ANEW}"
        yield from found_on(line, "N-1", sentence, getattr(previous, stored), getattr(line, column))
    if line.stored_balance_override is not None:
        remedy = "Check the reason." if facts.reason else "Give the reason in the line's note."
        sentence = f"On {describe(line)}, the previous balance of stored materials was typed. {remedy}"
        expected = line.stored_previous - line.stored_moved
        severity = WARNING if facts.reason else ERROR
        yield from found_on(line, "N-1", sentence, expected, line.stored_balance_override, severity)


def _missing(previous: PreviousLine) -> Identity:
    total = previous.work_to_date + previous.stored_presently
    sentence = f"{previous.key} was on the previous invoice and is missing here. {TAKE_ANEW}"
    return Identity("N-1", ERROR, False, sentence, previous.key, total, ZERO, -total)


def scheduled_values(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-2: ΣC, and line 3, are the original contract sum plus approved change orders; one left out is pointed out."""
    expected = facts.original_contract_sum + facts.approved_change_orders
    scheduled = column_total((line.line for line in facts.lines), "scheduled_value")
    as_billed = compare(
        "N-2",
        "The scheduled values add up to the contract sum with its approved change orders.",
        "The scheduled values do not add up to the contract sum with its approved change orders. "
        "Add the missing change order's lines, or correct the schedule of values.",
        expected,
        scheduled,
    )
    if not (as_billed.holds and facts.waiting_change_orders):
        yield as_billed
    if facts.waiting_change_orders:
        yield _waiting(facts.waiting_change_orders, scheduled)
    if facts.header.contract_sum_to_date != expected:
        sentence = "Line 3 of the invoice is not the contract sum with its approved change orders. Save it again."
        yield compare("N-2", sentence, sentence, expected, facts.header.contract_sum_to_date)


def _waiting(orders: tuple[WaitingChangeOrder, ...], scheduled: Decimal) -> Identity:
    """One finding however many they are: they are taken up together."""
    numbers = ", ".join(order.number for order in orders)
    change = sum((order.amount for order in orders), ZERO)
    one = len(orders) == 1
    sentence = (
        f"Change order{'' if one else 's'} {numbers}, {format_amount(change)}, {'was' if one else 'were'} approved and "
        f"{'is' if one else 'are'} not on this invoice. Add {'its' if one else 'their'} lines with one click, or tick "
        f"that {'it waits' if one else 'they wait'} for the next one."
    )
    return Identity("N-2", WARNING, False, sentence, "", scheduled + change, scheduled, -change)


def line_totals(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-3: A + B + M + F = T as stored, and M lies between zero and what was stored."""
    yield from total_of(
        [finding for line in facts.lines for finding in _total_of_line(line)],
        "N-3",
        "On every line the columns add up to total completed and stored.",
        column_total((line.line for line in facts.lines), "total_completed_and_stored"),
    )


def _total_of_line(facts: LineFacts) -> Iterator[Identity]:
    line = facts.result
    columns = line.work_previous + line.work_this_period + line.stored_moved + line.stored_presently
    stored = line.total_completed_and_stored if facts.total_as_stored is None else facts.total_as_stored
    yield from found_on(line, "N-3", f"{describe(line)} does not add up. Save the line again.", columns, stored)
    if not is_between(line.stored_moved, ZERO, line.stored_previous):
        limit = f"{format_amount(line.stored_previous)} was stored. Type an amount from zero to that."
        sentence = f"{describe(line)} moves {format_amount(line.stored_moved)} of stored materials, and {limit}"
        nearest = ZERO if line.stored_moved * line.stored_previous <= 0 else line.stored_previous
        yield from found_on(line, "N-3", sentence, nearest, line.stored_moved)
    if line.stored_presently < 0:
        sentence = f"{describe(line)} has less than nothing stored. Take back at most what is there."
        yield from found_on(line, "N-3", sentence, ZERO, line.stored_presently)


def line_limits(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-4: |T| goes no further over |C| unless over-billing is allowed or waived; T never has the other sign than C."""
    yield from total_of(
        [finding for line in facts.lines for finding in _limit_of_line(line, facts.allows_over_billing)],
        "N-4",
        "No line is billed over its scheduled value, or it may be.",
        ZERO,
    )


def _limit_of_line(facts: LineFacts, allows_over_billing: bool) -> Iterator[Identity]:
    line = facts.result
    total, limit = line.total_completed_and_stored, line.scheduled_value
    if total * limit < 0 or (limit == 0 and total < 0):
        side = "below" if limit >= 0 else "above"
        sentence = f"{describe(line)} would come to {side} zero in all. Take back at most what was billed."
        yield from found_on(line, "N-4", sentence, ZERO, total)
    elif line.passes_by and not allows_over_billing and not facts.may_pass_its_value:
        way_out = "or ask an Admin to waive it" if facts.is_unit_priced else "or ask for a change order"
        sentence = f"{describe(line)} is billed {format_amount(line.passes_by)} over its scheduled value. "
        yield from found_on(line, "N-4", f"{sentence}Lower the amount, {way_out}.", limit, total)


def retainage_rules(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-5: retainage equals its rule or is marked typed; releases stay within what is held (R54, S47)."""
    lines = lines_of_bill(line.line for line in facts.lines)
    typed = sum(line.work_retainage_typed is not None or line.stored_retainage_typed is not None for line in lines)
    note = f" ({typed} typed)" if typed else ""
    breaches = [finding for line in facts.lines for finding in _retainage_of_line(line)]
    if not errors(breaches) and not facts.is_certified:
        breaches += list(_released_in_all(lines, facts.previous_certificate.total_retainage))
    sentence = f"Retainage on every line follows its rate{note}, and no more is released than is held."
    yield from total_of(breaches, "N-5", sentence, column_total(lines, "total_retainage"))
    gross, newly_held = column_total(lines, "gross_this_period"), column_total(lines, "retainage_held_this_period")
    if not is_between(newly_held, ZERO, gross):
        words = "More retainage is newly held than is billed, which accounting can't book (S47). Check the rates."
        yield compare("N-5", words, words, max(ZERO, min(newly_held, gross)), newly_held, WARNING)


def _released_in_all(lines: list[Line], before: Decimal) -> Iterator[Identity]:
    """Sage releases nothing below zero, and no more than the bills before hold together: `before`, in dollars (S51).

    Where they hold below zero, that can be given back to nothing all the same, with a tick; so can what falls by its
    rate or is typed, where no line releases. What is certified stays as it is: S51 keeps it out of accounting.
    """
    released, most = column_total(lines, "retainage_released_this_period"), max(ZERO, before)
    total = f"Retainage released comes to {format_amount(released)} in all"
    if released < 0:
        deductions = _named([line for line in lines if line.retainage_released < 0])
        sentence = f"{total}, which accounting can't book (S51). Release nothing on {deductions}"
        if holding := [line for line in lines if line.work_retainage_to_date > 0]:
            sentence += f", or at least {format_amount(-released)} more on {_named(holding)}"
        yield compare("N-5", "", f"{sentence}.", ZERO, released, WARNING if released >= before else ERROR)
    elif released > most:
        sentence, more = f"{total}, and the bills before hold {format_amount(most)} (S51)", released - most
        if not any(line.retainage_released for line in lines):
            falling = _named([line for line in lines if line.retainage_released_this_period > 0])
            remedy = f"A project Admin can type {format_amount(more)} more as held on {falling}."
            yield compare("N-5", "", f"{sentence}. {remedy}", most, released, WARNING)
            return
        deductions = [line for line in lines if line.work_retainage_to_date < 0]
        with_it = f"what is held below zero on {_named(deductions)} with it, or " if deductions else ""
        yield compare("N-5", "", f"{sentence}. Release {with_it}{format_amount(more)} less.", most, released)


def _retainage_of_line(facts: LineFacts) -> Iterator[Identity]:
    line = facts.result
    for stored, computed, words in (
        (facts.work_retainage_as_stored, line.work_retainage, "Work retainage"),
        (facts.stored_retainage_as_stored, line.stored_retainage, "Stored retainage"),
    ):
        sentence = f"{words} on {describe(line)} is not what its rate gives. Save the line again, or type the amount."
        yield from found_on(line, "N-5", sentence, computed, computed if stored is None else stored)
    yield from _retainage_bounds(line)
    yield from _left_behind(line)


def _left_behind(line: Line) -> Iterator[Identity]:
    """A typed MR carried from last time neither falls when material moves nor rises when some is added.

    So it would be held on twice, or not at all. Of a line that holds nothing the remark "Retainage missing" tells.
    """
    if line.stored_retainage_typed != line.stored_retainage_previous:
        return
    now, new = line.stored_retainage, max(ZERO, line.stored_new)
    if new and now:
        what = "adds"
    elif line.stored_moved and now > line.stored_retainage_by_rule:
        what = "moves"
    else:
        return
    # Less than its share of what is left would release some (I-2); more would hold again what was released once.
    instead = with_nothing_typed(line, now).stored_retainage + held(new, line.stored_retainage_rate)
    remedy = f"A project Admin can type {format_amount(instead)} instead."
    sentence = f"{describe(line)} {what} material, but its typed stored retainage stays. {remedy}"
    yield from found_on(line, "N-5", sentence, instead, now, WARNING)


def _retainage_bounds(line: Line) -> Iterator[Identity]:
    for amount, limit, words in (
        (line.retainage_released, line.retainage_releasable, "Retainage released"),
        (line.work_retainage_to_date, line.work_to_date, "Work retainage held to date"),
        (line.stored_retainage, line.stored_presently, "Stored retainage"),
    ):
        if not is_between(amount, ZERO, limit):
            remedy = f"must lie between 0.00 and {format_amount(limit)}. Type such an amount."
            sentence = f"{words} on {describe(line)} {remedy}"
            yield from found_on(line, "N-5", sentence, ZERO if amount * limit <= 0 else limit, amount)


def payment_due(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-6: line 8 = 6 − 7, where 7 is line 6 of the previous certificate as stored (PA-19)."""
    yield compare(
        "N-6",
        "Line 8 is line 6 less the previous certificates.",
        f"Line 8 is not line 6 less what the previous invoice certified. {TAKE_ANEW}",
        facts.header.earned_less_retainage - facts.previous_certificate.earned_less_retainage,
        facts.header.current_payment_due,
    )


def gross_and_net(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-7: Σ(B + M + F − previous F) = line 8 + change in total retainage."""
    change = facts.header.total_retainage - facts.previous_certificate.total_retainage
    yield compare(
        "N-7",
        "Gross this period is the payment due plus the change in retainage.",
        "Gross this period is not the payment due plus the change in retainage. Check the previous amounts and rates.",
        column_total((line.line for line in facts.lines), "gross_this_period"),
        facts.header.current_payment_due + change,
    )


def header_sums(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-8: the header as stored is the sum of the lines."""
    computed = _as_added_up_then(summarize((line.line for line in facts.lines), ZERO, ZERO, ZERO), facts)
    breaches = [
        compare("N-8", "", f"The {words} is not the sum of the lines. Save the invoice again.", *pair)
        for column, words in HEADER_AMOUNTS
        if (pair := _pair(computed, facts.header, column))
    ]
    yield from total_of(breaches, "N-8", "The summary is the sum of the lines.", computed.total_completed_and_stored)


def _as_added_up_then(computed: Summary, facts: InvoiceFacts) -> Summary:
    """What stood in a file before releases at once were left out says them as held and as released, and stays so."""
    at_once = column_total(lines_of_bill(line.line for line in facts.lines), "released_at_once")
    then = replace(
        computed,
        retainage_newly_held=computed.retainage_newly_held + at_once,
        retainage_released=computed.retainage_released + at_once,
    )
    both = ("retainage_newly_held", "retainage_released")
    return then if all(getattr(then, name) == getattr(facts.header, name) for name in both) else computed


def _pair(computed: Summary, stored: Summary, column: str) -> tuple[Decimal, Decimal] | None:
    pair = getattr(computed, column), getattr(stored, column)
    return pair if pair[0] != pair[1] else None


def negative_lines(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-9: a line that is negative this period has a reason."""
    breaches = [
        finding
        for each in facts.lines
        if not each.reason.strip()
        for finding in found_on(
            each.result,
            "N-9",
            f"{describe(each.result)} is negative this period. Say why in its note.",
            ZERO,
            min(each.result.work_this_period, each.result.gross_this_period, ZERO),
        )
    ]
    yield from total_of(breaches, "N-9", "Every negative line has a reason.", ZERO)


def stored_material(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-10: stored materials have an attachment; a warning."""
    stored = column_total((line.line for line in facts.lines), "stored_presently")
    yield compare(
        "N-10",
        "Stored materials are documented, or there are none.",
        "Material is stored and nothing is attached. Attach the invoice or a photo of it.",
        stored if facts.has_attachments else ZERO,
        stored,
        WARNING,
    )


def change_orders_billed(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-11: change orders billed are approved."""
    breaches = [
        finding
        for each in facts.lines
        if not each.is_change_order_approved
        for finding in found_on(
            each.result,
            "N-11",
            f"{describe(each.result)} bills a change order that is not approved. Take its amount out.",
            ZERO,
            each.result.total_completed_and_stored,
        )
    ]
    yield from total_of(breaches, "N-11", "Every change order billed is approved.", ZERO)


def period_rules(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-12: the period is open, its dates are in order and the due date is kept (B-1, B-5); in days."""
    period = facts.period
    late = Decimal(max(0, (period.submitted_date - period.due_date).days))
    backwards = Decimal(max(0, (period.start_date - period.end_date).days))
    breaches = [
        Identity("N-12", ERROR, False, sentence, "", Decimal(0), days, days, unit="days")
        for is_broken, days, sentence in (
            (backwards, backwards, "The period ends before it starts. Correct its dates."),
            (
                late and not period.may_finish_late,
                late,
                "The due date has passed. Ask the project team to extend it or to put the invoice back.",
            ),
            (
                not period.accepts_bills and not period.may_finish_late,
                Decimal(0),
                "The billing period is closed. Ask the project team to open it.",
            ),
        )
        if is_broken
    ]
    if period.goes_on_after and period.start_date < period.goes_on_after:
        early = Decimal((period.goes_on_after - period.start_date).days)
        sentence = "It is for work before that of the invoice it goes on from. See that nothing is billed twice."
        breaches.append(Identity("N-12", WARNING, False, sentence, "", Decimal(0), early, early, unit="days"))
    yield from total_of(breaches, "N-12", "The billing period's rules are kept.", Decimal(0), unit="days")


def retainage_rates(facts: InvoiceFacts) -> Iterator[Identity]:
    """N-13: a rate that differs from last time is pointed out; a warning, in percent.

    Lines that differ alike are pointed out together: a scale that steps down does so on all of them (5.6).
    """
    before = {line.key: line for line in facts.previous_lines}
    alike = defaultdict(list)
    for each in facts.lines:
        if previous := before.get(each.line.key):
            for difference in _rates_that_differ(each.result, previous):
                alike[difference].append(each.result)
    breaches = [_rate_of(lines, *difference) for difference, lines in alike.items()]
    yield from total_of(breaches, "N-13", "Retainage rates are those of last time.", Decimal(0), unit="percent")


def _rates_that_differ(line: Line, previous: PreviousLine) -> Iterator[tuple[str, Decimal, Decimal]]:
    """(what is held of, its rate last time, its rate now)."""
    for column, words in (("work_retainage_rate", "work"), ("stored_retainage_rate", "stored materials")):
        was, now = getattr(previous, column), getattr(line, column)
        if was is not None and was != now:
            yield words, was, now


def _rate_of(lines: list[Line], words: str, was: Decimal, now: Decimal) -> Identity:
    rates = f"{format_percent(now)} % instead of {format_percent(was)} %"
    who = f"{describe(lines[0])} holds" if len(lines) == 1 else f"{len(lines)} lines hold"
    whom = "" if len(lines) == 1 else f": {_named(lines)}"
    sentence = f"{who} {words} retainage at {rates} last time{whom}. Tick if that is meant."
    about = f"{words} at {rates} on {lines[0].key if len(lines) == 1 else f'{len(lines)} lines'}"
    return Identity("N-13", WARNING, False, sentence, "", was, now, now - was, unit="percent", about=about)


def _named(lines: list[Line]) -> str:
    more = f" and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return ", ".join(map(describe, lines[:NAMED])) + more


RULES: tuple[Callable[[InvoiceFacts], Iterator[Identity]], ...] = (
    previous_amounts,
    scheduled_values,
    line_totals,
    line_limits,
    retainage_rules,
    payment_due,
    gross_and_net,
    header_sums,
    negative_lines,
    stored_material,
    change_orders_billed,
    period_rules,
    retainage_rates,
)
