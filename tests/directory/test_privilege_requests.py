"""Asking for *Can Push to Accounting* (P-5): by a Directory Admin, for somebody else, answered by a site owner once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from directory.actions import people, privileges
from directory.actions.grants import set_level
from directory.audiences import no_longer_meant
from directory.models import AccountingPrivilege, Event, Mail, PrivilegeRequest
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from tests.factories import person, world

pytestmark = pytest.mark.django_db
State = PrivilegeRequest.State


@pytest.fixture
def w():
    w = world()
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    return w


@pytest.fixture
def asked(w):
    return privileges.ask(w.staff, w.company, by=w.admin, reason="Covers for Sam in December")


@pytest.fixture
def desk(client, w):
    """The Directory Admin's browser."""
    client.force_login(w.admin)
    return client


def mailed(about) -> dict[str, str]:
    return {mail.to.name: mail.headline for mail in Mail.objects.about(about).select_related("to")}


def tab(client, w) -> str:
    return client.get(reverse("accounting-approvers", args=[w.company.slug])).content.decode()


# Asking


def test_a_directory_admin_asks_for_a_named_person_and_the_site_owners_are_mailed(w, asked):
    assert (asked.person, asked.state, asked.asked_by) == (w.staff, State.WAITING, w.admin)
    event = Event.objects.about(asked).get()
    assert (event.verb, event.by, event.reason) == ("asked for Can Push to Accounting", w.admin, asked.reason)
    assert mailed(asked) == {"Site Owner": "Dana Cole asks for Can Push to Accounting for Kim Chu"}
    mail = Mail.objects.about(asked).get()
    for part in (mail.text, mail.html):
        assert reverse("admin:directory_privilegerequest_change", args=[asked.pk]) in part
        assert "Covers for Sam in December" in part and "{{" not in part
    assert not read_access(w.staff, w.company).can_push_to_accounting, "asking gives nothing"


@pytest.mark.parametrize("level", [Level.NONE, Level.READ_ONLY, Level.STANDARD])
def test_below_admin_on_the_directory_nobody_asks_or_takes_back(w, asked, level):
    someone = person("Uma Under", w.company)
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, level, by=w.owner)
    with pytest.raises(NotAllowed, match="Admin on Directory"):
        privileges.ask(w.reader, w.company, by=someone, reason="Please")
    with pytest.raises(NotAllowed):
        privileges.take_back(asked, by=someone)


def test_a_site_owner_without_a_level_grants_and_does_not_ask(w):
    with pytest.raises(NotAllowed):
        privileges.ask(w.staff, w.company, by=w.owner, reason="Please")
    people.add_person(w.company, w.owner.email, "Owner", by=w.owner)
    set_level(w.owner, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    with pytest.raises(NotNow, match="grant or decline it in the admin"):
        privileges.ask(w.staff, w.company, by=w.owner, reason="Please")


def test_whoever_asked_reads_the_answer_only_while_a_directory_admin(w, asked):
    """R97."""
    privileges.decline_request(asked, by=w.owner, reason="Not now")
    mails = {mail.to: mail for mail in Mail.objects.about(asked).filter(headline__endswith="declined")}
    assert set(mails) == {asked.asked_by, asked.person}
    set_level(asked.asked_by, Tool.COMPANY_DIRECTORY, w.company, Level.STANDARD, by=w.owner)
    assert "no longer" in no_longer_meant(mails[asked.asked_by]) and not no_longer_meant(mails[asked.person])


def test_nobody_asks_for_themselves(w):
    with pytest.raises(Refused, match="Another Directory Admin") as refusal:
        privileges.ask(w.admin, w.company, by=w.admin, reason="Me")
    assert refusal.value.field == "person"


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("contact", "not employed by"),
        ("stranger", "not employed by"),
        ("left", "not employed by"),
        ("approver", "holds"),
    ],
)
def test_it_is_asked_for_own_active_people_who_do_not_hold_it(w, who, words):
    if who == "stranger":
        someone = world("Harbor Works").staff
    elif who == "left":
        someone = w.reader
        people.deactivate_membership(someone.membership_in(w.company), by=w.owner, reason="Left")
    else:
        someone = getattr(w, who)
    with pytest.raises(Refused, match=words):
        privileges.ask(someone, w.company, by=w.admin, reason="Why not")
    assert not PrivilegeRequest.objects.exists()


def test_it_is_asked_for_one_person_once_at_a_time(w, asked):
    with pytest.raises(Refused, match="is waiting for the site owner already"):
        privileges.ask(w.staff, w.company, by=w.admin, reason="Again")
    with pytest.raises(IntegrityError):
        PrivilegeRequest.objects.create(person=w.staff, company=w.company, asked_by=w.admin, reason="Again")


