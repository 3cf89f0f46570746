"""One line of a payment application: its columns (5.2), the next invoice's starting values, and entry by percent."""

from dataclasses import dataclass, fields, replace
from decimal import Decimal

from invoicing.calculations.money import HUNDRED, ZERO, format_amount, is_whole, round_half_up, to_cents
from invoicing.calculations.retainage import held, release_by_percent

RATES = ("work_retainage_rate", "stored_retainage_rate")


@dataclass(frozen=True, kw_only=True)
class LineInput:
    """What is typed on a line and what came from the previous invoice: dollars in whole cents, rates in percent."""

    key: str = ""
    label: str = ""
    scheduled_value: Decimal  # C
    work_previous: Decimal = ZERO  # A
    work_this_period: Decimal = ZERO  # B
    stored_previous: Decimal = ZERO  # F of the previous invoice
    stored_moved: Decimal = ZERO  # M
    stored_new: Decimal = ZERO  # NM
    stored_balance_override: Decimal | None = None  # PM, when an Admin typed it
    work_retainage_previous: Decimal = ZERO  # held on work after the previous invoice, releases taken off
    stored_retainage_previous: Decimal = ZERO  # MR of the previous invoice
    work_retainage_rate: Decimal = ZERO
    stored_retainage_rate: Decimal = ZERO
    work_retainage_typed: Decimal | None = None  # WR, when typed
    stored_retainage_typed: Decimal | None = None  # MR, when typed
    retainage_released: Decimal = ZERO  # RR

    def __post_init__(self):
        for name, places in AMOUNTS.items():
            value = getattr(self, name)
            if value is not None and not is_whole(value, places):
                raise ValueError(f"{name} {value} is not in whole cents.")


AMOUNTS = {field.name: 4 if field.name in RATES else 2 for field in fields(LineInput) if field.type is not str}


