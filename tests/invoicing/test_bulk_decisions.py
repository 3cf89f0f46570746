"""One decision over several invoices, with a result for each row (5.1)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from directory.actions.grants import set_level
from directory.models import Mail
from directory.permissions import Level, Tool
from invoicing.actions import bulk_decisions, invoices, reviews
from invoicing.models import BillingSettings, Invoice, InvoiceStatus, Verdict
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
S = InvoiceStatus


@pytest.fixture
def w():
    return world()


def sent(w, count: int = 2) -> list[Invoice]:
    return [w.submitted(w.draft(w.commitment())) for _ in range(count)]


def post(w, chosen: list[Invoice], person=None, **typed):
    data = {"invoice": [f"{each.pk}:{each.version}" for each in chosen], **typed}
    return signed_in(person or w.admin).post(reverse("invoices-decide", args=[w.project.slug]), data)


def decide(w, chosen: list[Invoice], decision: str, comment: str = "", person=None):
    return post(w, chosen, person, asked="1", decision=decision, comment=comment)


def statuses(*chosen: Invoice) -> list[str]:
    return [Invoice.objects.get(pk=each.pk).status for each in chosen]


def test_the_list_offers_to_tick_everything_and_asks_before_it_acts(w):
    first, second = sent(w)
    draft = w.draft(w.commitment())
    listed = signed_in(w.admin).get(reverse("invoices", args=[w.project.slug])).content.decode()
    assert "Change status…" in listed
    assert [f'value="{each.pk}" data-cents' in listed for each in (first, second, draft)] == [True, True, True]
    asked = post(w, [first, second])
    assert asked.status_code == 200 and "Decide about 2 invoices" in text_of(asked)
    assert statuses(first, second) == [S.UNDER_REVIEW] * 2


@pytest.mark.parametrize("name", ["invoices-decide", "invoices-remind"])
def test_what_is_ticked_in_a_narrowed_list_leads_back_to_it(w, name):
    """9.2, on each way: none ticked, left as they are, done."""
    [invoice], client = sent(w, 1), signed_in(w.admin)
    narrowed = "?status=under_review&q=acme"
    back = reverse("invoices", args=[w.project.slug]) + narrowed
    address, data = reverse(name, args=[w.project.slug]) + narrowed, {"invoice": f"{invoice.pk}:{invoice.version}"}
    assert client.post(address).url == back
    asked = client.post(address, data)
    pages = [asked]
    if name == "invoices-decide":
        assert f'action="{escape(address)}"' in asked.content.decode()
        pages.append(client.post(address, data | {"asked": "1", "decision": "approved"}))
    for page in pages:
        assert page.content.decode().count(f'href="{escape(back)}"') == 2, "its breadcrumb, and the button back"


def test_what_nobody_judged_who_gets_a_mail_and_what_is_locked_is_said_before_it_is_done(w):
    """U6, as the page of one invoice says it; lines are counted while they are under review."""
    fresh, judged = sent(w)
    reviews.approve_the_rest(judged, by=w.admin)
    approved = w.approved(w.draft(w.commitment()))
    alone = w.submitted(w.draft(w.commitment(contact=False), by=w.admin), by=w.admin)
    page = post(w, [fresh, judged, approved, alone])
    rows = {each.invoice.pk: (each.open_lines, each.told) for each in page.context["chosen"]}
    assert rows[fresh.pk] == (2, ["Lee Park"]) and rows[judged.pk] == rows[approved.pk] == (0, ["Lee Park"])
    assert rows[alone.pk] == (2, [])
    words = text_of(page)
    assert words.count('<td class="n" data-label="Lines without a verdict">2</td>') == 2
    assert "nobody: no invoice contact" in words
    assert "locks amounts and verdicts until the review is reopened" in words
    assert "They get a mail about what is sent back or reopened, and about approvals." in words
    BillingSettings.objects.create(project=w.project, mails_approval=False)
    assert "about approvals nobody does" in text_of(post(w, [fresh]))


def test_many_are_asked_about_in_as_many_queries_as_one(w, django_assert_max_num_queries):
    [one, *rest] = sent(w, 4)
    post(w, [one])
    with CaptureQueriesContext(connection) as few:
        post(w, [one])
    with django_assert_max_num_queries(len(few)):
        post(w, [one, *rest])


def test_each_is_approved_by_itself_and_says_what_became_of_it(w):
    """P-7, 5.1: one has a rejected line, one was sent by the approver, one is fine."""
    fine, rejected = sent(w)
    own = w.submitted(w.draft(w.commitment()), by=w.admin)
    reviews.decide(rejected.lines.first(), Verdict.REJECTED, "Not poured", by=w.admin)
    rejected.refresh_from_db()
    answer = decide(w, [fine, rejected, own], "approve")
    words = text_of(answer)
    assert "Approve: 1 done, 2 not" in words and "A line is rejected" in words and "submitted" in words
    assert statuses(fine, rejected, own) == [S.APPROVED, S.UNDER_REVIEW, S.UNDER_REVIEW]


def test_sent_back_together_each_contact_is_told_the_same_reason(w):
    chosen = sent(w)
    assert "Send back: 2 done" in text_of(decide(w, chosen, "send_back", "The lien waivers are missing"))
    assert statuses(*chosen) == [S.REVISE_AND_RESUBMIT] * 2
    for each in chosen:
        assert "The lien waivers are missing" in Mail.objects.about(each).filter(to=w.contact).latest("pk").text


def test_held_for_the_owner_approved_as_noted_and_reopened(w):
    chosen = sent(w)
    decide(w, chosen, "hold_for_owner")
    assert statuses(*chosen) == [S.PENDING_OWNER_APPROVAL] * 2
    for decision, comment, status in (
        ("approve_as_noted", "Waiver follows", S.APPROVED_AS_NOTED),
        ("reopen", "Counted again", S.UNDER_REVIEW),
    ):
        chosen = [Invoice.objects.get(pk=each.pk) for each in chosen]
        decide(w, chosen, decision, comment)
        assert statuses(*chosen) == [status] * 2


@pytest.mark.parametrize(
    ("decision", "why"), [("reopen", "why they are reopened"), ("approve_as_noted", "what is noted")]
)
def test_what_needs_words_asks_for_them_before_anything_is_done(w, decision, why):
    chosen = sent(w)
    answer = decide(w, chosen, decision)
    assert answer.status_code == 422 and why in text_of(answer) and "Decide about 2" in text_of(answer)
    assert statuses(*chosen) == [S.UNDER_REVIEW] * 2


def test_what_somebody_changed_meanwhile_is_left_alone(w):
    """I-5."""
    first, second = sent(w)
    looked_at = Invoice.objects.get(pk=first.pk)
    invoices.hold_for_owner(Invoice.objects.get(pk=first.pk), by=w.admin)
    words = text_of(decide(w, [looked_at, second], "approve"))
    assert "Approve: 1 done, 1 not" in words and "Somebody changed this invoice" in words


OTHERS = "Its verdicts are others than when you looked. Look again, then decide."


def what_the_page_sends(page) -> dict[str, list[str]]:
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', page.text) for name in ("invoice", "verdicts")}


def approve(w, seen: dict, **more):
    address = reverse("invoices-decide", args=[w.project.slug])
    return signed_in(w.admin).post(address, seen | {"decision": "approve", "asked": "1"} | more)


def taken_back(invoice: Invoice, by) -> None:
    reviews.decide(invoice.lines.first(), Verdict.NONE, by=by)


def rejected(invoice: Invoice, by) -> None:
    """No more lines are open than before, and none fewer."""
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured", by=by)


def moved_to_another_line(invoice: Invoice, by) -> None:
    taken_back(invoice, by)
    reviews.decide(invoice.lines.last(), Verdict.APPROVED, by=by)


@pytest.mark.parametrize("became", [taken_back, rejected, moved_to_another_line])
def test_a_verdict_that_became_another_meanwhile_leaves_its_invoice_alone(w, became):
    """I-5, U6: a verdict makes no new version, so the mark of all of them goes along."""
    first, second = sent(w)
    reviews.decide(first.lines.first(), Verdict.APPROVED, by=w.admin)
    seen = what_the_page_sends(post(w, [first, second]))
    became(first, w.second_admin)
    assert OTHERS in text_of(approve(w, seen))
    assert statuses(first, second) == [S.UNDER_REVIEW, S.APPROVED]


@pytest.mark.parametrize(("decision", "comment"), [("approve_as_noted", "Waiver follows"), ("send_back", "More")])
def test_nothing_else_is_decided_on_other_verdicts_either(w, decision, comment):
    """A rejection that nobody saw would be sent along."""
    [invoice] = sent(w, 1)
    reviews.approve_the_rest(invoice, by=w.admin)
    seen = what_the_page_sends(post(w, [invoice]))
    rejected(invoice, w.second_admin)
    assert OTHERS in text_of(approve(w, seen, decision=decision, comment=comment))
    assert statuses(invoice) == [S.UNDER_REVIEW]


def test_the_page_that_comes_back_for_a_comment_still_says_which_verdicts_it_showed_first(w):
    [invoice] = sent(w, 1)
    seen = what_the_page_sends(post(w, [invoice]))
    reviews.approve_the_rest(invoice, by=w.second_admin)
    again = approve(w, seen, decision="approve_as_noted")
    assert again.status_code == 422 and what_the_page_sends(again) == seen
    assert statuses(invoice) == [S.UNDER_REVIEW] and OTHERS in text_of(approve(w, what_the_page_sends(again)))


def test_nothing_ticked_is_said_and_odd_ids_are_passed_over(w):
    assert post(w, []).status_code == 302
    address = reverse("invoices-decide", args=[w.project.slug])
    assert signed_in(w.admin).post(address, {"invoice": ["x", "9" * 40, "1:x:2"]}).status_code == 302


def test_an_invoice_of_another_company_is_not_there(w):
    theirs = sent(world("Other Builders"), 1)
    assert decide(w, theirs, "approve").status_code == 302
    assert statuses(*theirs) == [S.UNDER_REVIEW]


def test_only_an_admin_decides_also_when_the_right_is_lost_in_between(w):
    """R66."""
    chosen = sent(w)
    assert decide(w, chosen, "approve", person=w.reader).status_code == 403
    set_level(w.admin, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    results = bulk_decisions.decide(chosen, "approve", "", by=w.admin)
    assert all("It needs" in each.refusal for each in results) and statuses(*chosen) == [S.UNDER_REVIEW] * 2


def test_too_many_at_once_are_sent_back_with_the_number_that_is_taken(monkeypatch):
    monkeypatch.setattr("invoicing.views.bulk_decisions.MOST", 1)
    there = world()
    chosen = [there.submitted(there.draft(there.commitment())) for _ in range(2)]
    ticked = {"invoice": [f"{each.pk}:{each.version}" for each in chosen], "decision": "hold_for_owner"}
    address = reverse("invoices-decide", args=[there.project.slug])
    answer = signed_in(there.admin).post(address, ticked, follow=True)
    assert "Those were 2 invoices. Tick 1 at most" in text_of(answer)
    assert {each.status for each in Invoice.objects.all()} == {"under_review"}


# All that match, not only the page (9.2)


def all_of(w, name: str = "invoices-decide", query: str = "", **typed):
    address = reverse(name, args=[w.project.slug]) + query
    return signed_in(w.admin).post(address, {"all": "1", **typed})


def test_all_that_match_are_taken_by_the_filters_of_the_address(w, monkeypatch):
    monkeypatch.setattr("invoicing.forms.keyset.PAGE_SIZE", 1)
    under_review, approved = sent(w, 3), w.approved(w.draft(w.commitment()))
    draft = w.draft(w.commitment())
    hidden = sent(world("Other Builders"), 1)
    page = text_of(signed_in(w.admin).get(reverse("invoices", args=[w.project.slug]) + "?status=under_review"))
    assert "Select all 3 that match" in page and "?status=under_review" in page
    asked = all_of(w, query="?status=under_review")
    assert {each.invoice.pk for each in asked.context["chosen"]} == {each.pk for each in under_review}
    assert {each.invoice.pk for each in all_of(w).context["chosen"]} == {
        each.pk for each in [*under_review, approved, draft]
    }
    assert hidden[0].pk not in {each.invoice.pk for each in all_of(w).context["chosen"]}
    asked = all_of(w, "invoices-erp-send", "?status=approved").context
    assert len(asked["going"]) + len(asked["staying"]) == 1, "the same for ERP, each with its own reason"


def test_of_more_than_can_be_taken_at_once_the_first_are_and_the_page_says_so(w, monkeypatch):
    monkeypatch.setattr("invoicing.forms.keyset.PAGE_SIZE", 1)
    monkeypatch.setattr("invoicing.views.invoice_lists.MOST", 2)
    sent(w, 3)
    assert "Select the first 2 of the 3 that match" in text_of(
        signed_in(w.admin).get(reverse("invoices", args=[w.project.slug]))
    )
    asked = all_of(w)
    assert len(asked.context["chosen"]) == 2 and "3 match. These are the first 2" in text_of(asked)


def test_one_with_a_warning_is_decided_on_its_own_page(w):
    """5.5: nobody ticks for many at once what they did not look at."""
    fine, stored = (
        w.submitted(w.draft(w.commitment())),
        w.submitted(w.draft(w.commitment()), {"stored_new": D("100.00")}),
    )
    for decision in ("approve", "approve_as_noted"):
        words = text_of(decide(w, [stored], decision, "Fine"))
        assert "nothing is attached" in words and "Open it and decide there" in words
    decide(w, [fine, stored], "approve")
    assert statuses(fine, stored) == [S.APPROVED, S.UNDER_REVIEW]
    assert "Hold for owner: 1 done" in text_of(decide(w, [stored], "hold_for_owner"))


def test_two_that_may_be_one_bill_are_not_approved_together_unasked(w):
    """R19, decision 20: each is decided where its approver is asked; one question for all of them."""
    fine = w.submitted(w.draft(w.commitment()), number="77-9")
    first = w.submitted(w.draft(w.commitment()), number="INV-12")
    second = w.submitted(w.draft(w.commitment()), number="INV 0012")
    words = text_of(decide(w, [fine, first, second], "approve"))
    assert "Approve: 1 done, 2 not" in words
    for number in ("INV-12", "INV 0012"):
        assert f"looks like {number}, sent" in words
    assert words.count("Send no bill twice. Open it and decide there.") == 2
    assert statuses(fine, first, second) == [S.APPROVED, S.UNDER_REVIEW, S.UNDER_REVIEW]
    assert "Send back: 1 done" in text_of(decide(w, [second], "send_back", "Is it INV-12?"))


def test_look_alikes_are_asked_for_once_for_all_that_are_approved(w):
    chosen = sent(w, 3)
    with CaptureQueriesContext(connection) as asked:
        bulk_decisions.decide(chosen, "approve", "", by=w.admin)
    assert sum('"bare_number" IN' in each["sql"] for each in asked.captured_queries) == 1


def test_one_that_asks_for_nothing_is_decided_on_its_own_page(w):
    """9.4."""
    empty = w.submitted(w.draft(w.commitment()), {"work_this_period": D("0.00")})
    words = text_of(decide(w, [empty], "approve"))
    assert "It asks for 0.00" in words and "Open it and decide there." in words
    assert statuses(empty) == [S.UNDER_REVIEW]
