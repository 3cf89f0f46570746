"""The invoice's machine (5.1): every state × every transition × every kind of person, and what stands behind it."""

import importlib
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from directory.actions import people
from directory.actions.grants import set_level
from directory.models import Event, Person
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import amounts, commitments, invoices, reviews
from invoicing.models import Invoice, InvoiceStatus, Verdict
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
S = InvoiceStatus
MOVES_IN_THE_DATABASE = importlib.import_module("invoicing.migrations.0002_triggers")

MOVES = {
    "submit": lambda invoice, by: invoices.submit(invoice, by=by),
    "withdraw": lambda invoice, by: invoices.withdraw(invoice, by=by),
    "save_draft": lambda invoice, by: invoices.save_draft(invoice, by=by),
    "send_back": lambda invoice, by: invoices.send_back(invoice, by=by, comment="See the plans"),
    "approve": lambda invoice, by: invoices.approve(invoice, by=by),
    "approve_as_noted": lambda invoice, by: invoices.approve_as_noted(invoice, by=by, comment="Noted"),
    "hold_for_owner": lambda invoice, by: invoices.hold_for_owner(invoice, by=by),
    "reopen": lambda invoice, by: invoices.reopen(invoice, by=by, reason="Wrong rate"),
}
THREE_APPROVALS = {S.PENDING_OWNER_APPROVAL, S.APPROVED_AS_NOTED, S.APPROVED}
SOURCES = {  # written from the table of 5.1, not from the code
    "submit": {S.DRAFT, S.REVISE_AND_RESUBMIT},
    "withdraw": {S.UNDER_REVIEW},
    "save_draft": {S.REVISE_AND_RESUBMIT},
    "send_back": {S.UNDER_REVIEW, *THREE_APPROVALS},
    "approve": {S.UNDER_REVIEW, S.PENDING_OWNER_APPROVAL, S.APPROVED_AS_NOTED},
    "approve_as_noted": {S.UNDER_REVIEW, S.PENDING_OWNER_APPROVAL},
    "hold_for_owner": {S.UNDER_REVIEW},
    "reopen": THREE_APPROVALS,
}
CONTACTS = {"contact", "contact with Admin"}  # P-1: whatever their level, they bill and never review
BILLERS = {*CONTACTS, "admin"}
ROLES = {
    "submit": BILLERS,
    "withdraw": CONTACTS,  # the submitter's side, and a contact submitted here
    "save_draft": BILLERS,
    **dict.fromkeys(("send_back", "approve", "approve_as_noted", "hold_for_owner", "reopen"), {"admin"}),
}


def in_state(w, state: InvoiceStatus) -> Invoice:
    if state == S.DRAFT:
        return w.entered()
    if state == S.REVISE_AND_RESUBMIT:
        return w.sent_back()
    invoice = w.submitted()
    by = w.second_admin
    if state == S.APPROVED:
        return invoices.approve(invoice, by=by)
    if state == S.APPROVED_AS_NOTED:
        return invoices.approve_as_noted(invoice, by=by, comment="Fine but for the photos")
    return invoices.hold_for_owner(invoice, by=by) if state == S.PENDING_OWNER_APPROVAL else invoice


def contact_with(level: Level, w, commitment) -> Person:
    """A colleague of the contact, named too, with another level than naming gives (P-3)."""
    colleague = person(f"Contact With {level.name}", w.company, w.vendor)
    commitments.add_contact(commitment, colleague, by=w.admin)
    set_level(colleague, Tool.COMMITMENTS, w.project, level, by=w.owner)
    return colleague


def cast(w, commitment) -> dict:
    """Every kind of person the project could meet, from where they stand to a commitment."""
    own = {"standard": Level.STANDARD, "nobody": Level.NONE}
    ours = {name: person(name, w.company) for name in own}
    for name, level in own.items():
        set_level(ours[name], Tool.COMMITMENTS, w.project, level, by=w.owner)
    outside = person("Contact Without Level", w.company, w.vendor)
    other_vendor = type(w.vendor).objects.create(company=w.company, name="Bolt Electric")
    other = person("Other Sub", w.company, other_vendor)
    set_level(other, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)  # P-1: whatever their level
    return ours | {
        "admin": w.admin,
        "reader": w.reader,
        "contact": w.contact,
        "contact with Admin": contact_with(Level.ADMIN, w, commitment),
        "contact with Read Only": contact_with(Level.READ_ONLY, w, commitment),
        "colleague of the contact": outside,
        "contact of another vendor": other,
        "accounting approver": w.approver,
        "site owner without a grant": w.owner,
        "stranger": person("Stranger"),
    }


