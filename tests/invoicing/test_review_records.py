"""What reviewers allowed and said is kept with each decision, and no later typing changes it (I-4, I-9, I-10)."""

import pytest
from django.db import DatabaseError, transaction

from directory.refusals import NotNow
from invoicing.actions import amounts, approvals, invoices, reviews
from invoicing.models import Invoice, InvoiceStatus, ReviewRecord, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, sheet, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def sent(w) -> Invoice:
    lines = [w.line("Footings", "10000.00"), w.line("Slab", "10000.00")]
    figures = [{"work_this_period": D("1000.00")}, {"work_this_period": D("2000.00")}]
    return w.submitted(w.draft(w.commitment(lines=lines)), *figures)


def allow(w, invoice: Invoice, amount: str) -> Invoice:
    entries = {invoice.lines.first().pk: {"work_this_period": D(amount), "allowed_reason": "Counted"}}
    return fresh(amounts.save_lines(fresh(invoice), entries, by=w.admin, version=fresh(invoice).version))


def test_the_sheet_says_what_was_allowed_whatever_the_contact_types_afterwards(w):
    """I-9: claimed, allowed and typed are three figures."""
    invoice = allow(w, sent(w), "800.00")
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Level 4 is not poured", by=w.admin)
    invoices.send_back(fresh(invoice), by=w.admin)
    client = signed_in(w.contact)
    page = client.get(at(invoice, "invoice-enter"))
    assert "claimed <del>1,000.00</del>, allowed <ins>800.00</ins>" in text_of(page)
    typed = sheet(page) | {f"work-{invoice.lines.first().pk}": "700.00"}
    client.post(at(invoice, "invoice-enter"), typed)
    assert "claimed <del>1,000.00</del>, allowed <ins>800.00</ins>" in text_of(client.get(at(invoice, "invoice-enter")))


def test_after_a_resubmission_a_rejection_of_last_time_has_no_wrong_name(w):
    invoice = sent(w)
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Level 4 is not poured", by=w.admin)
    back = invoices.send_back(fresh(invoice), by=w.admin)
    assert "Rejected by Dana Cole" in text_of(signed_in(w.contact).get(at(back)))
    again = w.submitted(back, number="A-1")
    words = text_of(signed_in(w.contact).get(at(again)))
    assert "by None" not in words and "Last time rejected by Dana Cole: “Level 4 is not poured”" in words


def test_once_an_admin_allowed_another_amount_its_side_withdraws_no_more(w):
    """5.1: withdraw only while it is not opened for review."""
    invoice = allow(w, sent(w), "800.00")
    with pytest.raises(NotNow, match="review has begun"):
        invoices.withdraw(invoice, by=w.contact)


def test_once_a_first_approval_is_given_its_side_withdraws_no_more(w):
    """R84, 5.1."""
    w.company.second_approval_above = D("1.00")
    w.company.save()
    invoice = sent(w)
    approvals.endorse(invoice, by=w.admin)
    with pytest.raises(NotNow, match="review has begun"):
        invoices.withdraw(fresh(invoice), by=w.contact)


@pytest.mark.parametrize(
    ("decide", "outcome"),
    [
        (lambda invoice, w: invoices.send_back(invoice, by=w.admin, comment="x"), InvoiceStatus.REVISE_AND_RESUBMIT),
        (lambda invoice, w: invoices.approve(invoice, by=w.admin), InvoiceStatus.APPROVED),
        (lambda invoice, w: invoices.approve_as_noted(invoice, by=w.admin, comment="x"), "approved_as_noted"),
        (lambda invoice, w: invoices.hold_for_owner(invoice, by=w.admin), InvoiceStatus.PENDING_OWNER_APPROVAL),
    ],
)
def test_each_decision_keeps_the_allowed_figures_and_verdicts(w, decide, outcome):
    """I-10."""
    invoice = allow(w, sent(w), "800.00")
    reviews.decide(invoice.lines.last(), Verdict.APPROVED, by=w.admin)
    decide(fresh(invoice), w)
    record = ReviewRecord.objects.get()
    assert (record.outcome, record.by, record.submission.number) == (outcome, w.admin, 1)
    assert [each["work_this_period"] for each in record.lines] == ["800.00", "2000.00"]
    assert [each["verdict"] for each in record.lines] == ["", "approved"] and record.lines[0]["reason"] == "Counted"


def test_the_database_keeps_a_record_as_it_was_written(w):
    """R39, R120."""
    invoices.approve(sent(w), by=w.admin)
    for change in (lambda: ReviewRecord.objects.update(comment="x"), lambda: ReviewRecord.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert ReviewRecord.objects.get().comment == ""
