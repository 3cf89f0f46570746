"""What the project does with an approved invoice: send it to accounting, take it back, send it again."""

from datetime import date

import pytest

from directory.actions import grants
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, links
from erp_integrations.models import InvoiceExport, LineLink, ListKind, VendorLink
from invoicing.actions import amounts, change_orders, invoices
from invoicing.models import Invoice
from tests.erp_integrations.pages import at_batch, at_export, boxes, signed_in, text_of
from tests.erp_integrations.world import CODE, JOB, VENDOR, D, SageWorld, fresh


def test_an_admin_sends_an_approved_invoice(sage):
    invoice = sage.approved()
    export = sage.sent(invoice)
    assert export.status == "ready_to_export"
    assert export.sent_by == sage.sender
    invoice.refresh_from_db()
    assert invoice.is_locked


def test_findings_are_stored_when_it_is_sent(sage):
    """E-5: the approver sees what the rules said at that moment."""
    export = fresh(sage.sent())[0]
    assert [finding["rule"] for finding in export.findings] == ["S39"]
    assert "remedy" in export.findings[0]


@pytest.mark.parametrize("role", ["reader", "contact", "approver", "staff", "owner"])
def test_nobody_but_a_project_admin_sends(sage, role):
    invoice = sage.approved()
    with pytest.raises(NotAllowed) as refusal:
        exports.send_one(invoice, by=getattr(sage.base, role))
    assert refusal.value.right == "Admin on Commitments"
    assert not InvoiceExport.objects.filter(invoice=invoice).exists()


def test_an_invoice_that_is_not_approved_is_not_sent(sage):
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    with pytest.raises(NotNow, match="Approve it first"):
        exports.send_one(invoice, by=sage.sender)


def test_an_error_of_the_rules_stops_the_sending_and_says_what_to_do(sage):
    """E-5, S12: the same check as at acceptance, so most problems never arrive there."""
    invoice = sage.approved()
    VendorLink.objects.all().delete()
    with pytest.raises(Refused, match="S12"):
        exports.send_one(invoice, by=sage.sender)
    invoice.refresh_from_db()
    assert not invoice.is_locked
    assert not InvoiceExport.objects.exclude(status="not_sent").exists()


def test_a_bulk_send_answers_row_by_row(sage):
    """One that can't go never holds up the others, and the approvers get one mail."""
    good, bad = sage.approved(), sage.base.approved(sage.base.draft(sage.base.commitment()))
    results = exports.send([good, bad], by=sage.sender)
    assert [bool(result.export) for result in results] == [True, False]
    assert "S55" in results[1].refusal.message
    mails = Mail.objects.filter(to=sage.approver)
    assert [mail.headline for mail in mails] == [f"1 invoice waits for accounting: {sage.base.project.name}"]


def test_what_stands_in_a_file_is_voided_by_accounting_before_an_amount_changes(sage):
    """I-4: nobody can take that back any more, so nobody is told to."""
    invoice = sage.exported().invoice
    with pytest.raises(NotNow, match="It stands in an import file: have accounting void it first"):
        amounts.take_up_change_orders(invoice, by=sage.sender)


def test_a_sent_invoice_can_only_be_changed_after_it_is_taken_back(sage):
    """I-4: locked except attachments."""
    export = sage.sent()
    with pytest.raises(NotNow, match="Take it back"):
        invoices.reopen(export.invoice, by=sage.sender, reason="A line is wrong")
    exports.retrieve(export, by=sage.sender)
    assert invoices.reopen(export.invoice, by=sage.sender, reason="A line is wrong").status == "under_review"


def test_taken_back_and_rejected_look_different(sage):
    """E-4."""
    taken = exports.retrieve(sage.sent(), by=sage.sender)
    rejected = exports.reject(sage.sent(), by=sage.approver, reason="Wrong job")
    assert (taken.get_status_display(), rejected.get_status_display()) == ("Taken back", "Rejected by accounting")


def test_it_is_changed_approved_and_sent_again(sage):
    export = exports.retrieve(sage.sent(), by=sage.sender)
    invoices.reopen(export.invoice, by=sage.sender, reason="A line is wrong")
    invoice = Invoice.objects.get(pk=export.invoice_id)
    invoice = sage.base.entered(invoice, {"work_this_period": D("900.00")}, by=sage.sender)
    invoices.approve(invoice, by=sage.sender)
    again = sage.sent(export.invoice)
    assert again.pk == export.pk
    assert again.status == "ready_to_export"
    assert sage.accepted(again).facts.invoices[0].gross == D("900.00")


