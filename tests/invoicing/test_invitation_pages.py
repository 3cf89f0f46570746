"""The page an invite's link opens: for nobody, for the contact, for anyone else (V-1, V-4)."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from guardian.utils import get_user_obj_perms_model

from directory.actions.grants import set_level
from directory.models import Event, Mail, Person, Project, Vendor
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, Refused
from invoicing.actions import commitment_moves, commitments, invitations, invoices
from invoicing.models import BillingSettings, Commitment, Invitation, Invoice, InvoiceContact, InvoiceType
from tests.directory.account_pages import code_in_mail
from tests.factories import person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def invitation(w):
    BillingSettings.objects.create(project=w.project, invitation_text="Waivers, please.")
    [invited] = invitations.invite(w.period(), [w.commitment()], InvoiceType.WORK, by=w.admin)
    return invited.invitation


def link(invitation) -> str:
    return f"/invitations/{invitation.token}/"


def test_the_mail_carries_the_link_and_the_link_opens_the_page(w, invitation):
    mail = Mail.objects.about(invitation).get()
    assert f"/invitations/{invitation.pk}".rpartition("/")[0] in mail.text
    token = mail.text.partition("/invitations/")[2].partition("/")[0]
    assert Invitation.named_by(token) == invitation
    assert "Waivers, please." in mail.text and "Waivers, please." in mail.html


def test_the_link_alone_shows_what_is_asked_and_signs_nobody_in(invitation):
    """V-4."""
    client = Client()
    page = text_of(client.get(link(invitation)))
    assert "invites you to bill" in page and "Waivers, please." in page and "Dana Cole" in page
    assert "Sign in to answer" in page and f"next=/invitations/{invitation.token.split(':')[0]}" in page
    assert "We will bill" not in page and "_auth_user_id" not in client.session


def test_an_answer_without_a_sign_in_goes_to_the_sign_in(invitation):
    answer = Client().post(link(invitation), {"answer": "accept"})
    assert answer.status_code == 302 and answer.url.startswith("/accounts/login/?next=/invitations/")
    invitation.refresh_from_db()
    assert invitation.answer == ""


def test_words_typed_when_the_session_is_over_come_back_after_signing_in(w, invitation):
    """9.10."""
    client = Client()
    client.post(link(invitation), {"answer": "decline", "words": "Nothing poured yet"})
    client.force_login(w.contact)
    assert "Nothing poured yet" in client.get(link(invitation)).content.decode()
    invitation.refresh_from_db()
    assert invitation.answer == invitation.words == ""
    client.post(link(invitation), {"answer": "decline", "words": "Nothing yet"})
    assert "Nothing poured yet" not in client.get(link(invitation)).content.decode()


def test_words_for_somebody_else_come_back_too_and_a_mere_press_hides_none(w, invitation):
    invitations.answer(invitation, False, "As agreed", by=w.contact)
    client = Client()
    client.post(link(invitation), {"answer": "accept"})
    client.force_login(w.contact)
    assert "As agreed" in client.get(link(invitation)).content.decode()
    client = Client()
    client.post(link(invitation), {"answer": "pass_on", "pass-to": "team", "pass-words": "Ask Mia"})
    client.force_login(w.contact)
    assert "Ask Mia" in client.get(link(invitation)).content.decode()


def test_nobody_else_reads_what_was_typed_at_a_link_made_for_one_person(w, invitation):
    mia = person("Mia Hill", w.company, w.vendor)
    commitments.add_contact(invitation.commitment, mia, by=w.admin)
    client, address = Client(), f"/invitations/{invitation.token_for(w.contact)}/"
    client.post(address, {"answer": "decline", "words": "Between us"})
    client.force_login(mia)
    assert "Between us" not in client.get(address).content.decode()


def test_opening_the_link_answers_nothing(w, invitation):
    """Mail programs open links."""
    signed_in(w.contact).get(link(invitation))
    invitation.refresh_from_db()
    assert invitation.answer == "" and not Invoice.objects.exists()


def test_the_team_sees_that_a_mailed_link_was_looked_at_once_a_page_says_so(w, invitation):
    """9.5: the page itself says so, for mail programs open links, too; once, and for mailed links alone."""
    board = reverse("period", args=[w.project.slug, invitation.billing_period.pk])
    address = f"/invitations/{invitation.token_for(w.contact)}/"
    shown = Client().get(address)
    assert f'hx-post="{address}opened/"' in shown.content.decode()
    assert "link opened" not in text_of(signed_in(w.admin).get(board))
    for sent in (f"/invitations/{invitation.token}/", "/invitations/nonsense/"):
        assert Client().post(f"{sent}opened/").status_code == 204
    assert not Event.objects.filter(verb="saw the link opened").exists()

    for _ in range(2):
        assert Client().post(f"{address}opened/").status_code == 204
    assert Event.objects.filter(verb="saw the link opened").count() == 1
    assert "link opened" in text_of(signed_in(w.admin).get(board))
    assert "hx-post" not in Client().get(address).content.decode()


def test_accepting_opens_the_new_bill(w, invitation):
    answer = signed_in(w.contact).post(link(invitation), {"answer": "accept"})
    bill = Invoice.objects.get()
    assert answer.url == at(bill, "invoice-enter")
    assert (bill.invoice_type, bill.created_by) == (InvoiceType.WORK, w.contact)
    assert signed_in(w.contact).post(link(invitation), {"answer": "accept"}).url == answer.url
    assert Invoice.objects.count() == 1


def test_accepting_counts_even_when_the_bill_cannot_start_yet(w, invitation):
    earlier = w.submitted(w.draft(invitation.commitment, invitation.billing_period))
    july = w.period(date(2030, 7, 1))
    [asked] = invitations.invite(july, [earlier.commitment], InvoiceType.WORK, by=w.admin)
    answer = signed_in(w.contact).post(link(asked.invitation), {"answer": "accept"}, follow=True)
    assert f"Your answer is noted. Bill 1 ({earlier.number}) waits for the project’s reviewers since" in text_of(answer)
    asked.invitation.refresh_from_db()
    assert asked.invitation.answer == "accepted"


@pytest.mark.parametrize("given", ["accept", "decline", "take_back"])
def test_a_commitment_that_is_not_billed_any_more_takes_no_answer(w, invitation, given):
    """It was terminated, or opened again as a draft, after the invite."""
    commitment_moves.move(invitation.commitment, "terminate", by=w.admin, reason="Agreed")
    client, why = signed_in(w.contact), "The commitment is Terminated. Only an approved or complete one is billed."
    page = text_of(client.get(link(invitation)))
    assert "We will bill" not in page and f"<p>{why} Ask" in page
    answer = client.post(link(invitation), {"answer": given})
    assert answer.status_code == 409 and why in text_of(answer)
    invitation.refresh_from_db()
    assert invitation.answer == ""


@pytest.mark.parametrize("starter", ["contact", "admin"])
def test_starting_the_bill_undoes_that_there_is_nothing_to_bill(w, invitation, starter):
    invitations.answer(invitation, False, "Nothing done", by=w.contact)
    invoices.create(invitation.commitment, invitation.billing_period, by=getattr(w, starter))
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.words, invitation.answered_by) == ("", "", None)
    told = Event.objects.about(invitation).get(verb="took back the answer")
    assert (told.from_state, told.reason) == ("declined", "A bill was started.")


def test_nobody_answers_for_a_closed_period(w, invitation):
    invitation.billing_period.status = "closed"
    invitation.billing_period.save()
    answer = signed_in(w.contact).post(link(invitation), {"answer": "accept"})
    assert answer.status_code == 409
    assert "The billing period is closed" in text_of(answer)


def test_declining_keeps_the_words_and_can_be_undone(w, invitation):
    """V-1."""
    client = signed_in(w.contact)
    assert client.post(link(invitation), {"answer": "decline", "words": "On hold"}).url == "/bills/"
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.words) == ("declined", "On hold")
    assert "“On hold”" in text_of(client.get(link(invitation)))
    client.post(link(invitation), {"answer": "accept"})
    invitation.refresh_from_db()
    assert invitation.answer == "accepted"


@pytest.mark.parametrize("data", [{}, {"answer": "maybe"}, {"answer": "decline", "words": "x" * 501}])
def test_a_broken_answer_is_refused_and_nothing_is_kept(w, invitation, data):
    answer = signed_in(w.contact).post(link(invitation), data)
    assert answer.status_code == 422
    invitation.refresh_from_db()
    assert invitation.answer == ""


def test_after_the_due_date_the_page_says_whom_to_ask_and_takes_no_answer(w, invitation):
    with time_machine.travel(invitation.billing_period.due_date + timedelta(days=2)):
        client = signed_in(w.contact)
        page = text_of(client.get(link(Invitation.objects.get())))
        assert "Ask Dana Cole for more time" in page and "We will bill" not in page
        assert client.post(link(invitation), {"answer": "decline"}).status_code == 409


def test_once_the_bill_exists_the_page_leads_to_it(w, invitation):
    bill = invoices.create(invitation.commitment, invitation.billing_period, by=w.contact)
    page = signed_in(w.contact).get(link(invitation)).content.decode()
    assert at(bill) in page and "We will bill" not in page


def test_the_link_is_worth_nothing_to_anybody_else(w, invitation):
    """V-4, P-8."""
    for who in (person("Una Other", w.company, w.vendor), w.admin, w.owner, world("Harbor Works").contact):
        for answer in (
            signed_in(who).get(link(invitation)),
            signed_in(who).post(link(invitation), {"answer": "accept"}),
        ):
            assert answer.status_code == 404
    invitation.refresh_from_db()
    assert invitation.answer == ""


def test_a_false_or_old_link_says_kindly_what_to_do(invitation, settings):
    old = link(invitation)
    for address in ("/invitations/1:false:token/", old[:-3] + "/"):
        answer = Client().get(address)
        assert answer.status_code == 404
        assert "This link no longer works" in text_of(answer)
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.INVITATION_LINK_AGE + 60)):
        assert "send the invite again" in text_of(Client().get(old))


# Taking the answer back


def test_an_answer_is_taken_back_until_the_due_date_as_if_there_had_been_none(w, invitation):
    """V-1."""
    client = signed_in(w.contact)
    assert "Take the answer back" not in text_of(client.get(link(invitation)))
    client.post(link(invitation), {"answer": "decline", "words": "On hold"})
    assert "Take the answer back" in text_of(client.get(link(invitation)))
    page = client.post(link(invitation), {"answer": "take_back"}, follow=True)
    assert "taken back" in text_of(page) and "We will bill" in text_of(page)
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.words, invitation.answered_by) == ("", "", None)
    assert Invitation.objects.unanswered().get() == invitation
    client.post(link(invitation), {"answer": "take_back"})
    verbs = [event.verb for event in Event.objects.about(invitation)]
    assert verbs == ["took back the answer", "declined the invite", "invited to bill"]
    client.post(link(invitation), {"answer": "decline"})
    with time_machine.travel(invitation.billing_period.due_date + timedelta(days=2)):
        assert signed_in(w.contact).post(link(invitation), {"answer": "take_back"}).status_code == 409
    with pytest.raises(NotAllowed):
        invitations.take_back(invitation, by=w.admin)


# Not me


@pytest.fixture
def others(w, invitation):
    """Another contact of the same commitment, one of other work of the vendor, and people who are neither."""
    commitment = invitation.commitment
    here, elsewhere = person("Hana Here", w.company, w.vendor), person("Eli Elsewhere", w.company, w.vendor)
    commitments.add_contact(commitment, here, by=w.admin)
    commitments.add_contact(w.commitment(contact=False), elsewhere, by=w.admin)
    bolt = Vendor.objects.create(company=w.company, name="Bolt Electric")
    stranger = person("Bo Bolt", w.company, bolt)
    commitments.add_contact(w.commitment(contact=False, vendor=bolt), stranger, by=w.admin)
    colleague = person("Una Unnamed", w.company, w.vendor)
    left = person("Lou Left", w.company, w.vendor)
    commitments.add_contact(commitment, left, by=w.admin)
    left.memberships.update(is_active=False)
    Mail.objects.all().delete()
    return {"here": here, "elsewhere": elsewhere, "stranger": stranger, "colleague": colleague, "left": left}


def pass_on(w, invitation, to, words=""):
    data = {"answer": "pass_on", "pass-to": getattr(to, "pk", to), "pass-words": words}
    return signed_in(w.contact).post(link(invitation), data)


def rights() -> tuple:
    """Everything that lets somebody see or do something."""
    contacts = set(InvoiceContact.objects.values_list("commitment", "person"))
    listed = set(Commitment.access_list.through.objects.values_list("commitment", "person"))
    return contacts, listed, set(get_user_obj_perms_model(Project).objects.values_list("user", "permission"))


def test_another_contact_of_it_gets_the_link_from_the_one_it_was_sent_to(w, invitation, others):
    before = rights()
    page = signed_in(w.contact).get(link(invitation)).content.decode()
    assert "Hana Here" in page and "Eli Elsewhere" in page and "decides" in page
    assert not any(name in page for name in ("Bo Bolt", "Una Unnamed", "Lou Left"))
    answer = pass_on(w, invitation, others["here"], "Yours, I think")
    assert answer.url == "/bills/"
    mail = Mail.objects.get()
    assert (mail.to, mail.reply_to) == (others["here"], w.contact.email)
    assert "Yours, I think" in mail.text and "/invitations/" in mail.text
    token = mail.text.partition("/invitations/")[2].partition("/")[0]
    assert Invitation.named_by(token).addressee == others["here"]
    event = Event.objects.about(invitation).first()
    assert (event.verb, event.reason, event.changes) == (
        "passed the invite on",
        "Yours, I think",
        {"to": ["", "Hana Here"]},
    )
    invitation.refresh_from_db()
    assert invitation.answer == "" and rights() == before


def test_a_contact_of_other_work_is_only_proposed_to_the_project_team(w, invitation, others):
    before = rights()
    page = pass_on(w, invitation, others["elsewhere"])
    assert page.status_code == 302
    mail = Mail.objects.get()
    assert mail.to == w.admin and "Eli Elsewhere" in mail.text and "/invitations/" not in mail.text
    assert rights() == before
    assert signed_in(others["elsewhere"]).get(link(invitation)).status_code == 404


def test_somebody_else_is_named_to_the_project_team_in_words(w, invitation, others):
    assert pass_on(w, invitation, "team").status_code == 422
    answer = pass_on(w, invitation, "team", "Our new estimator, Nia Next, nia@acme.example")
    assert answer.status_code == 302
    mail = Mail.objects.get()
    assert mail.to == w.admin and "nia@acme.example" in mail.text and "nia@acme.example" in mail.html
    assert not Person.objects.filter(email="nia@acme.example").exists()


def test_all_administrators_hear_of_it_when_the_inviter_is_none_any_more(w, invitation, others):
    set_level(w.admin, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    pass_on(w, invitation, "team", "Ask Nia")
    assert Mail.objects.get().to == w.second_admin


@pytest.mark.parametrize("to", ["stranger", "colleague", "left", "", "0", "9" * 40, "everybody"])
def test_nobody_else_can_be_chosen(w, invitation, others, to):
    """R62."""
    answer = pass_on(w, invitation, others.get(to, to), "Please")
    assert answer.status_code == 422 and "was not passed on" in text_of(answer)
    assert not Mail.objects.exists()
    if to in others:
        with pytest.raises(Refused):
            invitations.pass_on(invitation, others[to], by=w.contact)


def test_only_its_contacts_pass_it_on_and_only_until_the_due_date(w, invitation, others):
    for by in (w.admin, others["elsewhere"], others["stranger"]):
        with pytest.raises(NotAllowed):
            invitations.pass_on(invitation, others["here"], by=by)
    with time_machine.travel(invitation.billing_period.due_date + timedelta(days=2)):
        assert pass_on(w, invitation, others["here"]).status_code == 409


def test_passing_on_is_limited(w, invitation, others, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"invitation_forward": "2/h/user"}
    answers = [pass_on(w, invitation, others["here"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 422]
    assert "Wait a while" in text_of(answers[-1]) and Mail.objects.count() == 2


# The link of a mail, and a new one for an old one


def mailed_link(invitation, who) -> str:
    return reverse("invitation", args=[invitation.token_for(who)])


def too_old(invitation, who) -> str:
    with time_machine.travel(timezone.now() - timedelta(days=90)):
        return mailed_link(invitation, who)


def test_the_link_of_a_mail_fills_in_whom_it_was_sent_to_and_signs_nobody_in(w, invitation):
    """V-4, 9.9."""
    client = Client()
    page = client.get(mailed_link(invitation, w.contact)).content.decode()
    assert f'name="email" value="{w.contact.email}"' in page and "we mail you six digits" in page
    assert "_auth_user_id" not in client.session
    answer = client.post(
        "/accounts/login/code/", {"email": w.contact.email, "next": mailed_link(invitation, w.contact)}
    )
    assert answer.status_code == 302
    answer = client.post(
        answer.url.partition("?")[0], {"code": code_in_mail(), "next": mailed_link(invitation, w.contact)}
    )
    assert answer.url.startswith("/invitations/")
    assert "We will bill" in text_of(client.get(answer.url))


def test_the_link_of_a_mail_dies_with_the_place_of_its_reader(w, invitation):
    """R97."""
    address = mailed_link(invitation, w.contact)
    assert Client().get(address).status_code == 200
    commitments.remove_contact(invitation.commitment.invoice_contacts.get(), by=w.admin)
    page = Client().get(address)
    assert page.status_code == 404 and invitation.commitment.title not in text_of(page)


def test_for_a_link_that_is_too_old_a_new_one_is_mailed_to_the_same_address(w, invitation, others):
    old = too_old(invitation, w.contact)
    page = Client().get(old)
    assert page.status_code == 404 and "Mail me a new link" in text_of(page)
    assert w.contact.email not in text_of(page)
    Client().post(f"{old}again/")
    mail = Mail.objects.get()
    assert mail.to == w.contact
    token = mail.text.partition("/invitations/")[2].partition("/")[0]
    assert Client().get(f"/invitations/{token}/").status_code == 200


def test_every_answer_to_asking_for_a_new_link_is_the_same(w, invitation, others):
    """R76, R92: whoever asks learns nothing."""
    addresses = [
        too_old(invitation, w.contact),
        too_old(invitation, others["left"]),
        too_old(invitation, others["stranger"]),
        mailed_link(invitation, w.contact),
        link(invitation),
        "/invitations/1:false:token/",
    ]
    pages = [Client().post(f"{address}again/") for address in addresses]
    texts = {
        re.sub(r'value="\w{64}"|"x-csrftoken": "\w+"|Request [0-9a-f]{8}|[0-9a-f-]{36}', "", page.content.decode())
        for page in pages
    }
    assert {page.status_code for page in pages} == {200} and len(texts) == 1
    assert [mail.to for mail in Mail.objects.all()] == [w.contact], "only whose link was too old, and who is a contact"


def test_an_old_link_that_names_nobody_is_replaced_for_every_contact(w, invitation, others):
    with time_machine.travel(timezone.now() - timedelta(days=90)):
        old = link(invitation)
    Client().post(f"{old}again/")
    assert {mail.to for mail in Mail.objects.all()} == {w.contact, others["here"]}


def test_no_new_link_to_an_invite_that_is_over(w, invitation, others):
    old = too_old(invitation, w.contact)
    invitation.billing_period.status = "closed"
    invitation.billing_period.save()
    assert Client().post(f"{old}again/").status_code == 200
    assert not Mail.objects.exists()


def test_new_links_are_limited_like_those_of_other_mails(w, invitation, others):
    old = too_old(invitation, w.contact)
    assert {Client().post(f"{old}again/").status_code for _ in range(5)} == {200}
    assert Mail.objects.count() == 2


def test_the_answers_stand_on_the_page_of_the_link_and_one_pressed_there_waits_for_its_second_press(w, invitation):
    """9.9: nothing is answered by a link, nor by coming back from the sign-in page."""
    link = mailed_link(invitation, w.contact)
    page = text_of(Client().get(link))
    for value, words in (("accept", "We will bill"), ("decline", "Nothing to bill"), ("pass_on", "Not me: pass it on")):
        assert f'name="next" value="{link}?answer={value}"' in page and words in page
    back = text_of(signed_in(w.contact).get(f"{link}?answer=decline"))
    assert "press “Nothing to bill” once more" in back
    invitation.refresh_from_db()
    assert invitation.answer == ""
    assert "once more" not in text_of(signed_in(w.contact).get(f"{link}?answer=<script>"))
