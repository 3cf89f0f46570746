"""What goes to accounting before its owner has approved it, where a company sends that too (6.2)."""

from datetime import date

import pytest

from directory.models import Company, Vendor
from directory.models.companies import Policy
from directory.refusals import NotNow, Refused
from erp_integrations.actions import exports
from erp_integrations.models import ErpSettings, ExportStatus, InvoiceExport
from erp_integrations.money_stages import stages
from erp_integrations.overdue import groups
from invoicing.actions import amounts, invoices, reviews
from invoicing.calculations.money import ZERO
from invoicing.models import Commitment, Invoice, Verdict
from invoicing.turns import Turn, turn_of
from tests.erp_integrations.world import D, SageWorld, sage_world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def sage():
    sage = sage_world()
    ErpSettings.objects.update(sendable=ErpSettings.Sendable.WITH_PENDING)
    return sage


def held(sage: SageWorld, commitment: Commitment | None = None) -> Invoice:
    bill = sage.base.submitted(sage.base.draft(commitment or sage.commitment()))
    reviews.approve_the_rest(bill, by=sage.base.admin)
    return invoices.hold_for_owner(Invoice.objects.get(pk=bill.pk), by=sage.base.admin)


def figures_of(invoice: Invoice) -> tuple:
    lines = invoice.lines.values_list("work_this_period", "work_retainage", "verdict", "verdict_by", "verdict_at")
    names = ("gross_this_period", "retainage_newly_held", "retainage_released", "total_completed_and_stored")
    return tuple(lines), tuple(getattr(invoice, name) for name in names)


def with_status(sage: SageWorld, status: str) -> InvoiceExport:
    """Held for the owner, and brought that far on its way to accounting."""
    if status == "ready_to_export":
        return sage.sent(held(sage))
    export = sage.exported(held(sage))
    if status == "posted":
        exports.confirm(export, by=sage.approver, record_number="71")
    return InvoiceExport.objects.get(pk=export.pk)


@pytest.mark.parametrize("move", ["approve", "approve_as_noted"])
@pytest.mark.parametrize("status", ["ready_to_export", "exported", "posted"])
def test_the_owners_approval_follows_and_changes_no_figure(sage, status, move):
    """Else no later bill of the commitment could ever be approved."""
    export = with_status(sage, status)
    invoice = Invoice.objects.get(pk=export.invoice_id)
    figures, since = figures_of(invoice), invoice.waits_since
    approve = getattr(invoices, move)
    approve(invoice, by=sage.base.second_admin, comment="By their mail of today")
    now = Invoice.objects.get(pk=invoice.pk)
    assert now.is_certified and now.approved_by == sage.base.second_admin
    assert (figures_of(now), now.waits_since, now.is_locked) == (figures, since, True)
    assert InvoiceExport.objects.get(pk=export.pk).status == status
    sage.next_month()
    assert sage.approved(invoice.commitment).is_certified, "the next one goes on from it"
    if status == "ready_to_export":
        assert sage.accepted(InvoiceExport.objects.get(pk=export.pk)).facts.invoices[0].status == now.status


def test_the_team_approves_it_on_its_page_while_accounting_has_it(sage):
    invoice = sage.exported(held(sage)).invoice
    client = signed_in(sage.base.second_admin)
    page = client.get(at(invoice, "review-finish"))
    assert {each.name for each in page.context["decision"].options} == {"approve", "approve_as_noted"}
    assert "Not offered: Send back. It was sent to ERP. It stands in an import file: have" in text_of(page)


def test_until_then_it_waits_for_the_owner_once_accounting_is_done(sage):
    export = with_status(sage, "posted")
    rows = Invoice.objects.with_turn()
    assert turn_of(rows.get(pk=export.invoice_id), sage.base.project) == Turn.OWNER
    invoices.approve(Invoice.objects.get(pk=export.invoice_id), by=sage.base.second_admin)
    assert turn_of(rows.get(pk=export.invoice_id), sage.base.project) == Turn.NOBODY


