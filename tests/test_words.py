"""The timeline speaks in words: no field name, stored value or id is left in what people read (U9)."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import Context, Template

from config.words import Change, changes_of
from directory import company_forms
from directory.actions import companies, people
from directory.fields import label_of
from directory.models import Company, Event
from erp_integrations import setting_forms
from erp_integrations.actions import batches, exports
from erp_integrations.models import Download, ErpSettings
from invoicing.actions import amounts, invoices, reviews
from invoicing.forms.billing_settings import BillingSettingsForm
from invoicing.models import BillingSettings, Verdict
from tests.erp_integrations.world import ACCOUNTING_DATE, D, SageWorld, fresh, record_number, sage_world

RAW = re.compile(
    r"[a-z]+_[a-z_]+|\b(?:True|False|None)\b|SOV-|\b\d{4}-\d\d-\d\d\b|[0-9a-f]{32}|\b\d+\.\d{4}\b|\w+\.\w+:\d"
)


@pytest.fixture
def sage(db) -> SageWorld:
    return sage_world()


def told(event) -> str:
    """The text of a timeline with this event alone."""
    html = Template("{% timeline events 'UTC' %}").render(Context({"events": [event]}))
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(<svg.*?</svg>|<time.*?</time>)", "", html)).split())


def event_of(subject: str, changes: dict) -> SimpleNamespace:
    return SimpleNamespace(subject=subject, changes=changes)


FORMS_OF_SETTINGS = (
    (Company, company_forms.SettingsForm),
    (BillingSettings, BillingSettingsForm),
    (ErpSettings, setting_forms.SettingsForm),
)


@pytest.mark.parametrize(("model", "form"), FORMS_OF_SETTINGS, ids=lambda each: each.__name__)
def test_a_setting_is_called_on_its_page_as_refusals_mails_and_the_record_call_it(model, form):
    """U9: who is refused for a setting finds it on the page, and who reads that it changed knows which."""
    labels = {
        name: field.label or label_of(model, name) for name, field in form.base_fields.items() if name != "reason"
    }
    assert labels == {name: label_of(model, name) for name in labels}


def test_every_event_of_a_whole_job_reads_as_words(sage):
    base = sage.base
    invoice = sage.base.sent_back(base.draft(sage.commitment()))
    line = invoice.lines.first()
    typed = {"work_this_period": D("500.00"), "note": "Half of it", "work_retainage": D("20.00")}
    typed |= {"work_retainage_is_typed": True, "over_billing_is_waived": True, "stored_new": D("50.00")}
    header = amounts.HeaderEntry(number=invoice.number + "-B", billing_date=invoice.billing_date.replace(day=2))
    invoice = amounts.save_lines(invoice, {line.pk: typed}, by=base.admin, version=invoice.version, header=header)
    invoice = invoices.submit(invoice, by=base.contact, seen=["N-10", "N-13-SOV-001"])
    reviews.decide(line, Verdict.APPROVED, by=base.admin)
    reviews.approve_the_rest(invoice, by=base.admin)
    invoice.refresh_from_db()
    export = sage.sent(invoices.approve(invoice, by=base.admin))
    edit = exports.HeaderEdit(description="Concrete", due_date=ACCOUNTING_DATE)
    exports.change_header(fresh(export)[0], edit, by=base.approver)
    batch = sage.built(export)
    for which in Download.Which:
        batches.download(batch, which, by=base.staff, reason="As CSV")
    exports.confirm(fresh(export)[0], by=base.approver, record_number=record_number())
    people.change_profile(base.admin, name="Dana C. Cole", uses_keys=False)
    changed = {"separate_sender_and_accepter": ["True", "False"], "time_zone": ["America/Chicago", "Pacific/Honolulu"]}
    companies.record_entry(base.company, changed, by=base.owner, is_new=False)
    raw = {found.group(): told(event) for event in Event.objects.all() if (found := RAW.search(told(event)))}
    assert not raw


INVOICE, BATCH = "invoicing.invoice", "erp_integrations.exportbatch"
EXPORT = "erp_integrations.invoiceexport"
CHANGES = [
    (INVOICE, "SOV-012 work this period", "0.00", "1250.00", Change("Line 12, this period", "0.00", "1,250.00")),
    (INVOICE, "SOV-001 quantity this period", "None", "12.5000", Change("Line 1, quantity", "", "12.5")),
    (INVOICE, "SOV-001 note", "", "Half of it", Change("Line 1, note", "", "Half of it")),
    (INVOICE, "SOV-003", "No action", "Rejected", Change("Line 3", "No action", "Rejected")),
    (INVOICE, "number", "", "INV-7", Change("Invoice number", "", "INV-7")),
    (EXPORT, "reference_no", "", "0000-00-00", Change("Reference no", "", "0000-00-00")),
    (EXPORT, "contact", "", "0000-00-00", Change("Contact", "", "0000-00-00")),  # somebody's name, of no field
    (EXPORT, "description", "2026-11-06", "True", Change("Description", "2026-11-06", "True")),
    (INVOICE, "billing_date", "", "2026-11-06", Change("Billing date", "", "Fri 6 Nov 2026")),
    (INVOICE, "status", "draft", "under_review", Change("Status", "Draft", "Under Review")),
    (INVOICE, "warnings seen", "", "N-10, N-13-SOV-004", Change("Warnings seen", "", "N-10, N-13 on line 4")),
    (BATCH, "warnings seen", "", ["S39: a", "S40: b"], Change("Warnings seen", "", "2")),
    (BATCH, "file", "", "xlsx", Change("File", "", "Workbook")),
    ("directory.membership", "uses_keys", True, False, Change("Single-letter keys", "yes", "no")),
    ("directory.project", "is_active", "True", "False", Change("Is active", "yes", "no")),
    ("somewhere.else", "old_name", "", "a value", Change("Old name", "", "a value")),
]


@pytest.mark.parametrize(("subject", "name", "old", "new", "told"), CHANGES)
def test_a_change_is_told_by_name_with_old_and_new(subject, name, old, new, told):
    assert changes_of(event_of(f"{subject}:1", {name: [old, new]})) == [told]


def test_a_digest_stays_in_the_record_and_out_of_the_timeline():
    assert changes_of(event_of("erp_integrations.exportbatch:1", {"snapshot": ["", "ab" * 32]})) == []


def test_the_timeline_tells_the_state_before_and_after(sage):
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    sent = Event.objects.about(invoice).get(to_state="under_review")
    assert "Under Review was Draft" in told(sent)


def test_the_state_of_a_commitment_is_called_as_on_its_page(sage):
    event = Event.objects.about(sage.commitment()).get(verb="entered")
    event.to_state = "partially_received"
    assert "Partially Received" in told(event)


LINE_8_BY_HAND = re.compile(
    r"""(?:<(?:th|dt)\b[^>]*>|label=["']|sorted_heading ")[^<"']*(?:net due|net this period|payment due)""", re.I
)


def test_no_page_names_line_8_by_itself():
    """U9: *current payment due* of one invoice, *net this period* in lists: `labels` says it, by the filter `label`."""
    pages = Path(settings.BASE_DIR, "templates").rglob("*.html")
    assert not {page.name: found[0] for page in pages if (found := LINE_8_BY_HAND.search(page.read_text()))}
