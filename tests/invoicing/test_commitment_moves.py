"""A commitment's status moves by its machine alone: each kind its own set, each refusal with its reason (domain 2)."""

import importlib

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from directory.actions import grants
from directory.models import Event
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions import commitment_moves, invoices
from invoicing.actions.commitment_moves import MOVES, move
from invoicing.actions.commitments import enter
from invoicing.models import Commitment
from invoicing.models.commitment_statuses import STATUSES
from tests.factories import D, person, world

pytestmark = pytest.mark.django_db
IN_THE_DATABASE = importlib.import_module("invoicing.migrations.0005_commitments_move_as_drawn").MOVES
S = Commitment.Status
# How a test gets to each status of a kind.
WAYS = {
    "subcontract": {
        S.DRAFT: (),
        S.OUT_FOR_BID: ("send_out_for_bid",),
        S.OUT_FOR_SIGNATURE: ("send_out_for_signature",),
        S.APPROVED: ("approve",),
        S.COMPLETE: ("approve", "complete"),
        S.TERMINATED: ("approve", "terminate"),
        S.VOID: ("void",),
    },
    "purchase_order": {
        S.DRAFT: (),
        S.PROCESSING: ("process",),
        S.SUBMITTED: ("submit",),
        S.PARTIALLY_RECEIVED: ("submit", "receive_part"),
        S.RECEIVED: ("submit", "receive"),
        S.APPROVED: ("approve",),
        S.CLOSED: ("close",),
    },
}


def transitions():
    return list(Commitment._meta.get_field("status").get_all_transitions(Commitment))


def allowed(kind: str, state: str) -> set[str]:
    """The moves the machine draws from `state`, as far as they lead to a status of the kind."""
    return {each.name for each in transitions() if each.source == state and each.target in STATUSES[kind]}


def test_the_database_knows_the_same_moves_as_the_machine():
    """R39: the trigger's pairs are those of the transitions, no more; every move has its place in the table."""
    assert set(IN_THE_DATABASE) == {(str(each.source), str(each.target)) for each in transitions()}
    assert set(MOVES) == {each.name for each in transitions()}


@pytest.mark.parametrize("kind", WAYS)
def test_every_move_from_every_status_is_made_or_refused_as_drawn(kind):
    w = world()
    for state, way in WAYS[kind].items():
        commitment = w.commitment(kind=kind, contact=False, moves=way)
        assert commitment.status == state
        offered = {
            each.name
            for each in commitment.get_available_user_status_transitions(read_access(w.admin, w.company, w.project))
        }
        assert offered == allowed(kind, state)
        for name in MOVES:
            with transaction.atomic():
                try:
                    moved = move(commitment, name, by=w.admin, reason="As agreed")
                except NotNow:
                    assert name not in offered, (state, name)
                    assert Commitment.objects.get(pk=commitment.pk).status == state
                else:
                    assert name in offered, (state, name)
                    event = Event.objects.about(commitment).first()
                    assert (event.from_state, event.to_state, event.by) == (state, moved.status, w.admin)
                    assert moved.version == commitment.version + 1
                transaction.set_rollback(True)


