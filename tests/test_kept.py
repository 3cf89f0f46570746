"""Questions whose SQL is kept: they answer as Django's own would, and afresh each time."""

from datetime import date, timedelta
from threading import Thread

import pytest
import time_machine
from django.db import NotSupportedError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory import backends, decorators, session_store
from directory.kept import Asked, kept
from directory.models import Person
from directory.permissions import memberships_of
from invoicing import decorators as decorators_of_invoices
from invoicing import proof, separation_of_duties
from invoicing.actions import invoices as acts
from invoicing.forms import keyset
from invoicing.forms.invoice_filters import InvoiceFilter
from invoicing.models import Invoice, InvoiceLine, saved_views
from invoicing.models.invoice_queries import InvoiceQuerySet
from invoicing.views import invoice_lists
from tests.factories import world

pytestmark = pytest.mark.django_db


@kept
def named(name, those):
    return Person.objects.filter(name=name, pk__in=those).order_by("pk")


def listed(sort: str) -> kept:
    return keyset._told(Invoice, InvoiceQuerySet.for_list, InvoiceFilter.sorts[sort], True)


def facts(rows) -> list[dict]:
    return [{name: value for name, value in vars(row).items() if name != "_state"} for row in rows]


def test_each_asking_brings_its_own_values_and_finds_what_is_there_now():
    w = world()
    everybody = Person.objects.values("pk")
    assert named(name=w.admin.name, those=everybody) == [w.admin]
    assert named(name=w.reader.name, those=everybody) == [w.reader]
    assert named(name=w.reader.name, those=everybody.filter(pk=w.admin.pk)) == []
    assert named(name=w.reader.name, those=everybody.none()) == []
    Person.objects.filter(pk=w.reader.pk).update(name="Rae Renamed")
    assert named(name=w.reader.name, those=everybody) == []


def test_kept_questions_find_what_the_query_sets_find():
    w = world()
    w.submitted(w.draft(w.commitment(), w.period(date(2030, 6, 1))))
    w.draft(w.commitment(), w.period(date(2030, 7, 1)))
    now = timezone.now()
    for person in (w.admin, w.contact, w.approver):
        found = backends._logins(person=person.pk, now=now)
        assert [(each.pk, each.may_push) for each in found] == list(
            memberships_of(person.pk).values_list("pk", "may_push")
        )
        assert found[0].person == person and found[0].company == w.company
    assert decorators._running_projects(slug=w.project.slug) == [w.project]
    assert invoice_lists._periods(project=w.project.pk) == list(w.project.billing_periods.all())
    for sort in InvoiceFilter.sorts:
        rows = listed(sort)(ids=Invoice.objects.values("pk")[:50])
        asked = keyset.in_order(Invoice.objects.for_list(), InvoiceFilter.sorts[sort], descending=True)
        assert facts(rows) == facts(asked) and len(rows) == 2


def test_an_invoice_is_locked_and_read_anew_by_questions_that_are_kept():
    invoice = world().draft()
    locked = Invoice.objects.locked(invoice.pk)
    assert facts([locked]) == facts([Invoice.objects.with_context().with_later().get(pk=invoice.pk)])
    Invoice.objects.filter(pk=invoice.pk).update(comment="Anew")
    again = Invoice.objects.locked(invoice.pk)
    assert (again.comment, again.has_later) == ("Anew", False)
    with CaptureQueriesContext(connection) as asked:
        assert again.commitment.project.company and again.commitment.vendor and again.vendor and again.billing_period
    assert not len(asked)
    for there in (Invoice.objects, Invoice.objects.exclude(pk=invoice.pk)):
        with pytest.raises(Invoice.DoesNotExist):
            there.locked(0 if there is Invoice.objects else invoice.pk)


@pytest.mark.django_db(transaction=True)
def test_a_question_that_locks_is_asked_in_a_transaction():
    invoice = world().draft()
    with pytest.raises(TransactionManagementError, match="in a transaction"):
        Invoice.objects.locked(invoice.pk)


def test_a_privilege_that_has_ended_since_the_question_was_put_counts_no_more():
    """R66: the moment is asked with, not kept."""
    w = world()
    ends = timezone.now() + timedelta(hours=1)
    w.approver.privileges.update(ends_at=ends)
    (before,) = backends._logins(person=w.approver.pk, now=ends - timedelta(seconds=1))
    (after,) = backends._logins(person=w.approver.pk, now=ends)
    assert (before.may_push, after.may_push) == (True, False)


