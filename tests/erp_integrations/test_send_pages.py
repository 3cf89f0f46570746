"""The project's side: the dry run, sending one or many, taking back, and what an invoice's page says of accounting."""

import io
import re

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from openpyxl import load_workbook

from directory.permissions import Level, Tool, read_access
from erp_integrations import dry_run_sizes
from erp_integrations.actions import exports
from erp_integrations.models import InvoiceExport, ListKind
from invoicing.models import Invoice
from tests import factories
from tests.astray import astray
from tests.erp_integrations.pages import signed_in, text_of
from tests.erp_integrations.test_told_and_restored import failed_by
from tests.erp_integrations.world import SageWorld, record_number
from tests.invoicing.pages import at


@pytest.fixture
def invoice(sage) -> Invoice:
    return sage.approved()


@pytest.fixture
def client(sage):
    return signed_in(sage.sender)


def many(sage) -> str:
    return reverse("invoices-erp-send", args=[sage.base.project.slug])


def panel(sage: SageWorld, invoice: Invoice, who) -> str:
    request = RequestFactory().get("/")
    request.access = read_access(who, sage.company, sage.base.project)
    template = Template("{% load erp %}{% erp_panel invoice request.access %}")
    html = template.render(Context({"invoice": Invoice.objects.with_context().get(pk=invoice.pk), "request": request}))
    return " ".join(html.split())


# Who


def test_only_a_project_administrator_of_the_company_sends(sage, invoice):
    """P-1, P-8. An outside person never does, not even with a level that somebody gave by mistake."""
    url = at(invoice, "invoice-erp-send")
    assert signed_in(sage.sender).get(url).status_code == 200
    factories.grants.set_level(sage.base.contact, Tool.COMMITMENTS, sage.base.project, Level.ADMIN, by=sage.base.owner)
    outside = signed_in(sage.base.contact)
    assert outside.get(url).status_code == 403
    for there in (url, many(sage), at(invoice, "invoice-erp-retrieve")):
        assert outside.post(there, {"invoice": invoice.pk}).status_code == 403
    for who in (sage.approver, sage.base.staff, sage.base.owner):
        assert signed_in(who).get(url).status_code == 404
    refused = signed_in(sage.base.reader).get(url)
    assert refused.status_code == 403 and "Admin on Commitments" in text_of(refused)
    assert not InvoiceExport.objects.exists()


# The dry run


def test_the_dry_run_shows_the_rows_and_what_will_happen_and_writes_nothing(sage, client, invoice):
    """E-5."""
    answer = client.get(at(invoice, "invoice-erp-send"))
    page = text_of(answer)
    for words in ("What accounting will get", invoice.number, "1000.00", "is locked", f"{sage.approver.name} gets"):
        assert words in page
    assert not InvoiceExport.objects.exists()


def test_sending_locks_the_invoice_and_says_so(sage, client, invoice):
    answer = client.post(at(invoice, "invoice-erp-send"), follow=True)
    assert "was sent to accounting" in text_of(answer)
    invoice.refresh_from_db()
    assert invoice.is_locked and invoice.export.status == "ready_to_export"


def test_what_a_rule_blocks_is_not_sent_and_says_why(sage, client, invoice):
    sage.load(ListKind.COST_CODES, {"code": "9000.000", "name": "Another"})
    url = at(invoice, "invoice-erp-send")
    page = text_of(client.get(url))
    assert "It can’t be sent yet" in page and "Blocks:" in page and 'form="send"' not in page
    answer = client.post(url)
    assert answer.status_code == 422 and "Nothing was done" in text_of(answer)
    assert not InvoiceExport.objects.exclude(status="not_sent").exists()


def test_an_unapproved_invoice_can_be_tried_but_not_sent(sage, client):
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    page = text_of(client.get(at(invoice, "invoice-erp-send")))
    assert "Only an approved invoice can be sent" in page and 'form="send"' not in page and "What Sage will get" in page
    assert client.post(at(invoice, "invoice-erp-send")).status_code == 409


