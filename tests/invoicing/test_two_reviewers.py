"""Reviewers side by side: whose verdict it is, theirs or mine, and undoing the step that approved all the others."""

import re

import pytest

from directory.models import Event
from directory.moments import moment_in_words
from directory.refusals import NotNow, Stale
from invoicing.actions import amounts, comments, invoices, reviews
from invoicing.models import BulkApproval, Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import LOOKED_NOW, REJECTED, at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def sent(w, count: int = 3) -> Invoice:
    lines = [w.line(f"Pour {n}", "1000.00") for n in range(count)]
    return w.submitted(w.draft(w.commitment(lines=lines)), *[{"work_this_period": D("100.00")}] * count)


def line(invoice: Invoice, number: int = 1):
    return invoice.lines.all()[number - 1]


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def verdicts(invoice: Invoice) -> list[str]:
    return [each.verdict for each in invoice.lines.all()]


def press(who, invoice: Invoice, decision: str, pressed: str = "", **rest):
    data = {"decision": decision, "pressed": pressed, "seen": LOOKED_NOW} | rest
    headers = {"HTTP_HX_REQUEST": "true"} if data.pop("htmx", False) else {}
    return signed_in(who).post(at(invoice, "review-line", line(invoice).pk), data, **headers)


# Whose verdict


def test_a_verdict_shows_the_initials_of_who_gave_it(w):
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.second_admin)
    page = text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    assert 'title="Approved by Ola Berg">OB</span>' in page and ", Approved by Ola Berg</span>" in page
    assert page.count('class="by"') == 1, "on the other lines grid.css keeps the room for them"


def allow(invoice: Invoice, by, number: int = 1, amount: str = "60.00", **more) -> None:
    typed = {"work_this_period": D(amount), "allowed_reason": "Measured"} | more
    now = fresh(invoice)
    amounts.save_lines(now, {line(invoice, number).pk: typed}, by=by, version=now.version)


def test_another_amount_by_somebody_else_opens_what_was_approved_and_says_so(w):
    """I-8, I-4: nobody is said to have approved a figure that another person put there."""
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.admin)
    allow(invoice, w.second_admin)
    assert verdicts(invoice)[0] == Verdict.NONE
    changes = Event.objects.about(invoice).first().changes
    assert changes[f"{line(invoice).schedule_line.key} verdict"] == ["Approved", "No action"]
    page = text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    assert "Dana Cole approved another amount. Ola Berg changed it since, so it is open again." in page
    assert "0 approved · 0 rejected · 3 to do" in page
    assert "Ola Berg took the verdict back on" in text_of(press(w.admin, invoice, "rejected", "approved", reason="No"))
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.admin)
    assert "so it is open again" not in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))


def test_ones_own_approval_a_reason_alone_and_a_rejection_stay(w):
    """5.1: a rejected line is approved as noted once less is allowed on it, whoever allows that."""
    invoice = sent(w)
    reviews.decide(line(invoice, 1), Verdict.APPROVED, by=w.admin)
    allow(invoice, w.admin, 1)
    reviews.decide(line(invoice, 2), Verdict.APPROVED, by=w.admin)
    allow(invoice, w.second_admin, 2, "100.00")  # nothing but a reason
    reviews.decide(line(invoice, 3), Verdict.REJECTED, "Not poured", by=w.admin)
    allow(invoice, w.second_admin, 3)
    assert verdicts(invoice) == [Verdict.APPROVED, Verdict.APPROVED, Verdict.REJECTED]


