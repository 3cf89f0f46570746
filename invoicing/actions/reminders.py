"""Reminding by hand those who have not answered or sent: one answer each, a refusal says why (V-3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from invoicing import reminding
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice


@dataclass(frozen=True)
class Reminded:
    """What became of one commitment; `refusal` is empty where its contacts are mailed."""

    commitment: Commitment
    refusal: str = ""


def remind(period: BillingPeriod, commitments, *, by) -> list[Reminded]:
    """The right is asked for each anew (R66): whoever loses it half-way reminds no more."""
    invited = {each.commitment_id: each for each in Invitation.objects.in_force().filter(billing_period=period)}
    return [Reminded(each, _remind_one(period, invited.get(each.pk), by)) for each in commitments]


@transaction.atomic
def _remind_one(period: BillingPeriod, invitation: Invitation | None, by) -> str:
    if invitation:
        Invitation.objects.select_for_update().get(pk=invitation.pk)
    require_admin(by, period.project)
    return reminding.remind(invitation, by=by) if invitation else "It was not invited yet."


@dataclass(frozen=True)
class RemindedAbout:
    """What became of one invoice: whom a mail went to, else why to nobody."""

    invoice: Invoice
    to: list[str] = field(default_factory=list)
    refusal: str = ""


def remind_about(chosen: Sequence[Invoice], *, by) -> list[RemindedAbout]:
    """Of invoices that wait for their subcontractor. Each by itself, the right asked anew (R66)."""
    return [_remind_about_one(invoice, by) for invoice in chosen]


@transaction.atomic
def _remind_about_one(invoice: Invoice, by) -> RemindedAbout:
    invoice = Invoice.objects.locked(invoice.pk)
    require_admin(by, invoice.project)
    refusal = reminding.why_not_about(invoice)
    if refusal:
        return RemindedAbout(invoice, refusal=refusal)
    told = reminding.remind_about(invoice, by=by)
    return RemindedAbout(invoice, to=[person.name for person in told])
