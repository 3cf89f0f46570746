"""Mails about what is said and paid beside a bill's own way."""

from directory.notifications import post
from invoicing.models import BillingSettings, Comment, Invoice, Payment
from invoicing.notifications.recipients import CONTACT, LISTED, contacts_of, told_of_bills


def mails_payments(invoice: Invoice) -> bool:
    """Whether contacts hear of its payments: the project's setting."""
    return BillingSettings.of(invoice.project).mails_payments


def paid(payment: Payment, by) -> None:
    """To the contacts, that a payment was recorded or taken back, where the project's setting says so."""
    invoice = payment.invoice
    if not mails_payments(invoice):
        return
    said = "taken back" if payment.is_taken_back else "recorded"
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Payment {said} on bill {invoice.position} ({invoice.commitment.number}): {payment.amount:,.2f}",
        template="invoicing/emails/paid",
        context={"payment": payment, "invoice": invoice, "project": invoice.project, "by": by},
        reply_to=by.email,
    )


def commented(said: Comment, *, from_contact: bool) -> None:
    """To the contacts what the team says, to the team what a contact says. Of a note nobody hears."""
    invoice = said.invoice
    to, whom = told_of_bills(invoice, said.by) if from_contact else (contacts_of(invoice.commitment), CONTACT)
    noun = "invoice" if from_contact else "bill"
    post(
        about=invoice,
        to=to,
        audience=whom,
        subject=f"{said.by.name} wrote about {noun} {invoice.position} ({invoice.commitment.number})",
        template="invoicing/emails/commented",
        context={
            "said": said,
            "invoice": invoice,
            "project": invoice.project,
            "noun": noun,
            "from_contact": from_contact,
            "is_listed": whom == LISTED,
        },
        reply_to=said.by.email,
    )