@pytest.mark.parametrize("htmx", [True, False])
def test_another_amount_is_allowed_under_review_and_in_no_other_status(w, htmx):
    """I-4, I-9: Ola sent it back while Dana had the box open; what she typed is on the page, and the bill is theirs."""
    invoice = sent(w)
    box = at(invoice, "review-amount", line(invoice).pk)
    client, headers = signed_in(w.admin), {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "dialog"} if htmx else {}
    form = text_of(client.get(box))
    typed = dict(re.findall(r'name="((?:version|shown-|work-)[^"]*)" value="([^"]*)"', form))
    typed |= {name: "60.00" for name in re.findall(r'name="(work-[^"]*)"', form)} | {"reason": "Measured"}
    back = invoices.send_back(fresh(invoice), by=w.second_admin, comment="More")
    for version in (typed["version"], back.version):
        page = client.post(box, typed | {"version": version}, **headers)
        assert page.status_code == 409 and "It is Revise &amp; Resubmit. Lines are reviewed while" in page.text
        assert "Nothing was saved." in page.text and 'value="60.00"' in page.text and 'value="Measured"' in page.text
    with pytest.raises(NotNow, match="Lines are reviewed while it is Under Review"):
        allow(invoice, w.admin)
    now = line(invoice)
    assert (now.work_this_period, now.allowed_reason, now.allowed_by) == (D("100.00"), "", None)
    assert client.get(box).url == at(invoice, "invoice")


# Theirs or mine


@pytest.mark.parametrize("htmx", [True, False])
def test_who_comes_second_sees_the_others_verdict_and_two_buttons(w, htmx):
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.second_admin)
    page = press(w.admin, invoice, "approved", htmx=htmx)
    text = text_of(page)
    assert page.status_code == 409
    assert "Ola Berg says: Rejected, “Not poured”" in text and "Yours would be: Approved" in text
    assert ">Keep theirs</button>" in text and ">Use mine</button>" in text
    assert verdicts(invoice)[0] == Verdict.REJECTED


@pytest.mark.parametrize("htmx", [True, False])
def test_who_took_a_verdict_back_and_when_is_said_to_whoever_comes_second(w, htmx):
    """9.10: a 409 says what changed, by whom, when. Ola cleared it after Dana had opened the page."""
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.admin)
    reviews.decide(line(invoice), Verdict.NONE, by=w.second_admin)
    at_that = moment_in_words(Event.objects.about(invoice).first().at, invoice.project.zone)
    text = text_of(press(w.admin, invoice, "rejected", pressed="approved", reason="No photo", htmx=htmx))
    assert f"Ola Berg took the verdict back on {at_that}. Yours would be: Rejected" in text


def test_who_undid_the_step_that_approved_all_others_is_named_on_those_lines_alone(w):
    invoice = sent(w)
    reviews.decide(line(invoice, 2), Verdict.NONE, by=w.admin)  # of another line
    reviews.approve_the_rest(invoice, by=w.admin)
    reviews.decide(line(invoice, 3), Verdict.NONE, by=w.admin)  # decided since
    reviews.take_back_the_rest(invoice, BulkApproval.objects.get().pk, by=w.second_admin)
    assert "Ola Berg took the verdict back on" in text_of(press(w.admin, invoice, "rejected", "approved", reason="No"))
    third = at(invoice, "review-line", line(invoice, 3).pk)
    typed = {"decision": "rejected", "pressed": "approved", "seen": LOOKED_NOW, "reason": "No"}
    assert "Dana Cole took the verdict back on" in text_of(signed_in(w.second_admin).post(third, typed))


@pytest.mark.parametrize(
    ("theirs", "mine", "becomes", "because"),
    [
        (("rejected", "Not poured"), {"decision": "approved"}, "approved", ""),
        (("approved", ""), {"decision": "rejected", "reason": "No photo"}, "rejected", "No photo"),
        (("rejected", "Not poured"), {"decision": "rejected", "reason": "No photo"}, "rejected", "No photo"),
    ],
)
def test_use_mine_puts_mine_in_the_place_of_theirs(w, theirs, mine, becomes, because):
    invoice = sent(w)
    reviews.decide(line(invoice), *theirs, by=w.second_admin)
    page = press(w.admin, invoice, **mine)
    pressed = use_mine(page)
    assert press(w.admin, invoice, **pressed).status_code == 302
    now = line(invoice)
    assert (now.verdict, now.verdict_reason, now.verdict_by) == (becomes, because, w.admin)


def test_use_mine_takes_back_what_i_had_pressed_to_take_back(w):
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.second_admin)
    page = press(w.admin, invoice, "approved", pressed="approved")  # I saw my approval and took it back
    assert "Yours would be: No action" in text_of(page)
    press(w.admin, invoice, **use_mine(page))
    assert verdicts(invoice)[0] == Verdict.NONE


