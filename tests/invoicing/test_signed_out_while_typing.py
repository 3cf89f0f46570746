"""A form whose session was over when its button was pressed: what was typed is back after the sign-in (9.10)."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from directory import unsaved
from invoicing.actions import amounts, invoices, payments, reviews
from invoicing.models import Invoice, Verdict
from tests.directory.account_pages import app_shows, code_in_mail, give_app, later, sign_in
from tests.factories import D, payment_of, world
from tests.invoicing.pages import LOOKED_NOW, REJECTED, at, sheet, signed_in, text_of

pytestmark = pytest.mark.django_db
BACK = "what you typed before you were signed out"


@pytest.fixture
def w():
    return world()


@pytest.fixture
def bill(w) -> Invoice:
    return w.draft(w.commitment())


def mark(page) -> dict[str, str]:
    return {unsaved.MARK: re.search(r'name="typed-by" value="([^"]+)"', page.content.decode())[1]}


def end_sessions() -> None:
    Session.objects.all().delete()


def typed_and_signed_out(w, bill, **typed) -> tuple[Client, object]:
    """Lee has the entry sheet open and presses Save when the session is over; the browser, and the answer."""
    lee = signed_in(w.contact)
    page = lee.get(at(bill, "invoice-enter"))
    end_sessions()
    return lee, lee.post(at(bill, "invoice-enter"), sheet(page) | mark(page) | {"then": "stay"} | typed)


def test_after_signing_in_the_sheet_is_back_with_what_was_typed_and_nothing_is_saved(w, bill):
    line = bill.lines.first()
    lee, answer = typed_and_signed_out(w, bill, number="B-7", **{f"work-{line.pk}": "1250"})
    assert answer.status_code == 302 and answer.url.startswith("/accounts/login/?next=/p/")
    assert "What you typed is not saved yet" in text_of(lee.get(answer.url))
    page = sign_in(lee, w.contact, next=at(bill, "invoice-enter"))
    text = text_of(page)
    assert page.request["PATH_INFO"] == at(bill, "invoice-enter") and page.status_code == 200
    assert BACK in text and 'value="1250"' in text and 'value="B-7"' in text
    line.refresh_from_db()
    bill.refresh_from_db()
    assert (line.work_this_period, bill.number, bill.version) == (0, "", 1)
    assert BACK in text_of(lee.get(at(bill, "invoice-enter"))), "a look does not lose it"
    typed = sheet(page) | mark(page) | {"number": "B-7"}
    saved = lee.post(at(bill, "invoice-enter"), typed, follow=True)
    line.refresh_from_db()
    assert line.work_this_period == D("1250.00") and BACK not in text_of(saved)
    assert unsaved.KEPT not in lee.session


def test_it_can_be_dropped(w, bill):
    line = bill.lines.first()
    lee, _ = typed_and_signed_out(w, bill, **{f"work-{line.pk}": "1250"})
    page = sign_in(lee, w.contact, next=at(bill, "invoice-enter"))
    assert "Drop what is not saved" in text_of(page)
    dropped = lee.post(at(bill, "invoice-enter"), sheet(page) | mark(page) | {"then": "drop"}, follow=True)
    assert "What was not saved is dropped." in text_of(dropped)
    assert BACK not in text_of(dropped) and 'value="1250"' not in text_of(dropped)
    line.refresh_from_db()
    assert line.work_this_period == 0


def test_nobody_else_is_shown_it_and_another_sign_in_ends_it(w, bill):
    line = bill.lines.first()
    lee, _ = typed_and_signed_out(w, bill, **{f"work-{line.pk}": "1250"})
    page = sign_in(lee, w.admin, next=at(bill, "invoice-enter"))
    assert page.context["user"] == w.admin and BACK not in text_of(page) and 'value="1250"' not in text_of(page)
    assert unsaved.KEPT not in lee.session
    lee.post("/accounts/logout/")
    assert BACK not in text_of(sign_in(lee, w.contact, next=at(bill, "invoice-enter")))


def test_a_session_that_holds_it_shows_it_to_no_other_person(w, bill):
    """Whatever brought another person there."""
    lee, _ = typed_and_signed_out(w, bill, number="B-7")
    lee.force_login(w.admin)
    assert unsaved.KEPT in lee.session
    assert BACK not in text_of(lee.get(at(bill, "invoice-enter")))


def test_a_code_by_mail_and_a_second_factor_lead_back_to_it(w, bill):
    lee, _ = typed_and_signed_out(w, bill, number="B-7")
    back = {"next": at(bill, "invoice-enter")}
    lee.post("/accounts/login/code/", {"email": w.contact.email} | back)
    page = lee.post("/accounts/login/code/confirm/", {"code": code_in_mail()} | back, follow=True)
    assert BACK in text_of(page) and 'value="B-7"' in text_of(page)
    give_app(w.contact)
    lee, _ = typed_and_signed_out(w, bill, number="B-8")
    asked = sign_in(lee, w.contact, next=at(bill, "invoice-enter"))
    page = lee.post(asked.request["PATH_INFO"], {"code": app_shows()} | back, follow=True)
    assert BACK in text_of(page) and 'value="B-8"' in text_of(page)


def test_somebody_saved_it_meanwhile_and_both_versions_are_shown(w, bill):
    """I-5."""
    line = bill.lines.first()
    lee, _ = typed_and_signed_out(w, bill, **{f"work-{line.pk}": "1250"})
    amounts.save_lines(bill, {line.pk: {"work_this_period": D("900.00")}}, by=w.admin, version=1)
    page = sign_in(lee, w.contact, next=at(bill, "invoice-enter"))
    text = text_of(page)
    assert BACK in text and "Both versions" in text and "Both changed it" in text
    assert "900.00" in text and 'value="1250"' in text
    assert 'value="drop" formnovalidate>Drop mine and keep theirs' in text


def test_it_was_sent_meanwhile_and_what_was_typed_can_still_be_read(w, bill):
    line = bill.lines.first()
    lee, _ = typed_and_signed_out(w, bill, **{f"work-{line.pk}": "1250"})
    w.submitted(bill, {"work_this_period": D("5.00")})
    text = text_of(sign_in(lee, w.contact, next=at(bill, "invoice-enter")))
    assert 'value="1250"' in text and "It is Under Review by now" in text


def test_what_can_not_be_read_is_named_when_it_is_back(w, bill):
    line = bill.lines.first()
    lee, _ = typed_and_signed_out(w, bill, **{f"work-{line.pk}": "12O0"})
    text = text_of(sign_in(lee, w.contact, next=at(bill, "invoice-enter")))
    assert BACK in text and 'value="12O0"' in text and "Line 1, this period" in text


def test_the_approved_line_that_was_opened_stays_open(w):
    """9.4: “Change anyway” was pressed before."""
    bill = w.submitted(w.draft(), *[{"work_this_period": D("1000.00")}] * 2)
    bill.lines.update(verdict=Verdict.APPROVED)
    invoices.send_back(Invoice.objects.get(pk=bill.pk), by=w.admin, comment="Again, please")
    line = bill.lines.first()
    lee, _ = typed_and_signed_out(w, bill, **{f"open-{line.pk}": "1", f"work-{line.pk}": "800"})
    text = text_of(sign_in(lee, w.contact, next=at(bill, "invoice-enter")))
    assert 'value="800"' in text and f'name="open-{line.pk}"' in text


# The review


@pytest.fixture
def sent(w, bill) -> Invoice:
    return w.submitted(bill, {"work_this_period": D("500.00")})


def test_a_reason_typed_before_the_idle_hour_was_over_is_back(w, sent):
    dana, line = signed_in(w.admin), sent.lines.first()
    dana.get("/")
    address = at(sent, "review-line", line.pk)
    typed = mark(dana.get(address)) | {
        "decision": "rejected",
        "pressed": "",
        "seen": LOOKED_NOW,
        "reason": "L4 is not framed yet",
    }
    with later(hours=1, minutes=1):
        answer = dana.post(address, typed)
        assert answer.status_code == 302 and "/accounts/login/" in answer.url
        page = sign_in(dana, w.admin, next=address)
    assert BACK in text_of(page) and 'value="L4 is not framed yet"' in text_of(page)
    line.refresh_from_db()
    assert line.verdict == Verdict.NONE


def test_a_reason_pressed_in_the_row_leads_to_the_sign_in_page_and_not_into_the_row(w, sent):
    dana, line = signed_in(w.admin), sent.lines.first()
    address = at(sent, "review-line", line.pk)
    row = dana.post(address, REJECTED, headers={"HX-Request": "true"})
    typed = mark(row) | {**REJECTED, "reason": "No photo"}
    end_sessions()
    answer = dana.post(address, typed, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == f"/accounts/login/?next={address}"
    assert 'value="No photo"' in text_of(sign_in(dana, w.admin, next=address))


def test_another_amount_and_its_reason_are_back(w, sent):
    dana, line = signed_in(w.admin), sent.lines.first()
    address = at(sent, "review-amount", line.pk)
    page = dana.get(address)
    shown = re.search(r'name="(shown-\d+)" value="([^"]*)"', page.content.decode())
    typed = mark(page) | {"version": str(sent.version), shown[1]: shown[2], f"work-{line.pk}": "432.10"}
    end_sessions()
    dana.post(address, typed | {"reason": "Half of it"})
    text = text_of(sign_in(dana, w.admin, next=address))
    assert BACK in text and 'value="432.10"' in text and 'value="Half of it"' in text
    line.refresh_from_db()
    assert line.work_this_period == D("500.00")


def test_the_overall_comment_and_the_decision_are_back(w, sent):
    dana, address = signed_in(w.admin), at(sent, "review-finish")
    typed = mark(dana.get(address)) | {"version": str(sent.version), "decision": "send_back", "comment": "See below"}
    end_sessions()
    dana.post(address, typed)
    text = text_of(sign_in(dana, w.admin, next=address))
    assert BACK in text and "See below</textarea>" in text
    assert re.search('value="send_back" checked', text)
    assert Invoice.objects.get(pk=sent.pk).status == "under_review"


@pytest.mark.parametrize("name", ["comment", "note"])
def test_what_was_said_is_back_where_it_was_typed(w, sent, name):
    dana, place = signed_in(w.admin), at(sent) + "?show=timeline"
    typed = mark(dana.get(place)) | {f"{name}-words": "Ask Lee about L4"}
    end_sessions()
    answer = dana.post(at(sent, f"invoice-{name}"), typed, headers={"Referer": f"http://testserver{place}"})
    text = text_of(sign_in(dana, w.admin, next=place))
    assert place.replace("?", "%3F").replace("=", "%3D") in answer.url
    assert BACK in text and "Ask Lee about L4</textarea>" in text


# Somebody did something meanwhile (I-5)


def decided_and_signed_out(w, sent, **typed) -> Client:
    """Dana finishes the review when the session is over."""
    dana, address = signed_in(w.admin), at(sent, "review-finish")
    typed = mark(dana.get(address)) | {"version": str(sent.version)} | typed
    end_sessions()
    dana.post(address, typed)
    return dana


def test_a_decision_of_an_earlier_round_is_not_the_one_of_this_round(w, sent):
    """I-5: it was sent back and came again; the words are there to be read, the decision is proposed anew."""
    dana, address = (
        decided_and_signed_out(w, sent, decision="send_back", comment="OLD WORDS"),
        at(sent, "review-finish"),
    )
    invoices.send_back(sent, by=w.admin, comment="Please add the photo")
    w.submitted(Invoice.objects.get(pk=sent.pk), {"work_this_period": D("400.00")})
    page = sign_in(dana, w.admin, next=address)
    text = text_of(page)
    assert page.status_code == 200 and BACK in text and "but for the decision" in text
    assert "OLD WORDS</textarea>" in text and 'value="send_back" checked' not in text
    assert 'value="approve" checked' in text
    dialog = dana.get(address, headers={"HX-Request": "true"})
    assert dialog.status_code == 200 and 'value="send_back" checked' not in text_of(dialog)


def test_who_changed_it_since_the_decision_was_typed_is_said(w, sent):
    """I-5: the words that an ordinary press gets with a 409."""
    dana, line = decided_and_signed_out(w, sent, decision="approve", comment="Fine"), sent.lines.first()
    entry = {"work_this_period": D("450.00"), "allowed_reason": "Half"}
    amounts.save_lines(sent, {line.pk: entry}, by=w.admin, version=sent.version)
    text = text_of(sign_in(dana, w.admin, next=at(sent, "review-finish")))
    assert f"{w.admin.name} entered amounts on" in text and "That was after you opened this page" in text


def test_an_allowed_amount_that_somebody_changed_meanwhile_shows_both(w, sent):
    """I-5."""
    dana, line = signed_in(w.admin), sent.lines.first()
    address = at(sent, "review-amount", line.pk)
    page = dana.get(address)
    shown = re.search(r'name="(shown-\d+)" value="([^"]*)"', page.content.decode())
    typed = mark(page) | {
        "version": str(sent.version),
        shown[1]: shown[2],
        f"work-{line.pk}": "432.10",
        "reason": "Half",
    }
    end_sessions()
    dana.post(address, typed | {f"work-{line.pk}": "432.10"})
    entry = {"work_this_period": D("450.00"), "allowed_reason": "Most of it"}
    amounts.save_lines(sent, {line.pk: entry}, by=w.admin, version=sent.version)
    text = text_of(sign_in(dana, w.admin, next=address))
    assert BACK in text and amounts.SAVED_IN_BETWEEN in text
    assert "Now stored: 450.00" in text and 'value="432.10"' in text


def test_a_reason_for_a_line_that_somebody_decided_meanwhile_says_who(w, sent):
    """I-5."""
    dana, line = signed_in(w.admin), sent.lines.first()
    address = at(sent, "review-line", line.pk)
    typed = mark(dana.get(address)) | {**REJECTED, "reason": "No photo"}
    end_sessions()
    dana.post(address, typed)
    line.invoice = sent
    reviews.decide(line, Verdict.APPROVED, "", by=w.admin)
    text = text_of(sign_in(dana, w.admin, next=address))
    assert BACK in text and 'value="No photo"' in text
    assert f"{w.admin.name} says: Approved. Yours would be: Rejected, “No photo”" in text


@pytest.mark.parametrize("name", ["review-finish", "review-amount", "review-line", "invoice-reopen", "invoice-comment"])
def test_whatever_came_back_can_be_dropped(w, sent, name):
    if name == "invoice-reopen":
        invoices.approve(sent, by=w.admin)
    dana, lines = signed_in(w.admin), [sent.lines.first().pk] if name in ("review-amount", "review-line") else []
    address = at(sent, name, *lines)
    place = at(sent) + "?show=timeline" if name == "invoice-comment" else address
    typed = mark(dana.get(place)) | {"comment": "Old", "reason": "Old", "comment-words": "Old", "decision": "rejected"}
    end_sessions()
    dana.post(address, typed, headers={"Referer": f"http://testserver{place}"})
    page = sign_in(dana, w.admin, next=place)
    assert BACK in text_of(page)
    [form] = re.findall("<form[^>]*>(?:(?!</form>).)*Drop what is not saved", page.content.decode(), re.DOTALL)
    assert f'action="{address}"' in form and 'name="then" value="drop"' in form
    back = dana.post(
        address, mark(page) | {"then": "drop"}, headers={"Referer": f"http://testserver{place}"}, follow=True
    )
    assert back.redirect_chain == [(place, 302)] and "What was not saved is dropped." in text_of(back)
    assert BACK not in text_of(back) and unsaved.KEPT not in dana.session


# Reasons, payments and files


def asked_at(w, sent, name: str) -> str:
    """An address that asks a reason or a payment, of what can be asked it."""
    if name == "commitment-move":
        return at_commitment(sent, name, "void")
    if name == "change-order-move":
        order = w.change_order(w.commitment(), [w.line("More", "10.00")])
        return reverse(name, args=[w.project.slug, order.commitment.number, order.pk, "take_back"])
    if name in ("invoice-pay", "payment-take-back"):
        sent = invoices.approve(sent, by=w.admin)
    paid = [payments.record_payment(sent, payment_of("1.00"), by=w.admin).pk] if name == "payment-take-back" else []
    return at(sent, name, *paid)


def at_commitment(invoice, name: str, *more) -> str:
    return reverse(name, args=[invoice.project.slug, invoice.commitment.number, *more])


@pytest.mark.parametrize(
    "name", ["invoice-pay", "payment-take-back", "invoice-delete", "commitment-move", "change-order-move"]
)
def test_a_reason_or_a_payment_typed_when_the_session_ended_is_back_and_can_be_dropped(w, sent, name):
    """9.10."""
    address, dana = asked_at(w, sent, name), signed_in(w.admin)
    typed = {"reason": "Typed twice", "number": "4711", "method": "check", "amount": "1.00", "version": "1"}
    typed |= mark(dana.get(address))
    end_sessions()
    assert dana.post(address, typed).status_code == 302
    page = sign_in(dana, w.admin, next=address)
    text = page.content.decode()
    assert BACK in text_of(page) and ('value="4711"' if name == "invoice-pay" else "Typed twice") in text
    assert dana.post(address, mark(page) | {"then": "drop"}, follow=True).status_code == 200
    assert BACK not in text_of(dana.get(address))


def test_a_reason_to_delete_what_was_changed_meanwhile_says_so(w, sent):
    """I-5."""
    dana, address = signed_in(w.admin), at(sent, "invoice-delete")
    typed = mark(dana.get(address)) | {"reason": "Twice", "version": str(sent.version)}
    end_sessions()
    dana.post(address, typed)
    invoices.withdraw(sent, by=w.contact)
    assert "but somebody changed the invoice since" in text_of(sign_in(dana, w.admin, next=address))


@pytest.mark.parametrize(("name", "why"), [("invoice-pay", "It is Under Review"), ("invoice-delete", "It is Approved")])
def test_what_was_typed_stands_there_also_where_it_can_not_be_done_any_more(w, sent, name, why):
    """9.10: reopened or approved meanwhile; what is not done is said, and what was typed is not lost."""
    address, dana = asked_at(w, sent, name), signed_in(w.admin)
    typed = {"reason": "Typed twice", "number": "4711", "method": "check", "amount": "1.00", "version": "1"}
    typed |= mark(dana.get(address))
    end_sessions()
    dana.post(address, typed)
    now = Invoice.objects.get(pk=sent.pk)
    if name == "invoice-pay":
        invoices.reopen(now, reason="Counted twice", by=w.second_admin)
    else:
        invoices.approve(now, by=w.second_admin)
    page = sign_in(dana, w.admin, next=address)
    assert BACK in text_of(page) and why in text_of(page)
    assert ('value="4711"' if name == "invoice-pay" else "Typed twice") in page.text


@pytest.mark.parametrize("name", ["invoice-attach", "commitment-attach"])
def test_a_file_sent_when_the_session_was_over_is_said_to_be_needed_again(w, sent, name):
    """9.10: files are not kept."""
    place = at(sent) + "?show=files" if name == "invoice-attach" else at_commitment(sent, "commitment")
    address = at(sent, name) if name == "invoice-attach" else at_commitment(sent, name)
    dana = signed_in(w.admin)
    typed = mark(dana.get(place)) | {"file": SimpleUploadedFile("note.pdf", b"%PDF-1.4")}
    end_sessions()
    answer = dana.post(address, typed, headers={"Referer": f"http://testserver{place}"})
    assert "choose the file again" in text_of(dana.get(answer.url))
    assert unsaved.KEPT not in dana.session and not sent.attachments.exists()
    assert sign_in(dana, w.admin, next=place).status_code == 200


# What is taken in, and what is not


def test_a_bill_of_a_thousand_lines_fits_and_a_form_past_all_sense_is_said_to_be_lost(w, bill):
    stems = ("work", "percent", "moved", "stored", "release", "note")
    typed = {f"{stem}-{900000 + n}": "1,234,567.89" for stem in stems for n in range(1000)}
    lee, _ = typed_and_signed_out(w, bill, **typed)
    [one] = lee.session[unsaved.KEPT].values()
    assert len(one["fields"]) > 6000
    lee, answer = typed_and_signed_out(w, bill, note="x" * unsaved.MOST_LETTERS)
    assert "could not be kept here" in text_of(lee.get(answer.url)) and unsaved.KEPT not in lee.session


@pytest.mark.parametrize("claim", [{}, {unsaved.MARK: "1"}, {unsaved.MARK: "1:1tabcd:forged"}])
def test_whoever_was_never_signed_in_has_nothing_kept_here(w, bill, claim):
    """A stranger fills no disk."""
    stranger = Client()
    answer = stranger.post(at(bill, "invoice-enter"), {"number": "B-7"} | claim)
    assert answer.status_code == 302 and unsaved.KEPT not in stranger.session


def test_a_page_open_for_longer_than_a_week_is_not_taken_in(w, bill):
    lee = signed_in(w.contact)
    typed = mark(lee.get(at(bill, "invoice-enter"))) | {"number": "B-7"}
    with later(days=7, hours=1):
        lee.post(at(bill, "invoice-enter"), typed)
        assert unsaved.KEPT not in lee.session


def test_tokens_and_passwords_are_not_kept(w, bill):
    lee, _ = typed_and_signed_out(w, bill, number="B-7", csrfmiddlewaretoken="abc", password1="secret")
    names = {name for name, _ in lee.session[unsaved.KEPT][at(bill, "invoice-enter")]["fields"]}
    assert "number" in names and not names & {"csrfmiddlewaretoken", "password1", unsaved.MARK, "then"}


def test_a_page_of_before_the_new_sign_in_is_refused_and_what_was_typed_on_it_is_back(w, bill):
    """Its token is an old one: nothing is done, nothing is lost."""
    lee = Client(enforce_csrf_checks=True)
    lee.force_login(w.contact)
    page = lee.get(at(bill, "invoice-enter"))
    line = bill.lines.first()
    typed = sheet(page) | mark(page) | {f"work-{line.pk}": "1250", "csrfmiddlewaretoken": "0" * 64}
    back = lee.post(at(bill, "invoice-enter"), typed, follow=True)
    assert back.redirect_chain and BACK in text_of(back) and 'value="1250"' in text_of(back)
    line.refresh_from_db()
    assert line.work_this_period == 0
    without = {name: text for name, text in typed.items() if name != unsaved.MARK}
    assert lee.post(at(bill, "invoice-enter"), without).status_code == 403


def test_a_reason_pressed_in_a_row_of_before_the_new_sign_in_is_back_on_its_whole_page(w, sent):
    """htmx follows a plain redirect by itself, into a row that says nothing of it."""
    dana, line = Client(enforce_csrf_checks=True), sent.lines.first()
    dana.force_login(w.admin)
    address = at(sent, "review-line", line.pk)
    typed = mark(dana.get(address)) | {**REJECTED, "reason": "No photo"}
    answer = dana.post(address, typed | {"csrfmiddlewaretoken": "0" * 64}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, address)
    text = text_of(dana.get(address))
    assert BACK in text and 'value="No photo"' in text
    line.refresh_from_db()
    assert line.verdict == Verdict.NONE
