"""The summary of a payment application (G702-style, lines 1 to 9): sums of rounded lines, net by subtraction (5.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.at_once import lines_of_bill
from invoicing.calculations.lines import Line, LineInput, percent_of
from invoicing.calculations.money import ZERO


@dataclass(frozen=True, kw_only=True)
class ChangeOrderAmount:
    """An approved change order for the summary's block: dollars, negative for a deduction."""

    amount: Decimal
    is_this_period: bool


class Earned:
    """Lines 5 and 6 of whatever holds 4, 5a and 5b, in dollars."""

    @property
    def total_retainage(self) -> Decimal:
        """5 = 5a + 5b."""
        return self.work_retainage + self.stored_retainage

    @property
    def earned_less_retainage(self) -> Decimal:
        """6 = 4 − 5: stored by the next invoice as its line 7."""
        return self.total_completed_and_stored - self.total_retainage


class Totals(Earned):
    """Lines 3, 5, 6, 8 and 9 of whatever holds the others, in dollars."""

    @property
    def contract_sum_to_date(self) -> Decimal:
        """3 = 1 + 2."""
        return self.original_contract_sum + self.net_change_orders

    @property
    def current_payment_due(self) -> Decimal:
        """8 = 6 − 7."""
        return self.earned_less_retainage - self.previous_certificates

    @property
    def balance_to_finish_including_retainage(self) -> Decimal:
        """9 = 3 − 6."""
        return self.contract_sum_to_date - self.earned_less_retainage


@dataclass(frozen=True, kw_only=True)
class Summary(Totals):
    """Lines 1 to 9 in dollars. Fields are what an invoice stores as certified; the rest follows by subtraction."""

    original_contract_sum: Decimal  # 1
    net_change_orders: Decimal  # 2
    total_completed_and_stored: Decimal  # 4
    work_retainage: Decimal  # 5a
    stored_retainage: Decimal  # 5b
    previous_certificates: Decimal  # 7
    gross_this_period: Decimal
    retainage_newly_held: Decimal
    retainage_released: Decimal
    change_order_additions_previous: Decimal = ZERO
    change_order_deductions_previous: Decimal = ZERO
    change_order_additions_this_period: Decimal = ZERO
    change_order_deductions_this_period: Decimal = ZERO

    @property
    def percent_complete(self) -> Decimal | None:
        """4 ÷ 3 to two decimals; None when the contract sum is zero."""
        return percent_of(self.total_completed_and_stored, self.contract_sum_to_date)


def summarize(
    lines: Iterable[LineInput],
    original_contract_sum: Decimal,
    net_change_orders: Decimal,
    previous_certificates: Decimal,
    change_orders: Iterable[ChangeOrderAmount] = (),
) -> Summary:
    """Add up all lines of a bill.

    `previous_certificates` is line 6 of the previous invoice as stored, never recomputed (PA-19). Dollars throughout;
    deductions of the change-order block are given as positive amounts.
    """
    lines = lines_of_bill(lines)
    orders = list(change_orders)
    return Summary(
        original_contract_sum=original_contract_sum,
        net_change_orders=net_change_orders,
        total_completed_and_stored=column_total(lines, "total_completed_and_stored"),
        work_retainage=column_total(lines, "work_retainage_to_date"),
        stored_retainage=column_total(lines, "stored_retainage"),
        previous_certificates=previous_certificates,
        gross_this_period=column_total(lines, "gross_this_period"),
        retainage_newly_held=column_total(lines, "retainage_held_this_period"),
        retainage_released=column_total(lines, "retainage_released_this_period"),
        change_order_additions_previous=_additions(orders, is_this_period=False),
        change_order_deductions_previous=_deductions(orders, is_this_period=False),
        change_order_additions_this_period=_additions(orders, is_this_period=True),
        change_order_deductions_this_period=_deductions(orders, is_this_period=True),
    )


def column_total(lines: Iterable[LineInput], column: str) -> Decimal:
    """The foot of one column, named as the property of `Line`: a sum of rounded lines."""
    return sum((getattr(Line.of(line), column) for line in lines), ZERO)


def _additions(orders: list[ChangeOrderAmount], *, is_this_period: bool) -> Decimal:
    return sum((max(order.amount, ZERO) for order in orders if order.is_this_period == is_this_period), ZERO)


def _deductions(orders: list[ChangeOrderAmount], *, is_this_period: bool) -> Decimal:
    return sum((max(-order.amount, ZERO) for order in orders if order.is_this_period == is_this_period), ZERO)