def test_what_acts_ask_is_what_the_query_sets_find():
    w = world()
    commitment = w.commitment()
    first = w.approved(w.draft(commitment))
    w.change_order(commitment, [w.line("More", "1000.00")])
    second = w.draft(commitment, w.period(date(2030, 7, 1)))
    visible, number = Invoice.objects.filter(pk=second.pk).values("pk"), commitment.number
    InvoiceLine.objects.filter(invoice=second).update(allowed_by=w.admin)
    asked = [
        (decorators_of_invoices._invoices, {"visible": visible, "number": number, "position": 2}),
        (acts._on_the_way_to, {"commitment": commitment.pk, "period": second.billing_period_id}),
        (proof._lines, {"invoice": second.pk}),
        (proof._billed_before, {"invoice": first.pk}),
        (proof._change_orders_not_on, {"commitment": commitment.pk, "invoice": first.pk}),
        (separation_of_duties._allowed_by, {"invoice": second.pk, "person": w.admin.pk}),
    ]
    for question, values in asked:
        found, expected = question(**values), list(question._ask(**values))
        assert expected and (found if isinstance(expected[0], tuple) else facts(found)) == (
            expected if isinstance(expected[0], tuple) else facts(expected)
        ), question.__name__


def test_what_no_database_holds_is_not_found_and_none_is_not_looked_for(client):
    """As Django does it for a number in an address."""
    w = world()
    invoice = w.draft()
    client.force_login(w.admin)
    where = reverse("invoice", args=[w.project.slug, invoice.commitment.number, 99999999999999999999])
    assert client.get(where).status_code == 404
    with pytest.raises(TypeError, match="None"):
        named(name=None, those=Person.objects.none())


def test_no_moment_stands_still_in_a_kept_question():
    """Put into words in another year each is the same; what changes with the hour is asked with."""
    made = [saved_views._shown(is_external) for is_external in (True, False)]
    made += [listed(sort) for sort in InvoiceFilter.sorts]
    assert {backends._logins, session_store._running, *made} <= set(kept.every)
    with transaction.atomic():
        for question in kept.every:
            told = []
            for year in (2031, 2045):
                with time_machine.travel(date(year, 1, year % 28 + 1)):
                    vars(question).pop("in_words", None)
                    *_, sql, params = question.in_words
                told.append((sql, [param.name if isinstance(param, Asked) else param for param in params]))
            assert told[0] == told[1], question.__name__
            assert any(isinstance(param, Asked) for param in params)


def test_it_is_asked_by_the_connection_of_whoever_asks():
    """Each thread has one of its own; what was put into words in another one is asked all the same."""
    somebody, found = world().admin, []

    def ask():
        found.append(named(name="Nobody Else", those=Person.objects.none()))
        connection.close()

    assert named(name=somebody.name, those=Person.objects.values("pk")) == [somebody]
    other = Thread(target=ask)
    other.start()
    other.join(20)
    assert found == [[]]


def test_a_name_that_the_question_does_not_have_is_refused():
    with pytest.raises(TypeError, match="name, those"):
        named(name="Dana", others=[])


def _planned() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements")
        return cursor.fetchone()[0]


@pytest.fixture
def migrate():
    """Changes the type of a column on a connection of its own, as another process does, and back."""
    longest, other = Person._meta.get_field("name").max_length, connection.copy()

    def alter(length: int):
        with other.cursor() as cursor:
            cursor.execute(f"ALTER TABLE directory_person ALTER name TYPE varchar({length})")

    yield lambda: alter(longest + 9)
    alter(longest)
    other.close()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans in no time")
@pytest.mark.django_db(transaction=True)
class TestPostgresql:
    """F4, F13: what it has planned."""

    def test_a_kept_question_is_planned_once_a_connection_and_nothing_else_is(self):
        person = world().admin
        connection.close()
        for name, found in ((person.name, [person]), ("Nobody", []), (person.name, [person])):
            assert (named(name=name, those=Person.objects.values("pk")), _planned()) == (found, 1)
        for _ in range(12):
            assert Person.objects.get(pk=person.pk) == person
        assert _planned() == 1

    def test_it_is_planned_anew_once_a_migration_has_changed_a_column(self, migrate):
        person, everybody = world().admin, Person.objects.values("pk")
        assert named(name=person.name, those=everybody) == [person]
        migrate()
        assert named(name=person.name, those=everybody) == [person]

    def test_in_a_transaction_the_act_is_refused_as_a_whole_and_the_next_one_is_answered(self, migrate):
        person, everybody = world().admin, Person.objects.values("pk")
        assert named(name=person.name, those=everybody) == [person]
        migrate()
        with pytest.raises(NotSupportedError, match="cached plan"), transaction.atomic():
            named(name=person.name, those=everybody)
        with transaction.atomic():
            assert named(name=person.name, those=everybody) == [person]
