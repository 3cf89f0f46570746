"""Any two submissions beside each other, line by line (I-10)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse
from django.utils.timezone import now

from invoicing.actions import amounts, invoices, reviews
from invoicing.calculations.differences import Version, differences
from invoicing.models import Invoice, ReviewRecord, Verdict
from invoicing.views import comparing
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of


def claim(**lines) -> dict:
    return {
        int(key[1:]): {
            "total_completed_and_stored": total,
            "work_this_period": total,
            "stored_moved": "0.00",
            "stored_new": "0.00",
            "retainage_released": "0.00",
        }
        for key, total in lines.items()
    }


def test_lines_that_are_on_one_side_only_and_the_running_sum():
    """A change order taken up in between is new; nothing is not zero."""
    old, new = Version(claim(l1="10.00", l2="5.00"), claim(l1="8.00")), Version(claim(l1="12.50", l3="1.00"), {})
    first, second, third = differences([1, 2, 3], {1: D("100.00")}, old, new)
    assert (first.before, first.old, first.old_allowed, first.new, first.difference) == (
        D("100.00"), D("10.00"), D("8.00"), D("12.50"), D("2.50")
    )  # fmt: skip
    assert (second.new, second.difference, second.is_changed) == (None, D("-5.00"), True)
    assert (third.old, third.difference, third.running) == (None, D("1.00"), D("-1.50"))


def test_what_is_the_same_is_no_change():
    same = Version(claim(l1="10.00"), {})
    [line] = differences([1], {}, same, same)
    assert not line.is_changed and line.difference == 0


def resubmitted(w) -> Invoice:
    lines = [w.line("Footings", "10000.00"), w.line("Slab", "10000.00"), w.line("Walls", "10000.00")]
    figures = [{"work_this_period": D(amount)} for amount in ("1000.00", "2000.00", "3000.00")]
    invoice = w.submitted(w.draft(w.commitment(lines=lines)), *figures)
    line = invoice.lines.first()
    entries = {line.pk: {"work_this_period": D("800.00"), "allowed_reason": "Counted"}}
    amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)
    reviews.decide(line, Verdict.REJECTED, "Level 4 is not poured", by=w.admin)
    back = invoices.send_back(Invoice.objects.with_context().get(pk=invoice.pk), by=w.admin)
    return w.submitted(back, {"work_this_period": D("700.00")}, number="A-2")


def page(w, invoice: Invoice, old: int = 1, new: int = 2, who=None, query: str = ""):
    args = [w.project.slug, invoice.commitment.number, invoice.position, old, new]
    return signed_in(who or w.contact).get(reverse("invoice-compare", args=args) + query)


@pytest.mark.django_db
def test_two_submissions_show_claimed_and_allowed_of_the_lines_that_changed():
    w = world()
    invoice = resubmitted(w)
    words = text_of(page(w, invoice))
    assert "1 of 3 lines claimed otherwise" in words and "Footings" in words and "Slab" not in words
    for amount in ("1,000.00", "800.00", "700.00", "−300.00"):
        assert amount in words, amount
    assert "Slab" in text_of(page(w, invoice, query="?show=all"))
    lines = reverse("invoice-lines", args=[w.project.slug, invoice.commitment.number, invoice.position])
    assert f'<a href="{lines}?line=1" aria-label="Line 1: how it is computed now">1</a>' in words
    backwards = text_of(page(w, invoice, 2, 1))
    assert "Submission 2 beside submission 1" in backwards
    listed = text_of(
        signed_in(w.contact).get(f"/p/{w.project.slug}/invoices/{invoice.commitment.number}/1/?show=submissions")
    )
    assert "Compare with 1" in listed


@pytest.mark.django_db
def test_what_is_no_submission_or_not_ones_own_is_not_there():
    w, other = world(), world("Harbor Works")
    invoice = resubmitted(w)
    assert [page(w, invoice, *pair).status_code for pair in ((1, 1), (1, 3), (0, 2), (10**12, 2))] == [404] * 4
    assert page(w, invoice, who=other.admin).status_code == 404
    assert page(w, invoice, who=w.admin).status_code == 200


@pytest.mark.django_db
def test_each_line_says_its_verdict_and_reason_and_the_whole_what_was_allowed():
    """I-10: claimed, allowed, approved. Claimed 6,000.00 less a tenth, allowed 5,800.00 less a tenth."""
    w = world()
    invoice = resubmitted(w)
    reviews.decide(invoice.lines.last(), Verdict.APPROVED, by=w.admin)
    current = Invoice.objects.with_context().get(pk=invoice.pk)
    entries = {invoice.lines.first().pk: {"work_this_period": D("650.00"), "allowed_reason": "Measured again"}}
    current = amounts.save_lines(current, entries, by=w.admin, version=current.version)
    invoices.approve_as_noted(current, by=w.second_admin, comment="As measured")
    answer = page(w, invoice, query="?show=all")
    words = text_of(answer)
    assert "Review of 1: Rejected, “Level 4 is not poured Counted”" in words
    assert "Review of 2: Approved" in words and "Review of 2: “Measured again”" in words
    [due] = [each for each in answer.context["header"] if each["label"] == "Current payment due"]
    figures = [due[which] for which in ("old", "old_allowed", "new", "new_allowed")]
    assert figures == ["5,400.00", "5,220.00", "5,130.00", "5,085.00"]
    assert all(figure in words for figure in figures)


@pytest.mark.django_db
def test_each_submission_says_who_decided_what_on_it_when_and_with_which_words(django_assert_max_num_queries):
    """I-10. What an approval left is headed Approved, what a return left is headed Allowed."""
    w = world()
    lines = [w.line("Footings", "10000.00"), w.line("Slab", "10000.00")]
    with time_machine.travel(datetime(2030, 6, 20, 18, tzinfo=UTC)):
        invoice = w.submitted(w.draft(w.commitment(lines=lines)), {"work_this_period": D("1000.00")})
        back = invoices.send_back(invoice, by=w.admin, comment="Level 4 is not framed")
        again = w.submitted(Invoice.objects.with_context().get(pk=back.pk), {"work_this_period": D("700.00")})
    waiting = text_of(page(w, again))
    assert "1: Sent back by Dana Cole <time" in waiting and "“Level 4 is not framed”" in waiting
    assert "2: " not in waiting.partition("<ul")[2].partition("</ul>")[0] and ">Approved<" not in waiting
    with time_machine.travel(datetime(2030, 6, 21, 18, tzinfo=UTC)):
        invoices.approve_as_noted(again, by=w.second_admin, comment="Photos by Friday")
    client = signed_in(w.contact)
    with django_assert_max_num_queries(20):
        answer = client.get(reverse("invoice-compare", args=[w.project.slug, again.commitment.number, 1, 1, 2]))
    words = text_of(answer)
    assert "2: Approved as noted by Ola Berg <time" in words and "“Photos by Friday”" in words
    assert ">Allowed then</th>" in words and ">Approved</th>" in words and ">Allowed</th>" not in words
    backwards = text_of(page(w, again, 2, 1))
    assert ">Approved then</th>" in backwards and ">Allowed</th>" in backwards


@pytest.mark.django_db
def test_the_note_of_a_line_is_part_of_the_claim_and_changes_no_verdict():
    """5.1: what was sent is frozen, its words too. Which lines count as changed for a review is about figures (I-8)."""
    w = world()
    invoice = w.submitted(w.draft(), {"work_this_period": D("1000.00"), "note": "North side"})
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    back = invoices.send_back(Invoice.objects.with_context().get(pk=invoice.pk), by=w.admin, comment="Which side?")
    again = w.submitted(back, {"note": "South side"})
    old, new = again.submissions.all()
    assert [each.lines[0]["note"] for each in (old, new)] == ["North side", "South side"]
    assert (new.changed_lines, again.lines.first().verdict) == (0, Verdict.APPROVED)
    words = text_of(page(w, again))
    assert "1 of 2 lines claimed otherwise" in words
    assert "Note: <del>North side</del> <ins>South side</ins>" in words
    for line in old.lines:
        line.pop("note")  # as it was kept before
    assert [row.notes for row in comparing._rows(again, old, new)] == [None, None]


@pytest.mark.django_db
def test_a_decision_from_before_the_whole_was_kept_shows_none():
    w = world()
    invoice = resubmitted(w)
    newest = invoice.submissions.last()
    ReviewRecord.objects.create(submission=newest, outcome="approved", by=w.admin, at=now(), lines=newest.lines)
    [due] = [each for each in page(w, invoice).context["header"] if each["label"] == "Current payment due"]
    assert "new_allowed" not in due and due["new"] == "5,130.00"


@pytest.mark.django_db
def test_which_pair_is_shown_can_be_seen():
    """Of three submissions: one number on each side is marked, and marked looks otherwise."""
    w = world()
    third = invoices.send_back(resubmitted(w), by=w.admin, comment="Once more")
    third = w.submitted(Invoice.objects.with_context().get(pk=third.pk), {"work_this_period": D("600.00")})
    words = text_of(page(w, third, 1, 3))
    assert words.count('class="button small"') > words.count('aria-current="page" aria-label="') == 2
    assert ":is(.chip, .button)[aria-current] {" in Path("static/css/parts.css").read_text()