def test_a_request_is_taken_back_by_any_directory_admin_until_it_is_answered(w, asked):
    second = person("Theo Two", w.company)
    set_level(second, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    assert privileges.take_back(asked, by=second).state == State.TAKEN_BACK
    assert Event.objects.about(asked).first().verb == "took back the request"
    for act in (
        lambda: privileges.take_back(asked, by=w.admin),
        lambda: privileges.grant_request(asked, by=w.owner, reason="Yes"),
        lambda: privileges.decline_request(asked, by=w.owner, reason="No"),
    ):
        with pytest.raises(NotNow, match="answered before: taken back"):
            act()
    assert privileges.ask(w.staff, w.company, by=w.admin, reason="Needed after all").state == State.WAITING


# Answering


def test_the_site_owner_grants_it_and_whoever_asked_and_the_person_are_mailed(w, asked):
    request = privileges.grant_request(asked, by=w.owner, reason="Agreed with the controller")
    assert (request.state, request.answered_by, request.answer) == (
        State.GRANTED,
        w.owner,
        "Agreed with the controller",
    )
    assert request.privilege.person == w.staff
    assert read_access(w.staff, w.company).can_push_to_accounting
    headline = f"Kim Chu can push to accounting for {w.company}"
    assert mailed(request.privilege) == dict.fromkeys(("Kim Chu", "Dana Cole", "Site Owner"), headline)
    assert Event.objects.about(request).first().verb == "granted the request"
    assert Event.objects.about(request.privilege).get().verb == "granted Can Push to Accounting"


def test_the_site_owner_declines_with_a_reason_and_both_are_mailed(w, asked):
    with pytest.raises(Refused) as refusal:
        privileges.decline_request(asked, by=w.owner, reason="  ")
    assert refusal.value.field == "reason"
    request = privileges.decline_request(asked, by=w.owner, reason="Two are enough")
    assert (request.state, request.answer) == (State.DECLINED, "Two are enough")
    assert not read_access(w.staff, w.company).can_push_to_accounting
    headline = "Can Push to Accounting for Kim Chu: declined"
    assert {name: line for name, line in mailed(request).items() if name != "Site Owner"} == dict.fromkeys(
        ("Kim Chu", "Dana Cole"), headline
    )
    assert "Two are enough" in Mail.objects.about(request).filter(to=w.admin).get().text


@pytest.mark.parametrize("by", ["admin", "approver", "contact"])
def test_nobody_but_a_site_owner_answers(w, asked, by):
    by = getattr(w, by)
    by.is_staff = True
    by.save()
    with pytest.raises(NotAllowed, match="site owner"):
        privileges.grant_request(asked, by=by, reason="Yes")
    with pytest.raises(NotAllowed, match="site owner"):
        privileges.decline_request(asked, by=by, reason="No")
    asked.refresh_from_db()
    assert asked.state == State.WAITING


def test_a_request_for_the_site_owner_themselves_is_not_theirs_to_grant(w):
    people.add_person(w.company, w.owner.email, w.owner.name, by=w.owner)
    asked = privileges.ask(w.owner, w.company, by=w.admin, reason="They do the books on Fridays")
    with pytest.raises(Refused, match="themselves"):
        privileges.grant_request(asked, by=w.owner, reason="Of course")
    assert not read_access(w.owner, w.company).can_push_to_accounting


def test_a_request_ends_when_its_person_leaves_the_directory(w, asked):
    people.deactivate_membership(w.staff.membership_in(w.company), by=w.owner, reason="Left")
    asked.refresh_from_db()
    assert (asked.state, asked.answered_by) == (State.DECLINED, w.owner)
    with pytest.raises(NotNow, match="answered before"):
        privileges.grant_request(asked, by=w.owner, reason="Yes")


def test_a_request_whose_login_was_closed_can_only_be_declined(w, asked):
    type(w.staff).objects.filter(pk=w.staff.pk).update(is_active=False)
    with pytest.raises(Refused, match="not employed by"):
        privileges.grant_request(asked, by=w.owner, reason="Yes")
    assert privileges.decline_request(asked, by=w.owner, reason="Left").state == State.DECLINED


def test_a_grant_without_looking_at_the_queue_answers_what_waits(w, asked):
    privilege = privileges.grant(w.staff, w.company, by=w.owner, reason="Told by phone")
    asked.refresh_from_db()
    assert (asked.state, asked.privilege) == (State.GRANTED, privilege)
    assert "Dana Cole" in mailed(privilege)


def test_withdrawing_is_mailed_to_the_person_and_the_site_owners(w):
    """R70."""
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    privileges.withdraw(privilege, by=w.owner, reason="Left accounting")
    assert set(mailed(privilege)) == {"Sam Ruiz", "Site Owner"}


# Until when


def test_a_grant_with_an_end_ends_by_itself_and_can_be_granted_anew(w):
    end = timezone.now() + timedelta(days=3)
    first = privileges.grant(w.staff, w.company, by=w.owner, reason="Holiday cover", ends_at=end)
    assert read_access(w.staff, w.company).can_push_to_accounting
    AccountingPrivilege.objects.filter(pk=first.pk).update(ends_at=timezone.now() - timedelta(hours=1))
    assert not read_access(w.staff, w.company).can_push_to_accounting
    first.refresh_from_db()
    assert first.state_in_words == "Ended" and first.over_at == first.ends_at
    with pytest.raises(NotNow, match="ended by itself"):
        privileges.withdraw(first, by=w.owner, reason="Too late")
    second = privileges.grant(w.staff, w.company, by=w.owner, reason="Cover again")
    first.refresh_from_db()
    assert first.withdrawn_by == w.owner and first.over_at == first.ends_at, "it ended when it ended"
    assert Event.objects.about(first).first().verb == "closed the ended grant"
    assert list(AccountingPrivilege.objects.live().filter(person=w.staff)) == [second]


def test_an_end_that_has_passed_is_refused(w):
    with pytest.raises(Refused, match="last day has passed") as refusal:
        privileges.grant(w.staff, w.company, by=w.owner, reason="Why", ends_at=timezone.now() - timedelta(seconds=1))
    assert refusal.value.field == "last_day"


def test_the_last_day_is_a_day_of_the_company(w):
    w.company.time_zone = "Pacific/Honolulu"
    w.company.save()
    day = w.company.today + timedelta(days=2)
    privilege = privileges.grant(w.staff, w.company, by=w.owner, reason="Cover", ends_at=w.company.end_of(day))
    assert privilege.last_day == day


# The page


def test_everybody_who_may_see_the_directory_sees_who_accepts_and_why(w, client, asked):
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.READ_ONLY, by=w.owner)
    client.force_login(w.reader)
    shown = tab(client, w)
    assert "Sam Ruiz" in shown and "Controller" in shown and "Site Owner" in shown
    assert "Covers for Sam in December" in shown
    assert "Ask the site owner" not in shown and "Take back" not in shown


