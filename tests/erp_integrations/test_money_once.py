"""No invoice twice in Sage, no credit or release on one it does not hold, whatever is linked anew in between."""

import pytest
from django.db import IntegrityError, transaction

from directory.models import Vendor
from directory.refusals import NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import unchanged
from erp_integrations.models import (
    CommitmentLink,
    ErpSettings,
    ExportItem,
    InvoiceExport,
    ListKind,
    ProjectLink,
    VendorLink,
)
from erp_integrations.sage100.findings import WARNING, Finding
from invoicing.models import Invoice
from tests import factories
from tests.erp_integrations.test_building import failed_batch
from tests.erp_integrations.test_releases import with_release
from tests.erp_integrations.world import JOB, VENDOR, D, fresh, record_number


def same_in_sage(sage) -> Vendor:
    """A second entry of the directory for the vendor, which holds its Sage number from now on."""
    other = Vendor.objects.create(company=sage.company, name="Acme Concrete (new)")
    link = sage.base.vendor.sage_link
    link.vendor = other
    link.save()
    return other


def billed_by(sage, vendor: Vendor, number: str) -> Invoice:
    contact = factories.person("Noor Vale", sage.company, vendor)
    sage.base.contact = contact
    return sage.approved(sage.commitment(vendor=vendor), number=number)


def test_a_number_of_one_sage_vendor_is_exported_once_whichever_of_our_vendors_bills_it(sage):
    """S11, E-1: what counts is the number that stands in the file, not who carries it in our directory today."""
    first = sage.exported(sage.approved(number="INV-39"))
    twin = billed_by(sage, same_in_sage(sage), "inv-39")
    with pytest.raises(Refused, match="S11.*EXP-000001"):
        sage.sent(twin)
    assert fresh(first)[0].status == "exported"


def test_the_database_itself_holds_a_number_of_a_sage_vendor_in_one_live_place(sage):
    """S11 below the application, and only there: what has left its batch frees the number."""
    sage.exported(sage.approved(number="INV-39"))
    other = sage.sent(sage.approved(number="INV-40"))
    place = ExportItem.objects.get()
    facts = {"company": sage.company, "vendor_number": place.vendor_number, "number_key": place.number_key}
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportItem.objects.create(batch=place.batch, invoice_export=other, position=2, **facts)
    ExportItem.objects.create(batch=place.batch, invoice_export=other, position=2, is_live=False, **facts)


def test_trying_again_after_a_new_link_keeps_the_number_that_goes_into_the_file(sage):
    export = sage.sent()
    batch = failed_batch(sage, export)
    link = sage.base.vendor.sage_link
    link.number = "20199"
    link.save()
    sage.load(ListKind.VENDORS, {"number": "20199", "name": "Acme Concrete"})
    rows = [{"number": each.number, "vendor_number": "20199", "job_number": JOB, "status": 4}
            for each in CommitmentLink.objects.all()]  # fmt: skip
    sage.load(ListKind.SUBCONTRACTS, *rows)
    with pytest.raises(Refused, match="S60: Invoice INV-.* changed after it was accepted: vendor number"):
        batches.retry(batch, by=sage.approver, ticked=sage.warnings(export))
    proposal = exporting.check(fresh(export), exporting.Acceptance.of(batch))
    changed = [exporting.finding_key(change) for change in unchanged.changes(batch, proposal)]
    batches.retry(batch, by=sage.approver, ticked=[*sage.warnings(export), *changed])
    assert ExportItem.objects.get().vendor_number == "20199"


@pytest.mark.parametrize("link", ["moved", "gone"])
def test_voiding_asks_sages_list_for_the_number_that_was_exported(sage, link):
    """6.2: whatever the vendor is linked to now."""
    export = sage.exported()
    sage.load(ListKind.PAYABLE_INVOICES, {"vendor_number": VENDOR, "invoice_number": export.invoice.number})
    if link == "moved":
        same_in_sage(sage)
    else:
        sage.base.vendor.sage_link.delete()
    with pytest.raises(NotNow, match="still holds"):
        exports.void(export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)