@pytest.mark.parametrize("state", list(S), ids=str)
def test_only_the_table_of_5_1_moves_an_invoice(state):
    """I-1: a refused move leaves the invoice and the events as they were."""
    w = world()
    invoice = in_state(w, state)
    for role, by in cast(w, invoice.commitment).items():
        for name, move in MOVES.items():
            expected = state in SOURCES[name] and role in ROLES[name]
            events = Event.objects.count()
            with transaction.atomic():
                try:
                    moved = move(invoice, by)
                except (NotAllowed, NotNow) as refusal:
                    assert not expected, (state, name, role, refusal.message)
                    assert isinstance(refusal, NotAllowed) or role in BILLERS, (state, name, role)
                    assert Event.objects.count() == events
                    assert Invoice.objects.get(pk=invoice.pk).status == state
                else:
                    assert expected, (state, name, role)
                    stored = Invoice.objects.get(pk=invoice.pk)
                    assert stored.status == moved.status != state
                    event = Event.objects.about(invoice).first()
                    assert (event.from_state, event.to_state, event.by) == (state, stored.status, by)
                transaction.set_rollback(True)
            assert invoice.status == state, "R47: what was taken back is told by no row that is still at hand"


def test_the_database_knows_the_same_moves_as_the_machine():
    """R39: the trigger's pairs are those of the transitions, no more and no fewer."""
    machine = {
        (transition.source, transition.target)
        for transition in Invoice._meta.get_field("status").get_all_transitions(Invoice)
    }
    assert set(MOVES_IN_THE_DATABASE.MOVES) == {(str(old), str(new)) for old, new in machine}


@pytest.mark.parametrize("state", [S.APPROVED, S.PENDING_OWNER_APPROVAL, S.REVISE_AND_RESUBMIT])
def test_an_update_around_the_machine_is_refused_by_the_database(state):
    """R40: `QuerySet.update` does not ask the machine, so the database does."""
    invoice = world().entered()
    with pytest.raises(DatabaseError), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(status=state, approved_at=timezone.now(), approved_by=1)
    assert Invoice.objects.get(pk=invoice.pk).status == S.DRAFT


def test_the_status_field_is_protected_in_python_too():
    invoice = world().entered()
    with pytest.raises(AttributeError):
        invoice.status = S.APPROVED


def test_buttons_derive_from_the_machine():
    w = world()
    invoice = w.submitted()
    offered = lambda by: {  # noqa: E731
        t.name for t in invoice.get_available_user_status_transitions(read_access(by, w.company, w.project))
    }
    assert offered(w.admin) == {"withdraw", "send_back", "approve", "approve_as_noted", "hold_for_owner"}
    assert offered(w.contact) == {"withdraw"}
    assert offered(w.reader) == set()


def test_whoever_submitted_may_not_approve():
    """P-7, and the setting that switches it off is shown on the invoice."""
    w = world()
    invoice = w.submitted(w.draft(by=w.admin), by=w.admin)
    with pytest.raises(NotNow, match="someone else approves"):
        invoices.approve(invoice, by=w.admin)
    with pytest.raises(NotNow, match="someone else approves"):
        invoices.approve_as_noted(invoice, by=w.admin, comment="Noted")
    w.company.separate_submitter_and_approver = False
    w.company.save()
    assert invoices.approve(invoice, by=w.admin).duties_waived


