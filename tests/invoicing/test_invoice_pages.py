"""The page of an invoice and the list of them: for each side what it may see, and the step that is next."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from directory.models import Mail
from invoicing.actions import invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
TABS = ("lines", "summary", "files", "submissions", "timeline", "changes", "mail")


@pytest.fixture
def w():
    return world()


def page(who, invoice, tab="lines") -> str:
    return text_of(signed_in(who).get(at(invoice) + f"?show={tab}"))


@pytest.mark.parametrize("tab", TABS)
def test_every_part_of_the_page_opens_for_both_sides(w, tab):
    invoice = w.approved()
    for who in (w.admin, w.contact):
        assert signed_in(who).get(at(invoice) + f"?show={tab}").status_code == 200


def test_the_head_says_which_revision_it_is_who_sent_it_and_when(w):
    """9.3."""
    draft = w.draft()
    assert "sent by" not in page(w.admin, draft)
    with time_machine.travel(datetime(2026, 11, 19, 20, tzinfo=UTC)):
        back = invoices.send_back(w.submitted(draft), by=w.admin, comment="Photos")
    with time_machine.travel(datetime(2026, 11, 20, 22, 12, tzinfo=UTC)):
        invoices.submit(Invoice.objects.with_context().get(pk=back.pk), by=w.contact)
    for who in (w.admin, w.contact):
        head = strip_tags(page(who, back).partition("<h1")[2].partition("Parts of this")[0])
        assert "revision 2, sent by Lee Park 20 Nov 2026, 4:12 pm CST" in " ".join(head.split())


def head_of(who, invoice) -> str:
    return " ".join(strip_tags(page(who, invoice).partition("<h1")[2].partition("Parts of this")[0]).split())


def test_one_that_was_withdrawn_does_not_read_as_sent(w):
    invoice = w.submitted()
    assert "revision 1, sent by Lee Park" in head_of(w.admin, invoice)
    invoices.withdraw(invoice, by=w.contact)
    head = head_of(w.admin, invoice)
    assert "revision 1, last sent by Lee Park" in head and "Waiting for Acme Concrete to send it" in head


def test_whose_turn_a_draft_is_goes_by_who_can_send_it(w):
    """B-5: after its time, or without a contact, it is the project team's, as the board and the list say."""
    draft = w.draft()
    assert "Waiting for Acme Concrete to send it" in head_of(w.admin, draft)
    assert "Waiting for you to send it" in head_of(w.contact, draft)
    with time_machine.travel(datetime(2030, 7, 20, 15, tzinfo=UTC)):
        assert "Acme Concrete can’t send it now: waiting for the project team" in head_of(w.admin, draft)
        assert "You can’t send it now: waiting for the project team" in head_of(w.contact, draft)
        for who, noun in ((w.admin, "Invoice"), (w.contact, "Bill")):
            assert f"{noun} 1 waits for the project team since" in text_of(signed_in(who).get(address_of(draft)))
    alone = w.submitted(w.draft(w.commitment(contact=False), by=w.admin), by=w.admin)
    back = invoices.send_back(alone, by=w.second_admin, comment="Photos")
    assert "Sent back: waiting for the project team" in head_of(w.admin, back)


def address_of(invoice) -> str:
    return reverse("commitment", args=[invoice.project.slug, invoice.commitment.number])


ROW = re.compile(r'<tbody class="line([^"]*)"[^>]*>(.*?)</tbody>', re.DOTALL)
WORD = {"is-ok": "Approved", "is-bad": "Rejected"}


@pytest.mark.parametrize("name", ["invoice", "invoice-enter"])
def test_each_tone_of_a_line_has_an_icon_and_a_word_that_is_seen(w, name):
    """U7: colour is never alone."""
    invoice = w.submitted()
    first, second = invoice.lines.all()
    reviews.decide(first, Verdict.REJECTED, "Not poured", by=w.admin)
    reviews.decide(second, Verdict.APPROVED, by=w.admin)
    invoices.send_back(Invoice.objects.with_context().get(pk=invoice.pk), by=w.admin)
    rows = ROW.findall(text_of(signed_in(w.contact).get(at(invoice, name))))
    assert sorted(tone.strip() for tone, _ in rows) == sorted(WORD)
    for tone, row in rows:
        assert 'class="i"' in row, tone
        assert WORD[tone.strip()] in strip_tags(re.sub(r'<span class="sr">.*?</span>', "", row)), tone


