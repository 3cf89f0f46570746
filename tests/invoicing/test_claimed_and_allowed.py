"""Every figure that a review left otherwise than it was claimed, wherever people read of it (I-4, I-9, 5.1)."""

import re

import pytest

from directory.models import Mail
from directory.refusals import NotNow
from invoicing.actions import amounts, invoices, reviews
from invoicing.allowed_amounts import differences_of, figures_apart, is_reduced
from invoicing.models import BillingSettings, Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of

CLAIMED = {
    "work_this_period": D("1000.00"),
    "stored_new": D("500.00"),
    "retainage_released": D("80.00"),
}
ALLOWED = {
    "work_this_period": D("900.00"),
    "stored_new": D("400.00"),
    "retainage_released": D("20.00"),
    "allowed_reason": "Counted on site",
}
TOLD = (("This period", "1,000.00", "900.00"), ("New stored", "500.00", "400.00"), ("Released", "80.00", "20.00"))


@pytest.fixture
def w(db):
    return world()


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def claimed(w, *figures: dict) -> Invoice:
    lines = [w.line("Footings", "10000.00"), w.line("Slab", "10000.00")]
    return w.submitted(w.draft(w.commitment(lines=lines, bills_stored_materials=True)), *(figures or (CLAIMED,)))


def cut(w, invoice: Invoice, allowed: dict = ALLOWED) -> Invoice:
    entries = {invoice.lines.first().pk: dict(allowed)}
    return amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)


def rejected(w, invoice: Invoice) -> Invoice:
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Level 4 is not framed", by=w.admin)
    return fresh(invoice)


def words_of(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_a_rejection_that_was_answered_stands_on_no_certificate(w):
    """It was sent again as it was, and this time nobody objected: nothing differs from what was claimed."""
    invoice = invoices.send_back(rejected(w, claimed(w)), by=w.admin)
    assert differences(invoice), "while it is with the subcontractor"
    again = w.submitted(fresh(invoice))
    assert again.lines.first().verdict != Verdict.REJECTED and differences(again) == []


def differences(invoice: Invoice) -> list:
    lines = list(invoice.lines.select_related("schedule_line", "allowed_by", "verdict_by"))
    return list(differences_of(lines, invoice.submissions.order_by("number").last()))


@pytest.mark.parametrize("is_rejected", [True, False])
def test_mail_preview_sheet_and_bill_tell_every_figure_and_why(w, is_rejected):
    invoice = cut(w, claimed(w))
    if is_rejected:
        invoice = rejected(w, invoice)
    desk = text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    preview = text_of(signed_in(w.admin).get(at(invoice, "review-finish")))
    invoices.send_back(invoice, by=w.admin, comment="See line 1")
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    sheet = text_of(signed_in(w.contact).get(at(invoice, "invoice-enter")))
    bill = text_of(signed_in(w.contact).get(at(invoice)))
    for label, asked, left in TOLD:
        assert f"{label}: claimed {asked}, allowed {left}" in mail.text
        for page in (mail.html, preview):
            assert f"{label} {asked} {left}" in words_of(page)
        for page in (sheet, bill) if label == "This period" else (sheet, bill, desk):
            assert f"{label}: claimed <del>{asked}</del>, allowed <ins>{left}</ins>" in page
    for page in (mail.text, mail.html, preview, sheet, bill, desk):
        assert "Counted on site" in page
        assert ("Level 4 is not framed" in page) is is_rejected


def test_a_line_whose_release_alone_was_cut_is_among_the_cut_ones(w):
    invoice = cut(w, claimed(w), {"retainage_released": D("20.00"), "allowed_reason": "Punch list is open"})
    invoices.send_back(invoice, by=w.admin, comment="See line 1")
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    assert "Released: claimed 80.00, allowed 20.00" in mail.text and "This period: claimed" not in mail.text


def test_a_rejected_line_that_was_not_cut_says_all_that_was_claimed_and_that_it_was_not_changed(w):
    """I-9, 5.1: claimed and allowed of every rejected line."""
    invoice = rejected(w, claimed(w))
    preview = text_of(signed_in(w.admin).get(at(invoice, "review-finish")))
    invoices.send_back(invoice, by=w.admin)
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    sheet = text_of(signed_in(w.contact).get(at(invoice, "invoice-enter")))
    for label, asked, _ in TOLD:
        for page in (mail.text, sheet):
            assert f"{label}: claimed {asked}, not changed" in page
        for page in (mail.html, preview):
            assert f"{label} {asked} not changed" in words_of(page)


@pytest.mark.parametrize("is_rejected", [True, False])
def test_the_mail_of_an_approval_as_noted_says_so_and_every_figure_that_was_allowed_otherwise(w, is_rejected):
    """5.1, I-4: what was noted, claimed and allowed, and why."""
    invoice = cut(w, claimed(w))
    if is_rejected:
        invoice = rejected(w, invoice)
    invoices.approve_as_noted(fresh(invoice), by=w.second_admin, comment="The rest next month")
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    for page in (mail.text, words_of(mail.html)):
        assert "approved bill 1 as noted for" in page and "The rest next month" in page
        assert "Counted on site" in page and ("Level 4 is not framed" in page) is is_rejected
    for label, asked, left in TOLD:
        assert f"{label}: claimed {asked}, allowed {left}" in mail.text
        assert f"{label} {asked} {left}" in words_of(mail.html)


def test_the_mail_of_an_approval_of_all_that_was_claimed_lists_nothing(w):
    invoices.approve(claimed(w), by=w.admin)
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    assert "approved bill 1 for" in mail.text and "another amount" not in mail.text


def test_the_bill_tells_what_the_review_left_whatever_the_contact_types_afterwards(w):
    invoice = fresh(invoices.send_back(cut(w, claimed(w)), by=w.admin, comment="See line 1"))
    w.entered(invoice, {"work_this_period": D("555.00")})
    bill = text_of(signed_in(w.contact).get(at(invoice)))
    assert "This period: claimed <del>1,000.00</del>, allowed <ins>900.00</ins>" in bill


def test_what_is_left_of_stored_material_is_told_by_the_total():
    claim = dict.fromkeys(("work_this_period", "stored_moved", "stored_new", "retainage_released"), "5.00")
    claim["total_completed_and_stored"] = "100.00"
    [apart] = figures_apart(claim, claim | {"total_completed_and_stored": "90.00"})
    assert (apart.label, apart.claimed, apart.allowed) == ("Total", D("100.00"), D("90.00"))
    [work] = figures_apart(claim, claim | {"work_this_period": "3.00", "total_completed_and_stored": "98.00"})
    assert work.label == "This period"


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ({}, False),
        ({"retainage_released": "4.00"}, True),
        ({"stored_moved": "4.00"}, True),
        ({"total_completed_and_stored": "99.00"}, True),
        ({"total_completed_and_stored": "99.00", "retainage_released": "6.00"}, False),
        ({"total_completed_and_stored": "101.00", "retainage_released": "4.00"}, False),
    ],
)
def test_less_is_less_of_something_and_more_of_nothing(allowed, expected):
    claim = {"stored_moved": "5.00", "retainage_released": "5.00", "total_completed_and_stored": "100.00"}
    assert is_reduced(claim, claim | allowed) is expected
    assert not is_reduced(None, claim | allowed)