def test_sending_twice_sends_once(sage, client, invoice):
    client.post(at(invoice, "invoice-erp-send"))
    again = client.post(at(invoice, "invoice-erp-send"))
    assert again.status_code == 409 and "no longer possible" in text_of(again)


# What is locked


EXCEPT = "Locked, except for attachments"
AND_THOSE = (
    "Locked, attachments too. Only a void opens it again: by an accounting approver who is Admin on Commitments."
)


def test_the_page_says_what_is_locked_and_the_way_back(sage, invoice):
    """Screens 8, I-4: until it stands in a file more can be attached; then nothing can, and only a void opens it."""
    page = at(invoice) + "?show=files"
    assert "Locked" not in panel(sage, invoice, sage.sender)
    export = sage.sent(invoice)
    told = panel(sage, invoice, sage.sender)
    assert f"{EXCEPT}. Until accounting answers, an Admin on Commitments takes it back." in told
    sage.accepted(export)
    assert f"{EXCEPT}, while its file is built." in panel(sage, invoice, sage.sender)
    for who in (sage.sender, sage.base.contact):
        shown = text_of(signed_in(who).get(page))
        assert "Attach a file" in shown and f"{EXCEPT}</span>" in shown


def test_a_failed_file_leaves_it_locked_until_accounting_rejects_it(sage, invoice):
    """Screens 8, 6.2: that its file is built ends no lock."""
    failed_by(sage, sage.sent(), sage.sent(invoice))
    told = f"{EXCEPT}. A rejection by accounting opens it again; once its file is built, only a void does."
    assert told in panel(sage, invoice, sage.sender)


@pytest.mark.parametrize("is_posted", [False, True], ids=["exported", "posted"])
def test_what_stands_in_a_file_is_locked_with_its_attachments(sage, invoice, is_posted):
    """Screens 8, I-4: and no form offers what would be refused."""
    export = sage.exported(invoice)
    if is_posted:
        exports.confirm(export, by=sage.approver, record_number=record_number())
    assert AND_THOSE in panel(sage, invoice, sage.sender) and EXCEPT not in panel(sage, invoice, sage.sender)
    for who in (sage.sender, sage.base.contact):
        page = text_of(signed_in(who).get(at(invoice) + "?show=files"))
        assert "Attach a file" not in page and "Locked, attachments too</span>" in page


# Taking back


def test_taking_back_unlocks_and_a_second_time_says_why_not(sage, client, invoice):
    url = at(invoice, "invoice-erp-retrieve")
    assert client.post(url).status_code == 409
    client.post(at(invoice, "invoice-erp-send"))
    assert "is taken back" in text_of(client.post(url, follow=True))
    invoice.refresh_from_db()
    assert not invoice.is_locked and invoice.export.status == "retrieved"
    refused = client.post(url)
    assert refused.status_code == 409 and not astray(refused)
    assert client.get(url).status_code == 405


# Many


def test_each_of_many_says_what_became_of_it(sage, client, invoice):
    unapproved = sage.base.submitted(sage.base.draft(sage.commitment()))
    answer = client.post(many(sage), {"invoice": [invoice.pk, unapproved.pk], "asked": "1"})
    page = text_of(answer)
    assert "1 sent to ERP, 1 not" in page and "Only an approved invoice can be sent" in page and "See why" in page
    assert Invoice.objects.get(pk=invoice.pk).is_locked and not Invoice.objects.get(pk=unapproved.pk).is_locked


