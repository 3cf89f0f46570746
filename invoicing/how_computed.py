"""How each money cell of an invoice's line came to be: the arithmetic in numbers, and where the rest comes from (5.2).

What is typed names who typed it, what was carried over names the invoice it comes from, retainage names its rule (5.6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from directory.counts import counted
from directory.models import Event
from directory.moments import day_in_words
from invoicing.allowed_amounts import as_it_stands, figures_apart
from invoicing.calculations.at_once import lines_of_bill
from invoicing.calculations.differences import FOLLOWS
from invoicing.calculations.explain import explain, explain_summary
from invoicing.calculations.lines import Line, percent_of
from invoicing.calculations.money import printed_amount, printed_percent, printed_rate
from invoicing.calculations.summary import Summary, column_total
from invoicing.labels import LINE_COLUMNS, THIS_PERIOD_OF_A_LINE, LineColumn
from invoicing.models import Invoice, InvoiceLine, StartingCertificate, StartingLine
from invoicing.proof import lines_of
from invoicing.retainage import Rule, rule_of

FORMULAS = {
    "work_previous": "A + B + M of the one before",
    "stored_previous": "F of the one before",
    "stored_balance_previous": "PF − M",
    "stored_presently": "PM + NM",
    "total_completed_and_stored": "A + B + M + F",
    "percent_complete": "T ÷ C",
    "balance_to_finish": "C − T",
    "work_retainage": "rate × (B + M)",
    "stored_retainage": "rate × F",
    "total_retainage": "work retainage before + WR + MR − RR",
    "gross_this_period": "B + M + F − PF",
}
# Columns that somebody types, and what an event calls them.
TYPED = {
    "work_this_period": ("work this period", "quantity this period"),
    "stored_moved": ("stored moved",),
    "stored_new": ("stored new",),
    "stored_balance_previous": ("stored balance typed",),
    "work_retainage": ("work retainage", "work retainage is typed"),
    "stored_retainage": ("stored retainage", "stored retainage is typed"),
    "retainage_released": ("retainage released",),
}


@dataclass(frozen=True)
class Explained:
    """One column: its figure as printed, its formula in symbols, and what it comes from in sentences."""

    column: LineColumn
    figure: str
    formula: str = ""
    sentences: Sequence[str] = ()


def how_totals_came(lines: Iterable[Line]) -> list[Explained]:
    """Every column's foot: the sum of all lines of the bill; a percentage is never added up."""
    lines = lines_of_bill(lines)
    words = f"The sum of {counted(len(lines), 'line')}, each rounded to the cent by itself."
    return [_total(column, lines, words) for column in LINE_COLUMNS + THIS_PERIOD_OF_A_LINE]


def how_amounts_came(
    invoice: Invoice, summary: Summary, named: Iterable[tuple[str, str, str]], noun: str
) -> list[Explained]:
    """Amounts of its summary (5.3), as `labels` names them: number, words, property. `noun`: as of a `LineStory`."""
    before = source_of(invoice, noun)
    how = explain_summary(summary, f"line 6 of {before}, as certified" if before else _none_before(noun))
    return [_of_summary(LineColumn(*names), summary, how[names[2]]) for names in named]


def _of_summary(column: LineColumn, summary: Summary, sentence: str) -> Explained:
    value = getattr(summary, column.name)
    figure = _percent(value) if column.is_percent else printed_amount(value)
    return Explained(column, figure, sentences=[sentence])


def _total(column: LineColumn, lines: Sequence[Line], words: str) -> Explained:
    if not column.is_percent:
        return Explained(
            column, printed_amount(column_total(lines, column.name)), f"Σ {column.letter}".strip(), [words]
        )
    done, planned = (column_total(lines, name) for name in ("total_completed_and_stored", "scheduled_value"))
    share = f"{printed_amount(done)} completed and stored of {printed_amount(planned)} scheduled."
    return Explained(column, _percent(percent_of(done, planned)), "Σ T ÷ Σ C", [share])


def _percent(percent: Decimal | None) -> str:
    return "–" if percent is None else printed_percent(percent, 2)


def source_of(invoice: Invoice, noun: str) -> str:
    """What its amounts before come from: “invoice 2 (INV-002)”; "" where nothing came before."""
    found = invoice.goes_on_from
    if found is None:
        return ""
    if isinstance(found, StartingCertificate):
        return f"the starting certificate as of {day_in_words(found.as_of_date)}"
    number = f" ({found.number})" if found.number else ""
    return f"{noun} {found.position}{number}"


def _none_before(noun: str) -> str:
    return f"this is the first {noun} of the commitment, so nothing came before"