def test_whoever_rejected_hears_at_once_that_it_was_sent_again(sage):
    export = exports.reject(sage.sent(), by=sage.approver, reason="Wrong job")
    sage.sent(export.invoice)
    assert Mail.objects.filter(to=sage.approver, headline__contains="was sent again").count() == 1


def test_whoever_rejected_gets_one_mail_of_what_is_sent_again(sage):
    """And the usual one where others came along; every other approver gets that."""
    other = sage.new_approver()
    first = exports.reject(sage.sent(), by=sage.approver, reason="Wrong job")
    Mail.objects.all().delete()
    exports.send([first.invoice], by=sage.sender)
    assert [mail.to for mail in Mail.objects.filter(headline__contains="was sent again")] == [sage.approver]
    assert [mail.to for mail in Mail.objects.filter(headline__contains="waits for accounting")] == [other]
    second = exports.reject(sage.sent(), by=sage.approver, reason="Wrong job")
    exports.send([second.invoice, sage.approved()], by=sage.sender)
    assert {mail.to for mail in Mail.objects.filter(headline__contains="2 invoices wait")} == {sage.approver, other}


def test_taking_back_is_too_late_after_the_acceptance(sage):
    export = sage.sent()
    sage.accepted(export)
    with pytest.raises(NotNow, match="Exporting now.*Sam Ruiz answered it"):
        exports.retrieve(export, by=sage.sender)


def test_a_rejection_unlocks_and_reaches_the_sender(sage):
    export = exports.reject(sage.sent(), by=sage.approver, reason="Wrong  job ")
    export.invoice.refresh_from_db()
    assert not export.invoice.is_locked
    assert export.reason == "Wrong job"
    mails = Mail.objects.about(export)
    assert {mail.to for mail in mails} == {sage.sender, sage.base.contact}  # the sender, and whoever made it
    assert all("Wrong job" in mail.text and "Wrong job" in mail.html for mail in mails)


def test_a_rejection_needs_a_reason(sage):
    with pytest.raises(Refused) as refusal:
        exports.reject(sage.sent(), by=sage.approver, reason="  ")
    assert refusal.value.field == "reason"


@pytest.mark.parametrize("role", ["sender", "reader", "staff", "owner"])
def test_nobody_but_an_accounting_approver_answers(sage, role):
    """P-4: Standard on ERP Integrations and the privilege; a superuser has neither by being one."""
    export, by = sage.sent(), sage.sender if role == "sender" else getattr(sage.base, role)
    for act in (
        lambda: exports.reject(export, by=by, reason="No"),
        lambda: sage.accepted(export, by=by),
        lambda: exports.change_header(export, exports.HeaderEdit("Other"), by=by),
    ):
        with pytest.raises(NotAllowed, match="Can Push to Accounting"):
            act()
    assert fresh(export)[0].status == "ready_to_export"