def test_before_many_are_sent_a_page_says_how_much_which_not_and_what_happens(sage, client, invoice):
    """U6: it leaves the building, so it asks first; what can't go is named with its reason and is not asked for."""
    unapproved = sage.base.submitted(sage.base.draft(sage.commitment()))
    unmapped = sage.base.approved(sage.base.draft(sage.base.commitment()))
    asked = client.post(many(sage), {"invoice": [invoice.pk, unapproved.pk, unmapped.pk]})
    page = text_of(asked)
    for words in (
        "Send 1 invoice to accounting?",
        f"{invoice.current_payment_due:,.2f}",
        "They are locked",
        f"{sage.approver.name} gets one mail",
        "Only an approved invoice can be sent",
        "S55",
    ):
        assert words in page
    assert not InvoiceExport.objects.exists() and not Invoice.objects.get(pk=invoice.pk).is_locked
    assert hidden(asked) == [f"{invoice.pk}:{invoice.version}"]
    sent = client.post(many(sage), {"invoice": hidden(asked), "asked": "1"})
    assert "1 sent to ERP" in text_of(sent) and Invoice.objects.get(pk=invoice.pk).is_locked


def test_sending_many_leads_back_to_the_list_as_it_was_narrowed(sage, client, invoice):
    """9.2, on each way: none chosen, left as they are, sent."""
    narrowed = "?status=approved&q=inv"
    back = reverse("invoices", args=[sage.base.project.slug]) + narrowed
    assert client.post(many(sage) + narrowed).url == back
    asked = client.post(many(sage) + narrowed, {"invoice": invoice.pk})
    linked = f'href="{escape(back)}"'
    assert asked.content.decode().count(linked) == 2, "its breadcrumb, and Leave them as they are"
    assert f'action="{escape(many(sage) + narrowed)}"' in asked.content.decode()
    sent = client.post(many(sage) + narrowed, {"invoice": hidden(asked), "asked": "1"})
    assert sent.content.decode().count(linked) == 2


def test_what_changed_since_the_page_was_shown_is_not_sent(sage, client, invoice):
    """I-5."""
    asked = client.post(many(sage), {"invoice": invoice.pk})
    Invoice.objects.filter(pk=invoice.pk).update(version=invoice.version + 1)
    answer = client.post(many(sage), {"invoice": hidden(asked), "asked": "1"})
    assert "changed since it was shown to you" in text_of(answer)
    assert not Invoice.objects.get(pk=invoice.pk).is_locked


def test_asking_about_many_costs_no_more_than_about_few(sage, client, django_assert_max_num_queries):
    few = [sage.approved().pk]
    with CaptureQueriesContext(connection) as some:
        client.post(many(sage), {"invoice": few})
    lots = few + [sage.approved().pk for _ in range(4)]
    with django_assert_max_num_queries(len(some) + 2):
        assert len(client.post(many(sage), {"invoice": lots}).context["going"]) == 5


def hidden(asked) -> list[str]:
    """What pressing Send would send, each with the version that was seen; the dry run beside it goes without."""
    return re.findall(r'type="hidden" name="invoice" value="([0-9]+:[0-9]+)"', asked.content.decode())


def test_many_of_nothing_leads_back_with_a_word(sage, client):
    for data in ({}, {"invoice": "x"}, {"invoice": "999999"}):
        assert "Choose at least one invoice" in text_of(client.post(many(sage), data, follow=True))


# The panel on the invoice's page


def test_a_contact_never_reads_accountings_reason(sage, invoice):
    exports.reject(sage.sent(invoice), by=sage.approver, reason="They are blacklisted")
    said = panel(sage, invoice, sage.base.contact)
    assert "Waits to go to accounting" in said and "blacklisted" not in said and sage.approver.name not in said
    assert "<a" not in said and "<form" not in said


def test_rejected_and_taken_back_look_different_on_the_invoice(sage, invoice):
    """E-4."""
    exports.reject(sage.sent(invoice), by=sage.approver, reason="Wrong job")
    rejected = panel(sage, invoice, sage.sender)
    assert "tone-bad" in rejected and "“Wrong job”" in rejected and sage.approver.name in rejected
    assert "Send again…" in rejected
    exports.retrieve(sage.sent(invoice), by=sage.sender)
    back = panel(sage, invoice, sage.sender)
    assert "Taken back by Dana Cole" in back and "tone-bad" not in back and "tone-neutral" in back


