"""The days accounting reads are days of the company's zone, and a project's days are the project's (R24, U10)."""

import re
from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from directory.refusals import Refused
from erp_integrations import exporting
from erp_integrations.actions import batches
from erp_integrations.models import CostCodeLink
from invoicing.actions import invoices
from tests.erp_integrations.pages import at_batch, at_export, queue_url, signed_in, text_of
from tests.erp_integrations.world import CODE
from tests.invoicing.pages import at

HONOLULU = "Pacific/Honolulu"
LAST_EVENING = datetime(2030, 6, 30, 23, 30, tzinfo=ZoneInfo(HONOLULU))  # in UTC it is July by now


@pytest.fixture
def at_moment(monkeypatch):
    """Set the clock to a moment."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def hawaii(sage):
    """A company on Hawaii with a project there."""
    for place in (sage.company, sage.base.project):
        place.time_zone = HONOLULU
        place.save()
    return sage


def test_an_acceptance_on_the_last_evening_of_a_month_is_of_that_month(hawaii, at_moment):
    export = hawaii.sent()
    at_moment(LAST_EVENING)
    batch = hawaii.built(export)
    assert batch.facts.accepted_date == date(2030, 6, 30)
    assert batch.file_name.endswith("_20300630.xlsx")
    assert (
        "Accepted 2030-06-30"
        in exporting.checking.examine(batch.facts, hawaii.lists(), today=hawaii.company.today)
        .rows.rows[0]
        .cell("notes")
        .text
    )


CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2030, 3, 10, 0, 30, tzinfo=CHICAGO),  # an hour and a half before the clocks go forward
        datetime(2030, 3, 10, 23, 30, tzinfo=CHICAGO),
        datetime(2030, 11, 3, 0, 30, tzinfo=CHICAGO),
        datetime(2030, 11, 3, 1, 30, tzinfo=CHICAGO),
        datetime(2030, 11, 3, 1, 30, fold=1, tzinfo=CHICAGO),  # the hour that comes twice
        datetime(2030, 11, 3, 23, 30, tzinfo=CHICAGO),
    ],
    ids=str,
)
def test_the_day_holds_when_the_clocks_change(sage, at_moment, moment):
    export = sage.sent()
    at_moment(moment.astimezone(ZoneInfo("UTC")))
    assert sage.accepted(export).facts.accepted_date == moment.date()


def test_a_second_try_is_dated_in_the_companys_zone(hawaii, at_moment):
    export = hawaii.sent()
    batch = hawaii.accepted(export)
    CostCodeLink.objects.update(code="9999.000")
    exporting.build(batch.pk)
    CostCodeLink.objects.update(code=CODE)
    at_moment(LAST_EVENING)
    assert batches.retry(batch, by=hawaii.approver, ticked=hawaii.warnings(export)).facts.accepted_date.day == 30


def test_the_dry_run_tells_the_day_the_acceptance_would_get(hawaii, at_moment):
    export = hawaii.sent()
    at_moment(LAST_EVENING)
    page = text_of(signed_in(hawaii.approver).get(at_export(export)))
    assert "Accepted 2030-06-30" in page


def test_the_rows_say_of_which_moment_they_are(hawaii, at_moment):
    """9.6: in accounting's zone, on the project's page in that of the project; what is frozen is of its file."""
    export, invoice = hawaii.sent(), hawaii.approved()
    hawaii.base.project.time_zone = "America/Chicago"
    hawaii.base.project.save()
    at_moment(LAST_EVENING)
    client = signed_in(hawaii.approver)
    assert re.search(r"as of <time[^>]*Pacific/Honolulu", text_of(client.get(at_export(export))))
    send = reverse("invoice-erp-send", args=[hawaii.base.project.slug, invoice.commitment.number, invoice.position])
    assert re.search(r"as of <time[^>]*America/Chicago", text_of(signed_in(hawaii.sender).get(send)))
    hawaii.accepted(export)
    assert "as of <time" not in text_of(client.get(at_export(export)))


def test_a_zone_that_is_corrected_after_an_acceptance_builds_what_was_accepted(hawaii, at_moment):
    """S60: in which zone a company counts its days is no change of an invoice."""
    export = hawaii.sent()
    at_moment(LAST_EVENING)
    batch = hawaii.accepted(export)
    hawaii.company.time_zone = "Europe/Berlin"
    hawaii.company.save()
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.file_name[-13:]) == ("ready", "20300630.xlsx"), batch.error


def test_an_insurance_holds_until_the_end_of_its_last_day_where_the_company_is(hawaii, at_moment):
    hawaii.base.vendor.insurance_expires_date = date(2030, 6, 30)
    hawaii.base.vendor.save()
    export = hawaii.sent()
    at_moment(LAST_EVENING)
    assert "S59" not in hawaii.rules_of(export)
    at_moment(LAST_EVENING.replace(month=7, day=1, hour=0))
    assert "S59" in hawaii.rules_of(export)


def test_lists_loaded_in_the_evening_are_of_that_day(hawaii, at_moment, tmp_path):
    (tmp_path / "vendors.csv").write_text("number,name\n7,Newer\n")
    at_moment(LAST_EVENING)
    out = StringIO()
    call_command("load_sage_lists", str(tmp_path), company=hawaii.company.slug, stdout=out)
    assert "as of 2030-06-30" in out.getvalue()


def test_accountings_pages_name_the_companys_zone_whatever_the_projects(sage, at_moment):
    sage.company.time_zone = HONOLULU
    sage.company.save()
    first, second = sage.approved(), sage.approved()
    at_moment(LAST_EVENING)
    export, waiting = sage.sent(first), sage.sent(second)
    batch = sage.built(export)
    client = signed_in(sage.approver)
    for url in (
        queue_url(sage.company),
        queue_url(sage.company, "?tab=exported"),
        at_export(export),
        at_export(waiting),
        at_batch(batch),
        reverse("erp-batches", args=[sage.company.slug]),
    ):
        page = client.get(url).content.decode()
        assert "30 Jun 2030, 11:30 pm HST</time>" in page and "(Pacific/Honolulu)" in page, url
        assert "CDT" not in page, url


def test_a_projects_page_tells_the_projects_zone(sage, at_moment):
    """The same moment, where the work is."""
    sage.company.time_zone = HONOLULU
    sage.company.save()
    invoice = sage.approved()
    at_moment(LAST_EVENING)
    sage.sent(invoice)
    page = signed_in(sage.sender).get(at(invoice)).content.decode()
    assert "1 Jul 2030, 4:30 am CDT</time>" in page


def test_a_bill_can_be_started_until_the_due_day_ends_where_the_project_is(hawaii, at_moment):
    commitment = hawaii.commitment()
    period = hawaii.base.project.billing_periods.get(status="open")
    due = period.due_date
    at_moment(LAST_EVENING.replace(day=due.day))
    assert invoices.create(commitment, period, by=hawaii.base.contact).pk
    at_moment(LAST_EVENING.replace(day=due.day + 1, hour=0))
    with pytest.raises(Refused):
        invoices.create(hawaii.commitment(), period, by=hawaii.base.contact)
