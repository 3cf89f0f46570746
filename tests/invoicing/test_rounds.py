"""The page that says what became of each commitment that was invited or reminded with one click (section 4, 9.2)."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail as outbox
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from directory import tasks
from directory.models import Event, Mail
from directory.refusals import NotAllowed
from invoicing.actions import commitments, invitations, rounds
from invoicing.models import Invitation, InviteRound, InvoiceType
from tests.factories import world
from tests.invoicing.pages import signed_in, text_of
from tests.invoicing.test_board import many

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def at(w, period, name: str, *more) -> str:
    return reverse(name, args=[w.project.slug, period.pk, *more])


def invite(w, period, *chosen, query: str = "", **more):
    data = {"commitment": [each.pk for each in chosen], "invoice_type": InvoiceType.WORK} | more
    return signed_in(w.admin).post(at(w, period, "period-invite") + query, data)


def outcomes(made: InviteRound) -> dict[int, str]:
    return {each["commitment"]: each["outcome"] for each in made.outcomes}


def test_each_is_told_apart_mailed_asked_again_or_refused_with_its_reason(w):
    period = w.period()
    known, fresh, lonely = w.commitment(), w.commitment(), w.commitment(contact=False)
    rounds.invite(period, [known], InvoiceType.WORK, by=w.admin)
    answer = invite(w, period, known, fresh, lonely)
    made = InviteRound.objects.first()
    assert outcomes(made) == {known.pk: "asked_again", fresh.pk: "invited", lonely.pk: "refused"}
    assert answer.url == at(w, period, "period-round", made.pk)
    page = text_of(signed_in(w.admin).get(answer.url))
    for words in ("2 sent, 1 not", "Asked again", "Invited", "It has no invoice contact.", w.contact.email, "Waiting"):
        assert words in page
    assert reverse("commitment-contacts", args=[w.project.slug, lonely.number]) in page


def test_it_can_be_opened_again_and_says_what_became_of_each_mail(w):
    period, commitment = w.period(), w.commitment()
    address = invite(w, period, commitment).url
    tasks.send_mail(Mail.objects.get().pk)
    assert len(outbox.outbox) == 1
    client = signed_in(w.admin)
    for _ in range(2):
        page = text_of(client.get(address))
        assert page.count(w.contact.email) == 1 and ">Sent<" in page.replace("<span>", ">").replace("</span>", "<")
    assert Mail.objects.count() == 1, "looking again asks nobody again"


def test_a_mail_that_was_held_back_says_why(w):
    """R97."""
    period, commitment = w.period(), w.commitment()
    address = invite(w, period, commitment).url
    commitments.remove_contact(commitment.invoice_contacts.get(), by=w.admin)
    tasks.send_mail(Mail.objects.get().pk)
    assert "no longer an invoice contact of it" in text_of(signed_in(w.admin).get(address))


def test_a_round_tells_of_its_own_mails_only(w):
    period, commitment = w.period(), w.commitment()
    first, second = (invite(w, period, commitment).url for _ in range(2))
    client = signed_in(w.admin)
    for address in (first, second):
        assert client.get(address).context["rows"][0].mails != []
        assert len(client.get(address).context["rows"][0].mails) == 1
    mails = [client.get(address).context["rows"][0].mails[0].pk for address in (first, second)]
    assert mails == sorted(set(mails))


def test_reminding_is_told_row_by_row_too(w):
    period = w.period()
    silent, never = w.commitment(), w.commitment()
    rounds.invite(period, [silent], InvoiceType.WORK, by=w.admin)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        client = signed_in(w.admin)
        data = {"commitment": [silent.pk, never.pk]}
        answer = client.post(at(w, period, "period-remind"), data, follow=True)
        page = text_of(answer)
    assert "Reminders: 1 sent, 1 not" in page and "It was not invited yet." in page


def test_who_declined_and_is_asked_again_stands_there_with_what_they_had_said(w):
    """V-1: nothing that was answered goes unsaid."""
    period, commitment, wordless = w.period(), w.commitment(), w.commitment()
    invite(w, period, commitment, wordless)
    invitations.answer(commitment.invitations.get(), False, "no work", by=w.contact)
    invitations.answer(wordless.invitations.get(), False, by=w.contact)
    invite(w, period, commitment, wordless)
    page = text_of(signed_in(w.admin).get(at(w, period, "period-round", InviteRound.objects.first().pk)))
    assert "Asked again" in page and page.count("Declined before") == 2 and "Declined before: “no work”" in page
    told = Event.objects.about(commitment.invitations.get()).first()
    assert told.changes == {"answer": ["declined", ""], "words": ["no work", ""]}


def test_the_periods_timeline_says_who_asked_how_many(w):
    period = w.period()
    invite(w, period, w.commitment(), w.commitment(contact=False))
    event = Event.objects.about(period).first()
    assert (event.verb, event.by, event.changes) == (
        "invited several to bill",
        w.admin,
        {"invited": ["", 1], "not sent": ["", 1]},
    )
    assert "invited several to bill" in text_of(signed_in(w.admin).get(at(w, period, "period"), {"show": "timeline"}))


def test_all_that_match_are_asked_on_every_page(w):
    period = w.period()
    many(w, period, 120)
    w.commitment()
    not_invited = w.project.commitments.filter(invitations=None, invoices=None, invoice_contacts__isnull=False)
    expected = set(not_invited.values_list("pk", flat=True))
    client = signed_in(w.admin)
    page = client.get(at(w, period, "period"), {"state": "not_invited"}).content.decode()
    assert "in this state, on every page" not in page, "they fit on one page"
    Invitation.objects.all().delete()
    w.project.billing_periods.get().invoices.all().delete()
    everybody = set(w.project.commitments.filter(invoice_contacts__isnull=False).values_list("pk", flat=True))
    page = client.get(at(w, period, "period"), {"state": "not_invited"}).content.decode()
    assert f"All {len(everybody)} in this state, on every page" in page and expected < everybody
    invite(w, period, query="?state=not_invited", all="on")
    assert set(outcomes(InviteRound.objects.first())) == everybody
    assert Invitation.objects.count() == len(everybody)


def test_all_without_a_state_that_can_be_asked_means_nobody(w):
    period, commitment = w.period(), w.commitment()
    for query in ("", "?state=under_review", "?turn=team"):
        answer = invite(w, period, query=query, all="on")
        assert answer.status_code == 422 and "Tick at least one commitment" in text_of(answer)
    assert not commitment.invitations.exists()


def test_what_is_no_commitment_of_the_board_is_refused_in_words(w):
    period, other = w.period(), world()
    for name in ("period-invite", "period-remind"):
        for odd in ("x", "9" * 40, str(other.commitment().pk)):
            data = {"commitment": [odd], "invoice_type": InvoiceType.WORK}
            answer = signed_in(w.admin).post(at(w, period, name), data)
            assert answer.status_code == 422 and "Tick again" in text_of(answer)
    assert not InviteRound.objects.exists()


def test_only_the_projects_admins_see_a_round_and_only_what_they_see_in_it(w):
    """P-2, P-8, R62."""
    period, commitment = w.period(), w.commitment()
    made = rounds.invite(period, [commitment], InvoiceType.WORK, by=w.admin)
    address = at(w, period, "period-round", made.pk)
    assert signed_in(w.second_admin).get(address).status_code == 200
    assert signed_in(w.reader).get(address).status_code == signed_in(w.contact).get(address).status_code == 403
    assert signed_in(w.staff).get(address).status_code == 404
    other = w.period(period.start_date.replace(month=7))
    assert signed_in(w.admin).get(at(w, other, "period-round", made.pk)).status_code == 404
    with pytest.raises(NotAllowed):
        rounds.remind(period, [commitment], by=w.reader)


def test_the_page_costs_the_same_for_one_and_for_many(w, django_assert_max_num_queries):
    period = w.period()
    client = signed_in(w.admin)
    addresses = [invite(w, period, w.commitment()).url]
    addresses.append(invite(w, period, *(w.commitment() for _ in range(8))).url)
    with django_assert_max_num_queries(15) as few:
        client.get(addresses[0])
    with django_assert_max_num_queries(len(few)):
        client.get(addresses[1])


def test_what_was_sent_before_the_database_failed_is_kept_with_its_result(w, monkeypatch):
    """9.2."""
    monkeypatch.setattr(invitations, "AT_ONCE", 1)
    period, first, second = w.period(), w.commitment(), w.commitment()
    invite_some, calls = invitations.invite_some, []

    def fails_the_second_time(*args, **rest):
        calls.append(args)
        if len(calls) > 1:
            raise OperationalError("disk full")
        return invite_some(*args, **rest)

    monkeypatch.setattr(invitations, "invite_some", fails_the_second_time)
    with pytest.raises(OperationalError):
        rounds.invite(period, [first, second], InvoiceType.WORK, by=w.admin)
    assert outcomes(InviteRound.objects.get()) == {first.pk: "invited"}