def test_a_holder_without_a_level_is_shown_as_unable(w, desk):
    privileges.grant(w.reader, w.company, by=w.owner, reason="Not yet on ERP")
    assert "No level to use it" in tab(desk, w)


def test_a_directory_admin_asks_on_the_page_and_takes_back(w, desk):
    typed = {"person": w.reader.pk, "reason": "Second pair of eyes"}
    answer = desk.post(reverse("privilege-ask", args=[w.company.slug]), typed)
    assert answer.status_code == 302
    request = PrivilegeRequest.objects.get()
    assert "Second pair of eyes" in tab(desk, w)
    desk.post(reverse("privilege-take-back", args=[w.company.slug, request.pk]))
    request.refresh_from_db()
    assert request.state == State.TAKEN_BACK


@pytest.mark.parametrize("who", ["admin", "approver", "contact"])
def test_the_form_offers_nobody_who_cannot_get_it(w, desk, who):
    someone = getattr(w, who)
    assert f'<option value="{someone.pk}"' not in tab(desk, w)
    answer = desk.post(reverse("privilege-ask", args=[w.company.slug]), {"person": someone.pk, "reason": "Typed"})
    assert answer.status_code == 422
    assert "Typed" in answer.content.decode(), "nothing typed is lost"
    assert not PrivilegeRequest.objects.exists()


def test_without_a_reason_nothing_is_asked_and_the_page_says_so(w, desk):
    answer = desk.post(reverse("privilege-ask", args=[w.company.slug]), {"person": w.reader.pk, "reason": " "})
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()


def test_a_second_click_on_take_back_is_told_so(w, desk, asked):
    address = reverse("privilege-take-back", args=[w.company.slug, asked.pk])
    assert desk.post(address).status_code == 302
    assert desk.post(address).status_code == 409


def test_the_page_costs_the_same_for_many(w, desk, django_assert_max_num_queries):
    def fill(start):
        for number in range(start, start + 3):
            privileges.grant(person(f"Holder {number}", w.company), w.company, by=w.owner, reason="Why")
            privileges.ask(person(f"Asked {number}", w.company), w.company, by=w.admin, reason="Why")

    fill(0)
    with django_assert_max_num_queries(40) as few:
        tab(desk, w)
    fill(3)
    with django_assert_max_num_queries(len(few)):
        tab(desk, w)