def use_mine(page) -> dict[str, str]:
    """What the form of the button sends."""
    text = page.content.decode()
    form = text[: text.index(">Use mine<")].rpartition("<form")[2]
    return dict(re.findall(r'name="(decision|pressed|reason|seen|mine)" value="([^"]*)"', form))


def test_use_mine_approves_what_both_approve_at_another_amount(w):
    """Ola allowed 60.00 and approved it: to approve that too is no taking back of hers."""
    invoice = sent(w)
    seen = what_the_desk_sends(w.admin, invoice)["seen"]
    allow(invoice, w.second_admin)
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.second_admin)
    page = press(w.admin, invoice, "approved", seen=seen)
    assert page.status_code == 409 and "Yours would be: Approved" in text_of(page)
    assert press(w.admin, invoice, **use_mine(page)).status_code == 302
    assert (line(invoice).verdict, line(invoice).verdict_by) == (Verdict.APPROVED, w.admin)


def test_use_mine_asks_why_where_both_reject(w):
    """The cross was pressed on an open line; the reason that stands there is Ola's."""
    invoice = sent(w)
    seen = what_the_desk_sends(w.admin, invoice)["seen"]
    allow(invoice, w.second_admin)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.second_admin)
    page = press(w.admin, invoice, **use_mine(press(w.admin, invoice, "rejected", seen=seen)))
    box = text_of(page)
    assert page.status_code == 200 and "Why?" in box and line(invoice).verdict_reason == "Not poured"
    typed = dict(re.findall(r'name="(decision|pressed|reason|seen)" value="([^"]*)"', box))
    page = press(w.admin, invoice, **typed | {"reason": " "})
    assert page.status_code == 422 and line(invoice).verdict == Verdict.REJECTED, "an empty box takes nothing back"
    assert press(w.admin, invoice, **typed | {"reason": "No photo"}).status_code == 302
    assert (line(invoice).verdict_reason, line(invoice).verdict_by) == ("No photo", w.admin)


# The same verdict, and not the same person's


def fields_of(page) -> dict[str, str]:
    """What the reason's form sends."""
    return dict(re.findall(r'name="(decision|pressed|seen)" value="([^"]*)"', text_of(page).partition("Why")[0]))


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("theirs", [("rejected", "No photo"), ("approved", "")])
def test_another_persons_verdict_is_not_taken_back_for_ones_own(w, theirs, htmx):
    """I-5: Dana's page shows what she said. Ola cleared it and said the same, or gave another reason."""
    invoice = sent(w)
    reviews.decide(line(invoice), theirs[0], theirs[1] and "Not poured", by=w.admin)
    desk = what_the_desk_sends(w.admin, invoice)
    reviews.decide(line(invoice), Verdict.NONE, by=w.second_admin)
    reviews.decide(line(invoice), *theirs, by=w.second_admin)
    page = press(w.admin, invoice, theirs[0], desk["pressed"], seen=desk["seen"], htmx=htmx)
    assert page.status_code == 409 and verdicts(invoice)[0] == theirs[0]
    assert "Ola Berg says: " in text_of(page) and "Yours would be: No action" in text_of(page)
    assert press(w.admin, invoice, **use_mine(page)).status_code == 302
    assert verdicts(invoice)[0] == Verdict.NONE


def test_another_persons_reason_is_not_overwritten_by_an_approval_that_saw_ones_own(w):
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.admin)
    desk = what_the_desk_sends(w.admin, invoice)
    reviews.decide(line(invoice), Verdict.REJECTED, "No photo", by=w.second_admin)
    page = press(w.admin, invoice, "approved", desk["pressed"], seen=desk["seen"])
    assert page.status_code == 409 and "Ola Berg says: Rejected, “No photo”" in text_of(page)
    with pytest.raises(Stale):
        reviews.decide(line(invoice), Verdict.APPROVED, by=w.admin, pressed=desk["pressed"])
    assert line(invoice).verdict_reason == "No photo"


