"""How far an invoice is paid: worked out from what is due and what was paid, and never a part of its status."""

from decimal import Decimal
from enum import StrEnum

from invoicing.calculations.money import ZERO


class PaymentStatus(StrEnum):
    NOTHING_DUE = "nothing_due"
    NOT_PAID = "not_paid"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERPAID = "overpaid"

    @property
    def label(self) -> str:
        """Partly paid."""
        return self.replace("_", " ").capitalize()


def payment_status(due: Decimal, paid: Decimal) -> PaymentStatus:
    """`due` is line 8, `paid` the payments that stand, both in dollars. A credit (line 8 below zero) is nothing due."""
    if over_payment(due, paid):
        return PaymentStatus.OVERPAID
    if due <= 0:
        return PaymentStatus.NOTHING_DUE
    if paid >= due:
        return PaymentStatus.PAID
    return PaymentStatus.PARTLY_PAID if paid > 0 else PaymentStatus.NOT_PAID


def over_payment(due: Decimal, paid: Decimal) -> Decimal:
    """How many dollars were paid beyond line 8, zero at least."""
    return max(paid - max(due, ZERO), ZERO)


def left_to_pay(due: Decimal, paid: Decimal) -> Decimal:
    """How many dollars of line 8 are still to be paid, zero at least."""
    return max(due - paid, ZERO)