def test_the_lines_show_what_was_billed_and_held(w):
    words = page(w.contact, w.submitted())
    assert "Footings and grade beams" in words
    assert "1,000.00" in words and "100.00" in words and "900.00" in words


def test_the_summary_says_how_each_line_was_computed_and_that_each_check_holds(w):
    """5.3, 5.5."""
    words = page(w.admin, w.submitted(), "summary")
    assert "1,000.00 completed and stored − 100.00 retainage = 900.00" in words
    for number in range(1, 14):
        assert f"N-{number}<" in words


def test_each_submission_is_listed_with_what_it_asked(w):
    invoice = w.submitted(w.sent_back(), {"work_this_period": D("500.00")})
    words = page(w.admin, invoice, "submissions")
    assert "900.00" in words and "450.00" in words


def test_the_timeline_tells_it_in_order_and_the_mail_where_it_went(w):
    invoice = w.approved()
    words = page(w.admin, invoice, "timeline")
    assert words.index("approved") < words.index("started")
    assert Mail.objects.about(invoice).first().headline in page(w.contact, invoice, "mail")


def test_the_change_history_says_of_each_thing_what_it_was_what_it_is_and_who_did_it(w):
    """9.3. A verdict is the reviewers' own while they review (I-8)."""
    invoice = w.submitted(w.draft(), {"work_this_period": D("1000.00")})
    invoice = w.entered(invoice, {"work_this_period": D("900.00"), "allowed_reason": "Half of it"}, by=w.admin)
    reviews.decide(invoice.lines.last(), Verdict.REJECTED, "Not poured", by=w.admin)
    content = signed_in(w.admin).get(at(invoice) + "?show=changes").content.decode()
    rows = re.findall(r"<tr>(.*?)</tr>", content.split("<tbody>")[1], re.S)
    told = [[" ".join(strip_tags(cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]
    assert ["Line 1, this period", "1,000.00", "900.00", str(w.admin)] in [row[:4] for row in told]
    assert ["Status", "Draft", "Under Review", str(w.contact)] in [row[:4] for row in told]
    assert ["Line 2", "No action", "Rejected", str(w.admin)] in [row[:4] for row in told]
    assert "Rejected" not in page(w.contact, invoice, "changes")


def test_the_one_step_that_is_next_depends_on_who_looks(w):
    """7.3: buttons are made from the machine."""
    draft = w.draft()
    assert "Go on entering" in page(w.contact, draft) and "Review</a>" not in page(w.admin, draft)
    sent = w.submitted(draft)
    assert "Review</a>" in page(w.admin, sent) and "Withdraw to change it" not in page(w.admin, sent)
    assert "Withdraw to change it" in page(w.contact, sent) and "Review</a>" not in page(w.contact, sent)
    assert "Waiting for the project team since" in page(w.contact, sent)


def test_a_reader_sees_no_button_that_would_be_refused(w):
    words = page(w.reader, w.submitted(w.draft(w.commitment(is_private=False))))
    for button in ("Review</a>", "Withdraw", "Reopen", "Attach file", "Go on entering"):
        assert button not in words


def test_reopening_is_offered_only_while_it_is_possible(w):
    invoice = w.approved()
    assert "Reopen the review" in page(w.admin, invoice)
    assert "Reopen the review" not in page(w.contact, invoice)
    invoices.lock(invoice)
    assert "Reopen the review" not in page(w.admin, invoice)


def test_what_a_person_may_not_know_of_answers_like_what_does_not_exist(w):
    """P-1, P-8."""
    invoice = w.submitted()
    other = world("Harbor Works")
    for who in (person("Una Other", w.company, w.vendor), w.owner, other.admin, other.contact, w.reader):
        assert signed_in(who).get(at(invoice)).status_code == 404
    assert signed_in(w.admin).get(at(invoice).replace("/1/", "/2/")).status_code == 404


def test_the_page_asks_as_often_for_many_lines_as_for_few(w, django_assert_max_num_queries):
    """F7: each tab of an invoice that builds on another and bills a change order; 20 lines and 500."""
    client = signed_in(w.admin)

    def look_at_all(invoice: Invoice) -> None:
        for tab in TABS:
            with django_assert_max_num_queries(12):
                client.get(at(invoice) + f"?show={tab}")

    for lines, months in ((20, (6, 7)), (500, (8, 9))):
        many = w.commitment([w.line(f"Line {n}", "100.00") for n in range(lines)])
        w.approved(w.draft(many, w.period(date(2030, months[0], 1))), *[{"work_this_period": D("1.00")}] * lines)
        w.change_order(many, [w.line("Extra", "50.00")])
        later = w.period(date(2030, months[1], 1))
        invoice = w.submitted(w.draft(many, later), *[{"work_this_period": D("1.00")}] * lines)
        client.get(at(invoice))
        look_at_all(invoice)
        reviews.approve_the_rest(invoice, by=w.admin)
        invoices.approve(invoice, by=w.admin)
        look_at_all(invoice)


# The list


def listed(who, w, query="") -> list[Invoice]:
    return list(signed_in(who).get(f"/p/{w.project.slug}/invoices/{query}").context["page"].rows)


def test_the_list_holds_what_each_person_may_see(w):
    """P-1, P-2."""
    private, shared = w.draft(w.commitment()), w.draft(w.commitment(is_private=False))
    assert set(listed(w.admin, w)) == set(listed(w.contact, w)) == {private, shared}
    assert listed(w.reader, w) == [shared]
    stranger = person("Una Other", w.company, w.vendor)
    assert signed_in(stranger).get(f"/p/{w.project.slug}/invoices/").status_code == 404


def test_the_address_is_the_view(w):
    june = w.period(date(2030, 6, 1))
    sent, draft = w.submitted(w.draft(w.commitment(), june), number="X-1"), w.draft(w.commitment(), june)
    july = w.period(date(2030, 7, 1))
    later = w.draft(w.commitment(), july)
    assert listed(w.admin, w, "?status=under_review") == [sent]
    assert listed(w.admin, w, f"?period={july.pk}") == [later]
    assert listed(w.admin, w, "?q=x-1") == [sent]
    assert set(listed(w.admin, w, f"?q=acme&period={june.pk}&status=draft")) == {draft}
    assert len(listed(w.admin, w, "?status=nonsense&period=x&page=99")) == 3


def test_tabs_count_and_the_foot_sums_what_is_shown(w):
    period = w.period()
    w.submitted(w.draft(w.commitment(), period))
    w.approved(w.draft(w.commitment(), period), {"work_this_period": D("500.00")})
    answer = signed_in(w.admin).get(f"/p/{w.project.slug}/invoices/")
    assert {tab["label"]: tab["count"] for tab in answer.context["tabs"]} == {
        "All": 2,
        "Under Review": 1,
        "Approved": 1,
        "Ready for ERP": 1,
    }
    assert answer.context["total"] == D("1350.00")
    only = signed_in(w.admin).get(f"/p/{w.project.slug}/invoices/?status=approved")
    assert only.context["total"] == D("450.00")


def test_an_empty_list_says_what_comes_and_a_narrow_one_how_to_widen_it(w):
    assert "No invoices yet" in text_of(signed_in(w.admin).get(f"/p/{w.project.slug}/invoices/"))
    w.draft()
    assert "Clear filters" in text_of(signed_in(w.admin).get(f"/p/{w.project.slug}/invoices/?q=nothing"))


def test_the_list_asks_as_often_for_many_as_for_few(w, django_assert_max_num_queries):
    period = w.period()
    for _ in range(15):
        w.draft(w.commitment(), period)
    client = signed_in(w.admin)
    with django_assert_max_num_queries(20):
        client.get(f"/p/{w.project.slug}/invoices/")


def test_why_a_mail_failed_is_told_to_the_companys_own_alone():
    """P-2: what a mail server answers, and who left, is no affair of the vendor's."""
    w = world()
    invoice = w.approved()
    Mail.objects.about(invoice).update(state=Mail.State.FAILED, result="SMTPRecipientsRefused: dana@cascade.example")
    assert "SMTPRecipientsRefused" in page(w.admin, invoice, "mail")
    told = page(w.contact, invoice, "mail")
    assert "Failed" in told and "SMTPRecipientsRefused" not in told
