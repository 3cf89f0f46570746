"""Every file to take away but Sage's own, with a hundred hostile texts among its names (G9, R100, S58).

Sage's file has its own tests, field by field, under erp_integrations/sage100; there also what no form lets through.
"""

import csv
import io
import itertools
import re

import pytest
from django.urls import get_resolver, reverse
from python_calamine import CalamineWorkbook

from directory.actions.grants import set_level
from directory.csv_files import plain_cell
from directory.models import Event, Person, Vendor
from directory.permissions import Level, Tool
from directory.plain_text import tidy, unseen_in
from invoicing.models import Commitment, Invoice, InvoiceLine, ScheduleLine
from tests.erp_integrations.sage100.test_workbook import PAYLOADS, STARTS, assert_no_live_cell
from tests.erp_integrations.world import sage_world
from tests.factories import D
from tests.invoicing.pages import at, signed_in

pytestmark = pytest.mark.django_db
MORE = [start + body for start in STARTS for body in ('WEBSERVICE("http://x.invalid")', "A1", "-1", "NOW()", "$A$1")]
# What a form lets through to a name, each once, so that it can be looked for.
TEXTS = list(dict.fromkeys(t for t in PAYLOADS + MORE if len(t) < 60 and tidy(t) == t and not unseen_in(t)))
NUMBER = re.compile(r"-?\d+(\.\d+)?%?")


@pytest.fixture(scope="module")
def there(standing):
    """A bill of a hundred lines, and as many bills as texts that each have one line: every name one of the texts."""
    with standing():
        w = sage_world()
        texts = itertools.cycle(TEXTS)
        base = w.base
        long = base.commitment([base.line("Line", "10.00") for _ in TEXTS])
        period = base.project.billing_periods.get()
        bill = base.submitted(base.draft(long, period), *({"work_this_period": D("1.00")} for _ in TEXTS))
        for line, text in zip(ScheduleLine.objects.filter(commitment=long).order_by("position"), TEXTS, strict=True):
            ScheduleLine.objects.filter(pk=line.pk).update(description=text)
            InvoiceLine.objects.filter(schedule_line=line).update(note=text, verdict_reason=text)
        for text in TEXTS:
            vendor = Vendor.objects.create(company=base.company, name=text)
            agreed = base.commitment([base.line("Line", "10.00")], vendor=vendor, contact=False)
            made = base.draft(agreed, period, by=base.admin)
            Commitment.objects.filter(pk=agreed.pk).update(title=text)
            if len(text) <= 20:  # a number is no longer
                Invoice.objects.filter(pk=made.pk).update(number=text)
            Event.objects.record("changed", agreed, by=base.admin, reason=text, changes={text: [text, text]})
        Person.objects.filter(pk=base.admin.pk).update(name=next(texts))
        yield w, bill, period


@pytest.fixture
def admin(there):
    w, *_ = there
    for tool in (Tool.COMPANY_DIRECTORY, Tool.ERP_INTEGRATIONS):
        set_level(w.base.admin, tool, w.company, Level.ADMIN, by=w.base.owner)
    return signed_in(w.base.admin)


def test_there_are_a_hundred_of_them():
    assert len(TEXTS) >= 100


def addresses(there) -> dict[str, str]:
    w, bill, period = there
    project, company = [w.base.project.slug], [w.company.slug]
    return {
        "invoices-csv": reverse("invoices-csv", args=project),
        "commitments-csv": reverse("commitments-csv", args=project),
        "period-csv": reverse("period-csv", args=[*project, period.pk]),
        "invoice-csv": at(bill, "invoice-csv"),
        "company-events-csv": reverse("company-events-csv", args=company),
        "erp-report-csv": reverse("erp-report-csv", args=company),
        "invoices-xlsx": reverse("invoices-xlsx", args=project),
        "invoice-workbook": at(bill, "invoice-workbook"),
        "schedule-workbook": reverse("schedule-workbook", args=[*project, bill.commitment.number]),
        "commitments-start-workbook": reverse("commitments-start-workbook", args=project),
    }


def cells_of(answer) -> list[str]:
    """Each cell's text, as another program reads it."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if is_csv(answer):
        cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) for cell in row]
        assert not [cell for cell in cells if is_live(cell)]
        return cells
    assert_no_live_cell(content)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    return [cell for sheet in sheets for row in sheet for cell in row if isinstance(cell, str)]


def is_csv(answer) -> bool:
    return "csv" in answer["Content-Type"]


def is_live(cell: str) -> bool:
    return cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) and not NUMBER.fullmatch(cell)


# Whether each of the texts has a place in the file; else it is of a company or a person, and has one or none.
TELLS = {
    "invoices-csv": True,
    "commitments-csv": True,
    "period-csv": True,
    "invoice-csv": True,
    "company-events-csv": True,
    "erp-report-csv": False,
    "invoices-xlsx": True,
    "invoice-workbook": True,
    "schedule-workbook": True,
    "commitments-start-workbook": False,
}


@pytest.mark.parametrize("name", TELLS)
def test_no_file_to_take_away_holds_a_formula_and_each_text_reads_as_it_was(there, admin, name):
    """In a CSV with an apostrophe before it, where a spreadsheet would calculate it."""
    answer = admin.get(addresses(there)[name])
    assert answer.status_code == 200
    cells = set(cells_of(answer))
    missing = [text for text in TEXTS if (plain_cell(text) if is_csv(answer) else text) not in cells]
    assert missing == [] or not TELLS[name]


def test_every_file_of_ours_is_among_them():
    """A new address that gives a table away is tried here, or says why not."""
    elsewhere = {
        "erp-dry-run", "invoices-dry-run",  # Sage's rows: tests/erp_integrations/sage100
        "cost-codes-workbook",  # what a company uploaded, as a template without a row
    }  # fmt: skip
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    tables = {name for name in names if re.search(r"-(csv|xlsx|workbook)$|dry-run", name)}
    assert tables - elsewhere == set(TELLS)
