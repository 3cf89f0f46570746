"""Whose turn it is: the words for it, and who has to act on a bill, as the board and the list of invoices say it.

`turn_of` decides for a row that is read, `turns` for the database, which narrows, counts and sorts by it (F18); a test
holds them together. Before there is a bill, `board` decides.
"""

from datetime import date
from typing import NamedTuple

from django.db.models import Case, CharField, Q, TextChoices, Value, When
from django.db.models.lookups import Exact

from directory.models import Project
from invoicing.deadlines import Deadline
from invoicing.models import BillingPeriod, Invoice
from invoicing.models.invoice_queries import HAS_CONTACT, READ_ALONG, is_over

S = Invoice.Status


class Turn(TextChoices):
    TEAM = "team", "Project team"
    VENDOR = "vendor", "Subcontractor"
    OWNER = "owner", "Owner"
    ACCOUNTING = "accounting", "Accounting"
    NOBODY = "nobody", "Nobody"

    def called(self, vendor: str) -> str:
        """In a word, or by the name of the commitment's company."""
        return vendor if self == Turn.VENDOR else self.label


class _Period(NamedTuple):
    """What a deadline asks of a billing period: a row tells that much of its own (F4)."""

    project: Project
    is_open: bool
    takes_bills_until_due: bool


def turn_of(invoice: Invoice, project: Project) -> Turn:
    """Of a row of `for_list` or `with_turn`. A subcontractor who can't act, for want of a contact or of time, passes
    the turn to the project team (B-5); what is approved in a way that the company doesn't send waits for nobody (6.2).
    What was sent before its owner's approval waits for that once accounting is done with it.
    """
    if invoice.is_locked and not invoice.is_posted:
        return Turn.ACCOUNTING
    if invoice.status == S.PENDING_OWNER_APPROVAL:
        return Turn.OWNER
    if invoice.is_posted:
        return Turn.NOBODY
    if invoice.status not in Invoice.ENTERABLE:
        is_never_sent = invoice.is_certified and not invoice.export_status
        return Turn.NOBODY if is_never_sent else Turn.TEAM
    is_open = invoice.period_status == BillingPeriod.Status.OPEN
    period = _Period(project, is_open, invoice.takes_bills_until_due)
    deadline = Deadline(period, invoice.due_date, invoice.has_more_time, invoice.may_finish_late)
    return Turn.VENDOR if invoice.has_contact and not deadline.is_over else Turn.TEAM


def turns(today: date) -> Case:
    """The same of any invoice."""
    is_never_sent = Q(Exact(READ_ALONG["export_status"], Value("")))
    return Case(
        When(is_locked=True, is_posted=False, then=Value(Turn.ACCOUNTING)),
        When(status=S.PENDING_OWNER_APPROVAL, then=Value(Turn.OWNER)),
        When(is_posted=True, then=Value(Turn.NOBODY)),
        When(Q(status__in=Invoice.CERTIFIED) & is_never_sent, then=Value(Turn.NOBODY)),
        When(~Q(status__in=Invoice.ENTERABLE), then=Value(Turn.TEAM)),
        When(~Q(HAS_CONTACT) | is_over(today), then=Value(Turn.TEAM)),
        default=Value(Turn.VENDOR),
        output_field=CharField(),
    )