def test_the_panel_offers_what_the_machine_allows_this_person(sage, invoice):
    assert "Send to ERP…" in panel(sage, invoice, sage.sender)
    assert "Send to ERP…" not in panel(sage, invoice, sage.base.reader)
    export = sage.sent(invoice)
    assert "Take back" in panel(sage, invoice, sage.sender)
    assert "Take back" not in panel(sage, invoice, sage.base.reader)
    sage.built(export)
    assert "Take back" not in panel(sage, invoice, sage.sender)


def test_the_batch_is_linked_only_for_those_who_may_look(sage, invoice):
    sage.exported(invoice)
    assert "EXP-000001" not in panel(sage, invoice, sage.sender)
    assert "/erp/batches/1/" in panel(sage, invoice, sage.all_rights())


def test_before_an_approval_the_panel_is_silent(sage):
    assert panel(sage, sage.base.submitted(sage.base.draft(sage.commitment())), sage.sender) == ""


def test_the_panel_costs_the_same_at_every_stage(sage, invoice, django_assert_max_num_queries):
    lines = sage.exported(invoice)
    access = read_access(sage.all_rights(), sage.company, sage.base.project)
    template = Template("{% load erp %}{% erp_panel invoice access %}")
    context = {"invoice": Invoice.objects.with_context().get(pk=lines.invoice_id), "access": access}
    with django_assert_max_num_queries(8):
        template.render(Context(context))


def test_a_row_of_a_list_says_where_accounting_has_it_in_the_query_of_the_rows(sage, django_assert_num_queries):
    sent, unsent = sage.sent().invoice, sage.approved()
    rejected = sage.sent()
    exports.reject(rejected, by=sage.approver, reason="Wrong job")
    draft = sage.base.draft(sage.base.commitment())
    with django_assert_num_queries(1):
        said = {invoice.pk: invoice.export_status for invoice in Invoice.objects.for_list()}
    assert [said[each.pk] for each in (sent, unsent, rejected.invoice, draft)] == [
        "ready_to_export",
        "not_sent",
        "rejected",
        "",
    ]


def test_the_file_of_a_list_tells_contacts_how_far_a_bill_has_come_and_not_what_accounting_refused(sage):
    """P-1: the page of the list shows them no ERP column either."""
    exports.reject(sage.sent(), by=sage.approver, reason="Wrong job")
    url = reverse("invoices-csv", args=[sage.base.project.slug])
    ours, theirs = (
        b"".join(signed_in(who).get(url).streaming_content).decode() for who in (sage.base.admin, sage.base.contact)
    )
    assert "Rejected by accounting" in ours and "Rejected" not in theirs and theirs.count("\n") == ours.count("\n")


# Before anything is sent


def workbook_of(client, sage, *invoices: Invoice):
    url = reverse("invoices-dry-run", args=[sage.base.project.slug])
    return client.get(url, {"invoice": [invoice.pk for invoice in invoices]})


def test_a_project_checks_one_or_many_as_a_workbook_before_it_sends_any(sage, client, invoice):
    """E-5: at any time, so of a draft too; nothing is written."""
    draft = sage.base.draft(sage.commitment())
    answer = workbook_of(client, sage, invoice, draft)
    assert answer["Content-Disposition"].startswith(f'attachment; filename="dry-run-{sage.base.project.slug}-')
    book = load_workbook(io.BytesIO(answer.content))
    assert "nothing was accepted" in book["Dry run"]["A1"].value
    numbers = {row[2].value for row in book["Dry run"].iter_rows(min_row=3)}
    assert invoice.number in numbers
    said = {(row[0], row[2]) for row in book["Findings"].iter_rows(min_row=2, values_only=True)}
    assert (str(draft), "S55") in said and (invoice.number, "S55") not in said
    assert not InvoiceExport.objects.exists()
    where = reverse("invoices-dry-run", args=[sage.base.project.slug])
    assert f"{where}?invoice={invoice.pk}" in text_of(client.get(at(invoice, "invoice-erp-send")))
    shown = text_of(client.post(many(sage), {"invoice": [invoice.pk, draft.pk]}))
    form = shown.partition(f'<form method="post" action="{where}">')[2].partition("</form>")[0]
    assert set(re.findall(r'name="invoice" value="(\d+)"', form)) == {str(invoice.pk), str(draft.pk)}


