"""E-6: what a file said of an invoice can be read after the invoice left it, cell by cell, and what took its place."""

import re

import pytest

from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import Acceptance, check, finding_key
from erp_integrations.models import BatchState, CostCodeLink, ExportBatch, InvoiceExport, ListKind
from invoicing.actions import invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.erp_integrations.pages import at_batch, at_export, queries, signed_in, text_of
from tests.erp_integrations.world import CODE, VENDOR, D, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


def void(sage, export: InvoiceExport) -> None:
    exports.void(fresh(export)[0], by=sage.all_rights(), reason="Wrong sums", sage_holds_it_no_more=True)


def sent_anew(sage, export: InvoiceExport, number: str) -> ExportBatch:
    """Sent back, billed otherwise under another number, and in a file once more."""
    invoice = invoices.reopen(Invoice.objects.get(pk=export.invoice_id), by=sage.base.admin, reason="Wrong sums")
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Too little", by=sage.base.admin)
    invoice = invoices.send_back(invoice, by=sage.base.admin)
    again = sage.base.approved(invoice, {"work_this_period": D("700.00")}, number=number)
    return sage.built(sage.sent(again))


def cells(page) -> list[str]:
    """The texts of the rows that a page shows."""
    return re.findall(r'<td class="code[^"]*">(.*?)</td>', text_of(page))


@pytest.fixture
def first(sage) -> tuple[InvoiceExport, ExportBatch]:
    export = sage.sent(sage.approved(None, {"work_this_period": D("500.00")}, number="A-1"))
    return export, sage.built(export)


def test_a_voided_invoice_still_shows_what_its_file_said_of_it(sage, client, first):
    export, batch = first
    before = client.get(at_export(export))
    void(sage, export)
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Another name", "due_terms": "60DY"})
    page = client.get(at_export(export))
    assert cells(page) == cells(before) and "500.00" in cells(page)
    shown = text_of(page)
    assert f"As it stood in {batch.key}" in shown and f'href="{at_batch(batch)}"' in shown
    assert "How was row" in shown and "Findings when it was accepted" in shown
    assert "Nothing of it is to be imported" in shown
    assert "Change the header" not in shown and "Accept…" not in shown


def test_once_sent_again_both_files_are_there_to_read_and_name_each_other(sage, client, first):
    export, old = first
    void(sage, export)
    new = sent_anew(sage, export, "B-2")
    now = client.get(at_export(export))
    assert "700.00" in cells(now) and "500.00" not in cells(now) and "B-2" in cells(now)
    shown = text_of(now)
    assert f'href="{at_export(export)}?batch={old.number}">As it stood in {old.key}</a>' in shown
    assert re.search(rf"replaced by <a [^>]*>{new.key}</a>", shown)
    former = client.get(at_export(export), {"batch": old.number})
    assert "500.00" in cells(former) and "A-1" in cells(former) and "700.00" not in cells(former)
    shown = text_of(former)
    assert 'A-1 <span class="soft">Acme' in shown and "500.00</dd>" in shown, "its number and sums as they stood there"
    assert f'href="{at_export(export)}">As it stands now</a>' in shown
    assert "row=2&amp;batch=1#how" in shown or "batch=1&amp;row=2#how" in shown, "its cells are explained there"
    row = text_of(client.get(at_export(export), {"batch": old.number, "row": "2"}))
    assert "How was row 2 computed?" in row and "500.00" in row.partition("How was row")[2]
    assert "void" not in former.context["moves"], "nothing is done from what was"
    at_old = text_of(client.get(at_batch(old)))
    assert f'href="{at_export(export)}?batch={old.number}">A-1</a>' in at_old
    assert f'href="{at_export(export)}">B-2</a>' in text_of(client.get(at_batch(new)))


def test_the_file_that_it_stands_in_now_needs_no_page_of_its_own(sage, client, first):
    export, batch = first
    page = client.get(at_export(export), {"batch": batch.number})
    assert cells(page) == cells(client.get(at_export(export))) and page.context["former"] is None
    for unknown in ("7", "x", "0"):
        assert client.get(at_export(export), {"batch": unknown}).status_code == 404


def test_what_was_rejected_before_a_file_was_built_stood_in_none(sage, client):
    """It left no file: the one that its batch is built into later does not hold it."""
    kept, gone = sage.sent(), sage.sent()
    batch = sage.accepted(kept, gone)
    CostCodeLink.objects.update(code="9999.000")
    exporting.build(batch.pk)
    exports.reject(fresh(gone)[0], by=sage.approver, reason="Wrong job")
    CostCodeLink.objects.update(code=CODE)
    seen = check(fresh(kept), Acceptance.of(ExportBatch.objects.get())).findings
    batches.retry(batch, by=sage.approver, ticked=[finding_key(each) for each in seen])
    exporting.build(batch.pk)
    assert ExportBatch.objects.get().state == BatchState.READY
    page = client.get(at_export(gone))
    assert "As it stood in" not in text_of(page) and not cells(page)
    assert client.get(at_export(gone), {"batch": batch.number}).status_code == 404
    assert f'href="{at_export(gone)}"' in text_of(client.get(at_batch(batch)))


def test_it_asks_the_database_no_more_than_any_page_may(sage, client, first):
    export, old = first
    void(sage, export)
    assert queries(client, at_export(export)) <= 15
    sent_anew(sage, export, "B-2")
    assert queries(client, at_export(export)) <= 15
    assert queries(client, at_export(export), {"batch": old.number}) <= 15