def test_whose_verdict_was_seen_is_theirs_to_change_and_ones_own_always_is(w):
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.second_admin)
    assert press(w.admin, invoice, "approved", what_the_desk_sends(w.admin, invoice)["pressed"]).status_code == 302
    assert (line(invoice).verdict, line(invoice).verdict_by) == (Verdict.APPROVED, w.admin)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.admin)
    desk = what_the_desk_sends(w.admin, invoice)
    reviews.decide(line(invoice), Verdict.REJECTED, "No photo", by=w.admin)  # in another window
    assert press(w.admin, invoice, "rejected", desk["pressed"]).status_code == 302
    assert verdicts(invoice)[0] == Verdict.NONE


@pytest.mark.parametrize("htmx", [True, False])
def test_a_reason_that_is_not_taken_comes_back_with_what_was_said_meanwhile(w, htmx):
    """I-5: the box is of now, so what it is typed beside is said, or the next press would overwrite it unseen."""
    invoice = sent(w)
    typed = fields_of(press(w.admin, invoice, "rejected", htmx=htmx))
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.second_admin)
    text = text_of(press(w.admin, invoice, **typed | {"reason": "No\u200bphoto"}, htmx=htmx))
    assert "Type it again. Ola Berg says: Approved. Nothing was overwritten." in text
    assert verdicts(invoice)[0] == Verdict.APPROVED


# Whose amounts


def what_the_desk_sends(who, invoice: Invoice, number: int = 1) -> dict[str, str]:
    """Of a line's form, and of the button for all others: as the page stands at this moment."""
    text = signed_in(who).get(at(invoice, "invoice-review")).content.decode()
    form = text.partition(f'action="{line(invoice, number).pk}/">')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(pressed|seen)" value="([^"]*)"', form)) | {
        "version": re.search(r'form="rest" name="version" value="(\d+)"', text)[1]
    }


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("mine", [{"decision": "approved"}, {"decision": "rejected", "reason": "No photo"}])
def test_nobody_decides_on_an_amount_that_another_put_there_since(w, mine, htmx):
    """I-5, 9.3: whoever pressed on 100.00 is shown the 60.00 that Ola allowed meanwhile, and asked."""
    invoice = sent(w)
    desk = what_the_desk_sends(w.admin, invoice)
    allow(invoice, w.second_admin)
    at_that = moment_in_words(Event.objects.about(invoice).first().at, invoice.project.zone)
    page = press(w.admin, invoice, **mine, pressed=desk["pressed"], seen=desk["seen"], htmx=htmx)
    text = text_of(page)
    assert page.status_code == 409 and verdicts(invoice)[0] == Verdict.NONE
    changed = "work retainage 10.00 → 6.00, work this period 100.00 → 60.00"
    assert f"Ola Berg changed its amounts on {at_that}: {changed}. Yours would be: " in text
    assert press(w.admin, invoice, **use_mine(page)).status_code == 302
    assert verdicts(invoice)[0] == mine["decision"]


def test_a_reason_that_was_typed_stands_on_the_page_that_says_what_became_of_the_bill(w):
    """9.10: nothing typed is lost, also without scripts."""
    invoice = sent(w)
    invoices.send_back(invoice, by=w.second_admin, comment="More")
    page = press(w.admin, invoice, "rejected", reason="No photo of the slab")
    assert page.status_code == 409 and "It is Revise &amp; Resubmit." in page.text
    assert 'value="No photo of the slab"' in page.text


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("typed", ["No photo\u200b of the slab", "No photo of the slab" * 20])
def test_a_reason_that_is_not_taken_stands_in_the_box_again(w, typed, htmx):
    """9.10: it holds what nobody sees, or is too long; nothing else of it is lost."""
    invoice = sent(w)
    page = press(w.admin, invoice, "rejected", reason=typed, htmx=htmx)
    assert page.status_code == 422 and f'name="reason" value="{typed}"' in page.text
    assert verdicts(invoice)[0] == Verdict.NONE


def test_other_lines_ones_own_amounts_and_verdicts_ask_nothing(w):
    invoice = sent(w)
    seen = what_the_desk_sends(w.admin, invoice)["seen"]
    allow(invoice, w.second_admin, 2)
    allow(invoice, w.admin, 1, "70.00")
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.second_admin)
    reviews.decide(line(invoice), Verdict.NONE, by=w.second_admin)
    assert press(w.admin, invoice, "approved", seen=seen).status_code == 302
    assert verdicts(invoice) == [Verdict.APPROVED, Verdict.NONE, Verdict.NONE]