@dataclass
class LineStory:
    """One line of an invoice, told column by column. `noun`: bill for contacts, invoice for staff.

    `tells_review`: what reviewers say and who of them typed an amount, as `permissions.may_see_verdicts` answers.
    """

    line: InvoiceLine
    noun: str
    tells_review: bool = True

    @cached_property
    def worked(self) -> Line:
        """What it releases at once is settled with the other lines of the bill; those are read for that alone."""
        if not self.line.retainage_released:
            return self.line.as_line()
        lines = lines_of(self.invoice)
        return lines_of_bill(line.as_line() for line in lines)[lines.index(self.line)]

    @property
    def invoice(self) -> Invoice:
        return self.line.invoice

    @cached_property
    def columns(self) -> list[Explained]:
        return [self._column(column) for column in LINE_COLUMNS + THIS_PERIOD_OF_A_LINE]

    def _column(self, column: LineColumn) -> Explained:
        value = getattr(self.worked, column.name)
        figure = _percent(value) if column.is_percent else printed_amount(value)
        formula = FORMULAS.get(column.name, "")
        if column.name in self._typed_over:
            formula = "typed"
        return Explained(column, figure, formula, [each for each in self._sentences(column.name) if each])

    def _sentences(self, name: str) -> list[str]:
        told = {
            "scheduled_value": self._scheduled,
            "work_previous": self._before,
            "stored_previous": self._stored_before,
            "stored_balance_previous": self._balance,
            "work_retainage": self._work_retainage,
            "stored_retainage": self._stored_retainage,
            "total_retainage": self._total_retainage,
        }
        if name in told:
            return told[name]()
        if name in TYPED:
            return [self._quantity() if name == "work_this_period" else "", self._by(name), self._claimed(name)]
        return [f"{self._arithmetic[name]}."]

    @cached_property
    def _arithmetic(self) -> dict[str, str]:
        return explain(self.worked)

    @property
    def _typed_over(self) -> set[str]:
        """The columns whose rule gave way to a typed amount."""
        line = self.line
        return {
            name
            for name, is_typed in (
                ("stored_balance_previous", line.stored_balance_typed is not None),
                ("work_retainage", line.work_retainage_is_typed),
                ("stored_retainage", line.stored_retainage_is_typed and self.worked.stored_presently != 0),
            )
            if is_typed
        }

    # Where it comes from

    @cached_property
    def before(self) -> InvoiceLine | StartingLine | None:
        """The same line on what this invoice goes on from."""
        source = self.invoice.goes_on_from
        if source is None:
            return None
        names = ("schedule_line__commitment",)
        return source.lines.select_related(*names).filter(schedule_line=self.line.schedule_line_id).first()

    @cached_property
    def source(self) -> str:
        return source_of(self.invoice, self.noun)

    def _without_one_before(self) -> str:
        if not self.source:
            return f"{_none_before(self.noun).capitalize()}."
        return f"The line was not on {self.source}, so nothing came before." if self.before is None else ""

    def _scheduled(self) -> list[str]:
        planned = self.line.schedule_line
        order = planned.change_order
        where = f"change order {order.number}" if order else "the schedule of values"
        sentences = [f"Line {planned.position} of {where}."]
        if planned.is_unit_priced:
            price = f"{planned.unit_price:,f}".rstrip("0").rstrip(".")
            sentences.append(f"{planned.quantity.normalize():,f} {planned.unit} × {price} a unit.")
        return sentences

    def _before(self) -> list[str]:
        if nothing := self._without_one_before():
            return [nothing]
        before = self.before.as_line()
        parts = (
            f"{printed_amount(before.work_previous)} before it, {printed_amount(before.work_this_period)} in its "
            f"period, {printed_amount(before.stored_moved)} moved from storage"
        )
        return [f"From {self.source}: work to date {printed_amount(before.work_to_date)} ({parts})."]

    def _stored_before(self) -> list[str]:
        if nothing := self._without_one_before():
            return [nothing]
        return [f"From {self.source}: {printed_amount(self.before.as_line().stored_presently)} presently stored."]

    def _balance(self) -> list[str]:
        line = self.line
        by_rule = f"{printed_amount(line.stored_previous)} stored before − {printed_amount(line.stored_moved)} moved"
        if line.stored_balance_typed is None:
            source = "" if self._without_one_before() else f" What was stored before comes from {self.source}."
            return [f"{by_rule} to work = {printed_amount(self.worked.stored_balance_previous)}.{source}"]
        reason = line.note or (line.allowed_reason if self.tells_review else "")
        return [self._by("stored_balance_previous"), f"Why: “{reason}”" if reason else "", f"By the rule: {by_rule}."]

    def _quantity(self) -> str:
        planned, quantity = self.line.schedule_line, self.line.quantity_this_period
        if not planned.is_unit_priced or quantity is None:
            return ""
        price = f"{planned.unit_price:,f}".rstrip("0").rstrip(".")
        return f"{quantity.normalize():,f} {planned.unit} × {price} a unit."

    # Who typed it

    @cached_property
    def _events(self) -> list[Event]:
        """What was typed on this line, newest first."""
        key = self.line.schedule_line.key
        names = [f"{key} {words}" for every in TYPED.values() for words in every]
        return list(Event.objects.about(self.invoice).filter(changes__has_any_keys=names))

    def _by(self, name: str) -> str:
        key = self.line.schedule_line.key
        names = {f"{key} {words}" for words in TYPED[name]}
        event = next((event for event in self._events if names & event.changes.keys()), None)
        if event and self._is_of_the_review(event) and not self.tells_review:
            return "Changed in the review, which is not finished."
        if event:
            return f"Typed by {event.by_name} on {day_in_words(self.invoice.project.day_of(event.at))}."
        if name in self._typed_over:
            return f"Typed on an earlier {self.noun}, and carried on." if self.before else "Typed."
        return "Nothing was typed." if not getattr(self.worked, name) else ""

    def _is_of_the_review(self, event: Event) -> bool:
        sent = self.invoice.submitted_at
        return sent is not None and event.at > sent

    @cached_property
    def _claim(self) -> dict:
        newest = self.invoice.submissions.latest_one()
        return newest.figures().get(self.line.schedule_line_id, {}) if newest else {}

    def _claimed(self, name: str) -> str:
        """The amount that was claimed, where a reviewer allows another (I-4)."""
        if not self.tells_review or not self.line.allowed_by_id or not self._claim:
            return ""
        found = {each.name: each for each in figures_apart(self._claim, as_it_stands(self.line))}
        if name not in found:
            return ""
        why = f" “{self.line.allowed_reason}”" if self.line.allowed_reason else ""
        is_cut = name not in FOLLOWS and found[name].allowed < found[name].claimed
        rest = "; the rest was not allowed" if is_cut else ""
        return f"Claimed was {printed_amount(found[name].claimed)}{rest}.{why}"

    # Retainage (5.6)

    def _work_retainage(self) -> list[str]:
        line = self.line
        if "work_retainage" not in self._typed_over:
            return [f"{self._arithmetic['work_retainage']}.", self._work_rule(), self._claimed("work_retainage")]
        rule = printed_amount(self.worked.work_retainage_by_rule)
        by_rate = f"By the rate, {printed_rate(line.work_retainage_rate)}, it is {rule}."
        return [self._by("work_retainage"), by_rate, self._claimed("work_retainage")]

    @cached_property
    def _rule(self) -> Rule:
        return rule_of(self.invoice)

    def _work_rule(self) -> str:
        rate, rule = self.line.work_retainage_rate, self._rule
        if rate != rule.rate or self._has_a_rate_of_its_own(rule):
            return self._started_with(rate, "this line’s own rate" if rule.is_kept else "the rate")
        if not rule.steps:
            return self._started_with(rate, "the commitment’s rate" if rule.is_kept else "the rate")
        held = f"Held before this {self.noun}: {printed_amount(rule.held_so_far)}."
        if rule.step is None:
            return f"Every step of the sliding scale was full, so nothing more is held. {held}"
        which = f"step {rule.step} of the sliding scale"
        return f"{self._started_with(rate, which, f': {rule.steps[rule.step - 1]}')} {held}"

    def _has_a_rate_of_its_own(self, rule: Rule) -> bool:
        """Where the number is the rule's too. One from before rules were kept goes by the line's of today."""
        planned = self.line.schedule_line
        return planned.position in rule.own if rule.is_kept else planned.retainage_rate == rule.rate

    def _started_with(self, rate: Decimal, what: str, more: str = "") -> str:
        """Said of then: newer rules touch new invoices only."""
        return f"{printed_rate(rate)} was {what} when this {self.noun} was started{more}."

    def _stored_retainage(self) -> list[str]:
        line = self.line
        rate = line.stored_retainage_rate
        if "stored_retainage" not in self._typed_over:
            is_its = self._rule.is_kept and rate == self._rule.stored_rate
            rule = self._started_with(rate, "the commitment’s rate for stored materials" if is_its else "the rate")
            return [f"{self._arithmetic['stored_retainage']}.", rule, self._claimed("stored_retainage")]
        by_rule = printed_amount(self.worked.stored_retainage_by_rule)
        by_rate = f"By the rate, {printed_rate(rate)}, it is {by_rule}."
        return [self._by("stored_retainage"), by_rate, self._claimed("stored_retainage")]

    def _total_retainage(self) -> list[str]:
        line, worked = self.line, self.worked
        sentence = (
            f"{printed_amount(line.work_retainage_previous)} held on work before "
            f"+ {printed_amount(worked.work_retainage)} this period "
            f"+ {printed_amount(worked.stored_retainage)} on stored materials "
            f"− {printed_amount(line.retainage_released)} released = {printed_amount(worked.total_retainage)}."
        )
        source = "" if self._without_one_before() else f"What was held before comes from {self.source}."
        return [sentence, source]
