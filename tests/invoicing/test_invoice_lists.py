"""The list of invoices: the address is the view; page, tabs, total and file are of the same rows, however many."""

import csv
import io
import re
from datetime import date
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from config.ui.statuses import EXPORT_STATUSES
from directory.models import Project
from erp_integrations.models import ErpSettings, InvoiceExport
from invoicing.actions import invoices, reviews
from invoicing.invoice_rows import HEADINGS
from invoicing.models import Commitment, Invoice
from invoicing.models.invoice_queries import ERP_WORDS
from tests import factories
from tests.factories import D, person, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def ask(w, who=None, name="invoices", **query):
    return signed_in(who or w.admin).get(reverse(name, args=[w.project.slug]), query)


def listed(page) -> list[Invoice]:
    return page.context["page"].rows


def rows_of(answer) -> list[dict]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def many(w, count: int, start: int = 0) -> None:
    """Drafts, quicker than people could make them; each of its own commitment and amount."""
    period = w.project.billing_periods.first() or w.period()
    made = Commitment.objects.bulk_create(
        Commitment(company=w.company, project=w.project, vendor=w.vendor, number=f"SC-9{n:04d}", title="Part")
        for n in range(start, start + count)
    )
    Invoice.objects.bulk_create(
        Invoice(
            commitment=each,
            vendor=w.vendor,
            listed_in_id=each.project_id,
            billing_period=period,
            position=1,
            billing_date=period.due_date,
            period_start_date=period.start_date,
            period_end_date=period.end_date,
            due_date=period.due_date,
            total_completed_and_stored=D(n % 7),
            created_by=w.admin,
        )
        for n, each in enumerate(made)
    )