def sent_again_meanwhile(w, invoice: Invoice) -> None:
    back = invoices.send_back(fresh(invoice), by=w.second_admin, comment="More")
    w.submitted(back, *[{"work_this_period": D("900.00")}] * 3, number="A-2")


def test_what_was_sent_again_with_other_amounts_is_not_approved_from_the_page_before(w):
    """I-5: one line, and all of them at once."""
    invoice = sent(w)
    desk = what_the_desk_sends(w.admin, invoice)
    sent_again_meanwhile(w, invoice)
    page = press(w.admin, invoice, "approved", seen=desk["seen"])
    assert page.status_code == 409 and "work this period 100.00 → 900.00" in text_of(page)
    answer = signed_in(w.admin).post(at(invoice, "review-rest"), {"version": desk["version"]}, follow=True)
    assert verdicts(invoice) == [Verdict.NONE] * 3
    assert re.search(
        r"No line was approved\. .+ sent for review on .+ That was after you opened this page\.", text_of(answer)
    )
    assert rest(w.admin, invoice).status_code == 302 and verdicts(invoice) == [Verdict.APPROVED] * 3


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_all_others_are_approved_on_amounts_that_were_seen_or_not_at_all(w, version):
    invoice = sent(w)
    page = rest(w.admin, invoice, version)
    assert page.status_code == 409 and "which amounts you saw" in text_of(page)
    assert verdicts(invoice) == [Verdict.NONE] * 3


def test_everything_that_became_another_is_named_not_the_work_alone(w):
    """I-5: stored material that Ola added stands in the question, whichever columns the desk shows."""
    invoice = sent(w)
    seen = what_the_desk_sends(w.admin, invoice)["seen"]
    allow(invoice, w.second_admin, amount="100.00", stored_new=D("500.00"))
    allow(invoice, w.second_admin, amount="100.00", stored_new=D("600.00"))
    page = press(w.admin, invoice, "approved", seen=seen)
    assert page.status_code == 409 and ": stored new 0.00 → 600.00, stored retainage 0.00 → 60.00. Yours" in text_of(
        page
    )


def test_a_note_is_no_amount(w):
    invoice = sent(w)
    seen = what_the_desk_sends(w.admin, invoice)["seen"]
    allow(invoice, w.second_admin, amount="100.00", note="See photo")
    assert press(w.admin, invoice, "approved", seen=seen).status_code == 302


def test_to_take_ones_own_verdict_back_asks_nothing_where_it_is_gone_already(w):
    """Ola's amount opened the line: there is no answer that a button could give."""
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.admin)
    desk = what_the_desk_sends(w.admin, invoice)
    allow(invoice, w.second_admin)
    assert desk["pressed"].startswith("approved-")
    assert press(w.admin, invoice, "approved", pressed="approved", seen=desk["seen"]).status_code == 302
    assert verdicts(invoice)[0] == Verdict.NONE


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_verdict_that_does_not_say_what_was_seen_is_none(w, seen):
    invoice = sent(w)
    page = press(w.admin, invoice, "approved", seen=seen)
    assert page.status_code == 409 and "which amounts you saw" in text_of(page)
    assert verdicts(invoice)[0] == Verdict.NONE


def finish_link(who, invoice: Invoice) -> str:
    text = signed_in(who).get(at(invoice, "invoice-review")).content.decode()
    return re.search(r'href="([^"]*/finish/[^"]*)" data-dialog', text)[1]


@pytest.mark.parametrize("htmx", [True, False])
def test_the_end_of_a_review_says_that_the_desk_it_came_from_is_an_old_one(w, htmx):
    """I-5: Ola allows less on the line she approved; it stays approved, so nothing else would tell Dana."""
    invoice = sent(w)
    for number, who in ((1, w.admin), (2, w.admin), (3, w.second_admin)):
        reviews.decide(line(invoice, number), Verdict.APPROVED, by=who)
    link, headers = finish_link(w.admin, invoice), {"HX-Request": "true", "HX-Target": "dialog"} if htmx else {}
    dana = signed_in(w.admin)
    assert 'value="approve" checked' in text_of(dana.get(link, headers=headers))
    allow(invoice, w.second_admin, 3, "90.00")
    page = dana.get(link, headers=headers)
    assert page.status_code == 200 and " checked" not in page.text.partition('id="decision"')[2].partition("</form>")[0]
    assert "Ola Berg entered amounts on" in text_of(page) and "Nothing was decided." in text_of(page)
    assert 'value="approve" checked' in text_of(dana.get(finish_link(w.admin, invoice), headers=headers))


