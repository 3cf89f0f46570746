"""Saying something about an invoice: to the other side, or to the company's own people alone."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.models import Comment, Invoice
from invoicing.permissions import DRAFT_RIGHT, may_comment, may_note

TWICE = timedelta(minutes=1)  # the second click of a double click, or a page sent once more


@transaction.atomic
def comment(invoice: Invoice, words: str, *, by) -> Comment:
    """To the other side: the contacts get a mail of the team's, the team one of a contact's."""
    invoice, access = _open(invoice, by)
    if not may_comment(invoice, access):
        raise NotAllowed(DRAFT_RIGHT)
    said, is_new = _said(invoice, words, by, only_team=False)
    if is_new:
        Event.objects.record("commented", invoice, by=by, reason=said.words)
        notifications.commented(said, from_contact=access.is_external)
    return said


@transaction.atomic
def note(invoice: Invoice, words: str, *, by) -> Comment:
    """For the company's own people only. Nobody gets a mail."""
    invoice, access = _open(invoice, by)
    if not may_note(invoice, access):
        raise NotAllowed(DRAFT_RIGHT)
    said, is_new = _said(invoice, words, by, only_team=True)
    if is_new:
        Event.objects.record("left a note for the team", said, by=by, reason=said.words)
    return said


def _open(invoice: Invoice, by):
    invoice = Invoice.objects.select_for_update(of=("self",)).with_context().get(pk=invoice.pk)
    if invoice.deleted_at:
        raise NotNow("It was deleted meanwhile.")
    return invoice, read_access(by, invoice.company, invoice.project)


def _said(invoice: Invoice, words: str, by, *, only_team: bool) -> tuple[Comment, bool]:
    words = words.strip()
    if not words:
        raise Refused("Type what you want to say.", field="words")
    again = invoice.comments.filter(by=by, words=words, only_team=only_team, at__gt=timezone.now() - TWICE).last()
    if again:
        return again, False
    return Comment.objects.create(invoice=invoice, by=by, words=words, only_team=only_team), True
