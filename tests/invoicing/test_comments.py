"""Comments between the two sides and notes among the company's own people: which never leave them (9.3, P-8)."""

import io
import zipfile

import pytest
from django.db import DatabaseError, transaction

from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import amounts, attachments, comments, deleting, invoices, reviews
from invoicing.models import BillingSettings, Comment, Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, papers_of, signed_in, text_of

pytestmark = pytest.mark.django_db
SECRET = "Their foreman padded the hours"


@pytest.fixture
def w():
    return world()


def say(who, invoice: Invoice, words: str, name: str = "comment"):
    return signed_in(who).post(at(invoice, f"invoice-{name}"), {f"{name}-words": words})


def timeline(who, invoice: Invoice) -> str:
    return text_of(signed_in(who).get(at(invoice) + "?show=timeline"))


def test_what_the_team_says_reaches_the_contacts_by_mail_and_stands_in_both_timelines(w):
    invoice = w.submitted()
    assert say(w.admin, invoice, "Please send the test reports").url == at(invoice) + "?show=timeline"
    mail = Mail.objects.get(headline__contains="Dana Cole wrote about bill 1")
    assert (mail.to, mail.reply_to) == (w.contact, w.admin.email)
    assert "Please send the test reports" in mail.text and "Please send the test reports" in mail.html
    for who in (w.admin, w.contact):
        assert "Please send the test reports" in timeline(who, invoice)


def test_a_contact_may_comment_too_and_the_distribution_list_hears_of_it(w):
    """9.4."""
    BillingSettings.objects.create(project=w.project).distribution_list.add(w.admin)
    invoice = w.submitted()
    say(w.contact, invoice, "They come on Friday")
    mail = Mail.objects.get(headline__contains="wrote about invoice 1")
    assert (mail.to, mail.reply_to) == (w.admin, w.contact.email)
    assert f"of {w.vendor} wrote" in mail.text
    assert not Mail.objects.filter(headline__contains="wrote about", to=w.contact).exists()


def test_with_nobody_on_the_list_the_projects_admins_hear_a_contact(w):
    """A contact who asks something is not left unheard."""
    say(w.contact, w.submitted(), "May we bill the crane now?")
    told = Mail.objects.filter(headline__contains="wrote about invoice 1")
    assert {mail.to for mail in told} == {w.admin, w.second_admin}


def test_a_note_is_another_input_in_another_colour_that_says_who_sees_it(w):
    """9.3."""
    page = timeline(w.admin, w.submitted())
    for kind, words in (("tone-info says-comment", "Both sides see it"), ("tone-warn says-note", "only our team")):
        part = page[page.index(kind) :]
        assert words in part[: part.index("</section>")]
    assert page.count("only our team") == 1


def test_a_note_is_read_by_the_own_people_in_the_timeline_and_mailed_to_nobody(w):
    invoice = w.submitted(w.draft(w.commitment(is_private=False)))
    before = Mail.objects.count()
    say(w.admin, invoice, SECRET, "note")
    assert Mail.objects.count() == before
    for who in (w.admin, w.reader):
        page = timeline(who, invoice)
        assert f"{SECRET}</blockquote>" in page and "left a note for the team" in page and "only our team" in page


def opened_by_a_contact(w, invoice: Invoice) -> list[str]:
    """Everything about this bill that a contact can open, and every mail they have."""
    client = signed_in(w.contact)
    tabs = ("lines", "summary", "files", "payments", "submissions", "timeline", "mail")
    pages = [at(invoice) + f"?show={tab}" for tab in tabs]
    pages += [at(invoice, "invoice-compare", 1, 2), at(invoice, "invoice-enter"), at(invoice, "invoice-send")]
    pages += ["/", "/bills/", f"/p/{w.project.slug}/", f"/p/{w.project.slug}/invoices/"]
    pages += [f"/p/{w.project.slug}/commitments/{invoice.commitment.number}/{more}" for more in ("", "mails/")]
    texts = [client.get(page, follow=True).content.decode() for page in pages]
    for name in ("invoice-csv", "invoice-workbook", "invoice-certificate"):
        answer = client.get(at(invoice, name))
        assert answer.status_code == 200, name
        texts += unpacked(b"".join(answer.streaming_content) if answer.streaming else answer.content)
    texts += unpacked(papers_of(client, invoice))
    texts.append(client.get(f"/p/{w.project.slug}/invoices/_csv/").getvalue().decode())
    return texts + [f"{mail.headline} {mail.text} {mail.html}" for mail in Mail.objects.filter(to=w.contact)]


def unpacked(content: bytes) -> list[str]:
    """The text of a file; of an archive, of everything in it."""
    if not content.startswith(b"PK"):
        return [content.decode("utf-8", "replace")]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [text for name in archive.namelist() for text in unpacked(archive.read(name))]


