"""Where a bill stands, on the page of its subcontractor and in My bills: true at every step, and silent on reasons."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.utils.html import strip_tags

from erp_integrations.actions import exports
from invoicing.actions import invoices, payments, reviews
from invoicing.models import Invoice, Verdict
from tests.erp_integrations.pages import signed_in
from tests.erp_integrations.world import fresh, record_number
from tests.factories import D, payment_of
from tests.invoicing.pages import at


def on(day: int, hour: int = 18):
    return time_machine.travel(datetime(2030, 6, day, hour, tzinfo=UTC))


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def steps(sage, invoice: Invoice) -> list[str]:
    """The steps as the contact reads them on the bill's page; those to come in brackets' words."""
    page = signed_in(sage.base.contact).get(at(invoice)).content.decode()
    found = re.search(r'<ol class="steps" aria-label="Where this bill stands">(.*?)</ol>', page, re.DOTALL)
    return [words(each) for each in found[1].split("</li>")[:-1]] if found else []


def reached(sage, invoice) -> list[str]:
    return [each for each in steps(sage, invoice) if "(to come)" not in each]


@pytest.fixture
def approved(sage) -> Invoice:
    """Sent on the 5th, approved on the 10th."""
    draft = sage.base.draft(sage.commitment())
    with on(5):
        sent = sage.base.submitted(draft)
    with on(10):
        reviews.approve_the_rest(sent, by=sage.sender)
        return invoices.approve(sent, by=sage.sender)


NOT_SENT_YET = [
    "Sent 5 Jun 2030",
    "Approved 10 Jun 2030",
    "Waits to go to accounting since 10 Jun 2030",
    "Sent to accounting (to come)",
    "In accounting’s file (to come)",
    "Confirmed in Sage (to come)",
]


def test_a_contact_reads_every_step_with_its_day(sage, approved):
    assert steps(sage, approved) == NOT_SENT_YET
    with on(12):
        export = sage.sent(approved)
    assert reached(sage, approved)[2:] == ["Sent to accounting 12 Jun 2030"]
    with on(13):
        sage.built(export)
    with on(14):
        exports.confirm(fresh(export)[0], by=sage.approver, record_number=record_number())
    with on(20):
        paid = payment_of("100.00")
        payments.record_payment(approved, paid, by=sage.sender)
    assert steps(sage, approved) == [
        "Sent 5 Jun 2030",
        "Approved 10 Jun 2030",
        "Sent to accounting 12 Jun 2030",
        "In accounting’s file 13 Jun 2030",
        "Confirmed in Sage 14 Jun 2030",
        "Partly paid 15 Jan 2026",
    ]
    payments.record_payment(approved, payment_of("800.00"), by=sage.sender)
    assert steps(sage, approved)[-1] == "Paid 15 Jan 2026"


def test_the_day_is_the_projects(sage):
    """U10. Half past three in the morning in London is still the evening before in Chicago."""
    draft = sage.base.draft(sage.commitment())
    sage.base.project.time_zone = "America/Chicago"
    sage.base.project.save()
    with on(5, hour=3):
        sent = sage.base.submitted(draft)
    assert steps(sage, sent)[0] == "Sent 4 Jun 2030"


def test_a_bill_that_was_never_sent_has_no_steps(sage):
    assert steps(sage, sage.base.draft(sage.commitment())) == []


def test_a_bill_under_review_sent_back_and_saved_as_a_draft_says_who_has_it(sage):
    draft = sage.base.draft(sage.commitment())
    with on(5):
        sent = sage.base.submitted(draft)
    assert reached(sage, sent) == ["Sent 5 Jun 2030", "With the project team since 5 Jun 2030"]
    with on(8):
        reviews.decide(sent.lines.first(), Verdict.REJECTED, "Not poured yet", by=sage.sender)
        back = invoices.send_back(Invoice.objects.get(pk=sent.pk), by=sage.sender)
    assert reached(sage, back) == ["Sent 5 Jun 2030", "Sent back to you 8 Jun 2030"]
    with on(9):
        invoices.save_draft(back, by=sage.base.contact)
    assert reached(sage, back) == ["Sent 5 Jun 2030", "Draft again, with you since 9 Jun 2030"]


def test_a_bill_held_for_the_owner_says_so(sage):
    sent = sage.base.submitted(sage.base.draft(sage.commitment()))
    with on(9):
        invoices.hold_for_owner(sent, by=sage.sender)
    assert reached(sage, sent)[1:] == ["With the owner since 9 Jun 2030"]


@pytest.mark.parametrize("how", ["taken back", "rejected", "voided"])
def test_what_accounting_gave_back_is_approved_again_and_nothing_more(sage, approved, how):
    """Accounting's reasons are the company's own (9.1)."""
    with on(12):
        export = sage.sent(approved)
        if how == "taken back":
            exports.retrieve(export, by=sage.sender)
        elif how == "rejected":
            exports.reject(export, by=sage.approver, reason="They are blacklisted")
        else:
            sage.built(export)
            exports.void(
                fresh(export)[0], by=sage.all_rights(), reason="They are blacklisted", sage_holds_it_no_more=True
            )
    assert reached(sage, approved) == [
        "Sent 5 Jun 2030",
        "Approved 10 Jun 2030",
        "Waits to go to accounting since 12 Jun 2030",
    ]
    page = words(signed_in(sage.base.contact).get(at(approved)).content.decode()).lower()
    assert not {"blacklisted", "reject", "void", "taken back"} & {each for each in page.split()}
    assert "by accounting" not in page
    with on(16):
        sage.sent(approved)
    assert reached(sage, approved)[2:] == ["Sent to accounting 16 Jun 2030"]


def test_a_file_that_could_not_be_built_is_no_news_for_a_contact(sage, approved):
    with on(12):
        export = sage.sent(approved)
        sage.accepted(export)
    type(export).objects.filter(pk=export.pk).update(status="failed", error="Row 17: no cost code")
    assert reached(sage, approved)[2:] == ["Sent to accounting 12 Jun 2030"]


def test_a_bill_in_a_second_file_tells_the_day_of_that_one(sage, approved):
    with on(12):
        export = sage.sent(approved)
        sage.built(export)
        exports.void(fresh(export)[0], by=sage.all_rights(), reason="Deleted in Sage", sage_holds_it_no_more=True)
    with on(15):
        sage.built(sage.sent(approved))
    assert reached(sage, approved)[-1] == "In accounting’s file 15 Jun 2030"


@pytest.mark.parametrize(("amount", "paid"), [("100.00", "Partly paid 15 Jan 2026"), ("900.00", "Paid 15 Jan 2026")])
def test_a_payment_takes_nothing_from_what_accounting_still_has_to_do(sage, approved, amount, paid):
    """5.1: payment is no part of a status."""
    payments.record_payment(approved, payment_of(amount), by=sage.sender)
    assert steps(sage, approved) == [*NOT_SENT_YET, paid]
    page = signed_in(sage.base.contact).get(at(approved)).content.decode()
    *_, state = re.findall(r'<li class="(\w*)"', page.split('aria-label="Where this bill stands"')[1].split("</ol>")[0])
    assert state == ("part" if amount == "100.00" else "done")
    shown = words(signed_in(sage.base.contact).get("/bills/").content.decode())
    assert "waits to go to accounting since 10 Jun 2030" in shown


def test_more_than_was_due_has_the_one_word_that_the_badge_has(sage, approved):
    """U9."""
    payments.record_payment(approved, payment_of("1000.00"), by=sage.sender, accepts_too_much=True)
    assert steps(sage, approved)[-1] == "Overpaid 15 Jan 2026"
    assert "Overpaid" in words(signed_in(sage.base.contact).get("/bills/").content.decode())


def test_my_bills_draws_how_far_accounting_is(sage, approved):
    lee = signed_in(sage.base.contact)
    stage = lambda: re.findall(r"Step (\d) of 7: ([^\"]+)", lee.get("/bills/").content.decode())  # noqa: E731
    assert stage() == [("4", "Approved")]
    export = sage.sent(approved)
    assert stage() == [("5", "Sent to accounting")]
    sage.built(export)
    assert stage() == [("6", "In accounting’s file")]
    exports.confirm(fresh(export)[0], by=sage.approver, record_number=record_number())
    assert stage() == [("7", "Confirmed in Sage")]


def test_my_bills_says_in_short_where_each_stands(sage, approved, django_assert_num_queries):
    with on(12):
        sage.built(sage.sent(approved))
    lee = signed_in(sage.base.contact)
    page = words(lee.get("/bills/").content.decode())
    assert "Approved 10 Jun 2030 · in accounting’s file 12 Jun 2030" in page
    with on(11):
        waits = sage.approved()
    page = words(lee.get("/bills/").content.decode())
    assert "Approved 11 Jun 2030 · waits to go to accounting since 11 Jun 2030" in page
    payments.record_payment(waits, payment_of("100.00"), by=sage.sender)
    assert "100.00 paid, last Thu 15 Jan 2026" in words(lee.get("/bills/").content.decode())


def test_my_bills_asks_once_for_the_way_of_all(sage, django_assert_num_queries, django_assert_max_num_queries):
    sage.exported()
    lee = signed_in(sage.base.contact)
    lee.get("/bills/")
    with django_assert_max_num_queries(20) as few:
        lee.get("/bills/")
    for _ in range(3):
        payments.record_payment(sage.exported().invoice, payment_of("100.00"), by=sage.sender)
    with django_assert_num_queries(len(few)):
        lee.get("/bills/")


def test_the_page_of_a_paid_bill_stays_within_its_queries(sage, approved, django_assert_max_num_queries):
    payments.record_payment(approved, payment_of(D("100.00")), by=sage.sender)
    sage.exported(approved)
    lee = signed_in(sage.base.contact)
    lee.get(at(approved))
    with django_assert_max_num_queries(12):
        lee.get(at(approved))