def test_nobody_but_an_admin_moves_it():
    w = world()
    writer = person("Wim", w.company)
    grants.set_level(writer, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    own = Commitment(project=w.project, vendor=w.vendor, number="SC-W", title="Steps")
    enter(own, [w.line("Steps", "10.00")], by=writer)
    for by in (writer, w.reader, w.contact):
        assert not list(own.get_available_user_status_transitions(read_access(by, w.company, w.project)))
        with pytest.raises(NotAllowed):
            move(own, "approve", by=by)
    assert Commitment.objects.get(pk=own.pk).status == S.DRAFT


def test_an_update_around_the_machine_is_refused_by_the_database():
    """R40, and a status of the other kind."""
    w = world()
    commitment = w.commitment(moves=(), contact=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        Commitment.objects.filter(pk=commitment.pk).update(status="complete")
    with pytest.raises(IntegrityError), transaction.atomic():
        Commitment.objects.filter(pk=commitment.pk).update(status="processing")
    with pytest.raises(DatabaseError), transaction.atomic():
        w.commitment(moves=(), contact=False).__class__.objects.create(
            company=w.company, project=w.project, vendor=w.vendor, number="SC-X", title="X", status="approved"
        )
    with pytest.raises(AttributeError):
        commitment.status = S.APPROVED


def test_without_a_schedule_a_sum_or_an_active_vendor_nothing_is_approved():
    w = world()
    bare = enter(Commitment(project=w.project, vendor=w.vendor, number="SC-B", title="Bare"), [], by=w.admin)
    with pytest.raises(NotNow, match="no schedule of values"):
        move(bare, "approve", by=w.admin)
    nil = w.commitment([w.line("Up", "10.00"), w.line("Down", "-10.00")], moves=(), contact=False)
    with pytest.raises(NotNow, match="not above zero"):
        move(nil, "approve", by=w.admin)
    full = w.commitment(moves=(), contact=False)
    w.vendor.is_active = False
    w.vendor.save()
    with pytest.raises(NotNow, match="deactivated"):
        move(full, "approve", by=w.admin)


def test_a_reopened_one_is_not_approved_below_what_its_change_orders_take_off():
    w = world()
    commitment = w.commitment([w.line("Roof", "800.00")])
    w.change_order(commitment, [w.line("Left out", "-500.00")])
    commitment.refresh_from_db()
    commitment = move(commitment, "reopen", by=w.admin, reason="A typing error")
    commitment.lines.original().update(amount=D("499.99"))
    with pytest.raises(NotNow, match=r"take off 500\.00, but its lines add up to 499\.99 only"):
        move(commitment, "approve", by=w.admin)
    commitment.lines.original().update(amount=D("500.00"))
    assert move(commitment, "approve", by=w.admin).status == S.APPROVED, "nothing left is a contract sum"


def test_what_was_billed_is_not_voided_for_there_would_be_no_way_back():
    w = world()
    billed = w.approved().commitment
    with pytest.raises(NotNow, match="It has been billed. Terminate it instead"):
        move(billed, "void", by=w.admin, reason="By mistake")


def test_an_open_invoice_keeps_a_commitment_from_ending():
    w, name = world(), "terminate"
    invoice = w.submitted()
    with pytest.raises(NotNow, match="Invoice 1 is Under Review"):
        move(invoice.commitment, name, by=w.admin, reason="They left the site")
    assert invoices.withdraw(invoice, by=w.contact).status == "draft"
    with pytest.raises(NotNow, match="Invoice 1 is Draft"):
        move(invoice.commitment, name, by=w.admin, reason="They left the site")


def test_a_settled_invoice_does_not_keep_it_and_its_end_stops_billing():
    w = world()
    invoice = w.approved()
    ended = move(invoice.commitment, "terminate", by=w.admin, reason="They left the site")
    assert Event.objects.about(ended).first().reason == "They left the site"
    with pytest.raises(NotNow, match="Only an approved or complete one is billed"):
        w.draft(ended, w.project.billing_periods.first())
    assert move(ended, "resume", by=w.admin, reason="They came back").is_billable


def test_after_the_first_invoice_nobody_reopens_it():
    """C-1."""
    w = world()
    commitment = w.commitment()
    reopened = move(commitment, "reopen", by=w.admin, reason="Wrong vendor")
    move(reopened, "approve", by=w.admin)
    w.draft(commitment)
    with pytest.raises(NotNow, match="It has been billed"):
        move(Commitment.objects.get(pk=commitment.pk), "reopen", by=w.admin, reason="Wrong vendor")


@pytest.mark.parametrize("name", [name for name in MOVES if commitment_moves.words_of(name)["needs_reason"]])
def test_what_cannot_be_seen_from_the_status_takes_a_reason(name):
    w = world()
    source = next(each.source for each in transitions() if each.name == name)
    kind = next(kind for kind in WAYS if source in STATUSES[kind] and name in allowed(kind, source))
    commitment = w.commitment(kind=kind, moves=WAYS[kind][source], contact=False)
    with pytest.raises(Refused, match="Say why") as refusal:
        move(commitment, name, by=w.admin, reason="  ")
    assert refusal.value.field == "reason"


def test_a_move_from_an_older_page_is_refused():
    w = world()
    commitment = w.commitment([w.line("All", "10.00")], moves=(), contact=False, retainage_rate=D("5"))
    move(commitment, "send_out_for_bid", by=w.second_admin)
    with pytest.raises(Stale):
        move(commitment, "approve", by=w.admin)
    assert Commitment.objects.get(pk=commitment.pk).status == S.OUT_FOR_BID
