"""The table of 5.1 once more, in the situations that bar moves: late, closed, locked, built upon, deleted, left."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import transaction

from directory.refusals import NotAllowed, NotNow
from invoicing.actions import closing, commitment_moves, commitments, deleting, due_dates, invoices, payments, reviews
from invoicing.models import Commitment, Invoice, InvoiceStatus, Verdict
from tests.factories import World, payment_of, world
from tests.invoicing.pages import at, signed_in, text_of
from tests.invoicing.test_invoice_machine import (
    BILLERS,
    CONTACTS,
    MOVES,
    ROLES,
    SOURCES,
    THREE_APPROVALS,
    cast,
    in_state,
)

pytestmark = pytest.mark.django_db
S = InvoiceStatus
BEFORE, AFTER_DUE = datetime(2030, 6, 3, 12, tzinfo=UTC), datetime(2030, 6, 27, 12, tzinfo=UTC)
TAKES_BACK = {"withdraw", "save_draft", "hold_for_owner"}  # bills nothing
EVERYTHING = {(role, name) for role in BILLERS for name in MOVES}


def of_contacts(*names: str) -> set[tuple[str, str]]:
    return {(role, name) for role in CONTACTS for name in names}


def extend(w: World, invoice: Invoice) -> None:
    more = {"by": w.admin, "reason": "Storm"}
    due_dates.extend(invoice.billing_period, invoice.commitment, date(2030, 7, 5), **more)


def named_on(invoice: Invoice) -> list:
    return list(invoice.commitment.invoice_contacts.all())


def lock(w: World, invoice: Invoice) -> None:
    with transaction.atomic():
        invoices.lock(Invoice.objects.locked(invoice.pk))


def end(w: World, invoice: Invoice) -> None:
    """Only with certified bills; the others are as some were left that had been reopened afterwards."""
    if invoice.is_certified:
        commitment_moves.move(invoice.commitment, "terminate", by=w.admin, reason="Agreed")
    else:
        Commitment.objects.filter(pk=invoice.commitment_id).update(status="terminated")


SITUATIONS = {  # what is done first; in which states it can be; the cells of 5.1 that it empties, by state; why
    "after the due date": (
        lambda w, invoice: None,
        set(S),
        lambda state: of_contacts("submit" if state == S.DRAFT else "withdraw"),
        "B-5: contacts can't submit, nor withdraw what they could not send again; what was put back may be finished",
    ),
    "after the due date, with more time": (
        extend,
        {S.DRAFT, S.REVISE_AND_RESUBMIT},
        lambda state: set(),
        "B-5: an Admin extended it",
    ),
    "closed period": (
        lambda w, invoice: closing.close_and_settle(invoice.billing_period, {}, by=w.admin),
        set(S),
        lambda state: of_contacts("submit" if state == S.DRAFT else "withdraw"),
        "B-5",
    ),
    "sent to ERP": (lock, {S.APPROVED, S.APPROVED_AS_NOTED}, lambda state: EVERYTHING, "6.2: locked"),
    "a later invoice": (
        lambda w, invoice: w.draft(invoice.commitment, w.period(date(2030, 7, 1))),
        THREE_APPROVALS,
        lambda state: {("admin", "reopen"), ("admin", "send_back")},
        "5.1: the later one builds on it",
    ),
    "commitment ended": (
        end,
        set(S),
        lambda state: EVERYTHING - {(role, name) for role in BILLERS for name in TAKES_BACK},
        "2: only an approved or complete one is billed",
    ),
    "paid": (
        lambda w, invoice: payments.record_payment(invoice, payment_of("1.00"), by=w.admin),
        {S.APPROVED, S.APPROVED_AS_NOTED},
        lambda state: {("admin", "reopen"), ("admin", "send_back")},
        "a payment stands on the amounts that were certified",
    ),
    "review begun": (
        lambda w, invoice: reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin),
        {S.UNDER_REVIEW},
        lambda state: of_contacts("withdraw"),
        "5.1: withdrawn only before it was opened for review",
    ),
    "deleted": (
        lambda w, invoice: deleting.delete(invoice, reason="Twice", by=w.admin),
        {S.DRAFT, S.UNDER_REVIEW, S.REVISE_AND_RESUBMIT},
        lambda state: EVERYTHING,
        "I-3: kept, but out of everybody's hands",
    ),
    "the contacts were removed": (
        lambda w, invoice: [commitments.remove_contact(each, by=w.admin) for each in named_on(invoice)],
        set(S),
        lambda state: of_contacts(*MOVES),
        "P-1",
    ),
}
CELLS = [(situation, state) for situation, (_, states, _, _) in SITUATIONS.items() for state in S if state in states]


@pytest.mark.parametrize(("situation", "state"), CELLS, ids=str)
def test_a_situation_bars_the_moves_it_should_and_no_others(situation, state):
    """I-1, B-5, I-3, 6.2: situation × state × transition × role; a refused move leaves no trace."""
    prepare, _, empties, why = SITUATIONS[situation]
    with time_machine.travel(BEFORE, tick=False):
        w = world()
        invoice = in_state(w, state)
        people = cast(w, invoice.commitment)
    barred = empties(state)
    if state == S.REVISE_AND_RESUBMIT and situation in ("after the due date", "closed period"):
        barred = set()  # it was put back by an Admin
    with time_machine.travel(AFTER_DUE if situation.startswith("after") else BEFORE, tick=False):
        prepare(w, invoice)
        before = Invoice.objects.filter(pk=invoice.pk).values().get()
        for role, by in people.items():
            for name, move in MOVES.items():
                expected = state in SOURCES[name] and role in ROLES[name] and (role, name) not in barred
                assert _moves(move, Invoice.objects.with_context().get(pk=invoice.pk), by) == expected, (
                    role,
                    name,
                    why,
                )
        assert Invoice.objects.filter(pk=invoice.pk).values().get() == before


def _moves(move, invoice: Invoice, by) -> bool:
    """Whether it was done; it is taken back either way."""
    with transaction.atomic():
        try:
            move(invoice, by)
        except (NotAllowed, NotNow):
            return False
        finally:
            transaction.set_rollback(True)
    return True


def test_a_commitment_that_has_ended_offers_nothing_until_it_is_taken_up_again():
    """Domain 2: its certified bill stays as it is; the pages say what comes first."""
    w = world()
    bill = w.approved()
    commitment_moves.move(bill.commitment, "terminate", by=w.admin, reason="Agreed")
    site, remedy = signed_in(w.admin), "The commitment is Terminated. Only an approved or complete one is billed. Take"
    page = text_of(site.get(at(bill)))
    assert "Reopen the review" not in page and "Send back…" not in page
    for name in ("invoice-reopen", "review-finish"):
        assert remedy in text_of(site.get(at(bill, name), follow=True))
    ended = Commitment.objects.get(pk=bill.commitment_id)
    commitment_moves.move(ended, "resume", by=w.admin, reason="Agreed anew")
    assert invoices.reopen(bill, by=w.admin, reason="Wrong rate").status == S.UNDER_REVIEW


def test_a_bar_is_told_apart_from_a_missing_right():
    """P-8: who may not, hears of the right; who may, hears why not now."""
    w = world()
    bill = w.draft(by=w.contact)
    closing.close_and_settle(bill.billing_period, {}, by=w.admin)
    with pytest.raises(NotNow, match="period is closed"):
        invoices.submit(bill, by=w.contact)
    with pytest.raises(NotAllowed):
        invoices.submit(bill, by=w.reader)
