"""A company made to measure on is one that people could have made, and never stands beside one that they did."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count

from benchmarks import bare, lists, measuring, scale
from directory.checks import for_whole_models, left_behind
from directory.models import Company, Event, Person, Project
from erp_integrations.exporting import ledgers
from invoicing.calculations import identities
from invoicing.models import Invoice, Submission
from invoicing.proof import identities_of
from tests.factories import world

pytestmark = pytest.mark.django_db


def test_a_thousand_invoices_are_what_people_could_have_made(monkeypatch):
    """Every identity holds, N-8 among them: the header is the sum of the lines. The lists are measured on it."""
    monkeypatch.setattr(measuring, "RUNS", 1)
    out = StringIO()
    call_command("seed_scale", "--invoices", "1000", stdout=out)
    assert "1,000 invoices, 20,000 lines" in out.getvalue()
    assert (Project.objects.count(), Person.objects.count()) == (scale.PROJECTS, scale.PEOPLE)
    assert not for_whole_models() and not left_behind()
    assert not Event.objects.exists()
    assert not list(ledgers.differences(Company.objects.get(slug=scale.SLUG)))
    assert not any(identities.errors(identities_of(invoice)) for invoice in Invoice.objects.order_by("pk")[::10])
    by_status = {status: count for status, (count, _) in Invoice.objects.by_status().items()}
    assert set(by_status) == set(Invoice.Status.values) and max(by_status, key=by_status.get) == "approved"
    assert Submission.objects.count() == by_status["under_review"]
    most = Invoice.objects.order_by().values("commitment__project").annotate(n=Count("pk")).order_by("-n").first()
    assert most["n"] > 100, "a project that holds more than its share"
    out = StringIO()
    call_command("bench", "F4", stdout=out)
    assert [row.split()[0] for row in out.getvalue().splitlines()] == ["goal", "F4", "F4", "F5", "F6", "F6", "F8"]
    _draws_the_rows_of_the_page()
    seeded = Company.objects.get()
    assert Company.objects.create(name="Next", slug="next").pk > seeded.pk, "ids go on after what was seeded"


def _draws_the_rows_of_the_page():
    """What F4 is measured against."""
    project = Project.objects.get(slug=lists.LARGEST)
    page = measuring.signed_in(Person.objects.get(pk=scale.ADMIN)).get(f"/p/{project.slug}/invoices/", secure=True)
    ours, theirs = (
        re.findall("<tr>.*</tr>(?=</tbody>)", html) for html in (page.content.decode(), bare.table_of(project))
    )
    assert ours == theirs and ours[0].count("</tr>") == 50


def test_a_database_that_holds_a_company_is_left_alone():
    w = world()
    with pytest.raises(CommandError, match="holds a company"):
        call_command("seed_scale", "--invoices", "1000")
    assert list(Company.objects.all()) == [w.company] and not Invoice.objects.exists()


@pytest.mark.parametrize("wrong", ["0", "-1000", "1500"])
def test_other_numbers_are_refused_with_those_that_go(wrong):
    with pytest.raises(CommandError, match="takes 1000, 2000"):
        call_command("seed_scale", f"--invoices={wrong}")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such limit, and nothing to lay anew")
@pytest.mark.django_db(transaction=True)
def test_laying_the_tables_anew_takes_longer_than_a_page_may():
    """The site's limit for a statement is of no account here, and holds again afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1")
    scale.settle()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)
