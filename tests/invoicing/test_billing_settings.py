"""How a project bills, as its Admins set it (B-3, B-4, V-2, V-3, section 7)."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, Refused, Stale
from invoicing.actions import billing_settings
from invoicing.models import BillingSettings, Rhythm
from tests.factories import person, world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def page(w) -> str:
    return reverse("billing-settings", args=[w.project.slug])


def typed(**other) -> dict:
    data = {"version": "1", "start_day": "1", "end_day": "31", "due_day": "25", "due_month": "first", "rhythm": "never"}
    data |= {
        "week_starts_on": "0",
        "week_due_after": "4",
        "reminder_days": "0",
        "mails_approval": "on",
        "mails_payments": "on",
    }
    return data | other


def test_an_admin_sets_everything_at_once_with_one_event_of_old_and_new(w):
    answer = signed_in(w.admin).post(
        page(w),
        typed(
            start_day="26",
            end_day="25",
            due_day="20",
            rhythm="weekly",
            week_starts_on="3",
            week_due_after="6",
            by_invitation_only="on",
            invitation_text="Bill gross.\nWe take the retainage off.",
            reminder_days="2",
            mails_approval="",
            distribution_list=[w.admin.pk, w.reader.pk],
        ),
    )
    assert answer.status_code == 302
    settings = BillingSettings.objects.get(project=w.project)
    assert (settings.start_day, settings.end_day, settings.due_day) == (26, 25, 20)
    assert (settings.rhythm, settings.week_starts_on, settings.week_due_after) == (Rhythm.WEEKLY, 3, 6)
    assert settings.by_invitation_only and not settings.mails_approval and settings.reminder_days == 2
    event = Event.objects.about(settings).get()
    assert event.by == w.admin and event.changes["start_day"] == ["1", "26"]
    assert event.changes["distribution_list"] == ["", "Dana Cole, Rae Reader"]
    text = signed_in(w.admin).get(page(w)).content.decode()
    for words in ("Never: we open each one", "Every week", "Thursday", "Every 2 days", "Dana Cole, Rae Reader"):
        assert words in text


def test_saving_what_is_set_already_writes_nothing(w):
    signed_in(w.admin).post(page(w), typed())
    assert not Event.objects.filter(verb="changed the billing settings").exists()
    assert not BillingSettings.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("start_day", "0", "greater than or equal to 1"),
        ("end_day", "32", "less than or equal to 31"),
        ("due_day", "soon", "whole number"),
        ("rhythm", "yearly", "not one of the available choices"),
        ("week_starts_on", "7", "not one of the available choices"),
        ("week_due_after", "28", "less than or equal to 27"),
        ("reminder_days", "4", "not one of the available choices"),
        ("invitation_text", "x" * 2001, "at most 2000"),
        ("invitation_text", "a\u202eb", "an invisible character"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field_and_the_rest_stays_typed(w, field, value, words):
    answer = signed_in(w.admin).post(page(w), typed(by_invitation_only="on") | {field: value})
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["by_invitation_only"].value() is True
    assert not BillingSettings.objects.exists()


def test_only_own_people_who_can_see_the_project_are_told_of_its_bills(w):
    """They would read in the mail what the pages don't show them."""
    stranger = person("Sid Stranger", w.company)
    offered = signed_in(w.admin).get(page(w)).context["form"].fields["distribution_list"].queryset
    assert {each.name for each in offered} == {"Dana Cole", "Ola Berg", "Rae Reader"}
    for other in (stranger, w.contact):
        answer = signed_in(w.admin).post(page(w), typed(distribution_list=[other.pk]))
        assert answer.status_code == 422
        with pytest.raises(Refused) as refused:
            billing_settings.change(w.project, {"distribution_list": [other]}, by=w.admin, version=1)
        assert refused.value.field == "distribution_list"


def test_whoever_lost_their_level_is_no_longer_told(w):
    """R97."""
    billing_settings.change(w.project, {"distribution_list": [w.second_admin, w.reader]}, by=w.admin, version=1)
    set_level(w.reader, Tool.COMMITMENTS, w.project, Level.NONE, by=w.owner)
    invoice = w.submitted()
    assert [mail.to for mail in Mail.objects.about(invoice)] == [w.second_admin]


def test_two_who_save_at_once_see_both_versions_and_nothing_is_lost(w):
    billing_settings.change(w.project, {"due_day": 20}, by=w.second_admin, version=1)
    client = signed_in(w.admin)
    answer = client.post(page(w), typed(due_day="15", reminder_days="1"))
    text = answer.content.decode()
    assert answer.status_code == 409 and "Somebody saved these settings" in text
    rows = {each.label: (each.theirs, each.mine) for each in answer.context["differences"]}
    assert rows == {"Bills are due": ("20", "15"), "Remind of unanswered invites": ("Off", "Every day")}
    assert 'name="version" value="2"' in text and 'name="due_day" value="15"' in text
    client.post(page(w), typed(due_day="15", reminder_days="1", version="2"))
    assert BillingSettings.objects.get().due_day == 15


def test_a_version_of_settings_that_nobody_saved_yet_is_told_as_another_one(w):
    """I-5: a form of somewhere else, or of settings that were restored away."""
    client = signed_in(w.admin)
    answer = client.post(page(w), typed(due_day="15", version="7"))
    assert answer.status_code == 409 and 'name="version" value="1"' in answer.content.decode()
    assert {each.label: each.theirs for each in answer.context["differences"]} == {"Bills are due": "25"}
    assert client.post(page(w), typed(due_day="15")).status_code == 302
    assert BillingSettings.objects.get().due_day == 15


def test_only_an_admin_sets_them(w):
    for by in (w.reader, w.contact, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            billing_settings.change(w.project, {"due_day": 20}, by=by, version=1)
    with pytest.raises(Stale):
        billing_settings.change(w.project, {"due_day": 20}, by=w.admin, version=7)


def test_the_page_says_which_period_comes_next_by_these_settings(w):
    w.period()
    billing_settings.change(w.project, {"start_day": 26, "end_day": 25, "due_day": 20}, by=w.admin, version=1)
    text = signed_in(w.admin).get(page(w)).content.decode()
    assert "the next period is Fri 26 Jul 2030 to Sun 25 Aug 2030, bills due Tue 20 Aug 2030" in text


@pytest.mark.parametrize(
    "wrong", [{"start_day": 0}, {"due_day": 32}, {"week_starts_on": 7}, {"week_due_after": 28}, {"reminder_days": 4}]
)
def test_the_database_keeps_days_within_the_calendar(w, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        BillingSettings.objects.create(project=w.project, **wrong)