def test_each_phase_of_a_job_has_its_own_ledger_account_alone_or_in_company(sage):
    """S30: two projects are two phases of one Sage job; who shares the file changes no account."""
    sage.load(ListKind.JOBS, {"number": JOB, "name": sage.base.project.name, "status": 4, "phases": "1 2"})
    sage.load(ListKind.LEDGER_ACCOUNTS, *({"number": n, "name": n, "type": 13} for n in ("5040", "5060")))
    ProjectLink.objects.update(phase_number="1", account="5040")
    first = sage.sent()
    second_base = factories.world("Second")
    project = second_base.project
    project.company = sage.company
    project.save()
    ProjectLink.objects.create(company=sage.company, project=project, job_number=JOB, phase_number="2", account="5060")
    for who in (sage.base.admin, sage.base.contact):
        factories.grants.set_level(who, factories.Tool.COMMITMENTS, project, factories.Level.ADMIN, by=sage.base.owner)
    old, sage.base.project = sage.base.project, project
    second = sage.sent()
    sage.base.project = old
    rows = exports.preview(fresh(first, second), by=sage.approver).rows.rows
    accounts = {row.text("phase_number"): row.text("ledger_account") for row in rows if row.line_type == "D"}
    assert accounts == {"1": "5040", "2": "5060"}


# Retainage that is released


def test_a_release_waits_until_the_invoice_it_stands_on_is_in_a_file(sage):
    """S51: what is only accepted may still fail, and then Sage never gets it."""
    commitment = sage.commitment()
    batch = sage.accepted(sage.sent(sage.approved(commitment)))
    with pytest.raises(Refused, match="S51"):
        sage.sent(with_release(sage, commitment, "100.00"))
    exporting.build(batch.pk)
    assert sage.sent(commitment.invoices.get(position=2)).status == "ready_to_export"


def test_an_invoice_that_a_release_of_its_own_batch_stands_on_is_not_rejected_before_it(sage):
    """S51, R13: out of a failed batch the release goes first."""
    commitment = sage.commitment()
    first = sage.sent(sage.approved(commitment))
    batch = sage.accepted(first)
    exporting.build(batch.pk)
    release = sage.sent(with_release(sage, commitment, "100.00"))
    exports.void(first, by=sage.all_rights(), reason="Again", sage_holds_it_no_more=True)
    first = sage.sent(first.invoice)
    both = failed_batch(sage, first, release)
    with pytest.raises(NotNow, match="releases retainage on this invoice"):
        exports.reject(fresh(first)[0], by=sage.approver, reason="Wrong job")
    exports.reject(fresh(release)[0], by=sage.approver, reason="Wrong job")
    exports.reject(fresh(first)[0], by=sage.approver, reason="Wrong job")
    both.refresh_from_db()
    assert both.state == "void"


