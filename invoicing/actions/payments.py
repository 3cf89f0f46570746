"""Recording what was paid on an approved invoice, and taking a record back that was a mistake. A status of its own:
whether an invoice is paid changes nothing of the invoice itself."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.plain_text import tidy, unseen_in
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.calculations.money import printed_amount
from invoicing.calculations.payments import over_payment
from invoicing.models import Invoice, Payment, PaymentMethod
from invoicing.periods import check_day
from invoicing.permissions import ADMIN_RIGHT, may_record_payments


@dataclass(frozen=True)
class NewPayment:
    """`number`: of the check, or the bank's reference. `amount`: dollars, above zero."""

    method: PaymentMethod
    number: str
    paid_date: date
    amount: Decimal


class TooMuch(Refused):
    """With it more than line 8 would be paid: to be recorded all the same, that has to be ticked."""


@transaction.atomic
def record_payment(invoice: Invoice, new: NewPayment, *, by, accepts_too_much: bool = False) -> Payment:
    """Write down a payment that was made. Raises NotNow unless it is approved, TooMuch, or Refused by field."""
    invoice = _held(invoice, by)
    if why_not := why_no_payment(invoice):
        raise NotNow(why_not)
    number = _checked(invoice, new)
    too_much = over_payment(invoice.current_payment_due, invoice.payments.total() + new.amount)
    if too_much and not accepts_too_much:
        raise TooMuch(
            f"With it {printed_amount(too_much)} more than line 8, {printed_amount(invoice.current_payment_due)}, "
            "would be paid. Correct the amount, or tick that it was paid all the same.",
            field="accepts_too_much",
        )
    payment = Payment.objects.create(
        invoice=invoice,
        method=new.method,
        number=number,
        paid_date=new.paid_date,
        amount=new.amount,
        recorded_by=by,
    )
    changes = {"payment": ["", str(payment)]}
    if too_much:
        changes["paid too much"] = ["", printed_amount(too_much)]
    Event.objects.record("recorded a payment", invoice, by=by, changes=changes)
    notifications.paid(payment, by)
    return payment


def why_no_payment(invoice: Invoice) -> str:
    """Why nothing can be recorded on it now, "" if it can."""
    if invoice.deleted_at:
        return "It was deleted. No payment can be recorded on it."
    if not invoice.is_certified:
        return f"It is {invoice.get_status_display()}. Payments are recorded once it is approved."
    return ""


def _held(invoice: Invoice, by) -> Invoice:
    """Locked; then the right is asked for."""
    invoice = Invoice.objects.locked(invoice.pk)
    if not may_record_payments(invoice, read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(ADMIN_RIGHT)
    return invoice


def _checked(invoice: Invoice, new: NewPayment) -> str:
    """The number as it is kept."""
    number = tidy(new.number)
    if not number:
        raise Refused("Type the number of the check, or the bank’s reference.", field="number")
    if len(number) > 40 or unseen_in(number):
        raise Refused("Type up to 40 characters that can be seen.", field="number")
    check_day(new.paid_date, "paid_date")
    if new.paid_date > invoice.project.today:
        raise Refused("That day is still to come. Record a payment when it is made.", field="paid_date")
    if new.amount <= 0:
        raise Refused("Type an amount above zero. What was recorded by mistake is taken back instead.", field="amount")
    twin = invoice.payments.standing().filter(method=new.method, number__iexact=number).first()
    if twin:
        raise Refused(f"{twin} is recorded already. Type another number, or take that one back.", field="number")
    return number


@transaction.atomic
def take_back_payment(payment: Payment, *, reason: str, by) -> Payment:
    """It counts no more and stays to be seen, with the reason. Twice is once. Raises Refused without a reason."""
    invoice = _held(payment.invoice, by)
    payment = invoice.payments.select_for_update().get(pk=payment.pk)
    if payment.is_taken_back:
        return payment  # a second click
    reason = tidy(reason)
    if not reason or len(reason) > 300:
        raise Refused("Say why it is taken back, in 300 characters at most: it stays to be seen.", field="reason")
    before = str(payment)
    payment.taken_back_at, payment.taken_back_by, payment.taken_back_reason = timezone.now(), by, reason
    payment.save(update_fields=["taken_back_at", "taken_back_by", "taken_back_reason"])
    payment.invoice = invoice
    Event.objects.record("took back a payment", invoice, by=by, reason=reason, changes={"payment": [before, ""]})
    notifications.paid(payment, by)
    return payment
