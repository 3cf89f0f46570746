"""What the database says of a commitment's state, turn and amounts is what a plain definition says (section 4)."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from directory.models import Event
from directory.permissions import read_access
from invoicing import turns
from invoicing.board import STATES, groups_of, standing_in
from invoicing.calculations.money import ZERO
from invoicing.deadlines import deadline_of_bill
from invoicing.models import BillingPeriod, Commitment, DueDateExtension, Invitation, Invoice, InvoiceContact
from tests.factories import D, world

pytestmark = pytest.mark.django_db

S, C = Invoice.Status, Commitment.Status
# How a row gets into a status by the moves that the database lets pass.
INVOICE_PATHS = {
    S.DRAFT: (),
    S.UNDER_REVIEW: (S.UNDER_REVIEW,),
    S.REVISE_AND_RESUBMIT: (S.UNDER_REVIEW, S.REVISE_AND_RESUBMIT),
    S.PENDING_OWNER_APPROVAL: (S.UNDER_REVIEW, S.PENDING_OWNER_APPROVAL),
    S.APPROVED_AS_NOTED: (S.UNDER_REVIEW, S.APPROVED_AS_NOTED),
    S.APPROVED: (S.UNDER_REVIEW, S.APPROVED),
}
COMMITMENT_PATHS = {
    C.DRAFT: (),
    C.OUT_FOR_BID: (C.OUT_FOR_BID,),
    C.APPROVED: (C.APPROVED,),
    C.COMPLETE: (C.APPROVED, C.COMPLETE),
    C.TERMINATED: (C.APPROVED, C.TERMINATED),
    C.VOID: (C.VOID,),
}


# The definition, as one would say it


def live_bills(commitment: Commitment, period: BillingPeriod) -> list[Invoice]:
    bills = [each for each in commitment.invoices.all() if each.billing_period_id == period.pk]
    return sorted((each for each in bills if each.deleted_at is None), key=lambda bill: bill.position)


def invite_in_force(commitment: Commitment, period: BillingPeriod) -> Invitation | None:
    """The one that did not end with another vendor."""
    asked = [each for each in commitment.invitations.all() if each.billing_period_id == period.pk]
    return next((each for each in asked if each.ended_at is None), None)


def is_on_the_board(commitment, period) -> bool:
    return bool(live_bills(commitment, period)) or commitment.status not in (C.TERMINATED, C.VOID, C.CLOSED)


def state_of(commitment: Commitment, period: BillingPeriod) -> str:
    bills = live_bills(commitment, period)
    if bills:
        return "in_erp" if bills[-1].is_locked else bills[-1].status
    invite = invite_in_force(commitment, period)
    if invite and invite.answer == "declined":
        return "declined"
    if not commitment.invoice_contacts.acting().exists():
        return "no_contact"
    return invite.answer or "invited" if invite else "not_invited"


def turn_of(commitment: Commitment, period: BillingPeriod) -> str:
    state, bills = state_of(commitment, period), live_bills(commitment, period)
    has_contact = commitment.invoice_contacts.acting().exists()
    if bills:
        return turn_of_bill(bills[-1], commitment)
    extension = commitment.due_date_extensions.filter(billing_period=period).first()
    due = max(period.due_date, extension.due_date) if extension else period.due_date
    keeps_time = extension is not None or period.takes_bills_until_due
    takes_none = not period.is_open and not (keeps_time and due >= period.project.today)
    if not commitment.is_billable or state == "declined" or takes_none:
        return "nobody"
    if state in ("no_contact", "not_invited") or not has_contact or due < period.project.today:
        return "team"
    return "vendor"


def turn_of_bill(bill: Invoice, commitment: Commitment) -> str:
    if bill.is_locked and not bill.is_posted:
        return "accounting"
    if bill.status == S.PENDING_OWNER_APPROVAL:
        return "owner"
    if bill.is_posted:
        return "nobody"
    if bill.status not in (S.DRAFT, S.REVISE_AND_RESUBMIT):
        return "team"
    has_contact = commitment.invoice_contacts.acting().exists()
    return "vendor" if has_contact and not deadline_of_bill(bill).is_over else "team"


def since_of(commitment: Commitment, period: BillingPeriod) -> datetime | None:
    bills = live_bills(commitment, period)
    if bills:
        return bills[-1].waits_since
    invite = invite_in_force(commitment, period)
    if invite:
        return invite.answered_at if invite.answer else invite.invited_at
    if not commitment.is_billable:
        return None
    opened = Event.objects.about(period).filter(to_state="open").first()
    agreed = Event.objects.about(commitment).filter(to_state=commitment.status).first()
    return max(opened.at, agreed.at) if opened and agreed else None


def amounts_of(commitment, period) -> tuple:
    bills = live_bills(commitment, period)
    if not bills:
        return None, None
    return sum((each.gross_this_period for each in bills), ZERO), sum(
        (each.current_payment_due for each in bills), ZERO
    )


# Stages, drawn


BILL = st.fixed_dictionaries(
    {
        "status": st.sampled_from(list(S)),
        "due": st.integers(-2, 2),
        "may_finish_late": st.booleans(),
        "in_erp": st.sampled_from(["", "", "is_locked", "is_exported", "is_posted"]),
        "is_deleted": st.sampled_from([False, False, True]),
        "cents": st.integers(-500, 90_000),
    }
)
COMMITMENT = st.fixed_dictionaries(
    {
        "status": st.sampled_from(list(COMMITMENT_PATHS)),
        "has_contact": st.booleans(),
        "answer": st.sampled_from([None, "", "accepted", "declined"]),
        "ended": st.lists(st.sampled_from(["", "accepted", "declined"]), max_size=2),  # with the vendors they asked
        "bills": st.lists(BILL, max_size=3),
        "more_time": st.sampled_from([None, None, -1, 0, 3]),
    }
)
SETUP = st.fixed_dictionaries(
    {
        "is_open": st.booleans(),
        "keeps_time": st.booleans(),
        "due": st.integers(-2, 2),
        "commitments": st.lists(COMMITMENT, min_size=1, max_size=5),
    }
)


def a_commitment(**told) -> dict:
    return {
        "status": C.APPROVED,
        "has_contact": True,
        "answer": None,
        "ended": [],
        "bills": [],
        "more_time": None,
    } | told


def a_bill(**told) -> dict:
    plain = {"status": S.DRAFT, "due": 1, "may_finish_late": False, "in_erp": "", "is_deleted": False, "cents": 10_000}
    return plain | told


EVERY_STAGE = {
    "is_open": True,
    "keeps_time": False,
    "due": 1,
    "commitments": [
        a_commitment(has_contact=False),
        a_commitment(),
        *(a_commitment(answer=answer) for answer in ("", "accepted", "declined")),
        *(a_commitment(ended=[answer, ""]) for answer in ("", "accepted", "declined")),
        *(a_commitment(answer="accepted", bills=[a_bill(status=status)]) for status in S),
        *(a_commitment(bills=[a_bill(status=S.APPROVED, in_erp=how)]) for how in ("is_locked", "is_posted")),
    ],
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(EVERY_STAGE)
@example(EVERY_STAGE | {"is_open": False})
@example(EVERY_STAGE | {"due": -1})
@given(setup=SETUP)
def test_the_database_says_what_the_plain_definition_says(there, setup):
    w, period = there
    with transaction.atomic():
        today = w.project.today
        period.status = "open" if setup["is_open"] else "closed"
        period.takes_bills_until_due = setup["keeps_time"] and not setup["is_open"]
        period.due_date = today + timedelta(days=setup["due"])
        period.save()
        made = [drawn(w, period, number, each) for number, each in enumerate(setup["commitments"])]
        compare(w, period, made)
        transaction.set_rollback(True)


def compare(w, period: BillingPeriod, made: list[Commitment]) -> None:
    access = read_access(w.admin, w.company, w.project)
    found = list(standing_in(period, Commitment.objects.visible_to(access)))
    expected = {each for each in made if is_on_the_board(each, period)}
    assert set(found) == expected and len(found) == len(expected), "each once"
    for row in found:
        state, turn = state_of(row, period), turn_of(row, period)
        assert (STATES[row.place], row.turn) == (state, turn)
        assert row.since == since_of(row, period)
        assert (row.gross, row.net) == amounts_of(row, period)
    expected = {bill.pk: turn_of_bill(bill, each) for each in made for bill in live_bills(each, period)}
    bills = Invoice.objects.visible_to(access)
    assert {bill.pk: turns.turn_of(bill, w.project) for bill in bills.for_list()} == expected
    assert dict(bills.values_list("pk", turns.turns(w.project.today))) == expected
    groups = groups_of(standing_in(period, Commitment.objects.visible_to(access)))
    assert sum(group.count for group in groups) == len(found)
    assert sum(group.net for group in groups) == sum((row.net or ZERO for row in found), ZERO)
    counted = {(group.state, group.turn): 0 for group in groups}
    for row in found:
        counted[STATES[row.place], row.turn] += 1
    for key, count in counted.items():
        assert sum(group.count for group in groups if (group.state, group.turn) == key) == count


@pytest.fixture
def there():
    w = world()
    return w, w.period()


def drawn(w, period: BillingPeriod, number: int, told: dict) -> Commitment:
    commitment = Commitment.objects.create(
        company=w.company, project=w.project, vendor=w.vendor, number=f"SC-{number:02d}", title="Concrete"
    )
    for status in COMMITMENT_PATHS[told["status"]]:
        Commitment.objects.filter(pk=commitment.pk).update(status=status)
        Event.objects.record("moved", commitment, by=None, to_state=status)
    if told["has_contact"]:
        InvoiceContact.objects.create(commitment=commitment, person=w.contact, added_by=w.admin)
    at = datetime.now(tz=w.project.zone)
    now = [] if told["answer"] is None else [(told["answer"], None)]
    for answer, ended_at in [*((answer, at) for answer in told["ended"]), *now]:
        answered = {"answered_by": w.contact, "answered_at": at} if answer else {}
        Invitation.objects.create(
            commitment=commitment,
            billing_period=period,
            invited_by=w.admin,
            invited_at=at - timedelta(days=1),
            answer=answer,
            ended_at=ended_at,
            **answered,
        )
    if told["more_time"] is not None:
        due = w.project.today + timedelta(days=told["more_time"])
        DueDateExtension.objects.create(
            commitment=commitment, billing_period=period, due_date=due, reason="Rain", by=w.admin, at=at
        )
    is_first = True
    for position, bill in enumerate(told["bills"], 1):
        billed(w, commitment, period, position, bill, is_extra=not is_first)
        is_first = is_first and bill["is_deleted"]
    return Commitment.objects.get(pk=commitment.pk)


def billed(w, commitment, period, position: int, told: dict, *, is_extra: bool) -> None:
    amount, today = D(told["cents"]) / 100, w.project.today
    invoice = Invoice.objects.create(
        commitment=commitment,
        vendor=w.vendor,
        listed_in=w.project,
        billing_period=period,
        position=position,
        is_extra=is_extra,
        may_finish_late=told["may_finish_late"],
        billing_date=today,
        period_start_date=today,
        period_end_date=today,
        due_date=today + timedelta(days=told["due"]),
        created_by=w.contact,
        total_completed_and_stored=amount,
        work_retainage=D("1.50"),
        gross_this_period=amount,
    )
    row = Invoice.objects.filter(pk=invoice.pk)
    row.update(approved_by=w.admin, approved_at=datetime.now(tz=w.project.zone), submitted_by=w.contact)
    for status in INVOICE_PATHS[told["status"]]:
        row.update(status=status)
    stages = ("is_locked", "is_exported", "is_posted")
    if told["in_erp"] and told["status"] in Invoice.CERTIFIED:
        row.update(**dict.fromkeys(stages[: stages.index(told["in_erp"]) + 1], True))
    if told["is_deleted"]:
        row.update(deleted_at=datetime.now(tz=w.project.zone))