@pytest.mark.parametrize("move", ["send_back", "reopen"])
def test_the_owner_can_decline_what_is_in_a_file_only_once_it_is_voided(sage, move):
    export = sage.exported(held(sage))

    def decline():
        invoice = Invoice.objects.get(pk=export.invoice_id)
        if move == "reopen":
            return invoices.reopen(invoice, by=sage.base.admin, reason="The owner says no")
        return invoices.send_back(invoice, by=sage.base.admin, comment="The owner says no")

    with pytest.raises(NotNow, match="stands in an import file: have accounting void it first, once Sage holds it no"):
        decline()
    exports.void(export, by=sage.all_rights(), reason="The owner says no", sage_holds_it_no_more=True)
    assert decline().status in ("under_review", "revise_and_resubmit")


def rejected(sage: SageWorld, allowed: str | None = None) -> Invoice:
    """Held for the owner with its first line rejected, and perhaps less allowed on it."""
    bill = sage.base.submitted(sage.base.draft(sage.commitment()))
    line = bill.lines.first()
    reviews.decide(line, Verdict.REJECTED, "Not poured yet", by=sage.base.admin)
    bill.refresh_from_db()
    if allowed:
        less = {line.pk: {"work_this_period": D(allowed), "allowed_reason": "Half of it"}}
        bill = amounts.save_lines(bill, less, by=sage.base.admin, version=bill.version)
    return invoices.hold_for_owner(Invoice.objects.get(pk=bill.pk), by=sage.base.admin)


def test_what_the_review_rejected_does_not_go(sage):
    """5.1: as no approval passes it; the page says so before the button is pressed."""
    invoice = rejected(sage)
    words = "Rejected and not reduced: line 1. Allow a smaller amount there, or send the invoice back. Reopen its"
    with pytest.raises(NotNow, match=words):
        sage.sent(invoice)
    assert not Invoice.objects.get(pk=invoice.pk).is_locked
    assert words in text_of(signed_in(sage.sender).get(at(invoice, "invoice-erp-send")))
    assert sage.exported(rejected(sage, "500.00")).status == ExportStatus.EXPORTED


def test_what_an_approval_would_be_refused_for_does_not_go(sage):
    """6.2: it could never be approved afterwards."""
    first = held(sage)
    sage.next_month()
    second = held(sage, first.commitment)
    with pytest.raises(NotNow, match="Invoice 1 is Pending Owner Approval. Approve it first."):
        sage.sent(second)
    sage.exported(first)
    invoices.approve(Invoice.objects.get(pk=first.pk), by=sage.base.second_admin)
    Invoice.objects.filter(pk=second.pk).update(gross_this_period=ZERO)
    with pytest.raises(Refused, match="N-8: The gross this period is not the sum of the lines"):
        sage.sent(second)
    Invoice.objects.filter(pk=second.pk).update(gross_this_period=second.gross_this_period)
    Company.objects.update(insurance_policy=Policy.BLOCK)
    Vendor.objects.update(insurance_expires_date=date(2020, 1, 1))
    with pytest.raises(NotNow, match="Or have it approved first, with the reason why it goes ahead without"):
        sage.sent(Invoice.objects.get(pk=second.pk))


def test_whoever_submitted_it_does_not_send_it_unapproved(sage):
    """P-7: nobody else of the project would have looked at it."""
    base = sage.base
    bill = base.submitted(base.draft(sage.commitment(), by=sage.sender), by=sage.sender)
    bill = invoices.hold_for_owner(Invoice.objects.get(pk=bill.pk), by=sage.sender)
    with pytest.raises(NotNow, match="someone else approves it.*someone else sends it as well"):
        sage.sent(bill)


def test_what_is_held_for_its_owner_lies_where_the_picture_counts_it(sage):
    """E-10, R16: else the board says that all is sent, beside a picture of what is not."""
    bill = held(sage)
    [group] = [group for group in groups(sage.company, sage.base.admin, []) if group.label == "Approved, not sent"]
    assert [entry.what.partition(",")[0] for entry in group.entries] == [bill.number]
    assert group.entries[0].since == Invoice.objects.get(pk=bill.pk).waits_since
    [picture] = [stage for stage in stages(sage.company, sage.base.admin) if stage.label == group.label]
    assert (group.count, group.amount) == (picture.count, picture.amount)