def test_standard_on_the_tool_without_the_privilege_is_not_enough(sage):
    grants.set_level(sage.base.staff, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    with pytest.raises(NotAllowed):
        sage.accepted(by=sage.base.staff)


def test_the_approver_may_change_words_and_days_but_no_amount(sage):
    export = sage.sent()
    exports.change_header(export, exports.HeaderEdit("Concrete, June"), by=sage.approver)
    facts = sage.accepted(export).facts.invoices[0]
    assert facts.description == "Concrete, June"
    event = Event.objects.about(export).get(verb="changed the header")
    assert event.changes == {"description": ["", "Concrete, June"]}


def test_a_description_longer_than_sage_takes_is_refused(sage):
    with pytest.raises(Refused) as refusal:
        exports.change_header(sage.sent(), exports.HeaderEdit("x" * 51), by=sage.approver)
    assert refusal.value.field == "description"


def test_every_move_writes_one_event(sage):
    export = sage.sent()
    exports.retrieve(export, by=sage.sender)
    export = sage.sent(export.invoice)
    exports.reject(export, by=sage.approver, reason="Wrong job")
    moves = [(e.verb, e.from_state, e.to_state, e.by) for e in reversed(Event.objects.about(export))]
    assert moves == [
        ("sent to ERP", "not_sent", "ready_to_export", sage.sender),
        ("took back", "ready_to_export", "retrieved", sage.sender),
        ("sent to ERP", "retrieved", "ready_to_export", sage.sender),
        ("rejected", "ready_to_export", "rejected", sage.approver),
    ]


def test_change_orders_that_come_to_nothing_together_are_sent_with_a_tick(sage):
    """S41: Sage, which has both on one line, shows a change of 0.00 there."""
    base = sage.base
    commitment = sage.commitment(lines=[base.line("Footings", "5000.00")])
    for amount in ("500.00", "-500.00"):
        base.change_order(commitment, [base.line("Extra work", amount)])
    line = {"line_reference": "1", "cost_code": CODE, "cost_type": 4, "contract": "5000.00", "change": "0.00"}
    known = {"number": commitment.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4}
    sage.load(ListKind.SUBCONTRACTS, known | line)
    export = sage.sent(sage.approved(commitment, {"work_this_period": D("1000.00")}, {"work_this_period": D("100.00")}))
    [told] = [each for each in sage.findings(export) if each.rule == "S41"]
    assert told.severity == "warning" and "0.00 of changes in Sage where ours add 0.00" in told.message


def test_what_sage_shows_of_a_linked_change_order_that_is_not_on_the_bill_stands_for_no_other(sage):
    """S41: one approved since the bill was made is in Sage, the billed one is not.

    On another commitment, and not approved or not linked, it takes nothing from what Sage shows.
    """
    base = sage.base
    commitment, other = (sage.commitment(lines=[base.line("Footings", "5000.00")]) for _ in range(2))
    line = {"line_reference": "1", "cost_code": CODE, "cost_type": 4, "contract": "5000.00", "change": "500.00"}
    known = {"vendor_number": VENDOR, "job_number": JOB, "status": 4}
    sage.load(ListKind.SUBCONTRACTS, *({"number": each.number} | known | line for each in (commitment, other)))
    some = []
    for each in (commitment, other):
        base.change_order(each, [base.line("Extra work", "500.00")])
        figures = ({"work_this_period": D("1000.00")}, {"work_this_period": D("100.00")})
        some.append(sage.sent(sage.approved(each, *figures)))
    later = base.change_order(commitment, [base.line("More work", "500.00")]).lines.get()
    change_orders.enter(commitment, "CO-9", "Not approved", [base.line("Even more", "70.00")], by=base.admin)
    assert not [each for each in sage.findings(*some) if each.rule == "S41"], "it may be that of the billed one"
    links.make(LineLink(schedule_line=later, commitment=commitment, line_reference="1"))
    told = [each for each in sage.findings(*some) if each.rule == "S41"]
    assert [(each.severity, each.invoice_id) for each in told] == [("error", str(some[0].invoice_id))]
    assert "shows 0.00 of changes in Sage, beside 500.00 of linked ones, where ours add 500.00" in told[0].message


def test_a_due_date_that_the_vendors_terms_do_not_give_is_accountings_to_set(sage: SageWorld):
    """S5, 6.2: it holds up no sending; nothing is accepted until an approver has set it."""
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete", "due_terms": "NET30"})
    export = sage.sent()
    assert "S5" in {finding.rule for finding in sage.findings(export) if finding.severity == "error"}
    with pytest.raises(Refused, match="S5: Due date is no date"):
        sage.accepted(export)
    day = date(2030, 7, 28)
    exports.change_header(export, exports.HeaderEdit(due_date=day, discount_date=day), by=sage.approver)
    assert sage.accepted(*fresh(export)).state == "pending"


def test_what_stops_a_file_by_its_header_is_filled_in_before_it_is_tried_again(sage: SageWorld):
    """S5: the terms lead to no date since it was accepted; the change wants a tick (S60), as any other does."""
    export = sage.sent()
    batch = sage.accepted(export)
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete", "due_terms": "NET30"})
    exporting.build(batch.pk)
    [export] = fresh(export)
    assert export.status == "failed" and "Due date was 2030-07-25, is none" in export.error
    approver, typed = signed_in(sage.approver), {"due_date": "2030-07-28", "discount_date": "2030-07-28"}
    assert f'{at_export(export)}#header-title">Change the header' in text_of(approver.get(at_batch(batch)))
    assert "Save header" in text_of(approver.get(at_export(export)))
    assert approver.post(at_export(export, "erp-export-header"), typed).status_code == 302
    page = approver.get(at_batch(batch))
    assert "due date was none, is 2030-07-28" in text_of(page)
    with pytest.raises(Refused, match="Tick each warning"):
        batches.retry(batch, by=sage.approver)
    assert approver.post(at_batch(batch, "erp-retry"), {"ticked": boxes(page)}).status_code == 302
    exporting.build(batch.pk)
    assert fresh(export)[0].status == "exported"