def test_a_rejected_line_whose_release_was_reduced_is_approved_as_noted(w):
    """5.1. On a bill that only releases retainage there is nothing else to reduce."""
    invoice = cut(w, rejected(w, claimed(w)), {"retainage_released": D("20.00"), "allowed_reason": "Punch list"})
    page = signed_in(w.admin).get(at(invoice, "review-finish"))
    assert "approve_as_noted" in dict(page.context["decision"].choices)
    assert "Not offered: Approve. Line 1 is rejected. Less is allowed there" in text_of(page)
    noted = invoices.approve_as_noted(fresh(invoice), by=w.admin, comment="The rest later")
    assert noted.status == Invoice.Status.APPROVED_AS_NOTED


def test_finish_says_why_no_approval_is_offered(w):
    """U3."""
    invoice = rejected(w, claimed(w))
    page = signed_in(w.admin).get(at(invoice, "review-finish"))
    assert not {"approve", "approve_as_noted"} & dict(page.context["decision"].choices).keys()
    says = "Not offered: Approve and Approve as noted. Line 1 is rejected and not reduced. Allow less there, or send it"
    assert says in text_of(page)
    with pytest.raises(NotNow, match="not reduced"):
        invoices.approve_as_noted(invoice, by=w.admin, comment="All the same")
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    assert "Not offered" not in text_of(signed_in(w.admin).get(at(invoice, "review-finish")))


def test_desk_and_mail_call_the_same_lines_changed_and_never_what_the_reviewer_cut(w):
    """I-8: what the review left against the new claim."""
    BillingSettings.objects.create(project=w.project).distribution_list.add(w.reader)
    figures = {"work_this_period": D("100.00")}, {"work_this_period": D("200.00")}
    invoice = cut(w, claimed(w, *figures), {"work_this_period": D("60.00"), "allowed_reason": "Counted"})
    back = fresh(invoices.send_back(invoice, by=w.admin, comment="Take what is left"))
    again = w.submitted(back, {"work_this_period": D("60.00")}, {"work_this_period": D("150.00")})
    mail = Mail.objects.filter(to=w.reader).latest("pk")
    assert "This period: the review left 200.00, now 150.00" in mail.text
    assert "60.00" not in mail.text.split("Current payment due")[1].split("Line")[0] and "Footings" not in mail.text
    page = signed_in(w.admin).get(at(again, "invoice-review"))
    assert [row.line.schedule_line.description for row in page.context["review"].rows if row.is_changed] == ["Slab"]
    assert again.submissions.last().changed_lines == 1


@pytest.mark.parametrize(
    ("field", "words"),
    [("stored_new", "New stored <del>500.00</del> → <ins>300.00</ins>"),
     ("retainage_released", "Released <del>80.00</del> → <ins>40.00</ins>")],
)  # fmt: skip
def test_whoever_never_looked_reads_what_changed_where_it_is_not_the_work(w, field, words):
    """9.3: “changed” alone is no figure; nobody said anything of this line."""
    back = invoices.send_back(claimed(w), by=w.admin, comment="Look again")
    entry = {back.lines.first().pk: {field: D(re.search("<ins>([0-9.]+)", words)[1])}}
    invoices.submit(amounts.save_lines(back, entry, by=w.contact, version=back.version), by=w.contact)
    desk = text_of(signed_in(w.second_admin).get(at(back, "invoice-review")))
    assert '<span class="claimed">changed</span>' in desk and f"Since last time: {words}" in desk


def test_the_comparison_of_two_claims_uses_another_word(w):
    """I-10."""
    invoice = cut(w, claimed(w, {"work_this_period": D("100.00")}), {"work_this_period": D("60.00")})
    back = fresh(invoices.send_back(invoice, by=w.admin, comment="Take what is left"))
    again = w.submitted(back, {"work_this_period": D("60.00")})
    page = text_of(signed_in(w.admin).get(at(again, "invoice-compare", 1, 2)))
    assert "1 of 2 lines claimed otherwise" in page and "changed" not in page.split("<main")[1].split("</main>")[0]
