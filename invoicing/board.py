"""Where every commitment stands in one billing period, worked out by the database (section 4, F18).

A commitment has exactly one state: before there is a bill, what asking for it is at, first of all that nobody is there
who could be asked; then the newest bill's status, or that it was sent to ERP. `turn` says who has to act.
Everything is an expression of one query, so that lists can be narrowed, sorted, counted and added up without reading
them; nothing here knows a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.fields import PositiveSmallIntegerField
from django.db.models.functions import Greatest

from directory.fields import MoneyField
from directory.models import Event
from directory.models.events import subject_name, subject_names
from invoicing.calculations.money import ZERO
from invoicing.deadlines import Deadline
from invoicing.labels import BEFORE_BILLING
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice, InvoiceContact
from invoicing.models.commitment_statuses import ENDED
from invoicing.models.invoice_queries import line_8
from invoicing.turns import Turn, turns

NO_CONTACT, NOT_INVITED, INVITED, ACCEPTED, DECLINED = BEFORE_BILLING
IN_ERP = "in_erp"
STATES = (*BEFORE_BILLING, *(status.value for status in Invoice.Status), IN_ERP)
WORDS = BEFORE_BILLING | dict(Invoice.Status.choices) | {IN_ERP: "In ERP"}
S = Invoice.Status


def standing_in(period: BillingPeriod, visible: QuerySet[Commitment]) -> QuerySet[Commitment]:
    """`visible`, each once, with `invite`, `extension` and `bill` of the period joined, and what follows from them:
    `place` (its state's, in STATES), `turn`, `since`, `gross` and `net`. What has ended is there only if it was billed.
    """
    joined = Commitment.objects.filter(pk__in=visible.order_by().values("pk")).annotate(
        invite=FilteredRelation(
            "invitations", condition=Q(invitations__billing_period=period, invitations__ended_at=None)
        ),
        extension=FilteredRelation("due_date_extensions", condition=Q(due_date_extensions__billing_period=period)),
        bill=FilteredRelation("invoices", condition=Q(invoices__billing_period=period, invoices__deleted_at=None)),
    )
    here = Invoice.objects.live().filter(commitment=OuterRef("pk"), billing_period=period).order_by()
    marked = joined.annotate(  # what is filtered by below: a filter by the relation itself would join it once more
        has_contact=Exists(InvoiceContact.objects.acting().filter(commitment=OuterRef("pk"))),
        has_bill=_yes_if(HAS_BILL),
        bill_position=F("bill__position"),
    )
    newest = marked.exclude(Exists(here.filter(position__gt=OuterRef("bill_position"))))
    return newest.filter(Q(has_bill=True) | ~Q(status__in=ENDED)).annotate(
        place=_place(),
        turn=_turn(period, period.project.today),
        since=_since(period),
        gross=_amount(here, F("bill__gross_this_period"), F("gross_this_period")),
        net=_amount(here, line_8("bill__"), line_8()),
    )


HAS_BILL = Q(bill__pk__isnull=False)
WAS_ASKED = Q(invite__pk__isnull=False)
BILLABLE = Q(status__in=Commitment.BILLABLE)
IS_SILENT = WAS_ASKED & Q(invite__answer=Invitation.Answer.NONE)


def _yes_if(condition: Q) -> Case:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())


def _place() -> Case:
    statuses = [When(HAS_BILL & Q(bill__status=status), then=_at(status)) for status in S]
    return Case(
        When(bill__is_locked=True, then=_at(IN_ERP)),
        *statuses,
        When(invite__answer=Invitation.Answer.DECLINED, then=_at(DECLINED)),  # no bill will come, contact or none
        When(has_contact=False, then=_at(NO_CONTACT)),
        When(invite__answer=Invitation.Answer.ACCEPTED, then=_at(ACCEPTED)),
        When(WAS_ASKED, then=_at(INVITED)),
        default=_at(NOT_INVITED),
        output_field=PositiveSmallIntegerField(),
    )


def _at(state: str) -> Value:
    return Value(STATES.index(state))


def _turn(period: BillingPeriod, today: date) -> Case:
    """The bill's; before there is one, the project team's where the subcontractor can't act (B-5)."""
    is_late = (Q(extension__pk=None) | Q(extension__due_date__lt=today)) if period.due_date < today else NEVER
    is_closed = Q() if Deadline.of(period).is_closed else NEVER
    takes_none = is_closed & (Q(extension__pk=None) | is_late)
    bill = Invoice.objects.filter(pk=OuterRef("bill__pk")).values(turn=turns(today))
    return Case(
        When(HAS_BILL, then=Subquery(bill)),
        When(~BILLABLE | Q(invite__answer=Invitation.Answer.DECLINED) | takes_none, then=Value(Turn.NOBODY)),
        When(Q(has_contact=False) | Q(invite__pk=None) | is_late, then=Value(Turn.TEAM)),
        default=Value(Turn.VENDOR),
        output_field=CharField(),
    )


NEVER = Q(pk__in=[])


def _since(period: BillingPeriod) -> Case:
    """Since when whoever has the turn has it: as stored; before an invite, since the period was open and it agreed."""
    opened = _moment_of(Value(subject_name(period)), BillingPeriod.Status.OPEN)
    agreed = _moment_of(subject_names("invoicing.commitment", OuterRef("pk")), OuterRef("status"))
    return Case(
        When(HAS_BILL, then=F("bill__waits_since")),
        When(IS_SILENT, then=F("invite__invited_at")),
        When(WAS_ASKED, then=F("invite__answered_at")),
        When(BILLABLE, then=Greatest(opened, agreed)),
        output_field=DateTimeField(),
    )


def _moment_of(subject, state) -> Subquery:
    """When the record last tells of this row that it came into this state."""
    told = Event.objects.filter(subject=subject, to_state=state).order_by("-pk")
    return Subquery(told.values("at")[:1])


def _amount(here, of_bill, of_all) -> Case:
    """The bill's amount; of the rare commitment with a further bill in the period, the sum of them all (I-3)."""
    every = here.values("commitment").annotate(sum=Sum(of_all)).values("sum")
    return Case(When(bill__is_extra=True, then=Subquery(every)), default=of_bill, output_field=MoneyField())


# What is told of many


@dataclass(frozen=True)
class Group:
    """The commitments that share a state and a turn: how many, and their bills' amounts in dollars."""

    state: str
    turn: str
    is_expected: bool
    is_asked: bool
    count: int
    gross: Decimal
    net: Decimal


def groups_of(standing: QuerySet[Commitment]) -> list[Group]:
    """Of however many, in one query.

    `is_expected`: a bill is there, or can come and nobody said that none will. `is_asked`: it is, or was invited.
    """
    expected = _yes_if(HAS_BILL | BILLABLE & ~Q(place=STATES.index(DECLINED)))
    told = standing.order_by().annotate(is_expected=expected, is_asked=_yes_if(HAS_BILL | WAS_ASKED))
    rows = told.values_list("place", "turn", "is_expected", "is_asked")
    rows = rows.annotate(count=Count("pk"), gross_sum=Sum("gross"), net_sum=Sum("net"))
    return [
        Group(STATES[place], turn, is_expected, is_asked, count, gross or ZERO, net or ZERO)
        for place, turn, is_expected, is_asked, count, gross, net in sorted(rows)
    ]


def counted(groups: Iterable[Group], *states: str) -> int:
    return sum(group.count for group in groups if group.state in states)


def stranded_in(project, periods: Iterable[BillingPeriod] | None = None) -> list[dict]:
    """Closed periods with drafts that nobody can send any more: {period, count}. `periods`: all, if at hand."""
    drafts = Invoice.objects.stranded_in(project)
    counts = drafts.order_by().values("billing_period").annotate(count=Count("pk"))
    if periods is None:
        periods = project.billing_periods.filter(pk__in=[each["billing_period"] for each in counts]) if counts else ()
    found = {period.pk: period for period in periods}
    return [{"period": found[each["billing_period"]], "count": each["count"]} for each in counts]