def test_nothing_that_a_contact_can_open_or_gets_holds_a_word_of_a_note(w):
    """P-8: not in pages, mails, events, the comparison, PDFs or exports; nor that there is one."""
    invoice = w.submitted()
    comments.comment(invoice, "Said to both sides", by=w.admin)
    comments.note(invoice, SECRET, by=w.admin)
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.admin)
    back = invoices.send_back(Invoice.objects.with_context().get(pk=invoice.pk), by=w.admin)
    entries = {back.lines.first().pk: {"work_this_period": D("600.00")}}
    invoice = invoices.submit(amounts.save_lines(back, entries, by=w.contact, version=back.version), by=w.contact)
    attachments.attach(invoice, "proof.pdf", b"%PDF-1.4 proof", by=w.contact)
    comments.note(invoice, SECRET + " again", by=w.second_admin)
    texts = opened_by_a_contact(w, invoice)
    assert any("Said to both sides" in text for text in texts)
    for text in texts:
        assert "foreman" not in text and "note for the team" not in text and "only our team" not in text
    assert signed_in(w.contact).get(at(invoice)).context["counts"]["comments"] == 1
    assert signed_in(w.admin).get(at(invoice)).context["counts"]["comments"] == 3


def test_the_timelines_figure_is_how_many_events_it_tells_to_whoever_asks(w):
    """9.3. Saves of one sitting are told together, in how many it says; a contact is told no note and no verdict."""
    invoice = w.entered()
    for amount in ("700.00", "800.00"):
        invoice = w.entered(invoice, {"work_this_period": D(amount)}, number=invoice.number)
    invoice = invoices.submit(invoice, by=w.contact)
    comments.comment(invoice, "Said to both sides", by=w.admin)
    comments.note(invoice, SECRET, by=w.admin)
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    for person, notes, verdicts in ((w.admin, 1, 1), (w.contact, 0, 0)):
        page = signed_in(person).get(at(invoice), {"show": "timeline"})
        told = list(page.context["events"])
        assert [each.verb for each in told].count("left a note for the team") == notes
        assert [each.verb for each in told].count("reviewed a line") == verdicts
        assert f'Timeline <span class="count">{len(told)}</span>' in text_of(page)
        assert text_of(page).count('class="when"') == len(told) - 2 and "in 3 saves" in text_of(page)


def test_the_timeline_says_which_revision_was_sent(w):
    """9.3: events in words, with reason and revision."""
    invoice = w.submitted(w.sent_back())
    page = text_of(signed_in(w.contact).get(at(invoice), {"show": "timeline"}))
    assert page.count('sent for review <span class="soft">as revision 1</span>') == 1
    assert page.count('sent for review <span class="soft">as revision 2</span>') == 1 and "Revision:" not in page
    assert Event.objects.about(invoice).filter(verb="sent for review").first().changes["revision"] == ["1", "2"]


def test_to_a_contact_there_is_no_such_thing_as_a_note(w):
    """P-8: 404, also for one with a high level."""
    invoice = w.submitted()
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)
    assert say(w.contact, invoice, "x", "note").status_code == 404
    with pytest.raises(NotAllowed):
        comments.note(invoice, "x", by=w.contact)
    assert not Comment.objects.exists()


def test_who_may_only_read_says_nothing(w):
    invoice = w.submitted(w.draft(w.commitment(is_private=False)))
    for name in ("comment", "note"):
        assert say(w.reader, invoice, "x", name).status_code == 403
    assert "Your comment" not in timeline(w.reader, invoice)


@pytest.mark.parametrize("name", ["comment", "note"])
@pytest.mark.parametrize("words", ["", "  \n ", "x" * 2001, "a\x00b"])
def test_what_cannot_be_kept_is_said_at_its_own_box_and_nothing_typed_is_lost(w, name, words):
    """U4."""
    invoice = w.submitted()
    page = say(w.admin, invoice, words, name)
    assert page.status_code == 422 and page.context["tab"] == "timeline"
    assert page.context[f"{name}_form"].errors and not Comment.objects.exists()
    other = {"comment": "note", "note": "comment"}[name]
    assert not page.context[f"{other}_form"].errors
    assert words.strip().replace("\x00", "") in page.content.decode().replace("\x00", "")


def test_a_double_click_says_it_once(w):
    invoice = w.submitted()
    for _ in range(2):
        say(w.admin, invoice, "Once")
    assert Comment.objects.count() == 1 and Event.objects.filter(verb="commented").count() == 1
    assert Mail.objects.filter(headline__contains="wrote about").count() == 1


def test_a_reply_from_the_sheet_begins_with_its_line(w):
    """9.4."""
    invoice = w.sent_back()
    sheet = text_of(signed_in(w.contact).get(at(invoice, "invoice-enter")))
    assert "?show=timeline&amp;line=1#say" in sheet
    assert "Line 1: </textarea>" in text_of(signed_in(w.contact).get(at(invoice) + "?show=timeline&line=1"))
    for odd in ("x", "-1", "٣", "9" * 50):
        assert "Line " not in signed_in(w.contact).get(at(invoice), {"show": "timeline", "line": odd}).context[
            "comment_form"
        ].initial.get("words", "")


def test_nothing_is_said_about_a_deleted_bill_and_nothing_without_words(w):
    invoice = w.submitted()
    with pytest.raises(Refused):
        comments.comment(invoice, " ", by=w.admin)
    deleting.delete(invoice, reason="Twice", by=w.admin)
    for act in (comments.comment, comments.note):
        with pytest.raises(NotNow):
            act(invoice, "x", by=w.admin)


def test_the_database_keeps_what_was_said(w):
    comments.note(w.submitted(), SECRET, by=w.admin)
    for change in (lambda: Comment.objects.update(only_team=False), lambda: Comment.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Comment.objects.get().only_team