@dataclass(frozen=True, kw_only=True)
class Line(LineInput):
    """A line with every column worked out; all dollars, and nothing here is ever typed."""

    at_once_for_bill: Decimal = ZERO  # by what `at_once.lines_of_bill` changes what the line alone releases at once

    @classmethod
    def of(cls, line: LineInput) -> "Line":
        if isinstance(line, cls):
            return line
        return cls(**{field.name: getattr(line, field.name) for field in fields(line)})

    @property
    def stored_balance_previous(self) -> Decimal:
        """PM: what is left of the material stored before, F of the previous invoice − M, unless an Admin typed it."""
        if self.stored_balance_override is not None:
            return self.stored_balance_override
        return self.stored_previous - self.stored_moved

    @property
    def stored_presently(self) -> Decimal:
        """F = PM + NM."""
        return self.stored_balance_previous + self.stored_new

    @property
    def work_to_date(self) -> Decimal:
        """A + B + M: what the next invoice starts from as A."""
        return self.work_previous + self.work_this_period + self.stored_moved

    @property
    def total_completed_and_stored(self) -> Decimal:
        """T = A + B + M + F."""
        return self.work_to_date + self.stored_presently

    @property
    def percent_complete(self) -> Decimal | None:
        """T% = T ÷ C to two decimals, as shown; None when C is zero (5.4)."""
        return percent_of(self.total_completed_and_stored, self.scheduled_value)

    @property
    def balance_to_finish(self) -> Decimal:
        """H = C − T."""
        return self.scheduled_value - self.total_completed_and_stored

    @property
    def over_billed_by(self) -> Decimal:
        """How far |T| passes |C|, in dollars; 0.00 when it does not (N-4)."""
        return max(ZERO, abs(self.total_completed_and_stored) - abs(self.scheduled_value))

    @property
    def passes_by(self) -> Decimal:
        """`over_billed_by`, where this invoice takes it further; 0.00 where |T| was as far before it (N-4).

        What an earlier invoice was allowed to pass stays allowed: nothing on this one could be lowered for it.
        """
        before = self.total_completed_and_stored - self.gross_this_period
        return self.over_billed_by if abs(self.total_completed_and_stored) > abs(before) else ZERO

    @property
    def gross_this_period(self) -> Decimal:
        """The change in T: B + M + F − F of the previous invoice; the amount accounting books (6.3, N-7).

        `InvoiceLineQuerySet.gross_by_schedule_line` says it to the database: who changes one changes both.
        """
        return self.work_this_period + self.stored_moved + self.stored_presently - self.stored_previous

    @property
    def net_this_period(self) -> Decimal:
        """The line's share of line 8: gross − the change in retainage, never rounded a second time."""
        return self.gross_this_period - (self.total_retainage - self.retainage_held_before)

    @property
    def work_retainage_by_rule(self) -> Decimal:
        """Rate × (B + M): material that moved into work is held at the work rate."""
        return held(self.work_this_period + self.stored_moved, self.work_retainage_rate)

    @property
    def work_retainage(self) -> Decimal:
        """WR, held on work this period: by the rule, or typed."""
        return self.work_retainage_by_rule if self.work_retainage_typed is None else self.work_retainage_typed

    @property
    def stored_retainage_by_rule(self) -> Decimal:
        """Rate × F: it falls with F, so material that moved into work is not held on twice."""
        return held(self.stored_presently, self.stored_retainage_rate)

    @property
    def stored_retainage(self) -> Decimal:
        """MR, the balance held on stored materials: by the rule, or typed; always 0.00 when nothing is stored."""
        if self.stored_retainage_typed is None or self.stored_presently == 0:
            return self.stored_retainage_by_rule
        return self.stored_retainage_typed

    @property
    def retainage_releasable(self) -> Decimal:
        """The most RR may be: work retainage of the previous invoice + WR."""
        return self.work_retainage_previous + self.work_retainage

    @property
    def work_retainage_to_date(self) -> Decimal:
        """The line's part of 5a: previous + WR − RR."""
        return self.retainage_releasable - self.retainage_released

    @property
    def total_retainage(self) -> Decimal:
        """TR = previous work retainage + WR + MR − RR."""
        return self.work_retainage_to_date + self.stored_retainage

    @property
    def retainage_held_before(self) -> Decimal:
        """Total held after the previous invoice."""
        return self.work_retainage_previous + self.stored_retainage_previous

    @property
    def stored_retainage_released(self) -> Decimal:
        """The release hidden in a typed MR: how far it lies below what was held on the material still here.

        That is the smaller of the previous MR and of rate × F. Material that left took its share along, and new
        material that was never held on can't be released.
        """
        if self.stored_retainage_typed is None:
            return ZERO
        return max(ZERO, min(self.stored_retainage_previous, self.stored_retainage_by_rule) - self.stored_retainage)

    @property
    def released_at_once(self) -> Decimal:
        """What RR takes of this bill's own WR: never held, so no earlier invoice can release it (S51)."""
        return self.at_once_alone + self.at_once_for_bill

    @property
    def at_once_alone(self) -> Decimal:
        """`released_at_once` of the line by itself: of RR only what passes all that was held before."""
        beyond = self.retainage_released - max(ZERO, self.work_retainage_previous)
        return max(ZERO, min(beyond, self.at_once_limits[1]))

    @property
    def at_once_limits(self) -> tuple[Decimal, Decimal]:
        """The least and the most that it can release at once: of RR what it holds itself, never past zero (S47).

        A deduction holds below zero and releases below zero.
        """
        over = max(ZERO, self.retainage_held_at_first - self._least_held)
        under = min(ZERO, self.retainage_held_at_first - self._most_held)
        return max(under, min(ZERO, self.retainage_released)), min(over, max(ZERO, self.retainage_released))

    @property
    def _least_held(self) -> Decimal:
        """A credit gives its retainage back with its gross; else nothing is held below zero (S47)."""
        return min(ZERO, self.gross_this_period)

    @property
    def _most_held(self) -> Decimal:
        return max(ZERO, self.gross_this_period)

    @property
    def retainage_held_at_first(self) -> Decimal:
        """WR + the change of MR, without anything released; what a line releases at once is in it still.

        A fall of MR because material moved into work is netted against the WR on it: retainage follows the material.
        When more falls away than the gross amount explains (the work rate is below the stored rate, or a rate was cut),
        the rest is a release, not a negative holding.
        """
        change = self.work_retainage + self.stored_retainage - self.stored_retainage_previous
        return max(self._least_held, change + self.stored_retainage_released)

    @property
    def retainage_held_this_period(self) -> Decimal:
        """Newly held this period, what Sage’s header column 20 adds up (S46); below zero on a credit only (S47)."""
        return self.retainage_held_at_first - self.released_at_once

    @property
    def retainage_released_this_period(self) -> Decimal:
        """All that was held before and is given back: RR, a release in a typed MR, a fall that gross does not explain.

        By subtraction, so that gross = net + newly held − released holds to the cent (S49, S52).
        """
        return self.retainage_held_this_period - (self.total_retainage - self.retainage_held_before)