def test_the_oldest_invoice_is_the_one_with_the_earliest_date(sage):
    """S51: a later application may carry an earlier billing date."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    second = sage.exported(sage.approved(commitment))
    Invoice.objects.filter(pk=first.invoice_id).update(billing_date="2030-06-20")
    Invoice.objects.filter(pk=second.invoice_id).update(billing_date="2030-06-10")
    third = sage.sent(with_release(sage, commitment, "150.00"))
    releases = sage.accepted(third).facts.invoices[0].releases
    assert [(r.invoice_number, r.released) for r in releases] == [
        (second.invoice.number, D("100.00")),
        (first.invoice.number, D("50.00")),
    ]


def test_a_mixed_invoice_does_not_release_on_itself_what_an_older_one_holds(sage):
    """S51: the older one was never sent, so it goes first."""
    commitment = sage.commitment()
    sage.approved(commitment)
    with pytest.raises(Refused, match="S51"):
        sage.sent(with_release(sage, commitment, "50.00", work="1000.00"))


# Credits


def test_a_credit_names_the_newest_invoice_with_rows_that_sage_holds(sage):
    """S45: neither a release without rows nor one that was never sent."""
    commitment = sage.commitment()
    bill = sage.exported(sage.approved(commitment))
    sage.exported(with_release(sage, commitment, "50.00"))
    sage.next_month()
    sage.approved(commitment, {"work_this_period": D("300.00")})
    sage.next_month()
    figures = {"work_this_period": D("-200.00"), "note": "Taken back"}
    credit = sage.sent(sage.approved(commitment, figures))
    assert sage.accepted(credit).facts.invoices[0].reference_no == bill.invoice.number


# Ticks, and what Sage made of it


def test_a_tick_is_for_what_was_read_not_for_its_place():
    """E-5: a status, an amount or a severity that changed asks anew."""
    seen = Finding(rule="S18", severity=WARNING, invoice_id="1", value="SC-1", message="Complete.", remedy="Look.")
    changed = [
        Finding(rule="S18", severity=WARNING, invoice_id="1", value="SC-1", message="Closed.", remedy="Look."),
        Finding(rule="S18", severity="error", invoice_id="1", value="SC-1", message="Complete.", remedy="Look."),
    ]
    keys = {exporting.finding_key(each) for each in (seen, *changed)}
    assert len(keys) == 3


def test_one_record_of_sage_is_one_invoice(sage):
    first, second = sage.exported(), sage.exported()
    number = record_number()
    exports.confirm(first, by=sage.approver, record_number=number)
    with pytest.raises(Refused, match=first.invoice.number) as refusal:
        exports.confirm(second, by=sage.approver, record_number=number)
    assert refusal.value.field == "record_number"
    assert fresh(second)[0].status == "exported"


# Many at once are each alone


def test_two_vendors_with_one_number_may_be_asked_about_together(sage):
    """S4 is about a file, and sending makes none: each invoice is checked as it would go."""
    one = sage.approved(number="INV-1")
    vendor = Vendor.objects.create(company=sage.company, name="Ridge Steel")
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme"}, {"number": "20146", "name": "Ridge Steel"})
    VendorLink.objects.create(company=sage.company, vendor=vendor, number="20146")
    other = billed_by(sage, vendor, "INV-1")
    rows = [{"number": each.number, "vendor_number": "20146" if each.commitment.vendor == vendor else VENDOR,
             "job_number": JOB, "status": 4} for each in CommitmentLink.objects.all()]  # fmt: skip
    sage.load(ListKind.SUBCONTRACTS, *rows)
    assert refused_each(sage, one, other) == {}


def test_a_release_asked_about_with_others_blocks_only_itself(sage):
    """S51: releases of invoices that were never sent were thrown together."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    release, work = with_release(sage, commitment, "50.00"), sage.approved()
    assert refused_each(sage, release, work) == {}


def test_what_is_asked_about_with_an_older_one_stands_on_that_only_once_it_is_in_a_file(sage):
    commitment = sage.commitment()
    work = sage.approved(commitment)
    release = with_release(sage, commitment, "50.00")
    assert set(refused_each(sage, work, release)) == {release.pk}


def refused_each(sage, *invoices: Invoice) -> dict[int, set[str]]:
    """{invoice id: the rules that hold it} of invoices that were never sent, asked about at once."""
    some = [InvoiceExport(invoice=Invoice.objects.with_context().get(pk=each.pk)) for each in invoices]
    said = {each.invoice_id: proposal.errors for each, proposal in zip(some, exports.preview_each(some), strict=True)}
    return {pk: {error.rule for error in errors} for pk, errors in said.items() if errors}


def test_a_renamed_company_exports_under_the_name_it_has_in_sage(sage):
    """S8: the lists are the company's own, whatever it is called today."""
    assert ErpSettings.objects.get(company=sage.company).sage_company_name == "Cascade Builders"
    export = sage.sent()
    sage.company.name = "Cascade Builders Group"
    sage.company.save()
    assert "S8" not in sage.rules_of(export)