def test_counters_that_come_with_a_line_say_no_version_of_a_page_they_are_newer_than(w):
    invoice = sent(w)
    allow(invoice, w.second_admin, 2)
    page = press(w.admin, invoice, "approved", htmx=True)
    assert 'id="review-buttons"' in page.text and "?version=" not in page.text


def test_who_changed_it_is_said_and_not_who_spoke_last(w):
    invoice = sent(w)
    version = what_the_desk_sends(w.admin, invoice)["version"]
    allow(invoice, w.second_admin)
    comments.comment(invoice, "Looks low", by=w.admin)
    reviews.decide(line(invoice, 2), Verdict.APPROVED, by=w.admin)
    answer = signed_in(w.admin).post(at(invoice, "review-rest"), {"version": version}, follow=True)
    assert "No line was approved. Ola Berg entered amounts on" in text_of(answer)


def test_a_verdict_that_comes_in_while_this_one_waits_for_the_lock_is_not_overwritten(w):
    """I-5: what the page showed is compared once more when nobody else can write."""
    invoice = sent(w)
    mine = line(invoice)
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.second_admin)
    with pytest.raises(Stale):
        reviews.decide(mine, Verdict.APPROVED, by=w.admin, pressed="", seen=None)
    seen = reviews.newest_event(invoice)
    allow(invoice, w.second_admin, 1)
    with pytest.raises(Stale):
        reviews.decide(mine, Verdict.APPROVED, by=w.admin, pressed="rejected", seen=seen)
    assert verdicts(invoice)[0] == Verdict.REJECTED


def test_the_same_verdict_by_both_is_no_question(w):
    invoice = sent(w)
    reviews.decide(line(invoice), Verdict.APPROVED, by=w.second_admin)
    assert press(w.admin, invoice, "approved").status_code == 302
    assert line(invoice).verdict_by == w.second_admin


# Undo of one step (U6)


def rest(who, invoice: Invoice, version: int | None = None):
    version = fresh(invoice).version if version is None else version
    return signed_in(who).post(at(invoice, "review-rest"), {"version": version})


def undo(who, invoice: Invoice):
    step = BulkApproval.objects.filter(invoice=invoice).last()
    return signed_in(who).post(at(invoice, "review-rest-undo"), {"step": step.pk}, follow=True)


def test_approving_the_other_lines_is_undone_as_one_step(w):
    invoice = sent(w)
    reviews.decide(line(invoice, 2), Verdict.APPROVED, by=w.admin)
    rest(w.admin, invoice)
    assert "Undo your approval of 2 lines" in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    page = undo(w.admin, invoice)
    assert "2 lines have no verdict again." in text_of(page) and "Undo your approval" not in text_of(page)
    assert verdicts(invoice) == ["", "approved", ""], "what was approved before the step stays"
    assert [event.verb for event in Event.objects.about(invoice)[:1]] == ["took back approving the other lines"]
    assert undo(w.admin, invoice).status_code == 409


def test_what_a_colleague_decided_since_stays_theirs(w):
    """Two reviewers: one line rejected, one approved anew, one line untouched."""
    invoice = sent(w)
    rest(w.admin, invoice)
    reviews.decide(line(invoice, 1), Verdict.REJECTED, "Not poured", by=w.second_admin)
    reviews.decide(line(invoice, 2), Verdict.NONE, by=w.second_admin)
    reviews.decide(line(invoice, 2), Verdict.APPROVED, by=w.second_admin)
    assert "Undo Dana Cole’s approval of 1 line<" in text_of(
        signed_in(w.second_admin).get(at(invoice, "invoice-review"))
    )
    page = undo(w.admin, invoice)
    assert "1 line has no verdict again. 2 were decided since and stay." in text_of(page)
    assert verdicts(invoice) == ["rejected", "approved", ""]
    assert line(invoice, 2).verdict_by == w.second_admin