def next_line(line: LineInput) -> LineInput:
    """The starting values of the same line on the next invoice: A = A + B + M, F carried, nothing typed.

    One typed value stays: an MR that is not rate × F. Else a release would be held again, or an extra holding paid
    out, on an invoice on which nobody did anything.
    """
    line = Line.of(line)
    is_typed = line.stored_retainage != line.stored_retainage_by_rule
    return LineInput(
        key=line.key,
        label=line.label,
        scheduled_value=line.scheduled_value,
        work_previous=line.work_to_date,
        stored_previous=line.stored_presently,
        work_retainage_previous=line.work_retainage_to_date,
        stored_retainage_previous=line.stored_retainage,
        work_retainage_rate=line.work_retainage_rate,
        stored_retainage_rate=line.stored_retainage_rate,
        stored_retainage_typed=line.stored_retainage if is_typed else None,
    )


def with_nothing_typed(line: LineInput, carried: Decimal | None) -> Line:
    """The line had nobody typed retainage on its invoice; `carried` is the MR that it began with as a typed one.

    Of that, material that left took its share along.
    """
    line = Line.of(line)
    if carried is not None and line.stored_previous:
        carried = to_cents(carried * line.stored_balance_previous / line.stored_previous)
    return replace(line, work_retainage_typed=None, stored_retainage_typed=carried)


def with_release_of_percent(line: LineInput, percent: Decimal) -> LineInput:
    """The line with `percent` of all its retainage released: RR on work, a lower typed MR on stored materials.

    100 leaves exactly 0.00 held (R54). ValueError outside 0 to 100.
    """
    before = Line.of(line)
    stored = before.stored_retainage + before.stored_retainage_released
    return replace(
        line,
        retainage_released=release_by_percent(before.retainage_releasable, percent),
        stored_retainage_typed=stored - release_by_percent(stored, percent) if stored else line.stored_retainage_typed,
    )


def percent_of(amount: Decimal, base: Decimal) -> Decimal | None:
    """What percentage of `base` an amount is, to two places; None when base is zero. Only amounts are stored."""
    return round_half_up(amount * HUNDRED / base, 2) if base else None


def work_for_total(line: LineInput, total: Decimal) -> Decimal:
    """The B that makes T come out at `total` dollars."""
    line = Line.of(line)
    return to_cents(total) - (line.total_completed_and_stored - line.work_this_period)


def work_for_percent(line: LineInput, percent: Decimal) -> Decimal:
    """The B that makes T `percent` of C, half-up. It may be over C: N-4 says so. ValueError when C is zero."""
    if not line.scheduled_value:
        raise ValueError("The scheduled value is zero, so a percentage says nothing. Type an amount.")
    return work_for_total(line, held(line.scheduled_value, percent))


def work_for_quantity(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Quantity × unit price, half-up to the cent. ValueError when that is too large to store."""
    return to_cents(quantity * unit_price)


def describe(line: LineInput) -> str:
    """How a message names the line."""
    return line.label or line.key or f"the line of {format_amount(line.scheduled_value)}"