@pytest.mark.parametrize("sort", ["", "period", "number", "company", "-commitment", "status", "-due", "net", "-net"])
def test_pages_of_fifty_follow_each_other_without_a_gap_and_lead_back(w, sort):
    many(w, 120)
    first = ask(w, sort=sort)
    second = ask(w, sort=sort, after=first.context["page"].after)
    third = ask(w, sort=sort, after=second.context["page"].after)
    pages = [[each.pk for each in listed(page)] for page in (first, second, third)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({pk for page in pages for pk in page}) == 120
    assert third.context["page"].after == first.context["page"].before == ""
    assert [each.pk for each in listed(ask(w, sort=sort, before=third.context["page"].before))] == pages[1]
    commitments = [each.commitment.number for page in (first, second, third) for each in listed(page)]
    assert [row["Commitment"] for row in rows_of(ask(w, name="invoices-csv", sort=sort))] == commitments
    assert "50 of 120" in text_of(first)


def test_the_newest_period_stands_first_and_a_heading_sorts(w):
    june = w.submitted(w.draft(w.commitment(), w.period(date(2030, 6, 1))), {"work_this_period": D("900.00")})
    july = w.submitted(w.draft(w.commitment(), w.period(date(2030, 7, 1))), {"work_this_period": D("100.00")})
    page = ask(w)
    assert listed(page) == [july, june]
    assert 'aria-sort="descending"' in page.content.decode() and "sort=net" in page.content.decode()
    assert listed(ask(w, sort="net")) == [july, june] and listed(ask(w, sort="-net")) == [june, july]
    assert listed(ask(w, sort="nonsense", after="x~y", before="-1")) == [july, june]


def test_five_hundred_in_as_many_projects_cost_no_more_queries_than_ten(w):
    """F5: four of them are the session's and the door's; the top bar asks nothing."""
    many(w, 10)
    client, url = signed_in(w.admin), reverse("invoices", args=[w.project.slug])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    asked()
    few = asked()
    many(w, 490, start=10)
    Project.objects.bulk_create(
        Project(company=w.company, name=f"Other {n}", number=f"O-{n}", slug=f"other-{n}") for n in range(500)
    )
    assert asked() == few <= 8
    url += "?after=" + client.get(url).context["page"].after
    assert asked() <= 8


def test_a_page_reads_its_own_rows_with_few_tables_and_sorts_no_others(w):
    """F4: PostgreSQL orders eight tables at most by itself; nine made it read every invoice there is for fifty."""
    many(w, 60)
    with CaptureQueriesContext(connection) as queries:
        assert len(listed(ask(w))) == 50
    (page,) = (each["sql"] for each in queries if 'AS "changed_lines"' in each["sql"])
    joined = page.partition(' FROM "invoicing_invoice" ')[2].partition(" WHERE ")[0]
    assert 1 <= joined.count(" JOIN ") <= 5 and "SELECT DISTINCT" not in page
    assert "LIMIT 51" in page


@pytest.mark.parametrize("name", ["admin", "reader", "contact"])
def test_rows_and_totals_begin_with_the_project(w, name):
    """F6: by commitments alone PostgreSQL read every invoice of every project to find those of this one."""
    w.draft(w.commitment(is_private=False))
    with CaptureQueriesContext(connection) as queries:
        ask(w, getattr(w, name))
    of_invoices = [each["sql"] for each in queries if 'FROM "invoicing_invoice"' in each["sql"]]
    assert len(of_invoices) == 2
    assert all(f'"listed_in_id" = {w.project.pk}' in sql for sql in of_invoices)


def test_an_invoice_is_listed_where_its_commitment_is_or_the_database_refuses(w):
    invoice, elsewhere = w.draft(w.commitment()), factories.world()
    assert invoice.listed_in == w.project
    with pytest.raises(DatabaseError, match="listed_in_id is not what"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(listed_in=elsewhere.project)


def test_a_billed_commitment_and_its_invoices_never_come_apart_in_the_database(w):
    """F6: whichever side somebody writes to. A commitment without an invoice may still be put elsewhere."""
    invoice, elsewhere = w.draft(w.commitment()), factories.world()
    theirs = elsewhere.commitment()
    with pytest.raises(DatabaseError, match="project_id is repeated by"), transaction.atomic():
        Commitment.objects.filter(pk=invoice.commitment_id).update(project=elsewhere.project)
    with pytest.raises(DatabaseError, match="listed_in_id is not what"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(commitment=theirs)
    Commitment.objects.filter(pk=invoice.commitment_id).update(project=w.project, title="The same project")
    assert Commitment.objects.filter(pk=theirs.pk).update(project=w.project) == 1


def test_the_file_holds_what_is_shown_in_dollars_and_days(w):
    sent = w.approved(w.draft(w.commitment(number="SC-1")), {"work_this_period": D("1000.00")}, number="X-1")
    w.draft(w.commitment(number="SC-2"))
    [row] = rows_of(ask(w, name="invoices-csv", status="approved"))
    assert (row["No."], row["Commitment"], row["Invoice"], row["Status"]) == ("X-1", "SC-1", "1", "Approved")
    assert (row["Total completed and stored"], row["Retainage held"]) == ("1000.00", "100.00")
    assert (row["Net this period"], row["Paid"], row["ERP"]) == ("900.00", "0.00", "Not sent")
    assert row["Due"] == sent.due_date.isoformat()


def test_the_file_calls_its_columns_and_states_as_the_list_does(w):
    """U9. Who must act changes by the hour and stands on the page alone."""
    w.submitted()
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', text_of(ask(w)))
    shown = {re.sub("<[^>]+>", "", head).strip() for head in heads} - {"", "Who must act"}
    assert {"No.", "ERP", "Net this period"} <= shown <= set(HEADINGS)
    approved = w.approved(w.draft(w.commitment(number="SC-77")))
    row = next(row for row in rows_of(ask(w, name="invoices-csv")) if row["Commitment"] == "SC-77")
    told = re.search(
        rf'/{approved.position}/">.*?data-label="ERP">(.*?)</td>', ask(w, q="SC-77").content.decode(), re.S
    )
    assert row["ERP"] == re.sub("<[^>]+>", "", told[1]).strip() == "Not sent"
    assert {value: EXPORT_STATUSES[value].label for value in ERP_WORDS} == ERP_WORDS and "failed" in ERP_WORDS


def test_the_workbook_holds_the_rows_of_the_csv_with_numbers_days_and_no_formula(w):
    """9.2, R100, R108."""
    w.vendor.name = "=1+1"
    w.vendor.save()
    sent = w.approved(w.draft(w.commitment(number="SC-1")), {"work_this_period": D("1000.00")}, number="007")
    w.draft(w.commitment(number="SC-2"))
    answer = ask(w, name="invoices-xlsx", status="approved")
    assert answer["Content-Disposition"].endswith('.xlsx"')
    book = load_workbook(io.BytesIO(answer.content))
    headings, row = book.active.iter_rows()
    cells = {heading.value: cell for heading, cell in zip(headings, row, strict=True)}
    assert [heading.value for heading in headings] == list(rows_of(ask(w, name="invoices-csv"))[0])
    assert (cells["No."].value, cells["No."].data_type) == ("007", "s")
    assert (cells["Company"].value, cells["Company"].data_type) == ("=1+1", "s")
    assert (cells["Net this period"].value, cells["Net this period"].data_type) == (900, "n")
    assert cells["Due"].value.date() == sent.due_date and cells["Due"].is_date
    assert len(list(load_workbook(io.BytesIO(ask(w, name="invoices-xlsx").content)).active.iter_rows())) == 3


def test_what_nobody_may_see_is_not_in_the_file_either(w):
    """P-1, P-2."""
    w.draft(w.commitment(number="SC-1"))
    w.draft(w.commitment(number="SC-2", is_private=False))
    stranger = person("Una Other", w.company, w.vendor)
    assert [row["Commitment"] for row in rows_of(ask(w, w.reader, "invoices-csv"))] == ["SC-2"]
    assert {row["Commitment"] for row in rows_of(ask(w, w.contact, "invoices-csv"))} == {"SC-1", "SC-2"}
    assert ask(w, stranger, "invoices-csv").status_code == 404


def status_tabs(page) -> dict[str, int]:
    return {each["label"]: each["count"] for each in page.context["tabs"]}


READY = "Ready for ERP"


def test_a_tab_counts_what_could_be_sent_to_accounting_now(w):
    """9.2; what was taken back waits again, what is with accounting does not, and a contact is told of neither."""
    ready = w.approved(w.draft(w.commitment(number="SC-1")), {"work_this_period": D("1000.00")})
    w.submitted(w.draft(w.commitment(number="SC-2"), ready.billing_period))
    gone = w.approved(w.draft(w.commitment(number="SC-3"), ready.billing_period), {"work_this_period": D("50.00")})
    InvoiceExport.objects.bulk_create([InvoiceExport(invoice=gone)])
    InvoiceExport.objects.update(status="ready_to_export", sent_by=w.admin, sent_at=timezone.now())
    Invoice.objects.filter(pk=gone.pk).update(is_locked=True)
    assert status_tabs(ask(w)) == {"All": 3, "Under Review": 1, "Approved": 2, READY: 1}
    page = ask(w, status="ready_for_erp")
    assert [row.pk for row in listed(page)] == [ready.pk] and page.context["asked"].query == "status=ready_for_erp"
    assert (page.context["count"], page.context["total"]) == (1, D("900.00"))
    assert [row["Commitment"] for row in rows_of(ask(w, name="invoices-csv", status="ready_for_erp"))] == ["SC-1"]
    tab = re.search(r'<a href="([^"]*)" aria-current="page">Ready for ERP <span class="count">1</span>', text_of(page))
    assert tab and "status=ready_for_erp" in tab[1]
    InvoiceExport.objects.update(status="retrieved")
    Invoice.objects.filter(pk=gone.pk).update(is_locked=False)
    assert status_tabs(ask(w))[READY] == status_tabs(ask(w, period=str(ready.billing_period_id)))[READY] == 2
    assert {row.pk for row in listed(ask(w, status="ready_for_erp"))} == {ready.pk, gone.pk}
    theirs = ask(w, w.contact, status="ready_for_erp")
    assert READY not in text_of(theirs) and not theirs.context["form"].is_narrow and theirs.context["count"] == 3


@pytest.mark.parametrize(
    ("sendable", "numbers"),
    [("approvals", {"SC-1", "SC-2"}), ("approved_only", {"SC-1"}), ("with_pending", {"SC-1", "SC-2", "SC-3"})],
)
def test_the_tab_counts_what_the_company_sends_and_no_other_company_says_so(w, sendable, numbers):
    as_noted = partial(invoices.approve_as_noted, comment="Send photos")
    for n, ends in enumerate((invoices.approve, as_noted, invoices.hold_for_owner, None), 1):
        invoice = w.submitted(w.draft(w.commitment(number=f"SC-{n}"), w.project.billing_periods.first()))
        if ends:
            reviews.approve_the_rest(invoice, by=w.admin)
            ends(invoice, by=w.admin)
    chosen = {w.company: sendable, factories.world().company: "with_pending"}
    for company, choice in chosen.items():
        ErpSettings.made_for(company)
        ErpSettings.objects.filter(company=company).update(sendable=choice)
    page = ask(w, status="ready_for_erp")
    assert {row.commitment_number for row in listed(page)} == numbers
    assert status_tabs(page)[READY] == page.context["count"] == len(numbers)


def test_what_waits_to_be_sent_to_accounting_is_listed_counted_kept_and_taken_away(w):
    """9.2, "Ready for ERP"; a contact, who is told nothing of accounting, asks for it in vain."""
    ready = w.approved(w.draft(w.commitment(number="SC-1")), {"work_this_period": D("1000.00")})
    w.submitted(w.draft(w.commitment(number="SC-2"), ready.billing_period))
    gone = w.approved(w.draft(w.commitment(number="SC-3"), ready.billing_period))
    InvoiceExport.objects.bulk_create([InvoiceExport(invoice=gone)])
    InvoiceExport.objects.update(status="ready_to_export", sent_by=w.admin, sent_at=timezone.now())
    page = ask(w, erp="not_sent")
    assert [row.pk for row in listed(page)] == [ready.pk]
    assert (page.context["count"], page.context["total"]) == (1, D("900.00"))
    assert '<option value="not_sent" selected>Not sent</option>' in text_of(page) and "Clear filters" in text_of(page)
    assert page.context["asked"].query == "erp=not_sent", "a saved view remembers it"
    assert [row["Commitment"] for row in rows_of(ask(w, name="invoices-csv", erp="not_sent"))] == ["SC-1"]
    assert [row.commitment_number for row in listed(ask(w, erp="ready_to_export"))] == ["SC-3"]
    assert "None matches ERP: Voided." in text_of(ask(w, erp="voided"))
    assert "None matches Status: Draft, Search: Zz, Net at least: 1,000.00." in text_of(
        ask(w, status="draft", q="Zz", least="1000")
    )
    assert len(listed(ask(w, erp="no such state"))) == 3
    theirs = ask(w, w.contact, erp="not_sent")
    assert 'name="erp"' not in text_of(theirs) and not theirs.context["form"].is_narrow


def test_a_list_without_a_row_speaks_of_bills_to_a_contact_and_of_invoices_to_the_team(w):
    """U9."""
    w.commitment()
    for who, title, none_yet, none_matches in (
        (w.contact, "Bills", "No bills yet", "No bill matches"),
        (w.admin, "Invoices", "No invoices yet", "No invoice matches"),
    ):
        page = text_of(ask(w, who))
        assert f"<title>{title} " in page and none_yet in page
        assert none_matches in text_of(ask(w, who, q="nothing"))
    page = text_of(ask(w, w.contact)).partition("<main")[2].partition("</main>")[0]
    assert "when you bill an open period" in page and "nvoice" not in re.sub("<[^>]*>", " ", page)