def test_the_database_refuses_an_approval_by_the_submitter():
    """R78, constraint whoever_submitted_does_not_approve."""
    w = world()
    invoice = w.approved()
    with pytest.raises(DatabaseError, match="whoever_submitted"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(approved_by=invoice.submitted_by)


def test_approving_waits_for_earlier_invoices_and_for_rejected_lines():
    w = world()
    first = w.submitted()
    reviews.decide(first.lines.first(), Verdict.REJECTED, "Not poured", by=w.admin)
    with pytest.raises(NotNow, match="A line is rejected"):
        invoices.approve(first, by=w.admin)
    held = invoices.hold_for_owner(w.submitted(w.draft(w.commitment(), first.billing_period)), by=w.admin)
    second = w.draft(held.commitment, w.period(date(2030, 7, 1)))
    with pytest.raises(NotNow, match="Approve it first"):
        invoices.approve(w.submitted(second), by=w.admin)


def test_as_noted_takes_a_rejected_line_only_when_its_amount_was_reduced():
    w = world()
    invoice = w.submitted()
    line = invoice.lines.first()
    reviews.decide(line, Verdict.REJECTED, "Half of it stands", by=w.admin)
    with pytest.raises(NotNow, match="not reduced"):
        invoices.approve_as_noted(invoice, by=w.admin, comment="Half")
    invoice.refresh_from_db()
    reduced = {line.pk: {"work_this_period": D("500.00"), "allowed_reason": "Half of it stands"}}
    invoice = amounts.save_lines(invoice, reduced, by=w.admin, version=invoice.version)
    with pytest.raises(Refused, match="Say what is noted"):
        invoices.approve_as_noted(invoice, by=w.admin, comment=" ")
    assert invoices.approve_as_noted(invoice, by=w.admin, comment="Half").status == S.APPROVED_AS_NOTED


def test_sending_back_needs_a_rejected_line_or_a_comment():
    w = world()
    invoice = w.submitted()
    with pytest.raises(Refused, match="Reject a line"):
        invoices.send_back(invoice, by=w.admin)


def test_a_bill_can_be_withdrawn_until_its_review_begins_and_only_by_its_own_side():
    w = world()
    invoice = w.submitted()
    with pytest.raises(NotNow, match="other side"):
        invoices.withdraw(invoice, by=w.admin)
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    with pytest.raises(NotNow, match="review has begun"):
        invoices.withdraw(invoice, by=w.contact)


@pytest.mark.parametrize("name", ["approve", "approve_as_noted", "hold_for_owner"])
def test_a_decision_without_a_verdict_begins_the_review_too(name):
    """Decided, then reopened for a reason: not its own side's to take back to Draft."""
    w = world()
    decided = MOVES[name](w.submitted(), w.admin)
    opened = invoices.reopen(decided, by=w.admin, reason="Wrong rate")
    with pytest.raises(NotNow, match="review has begun"):
        invoices.withdraw(opened, by=w.contact)
    back = invoices.send_back(opened, by=w.admin, comment="See the plans")
    assert invoices.withdraw(invoices.submit(back, by=w.contact), by=w.contact).status == S.DRAFT


def test_a_colleague_withdraws_what_somebody_sent_who_has_left_since():
    """The side is the one that sent it, whoever is still there."""
    w = world()
    invoice = w.submitted()
    colleague = person("Pat Moss", w.company, w.vendor)
    commitments.add_contact(invoice.commitment, colleague, by=w.admin)
    people.deactivate_membership(w.contact.memberships.get(), by=w.owner, reason="Left")
    page = text_of(signed_in(colleague).get(at(invoice)))
    assert "Withdraw to change it" in page
    with pytest.raises(NotNow, match="other side"):
        invoices.withdraw(invoice, by=w.admin)
    assert invoices.withdraw(invoice, by=colleague).status == S.DRAFT


def test_what_was_noted_stands_beside_the_approval_that_follows():
    w = world()
    noted = invoices.approve_as_noted(w.submitted(), by=w.admin, comment="Photos by Friday")
    approved = invoices.approve(noted, by=w.admin)
    assert "Photos by Friday" in text_of(signed_in(w.contact).get(at(approved)))
    again = invoices.approve_as_noted(
        invoices.reopen(approved, by=w.admin, reason="Wrong rate"), by=w.admin, comment="Photos by Monday"
    )
    assert invoices.approve(again, by=w.admin, comment="Photos are here").comment == "Photos are here"


@pytest.mark.parametrize("state", list(S), ids=str)
def test_of_what_is_sent_to_erp_only_the_owners_approval_still_moves(state):
    """6.2: a company may send what waits for its owner."""
    w = world()
    invoice = in_state(w, state)
    with transaction.atomic():
        invoices.lock(invoice)
    for name, move in MOVES.items():
        with transaction.atomic():
            if state == S.PENDING_OWNER_APPROVAL and name in ("approve", "approve_as_noted"):
                assert move(invoice, w.admin).is_locked
            else:
                words = "sent to ERP. Take it back first" if state in SOURCES[name] else "no longer possible"
                with pytest.raises(NotNow, match=words):
                    move(invoice, w.admin)
            transaction.set_rollback(True)


def test_only_the_newest_invoice_can_be_reopened():
    """Reopen and send back: no later invoice builds on it."""
    w = world()
    first = w.approved()
    w.draft(first.commitment, w.period(date(2030, 7, 1)))
    for name in ("send_back", "reopen"):
        with pytest.raises(NotNow, match="later invoice"):
            MOVES[name](first, w.admin)


def test_a_contact_who_is_removed_can_no_longer_send():
    w = world()
    invoice = w.entered()
    commitments.remove_contact(invoice.commitment.invoice_contacts.get(), by=w.admin)
    with pytest.raises(NotAllowed):
        invoices.submit(invoice, by=w.contact)


def test_a_review_that_begins_with_an_amount_or_a_decision_is_written_with_it():
    """One UPDATE of the invoice, which holds the moment as well."""
    w = world()
    amount, decision = w.submitted(), w.submitted(w.draft(w.commitment()))
    entry = {amount.lines.first().pk: {"work_this_period": D("500.00"), "allowed_reason": "Half"}}
    for invoice, act in (
        (amount, lambda: amounts.save_lines(amount, entry, by=w.admin, version=amount.version)),
        (decision, lambda: invoices.send_back(decision, by=w.admin, comment="Photos")),
    ):
        with CaptureQueriesContext(connection) as asked:
            act()
        assert sum(each["sql"].startswith('UPDATE "invoicing_invoice"') for each in asked.captured_queries) == 1
        assert Invoice.objects.get(pk=invoice.pk).review_opened_at is not None