def test_a_project_checks_all_that_its_list_finds_however_many_no_address_holds(sage, client, invoice):
    """E-5: the ticked with the version that was seen, or all that match, as its other answers to many."""
    sage.approved()
    listed = reverse("invoices", args=[sage.base.project.slug])
    where = reverse("invoices-dry-run", args=[sage.base.project.slug])
    assert f'formaction="{where}?q=' in text_of(client.get(listed, {"q": invoice.number}))
    rows_of = {}
    for name, data in (("ticked", {"invoice": [f"{invoice.pk}:{invoice.version}"]}), ("all", {"all": "1"})):
        book = load_workbook(io.BytesIO(client.post(where, data).content))
        rows_of[name] = [row[1].value for row in book["Dry run"].iter_rows(min_row=3)]
    assert (rows_of["ticked"].count("H"), rows_of["all"].count("H")) == (1, 2)
    found = load_workbook(io.BytesIO(client.post(f"{where}?q={invoice.number}", {"all": "1"}).content))
    assert [row[2].value for row in found["Dry run"].iter_rows(min_row=3) if row[1].value == "H"] == [invoice.number]
    nothing = client.post(where, {})
    assert (nothing.status_code, nothing.url) == (302, listed) and not InvoiceExport.objects.exists()


def test_the_list_says_how_many_one_workbook_takes_and_more_are_refused_there(sage, client, invoice, monkeypatch):
    """E-5: the other answers take the first 200; of a workbook that lacks some nobody would know which."""
    sage.approved()
    monkeypatch.setattr("invoicing.views.invoice_lists.MOST", 1)
    monkeypatch.setattr("invoicing.forms.keyset.PAGE_SIZE", 1)
    listed = reverse("invoices", args=[sage.base.project.slug])
    where = reverse("invoices-dry-run", args=[sage.base.project.slug])
    page = text_of(client.get(listed))
    assert "Select the first 1 of the 2 that match" in page and "Check as a workbook takes all 2." in page
    assert load_workbook(io.BytesIO(client.post(where, {"all": "1"}).content))["Dry run"].max_row > 4
    assert "match. These are the first" not in text_of(client.get(listed)), "nothing of this turns up later"
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 1)
    assert "Check as a workbook takes all 2; it is made in the background." in text_of(client.get(listed))
    monkeypatch.setattr(dry_run_sizes, "MOST", 1)
    assert "Check as a workbook takes 1 at most: narrow the list to check all that match." in text_of(
        client.get(listed)
    )
    refused = client.post(f"{where}?sort=number", {"all": "1"})
    assert refused.status_code == 302 and refused.url == f"{listed}?sort=number"
    said = text_of(client.get(refused.url))
    assert "One workbook takes 1 invoices at most. Narrow the list." in said
    assert "These are the first" not in said
    assert client.post(f"{where}?sort=number", {}).url == f"{listed}?sort=number"


def test_a_dry_run_has_one_name(sage, client, invoice):
    names = [
        text_of(client.get(reverse("invoices", args=[sage.base.project.slug]))),
        text_of(client.get(at(invoice, "invoice-erp-send"))),
        text_of(client.post(many(sage), {"invoice": [invoice.pk]})),
    ]
    assert all("Check as a workbook" in page for page in names)
    assert not any("Check for ERP" in page or "Check them" in page for page in names)


def test_the_workbook_of_no_invoice_or_of_another_projects_leads_back_to_the_list(sage, client, invoice):
    other = factories.world("Other Builders")
    theirs = other.approved(other.draft(other.commitment()))
    for chosen in ((), (theirs,)):
        answer = workbook_of(client, sage, *chosen)
        assert (answer.status_code, answer.url) == (302, reverse("invoices", args=[sage.base.project.slug]))
    assert workbook_of(signed_in(sage.base.reader), sage, invoice).status_code == 403