def test_of_two_steps_each_undoes_only_its_own_lines(w):
    invoice = sent(w)
    rest(w.admin, invoice)
    reviews.decide(line(invoice, 1), Verdict.NONE, by=w.admin)
    rest(w.second_admin, invoice)
    undo(w.second_admin, invoice)
    assert verdicts(invoice) == ["", "approved", "approved"]


def sent_again(w, invoice: Invoice) -> Invoice:
    reviews.decide(line(invoice), Verdict.REJECTED, "Not poured", by=w.admin)
    back = invoices.send_back(fresh(invoice), by=w.admin)
    entries = {back.lines.first().pk: {"work_this_period": D("60.00")}}
    return invoices.submit(amounts.save_lines(back, entries, by=w.contact, version=back.version), by=w.contact)


def test_undo_brings_back_what_stood_beside_the_line(w):
    """The rejection that the resubmission answers, with its name."""
    invoice = sent_again(w, sent(w))
    said = "Last time rejected by Dana Cole: “Not poured”"
    assert said in text_of(signed_in(w.second_admin).get(at(invoice, "invoice-review")))
    rest(w.second_admin, invoice)
    assert said not in text_of(signed_in(w.second_admin).get(at(invoice, "invoice-review"))), "it has a new verdict"
    assert said in text_of(undo(w.second_admin, invoice))


def test_after_it_was_sent_again_a_step_of_before_is_not_undone(w):
    invoice = sent(w)
    rest(w.admin, invoice)
    invoice = sent_again(w, invoice)
    assert "Undo your" not in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    with pytest.raises(NotNow, match="sent again"):
        reviews.take_back_the_rest(invoice, BulkApproval.objects.get().pk, by=w.admin)
    assert verdicts(invoice) == ["", "approved", "approved"]


@pytest.mark.parametrize("step", ["", "x", "0", "-1", "9" * 30])
def test_an_undo_of_nothing_is_refused_in_words(w, step):
    invoice = sent(w)
    page = signed_in(w.admin).post(at(invoice, "review-rest-undo"), {"step": step})
    assert page.status_code == 409


# Reasons to choose from


def ask(who, invoice: Invoice, **more) -> str:
    return text_of(press(who, invoice, "rejected", **more))


def options(text: str) -> list[str]:
    return [each.partition('"')[0] for each in text.split('<option value="')[1:]]


def test_recent_reasons_are_offered_ones_own_first_with_and_without_scripts(w):
    """9.3."""
    invoice = sent(w, 4)
    reviews.decide(line(invoice, 2), Verdict.REJECTED, "Photo is missing", by=w.admin)
    reviews.decide(line(invoice, 3), Verdict.REJECTED, "Not framed", by=w.second_admin)
    reviews.decide(line(invoice, 4), Verdict.REJECTED, "Photo is missing", by=w.admin)
    for htmx in (True, False):
        text = ask(w.admin, invoice, htmx=htmx)
        assert options(text) == ["Photo is missing", "Not framed"]
        assert f'list="reasons-{line(invoice).pk}"' in text and f'<datalist id="reasons-{line(invoice).pk}"' in text
    assert options(ask(w.second_admin, invoice)) == ["Not framed", "Photo is missing"]


def test_reasons_of_others_elsewhere_and_of_other_companies_are_not_offered(w):
    other = world()
    theirs = sent(other)
    reviews.decide(line(theirs), Verdict.REJECTED, "Theirs", by=other.admin)
    assert options(ask(w.admin, sent(w))) == []


def test_many_reasons_cost_one_query(w, django_assert_max_num_queries):
    invoice = sent(w, 30)
    for each in invoice.lines.all()[1:]:
        reviews.decide(each, Verdict.REJECTED, f"Reason {each.pk}", by=w.admin)
    client, url = signed_in(w.admin), at(invoice, "review-line", line(invoice).pk)
    with django_assert_max_num_queries(15):
        text = client.post(url, REJECTED, HTTP_HX_REQUEST="true").content.decode()
    assert len(options(text)) == 8
