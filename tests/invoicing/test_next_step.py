"""The right next step is selected before anybody decides, and what stands against it is said there (9.3, U3)."""

from datetime import date

import pytest

from directory.models import Policy
from invoicing.actions import attachments, invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, looked_at, signed_in, text_of
from tests.invoicing.test_over_billing import twins

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def finish_page(w, invoice: Invoice) -> tuple[str, str]:
    """(the option selected beforehand, all its words)"""
    page = signed_in(w.admin).get(at(invoice, "review-finish"))
    assert bool(page.context["chosen"]) == ('" checked' in page.content.decode())
    return page.context["chosen"], text_of(page)


def test_a_paper_that_blocks_leaves_nothing_selected_and_the_paper_brings_the_approval_back(w):
    """R85."""
    w.company.lien_waiver_policy = Policy.BLOCK
    w.company.save()
    invoice = w.submitted()
    chosen, words = finish_page(w, invoice)
    assert chosen == "" and "Blocks approval:</strong> No lien waiver is attached" in words
    attachments.attach(invoice, "waiver.pdf", b"%PDF-1.4", by=w.contact, is_lien_waiver=True)
    assert finish_page(w, invoice)[0] == "approve"


def test_a_paper_that_is_only_pointed_out_leaves_the_approval_selected(w):
    w.company.lien_waiver_policy = Policy.WARN
    w.company.save()
    assert finish_page(w, w.submitted())[0] == "approve"


def test_an_identity_that_does_not_hold_leaves_nothing_selected(w):
    """N-6 and others; a rejected line still proposes to send it back."""
    invoice = w.submitted()
    Invoice.objects.filter(pk=invoice.pk).update(previous_certificates=D("1.00"))
    chosen, words = finish_page(w, invoice)
    assert chosen == "" and "Blocks approval:" in words
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured", by=w.admin)
    assert finish_page(w, invoice)[0] == "send_back"


def test_an_earlier_invoice_that_waits_is_said_before_anybody_approves(w):
    """I-7, 5.1: as the refusal would say it."""
    held = invoices.hold_for_owner(w.submitted(), by=w.admin)
    second = w.submitted(w.draft(held.commitment, w.period(date(2030, 7, 1))))
    chosen, words = finish_page(w, second)
    assert chosen == "" and "Blocks approval:</strong> Invoice 1 is Pending Owner Approval. Approve it first." in words
    page = {"decision": "approve"} | looked_at(second)
    assert "Approve it first." in text_of(signed_in(w.admin).post(at(second, "review-finish"), page))
    invoices.approve(held, by=w.admin)
    chosen, words = finish_page(w, second)
    assert chosen == "approve" and "Approve it first" not in words


def test_what_over_bills_with_all_certified_invoices_is_said_before_anybody_approves(w):
    """R42."""
    first, second = twins(w)
    assert finish_page(w, first)[0] == "approve"
    invoices.approve(first, by=w.admin)
    chosen, words = finish_page(w, second)
    assert chosen == "" and "1 Footings comes to 1,200.00: 200.00 over its scheduled value." in words


def test_who_may_not_approve_it_is_not_told_what_stands_against_it(w):
    """P-7: the page says who can; nothing is selected for them either."""
    held = invoices.hold_for_owner(w.submitted(), by=w.admin)
    second = w.submitted(w.draft(held.commitment, w.period(date(2030, 7, 1))), by=w.admin)
    chosen, words = finish_page(w, second)
    assert chosen == "" and "Separation of duties." in words and "Approve it first" not in words
