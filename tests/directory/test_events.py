"""What happened stays as it was written, whoever asks (section 8, R120)."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import PROTECT, ProtectedError

from directory.models import Event, Person
from tests.factories import world

pytestmark = pytest.mark.django_db
OURS = ("directory", "invoicing", "erp_integrations")


@pytest.fixture
def event():
    w = world()
    return Event.objects.record("tested", w.project, by=w.admin, from_state="a", to_state="b", reason="why")


def refused(act) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        act()


def run(sql: str, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_an_event_says_who_what_when_and_why(event):
    event.refresh_from_db()
    assert (event.by_name, event.verb, event.reason) == ("Dana Cole", "tested", "why")
    assert event.project == event.company.projects.get()
    assert event in Event.objects.about(event.project)


def test_who_did_something_stays_named_and_is_not_deleted(event):
    """R125."""
    person = event.by
    type(person).objects.filter(pk=person.pk).update(name="Dana Cole-Winter")
    assert Event.objects.get(pk=event.pk).by_name == "Dana Cole"
    with pytest.raises(ProtectedError), transaction.atomic():
        person.delete()


# What is somebody's own, or says what they may: it goes with them, and says of nobody who did something.
GOES_WITH_A_PERSON = {
    *("AccountInvitation", "EmailChange", "SavedView", "Look", "MadeFile"),
    *("CompanyUserPermission", "ProjectUserPermission", "Person_groups", "Person_user_permissions"),
    *("BillingSettings_distribution_list", "Commitment_access_list"),
}


def test_whoever_stands_in_a_record_is_not_deleted():
    """R125: whoever it names as having done something would be nobody afterwards."""
    ours = [m for m in apps.get_models(include_auto_created=True) if m.__module__.split(".")[0] in OURS]
    loose = {
        model.__name__
        for model in ours
        for field in model._meta.concrete_fields
        if field.related_model is Person and field.remote_field.on_delete is not PROTECT
    }
    assert loose == GOES_WITH_A_PERSON


def test_an_event_of_the_program_itself_has_no_person():
    event = Event.objects.record("swept", world().project, by=None)
    assert (event.by, event.by_name) == (None, "Plumbline")


def test_an_event_is_not_changed_through_the_models(event):
    event.reason = "another"
    refused(event.save)
    refused(lambda: Event.objects.filter(pk=event.pk).update(reason="another"))


def test_an_event_is_not_deleted_through_the_models(event):
    refused(event.delete)
    refused(lambda: Event.objects.all().delete())


@pytest.mark.parametrize(
    "sql",
    ["UPDATE directory_event SET reason = 'x' WHERE id = %s", "DELETE FROM directory_event WHERE id = %s"],
)
def test_an_event_is_not_touched_by_raw_sql(event, sql):
    refused(lambda: run(sql, event.pk))
    event.refresh_from_db()
    assert event.reason == "why"


def test_an_event_is_not_replaced_or_overwritten(event):
    """M17: on SQLite REPLACE would go round the trigger that guards deletes."""
    columns = (
        "id, at, company_id, by_name, verb, subject, subject_text, from_state, to_state, reason, changes, request_id"
    )
    values = "%s, CURRENT_TIMESTAMP, %s, 'x', 'x', 'x', 'x', '', '', 'x', '{}', ''"
    if connection.vendor == "sqlite":
        sql = f"INSERT OR REPLACE INTO directory_event ({columns}) VALUES ({values})"
    else:
        sql = f"INSERT INTO directory_event ({columns}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET reason = 'x'"
    refused(lambda: run(sql, event.pk, event.company_id))
    event.refresh_from_db()
    assert event.reason == "why"


def test_all_events_are_not_truncated_at_once(event):
    refused(lambda: run("DELETE FROM directory_event"))
    if connection.vendor == "postgresql":
        run("SET CONSTRAINTS ALL IMMEDIATE")  # else PostgreSQL refuses for a reason of its own
        refused(lambda: run("TRUNCATE directory_event CASCADE"))
    assert Event.objects.filter(pk=event.pk).exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one through")
def test_what_pages_ask_of_events_costs_no_more_after_seven_years(event):
    """R137: each is found by an index, newest first, however many others there are. The last is the control."""
    company, project = event.company, event.project
    asked = [
        *(Event.objects.about(project)[:50], Event.objects.about(project, company)[:50]),
        *(Event.objects.filter(company=company)[:50], Event.objects.filter(project=project)[:8]),
        Event.objects.of_one(f"directory.project:{project.pk}", by=event.by),
        Event.objects.filter(reason="why"),
    ]
    reads_all = ["SCAN" in plan for plan in (each.explain() for each in asked)]
    assert reads_all == [False] * 5 + [True], [each.explain() for each in asked]
