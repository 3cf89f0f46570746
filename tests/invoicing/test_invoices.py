"""Making, entering and sending an invoice (5.1, 5.2, I-2 … I-9)."""

from datetime import date
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from directory.models import Event, Mail, Vendor
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions import (
    amounts,
    attachments,
    change_orders,
    closing,
    due_dates,
    invitations,
    invoices,
    reviews,
)
from invoicing.calculations import identities
from invoicing.models import BillingSettings, Invoice, InvoiceLine, InvoiceType, ScheduleLine, Submission, Verdict
from invoicing.proof import identities_of, settle
from invoicing.views.review_rows import review_of
from tests.factories import D, world

pytestmark = pytest.mark.django_db
JULY = date(2030, 7, 1)


def save(invoice, *figures, by, version=None, header=None):
    entries = dict(zip(invoice.lines.values_list("pk", flat=True), figures, strict=False))
    return amounts.save_lines(invoice, entries, by=by, version=version or invoice.version, header=header)


# Making one


def test_a_new_invoice_has_one_line_per_schedule_line_and_approved_change_order_line():
    """I-7, N-11."""
    w = world()
    commitment = w.commitment()
    w.change_order(commitment, [w.line("Deeper footings", "5000.00")])
    change_orders.enter(commitment, "CO-P", "Pending", [w.line("Not yet", "1.00")], by=w.admin)
    invoice = w.draft(commitment)
    assert [line.scheduled_value for line in invoice.lines.all()] == [D("73600.00"), D("29002.00"), D("5000.00")]
    assert (invoice.original_contract_sum, invoice.net_change_orders) == (D("102602.00"), D("5000.00"))
    assert invoice.billing_date == invoice.billing_period.due_date


def test_previous_amounts_come_from_the_newest_earlier_invoice():
    """I-7, N-1, N-6: work, moved material, stored balance, both retainages and line 7."""
    w = world()
    first = w.approved(None, {"work_this_period": D("1000.00"), "stored_new": D("400.00")})
    second = w.draft(first.commitment, w.period(JULY))
    line = second.lines.first()
    assert (line.work_previous, line.stored_previous) == (D("1000.00"), D("400.00"))
    assert (line.work_retainage_previous, line.stored_retainage_previous) == (D("100.00"), D("40.00"))
    assert second.previous_certificates == first.earned_less_retainage == D("1260.00")
    second = save(second, {"stored_moved": D("400.00")}, by=w.contact)
    third_from = w.approved(second)
    third = w.draft(third_from.commitment, w.period(date(2030, 8, 1)))
    assert third.lines.first().work_previous == D("2400.00")  # 1,000 + 1,000 typed by the factory + 400 moved
    assert third.lines.first().stored_previous == D("0.00")


@pytest.mark.parametrize("make", ["entered", "submitted", "sent_back"])
def test_the_next_invoice_waits_until_the_one_before_is_approved(make):
    """I-7: and says which one waits."""
    w = world()
    first = getattr(w, make)()
    with pytest.raises(NotNow, match=r"Bill 1 \(INV-\d+\) waits for (you|the project(’s reviewers| team)) since"):
        w.draft(first.commitment, w.period(JULY))


def test_a_contact_bills_a_period_once_and_an_admin_may_again():
    """I-3."""
    w = world()
    first = w.approved()
    with pytest.raises(NotNow, match="already"):
        w.draft(first.commitment, first.billing_period)
    assert w.draft(first.commitment, first.billing_period, by=w.admin).is_extra


def test_the_database_keeps_a_contact_to_one_bill_a_period():
    """I-3: constraint contacts_bill_a_period_once."""
    w = world()
    first = w.approved()
    extra = w.draft(first.commitment, first.billing_period, by=w.admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.filter(pk=extra.pk).update(is_extra=False)


def test_contacts_start_no_bill_after_the_due_date_and_admins_do():
    """B-5."""
    w = world()
    commitment, period = w.commitment(), w.period()
    with time_machine.travel(date(2030, 6, 27)):
        with pytest.raises(NotNow, match="were due"):
            invoices.create(commitment, period, by=w.contact)
        assert invoices.create(commitment, period, by=w.admin)


def test_nobody_starts_a_bill_in_a_closed_period_or_on_a_draft_commitment():
    w = world()
    commitment, period = w.commitment(), w.period()
    draft = w.commitment(moves=())
    with pytest.raises(NotNow, match="Only an approved"):
        invoices.create(draft, period, by=w.admin)
    closing.close_and_settle(period, {}, by=w.admin)
    with pytest.raises(NotNow, match="closed"):
        invoices.create(commitment, period, by=w.admin)


def test_a_project_by_invitation_only_takes_no_other_bill():
    """V-2."""
    w = world()
    BillingSettings.objects.create(project=w.project, by_invitation_only=True)
    commitment, period = w.commitment(), w.period()
    with pytest.raises(NotNow, match="invitation only"):
        invoices.create(commitment, period, by=w.contact)
    invitations.invite(period, [commitment], InvoiceType.RELEASE, by=w.admin)
    assert invoices.create(commitment, period, by=w.contact).type == InvoiceType.RELEASE


def test_an_admins_invoice_takes_work_and_release():
    """I-2."""
    w = world()
    commitment, period = w.commitment(), w.period()
    invitations.invite(period, [commitment], InvoiceType.WORK, by=w.admin)
    assert invoices.create(commitment, period, by=w.admin).type == InvoiceType.WORK_AND_RELEASE


def test_strangers_to_the_commitment_start_nothing():
    w, other = world(), world()
    commitment, period = w.commitment(), w.period()
    for by in (w.reader, w.approver, w.owner, other.admin, other.contact):
        with pytest.raises(NotAllowed):
            invoices.create(commitment, period, by=by)
    assert not Invoice.objects.exists()


# Entering


def test_retainage_follows_its_rate_and_an_admin_may_type_it():
    """5.2: half-up per line; typed amounts are marked."""
    w = world()
    invoice = save(w.draft(), {"work_this_period": D("57.75"), "stored_new": D("100.00")}, by=w.contact)
    line = invoice.lines.first()
    assert (line.work_retainage, line.stored_retainage) == (D("5.78"), D("10.00"))
    typed = {"work_retainage": D("3.00"), "work_retainage_is_typed": True}
    invoice = save(invoice, typed, by=w.admin)
    assert invoice.lines.first().work_retainage == D("3.00")
    assert invoice.work_retainage == D("3.00")


def test_a_second_save_on_an_older_version_is_refused():
    """I-5: nothing is lost silently."""
    w = world()
    invoice = w.draft()
    seen = invoice.version
    save(invoice, {"work_this_period": D("10.00")}, by=w.contact, version=seen)
    with pytest.raises(Stale):
        save(invoice, {"work_this_period": D("20.00")}, by=w.admin, version=seen)
    assert invoice.lines.first().work_this_period == D("10.00")


def test_a_line_of_another_invoice_is_refused_whole():
    """R62."""
    w = world()
    mine, other = w.draft(), w.draft(w.commitment())
    entries = {mine.lines.first().pk: {"work_this_period": D("1.00")}, other.lines.first().pk: {}}
    with pytest.raises(Refused, match="not on this invoice"):
        amounts.save_lines(mine, entries, by=w.contact, version=mine.version)
    assert mine.lines.first().work_this_period == D("0.00")


def test_what_changed_is_recorded_with_old_and_new_values():
    w = world()
    invoice = save(w.draft(), {"work_this_period": D("10.00")}, by=w.contact)
    assert Event.objects.about(invoice).first().changes["SOV-001 work this period"] == ["0.00", "10.00"]


def test_amounts_are_entered_by_those_and_when_i_4_says():
    w = world()
    invoice = w.draft()
    for by in (w.reader, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            save(invoice, {"work_this_period": D("1.00")}, by=by)
    invoice = w.submitted(invoice)
    with pytest.raises(NotNow, match="Under Review"):
        save(invoice, {"work_this_period": D("1.00")}, by=w.contact)
    allowed = save(invoice, {"work_this_period": D("900.00"), "allowed_reason": "Measured"}, by=w.admin)
    claim = allowed.submissions.get().figures()[allowed.lines.first().schedule_line_id]
    assert claim["work_this_period"] == "1000.00"  # the claimed amount stays beside the allowed one
    assert allowed.lines.first().work_this_period == D("900.00")
    approved = invoices.approve(allowed, by=w.admin)
    with pytest.raises(NotNow, match="Approved"):
        save(approved, {"work_this_period": D("1.00")}, by=w.admin)


def test_a_change_order_approved_in_between_is_taken_up_with_one_act():
    """I-7."""
    w = world()
    invoice = w.draft()
    w.change_order(invoice.commitment, [w.line("Extra", "5000.00")])
    invoice = amounts.take_up_change_orders(invoice, by=w.contact)
    assert invoice.net_change_orders == D("5000.00")
    assert amounts.take_up_change_orders(invoice, by=w.contact).lines.count() == 3


# Sending


@pytest.mark.parametrize("number", ["", "  ", "a,b", 'a"b', "a'b", "a\tb", "a\nb", "x" * 21])
def test_a_number_sage_would_not_take_is_refused_naming_the_field(number):
    """I-6, S10."""
    w = world()
    invoice = w.draft()
    if not number.strip():
        with pytest.raises(Refused) as refused:
            invoices.submit(invoice, by=w.contact)
    else:
        with pytest.raises(Refused) as refused:
            w.entered(invoice, number=number)
    assert refused.value.field == "number"


def test_a_vendors_number_is_used_once_across_its_commitments():
    """I-6: without case and outer spaces."""
    w = world()
    w.submitted(number="ab-1")
    with pytest.raises(Refused, match="already"):
        w.submitted(w.draft(w.commitment()), number=" AB-1 ")
    other = Vendor.objects.create(company=w.company, name="Other")
    assert w.submitted(w.draft(w.commitment(vendor=other, contact=False), by=w.admin), by=w.admin, number="ab-1")


def test_the_database_reserves_the_number():
    """I-6: constraint a_vendor_uses_an_invoice_number_once."""
    w = world()
    w.submitted(number="A-1")
    second = w.submitted(w.draft(w.commitment()), number="A-2")
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.filter(pk=second.pk).update(number_key="a-1")


def test_a_bill_whose_identities_do_not_hold_is_not_sent():
    """5.5: over-billing a line by one cent (N-4)."""
    w = world()
    invoice = w.entered(None, {"work_this_period": D("73600.01")})
    with pytest.raises(Refused, match="N-4"):
        invoices.submit(invoice, by=w.contact)
    assert w.submitted(invoice, {"work_this_period": D("73600.00")}).status == "under_review"


def test_contacts_send_nothing_after_the_due_date_unless_it_was_put_back_to_them():
    """B-5."""
    w = world()
    waiting, returned = w.entered(), w.sent_back(w.draft(w.commitment()))
    with time_machine.travel(date(2030, 6, 27)):
        with pytest.raises(NotNow, match="were due"):
            invoices.submit(waiting, by=w.contact)
        late = invoices.submit(returned, by=w.contact)
        assert not identities.errors(identities_of(late))
        assert invoices.approve(late, by=w.admin).status == "approved"


def test_each_sending_is_a_numbered_snapshot_that_never_changes():
    """I-10."""
    w = world()
    invoice = w.sent_back()
    w.submitted(invoice, {"work_this_period": D("700.00")})
    first, second = Submission.objects.filter(invoice=invoice)
    line = invoice.lines.first().schedule_line_id
    assert (first.number, second.number) == (1, 2)
    assert first.figures()[line]["work_this_period"] == "1000.00"
    assert second.figures()[line]["work_this_period"] == "700.00"
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Submission.objects.filter(pk=first.pk).update(lines=[])


def test_an_approved_verdict_survives_a_resubmission_unless_its_figures_changed():
    """I-8."""
    w = world()
    invoice = w.submitted(None, {"work_this_period": D("100.00")}, {"work_this_period": D("50.00")})
    same, changed = invoice.lines.all()
    reviews.decide(same, Verdict.APPROVED, by=w.admin)
    reviews.decide(changed, Verdict.REJECTED, "Not yet", by=w.admin)
    back = invoices.send_back(invoice, by=w.admin)
    w.submitted(back, {}, {"work_this_period": D("40.00")})
    same.refresh_from_db()
    changed.refresh_from_db()
    assert (same.verdict, changed.verdict) == (Verdict.APPROVED, Verdict.NONE)
    assert changed.verdict_reason == "Not yet"  # still shown as last time's


def allowed_and_sent_back(w):
    """500 and 50 claimed; 300 allowed on the first line; both approved, and sent back."""
    invoice = w.submitted(None, {"work_this_period": D("500.00")}, {"work_this_period": D("50.00")})
    line = invoice.lines.first()
    entry = {line.pk: {"work_this_period": D("300.00"), "allowed_reason": "60 % stands"}}
    invoice = amounts.save_lines(invoice, entry, by=w.admin, version=invoice.version)
    reviews.approve_the_rest(invoice, by=w.admin)
    return invoices.send_back(invoice, by=w.admin, comment="Backup, please"), line


@pytest.mark.parametrize("as_draft", [False, True])
def test_what_a_reviewer_had_cut_and_a_contact_puts_back_is_approved_no_more(as_draft):
    """I-8: an approval stands for the figure that was approved, not for the claim before it."""
    w = world()
    back, line = allowed_and_sent_back(w)
    back = invoices.save_draft(back, by=w.contact) if as_draft else back
    typed = {line.pk: {"work_this_period": D("500.00")}}
    back = amounts.save_lines(back, typed, by=w.contact, version=back.version, opened={line.pk})
    again = invoices.submit(back, by=w.contact)
    assert [each.verdict for each in again.lines.all()] == [Verdict.NONE, Verdict.APPROVED]
    assert Submission.objects.get(invoice=again, number=2).changed_lines == 1
    found = review_of(again, w.admin)
    assert found.counts["changed"] == 1 and found.rows[0].was == D("300.00")
    assert found.rest == 1, "it is decided on again"


def test_what_a_reviewer_had_cut_and_a_contact_leaves_so_stays_approved():
    """I-8."""
    w = world()
    back, _ = allowed_and_sent_back(w)
    again = invoices.submit(back, by=w.contact)
    assert [each.verdict for each in again.lines.all()] == [Verdict.APPROVED] * 2
    assert Submission.objects.get(invoice=again, number=2).changed_lines == 0
    assert review_of(again, w.admin).counts["changed"] == 0


def test_what_was_sent_and_withdrawn_unseen_still_stands_for_what_was_approved():
    """I-8: nobody decided on the second claim, so the third is compared with it; what it dropped stays dropped."""
    w = world()
    back, line = allowed_and_sent_back(w)
    again = invoices.withdraw(invoices.submit(back, by=w.contact), by=w.contact)
    typed = {line.pk: {"work_this_period": D("500.00")}}
    again = amounts.save_lines(again, typed, by=w.contact, version=again.version, opened={line.pk})
    third = invoices.submit(again, by=w.contact)
    assert [each.verdict for each in third.lines.all()] == [Verdict.NONE, Verdict.APPROVED]
    assert Submission.objects.get(invoice=third, number=3).changed_lines == 1


def test_sending_back_mails_the_contacts_every_rejected_line_with_its_reason():
    w = world()
    invoice = w.sent_back()
    mail = Mail.objects.about(invoice).filter(to=w.contact).first()
    assert "Not poured yet" in mail.text
    assert "1,000.00" in mail.text


def test_the_distribution_list_hears_of_a_bill():
    w = world()
    settings = BillingSettings.objects.create(project=w.project)
    settings.distribution_list.add(w.admin)
    invoice = w.submitted()
    mail = Mail.objects.about(invoice).get()
    assert mail.to == w.admin and "on the invoice distribution list" in mail.text


def test_with_nobody_on_the_list_the_projects_other_admins_hear_of_a_bill():
    """5.1: no bill is left unheard; whoever sent it on behalf knows."""
    w = world()
    mails = Mail.objects.about(w.submitted())
    assert {mail.to for mail in mails} == {w.admin, w.second_admin}
    assert all("an invoice administrator" in mail.text and "distribution list" in mail.html for mail in mails)
    on_behalf = w.submitted(w.draft(w.commitment(), by=w.admin), by=w.admin)
    assert [mail.to for mail in Mail.objects.about(on_behalf)] == [w.second_admin]


# Reviewing


def test_rejecting_needs_a_reason_and_changes_no_amount():
    """I-8, constraint a_rejected_line_has_a_reason."""
    w = world()
    invoice = w.submitted()
    line = invoice.lines.first()
    with pytest.raises(Refused) as refused:
        reviews.decide(line, Verdict.REJECTED, "  ", by=w.admin)
    assert refused.value.field == "reason"
    assert reviews.decide(line, Verdict.REJECTED, "Too much", by=w.admin).work_this_period == D("1000.00")
    with pytest.raises(IntegrityError), transaction.atomic():
        invoice.lines.update(verdict="rejected", verdict_reason="")


def test_the_rest_is_approved_in_one_step_but_not_what_is_over_billed():
    w = world()
    invoice = w.submitted(
        w.draft(w.commitment(allows_over_billing=True)),
        {"work_this_period": D("99999.00")},
        {"work_this_period": D("1")},
    )
    assert reviews.approve_the_rest(invoice, by=w.admin) == 1
    assert [line.verdict for line in invoice.lines.all()] == ["", "approved"]


def test_contacts_and_readers_review_nothing():
    w = world()
    invoice = w.submitted()
    for by in (w.contact, w.reader, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=by)
        with pytest.raises(NotAllowed):
            reviews.approve_the_rest(invoice, by=by)


def test_making_and_sending_take_no_more_queries_for_40_lines_than_for_2():
    """But for SQLite's limit on values, which splits a large insert in two."""
    w = world()
    counts = []
    for size in (2, 40):
        commitment = w.commitment([w.line(f"Line {n}", "100.00") for n in range(size)])
        period = w.period(date(2030 + size, 1, 1))
        before = len(connection.queries_log)
        connection.force_debug_cursor = True
        invoice = w.submitted(w.draft(commitment, period), *[{"work_this_period": D("1.00")}] * size)
        assert invoice.lines.count() == size
        counts.append(len(connection.queries_log) - before)
        connection.force_debug_cursor = False
        connection.queries_log.clear()
    assert counts[1] <= counts[0] + 2


def test_only_an_admin_types_retainage_or_lets_a_line_pass():
    """1.2: contacts request a release, never the rate."""
    w = world()
    invoice = w.draft()
    for typed in (
        {"work_retainage": D("0.00"), "work_retainage_is_typed": True},
        {"stored_retainage": D("0.00"), "stored_retainage_is_typed": True},
        {"over_billing_is_waived": True},
    ):
        with pytest.raises(NotAllowed):
            save(invoice, typed, by=w.contact)
    assert save(invoice, {"over_billing_is_waived": True}, by=w.admin)


@pytest.mark.parametrize(
    ("invoice_type", "typed"),
    [
        (InvoiceType.WORK, "retainage_released"),
        (InvoiceType.RELEASE, "work_this_period"),
        (InvoiceType.RELEASE, "stored_new"),
    ],
)
def test_the_type_of_an_invoice_decides_which_columns_it_takes(invoice_type, typed):
    """I-2."""
    w = world()
    invoice = invited_as(w, invoice_type, w.commitment())
    with pytest.raises(Refused, match="This invoice"):
        save(invoice, {typed: D("1.00")}, by=w.contact)


def invited_as(w, invoice_type: InvoiceType, commitment) -> Invoice:
    period = w.project.billing_periods.filter(status="open").first() or w.period()
    invitations.invite(period, [commitment], invoice_type, by=w.admin)
    return invoices.create(commitment, period, by=w.contact)


@pytest.mark.parametrize(
    ("typed", "released"),
    [
        ({"work_retainage": D("-50.00"), "work_retainage_is_typed": True}, "50.00"),
        ({"stored_retainage": D("0.00"), "stored_retainage_is_typed": True}, "5.00"),
        ({"work_retainage": D("0.00"), "work_retainage_is_typed": True}, None),
        ({"stored_retainage": D("5.00"), "stored_retainage_is_typed": True}, None),
    ],
)
def test_a_bill_that_takes_no_release_takes_none_by_typed_retainage(typed, released):
    """I-2, 5.2: a typed MR below what was held is a release, and so is less than nothing held on the work."""
    w = world()
    commitment = w.commitment(retainage_rate=D("10"), stored_retainage_rate=D("10"))
    w.approved(w.draft(commitment), {"work_this_period": D("1000.00"), "stored_new": D("50.00")})
    w.period(date(2030, 7, 1))
    invoice = invited_as(w, InvoiceType.WORK, commitment)
    if released is None:
        assert save(invoice, typed, by=w.admin).retainage_released == 0
        return
    with pytest.raises(Refused, match=f"releases {released}, and this invoice bills work and materials, which takes"):
        save(invoice, typed, by=w.admin)


def test_retainage_that_was_typed_releases_nothing_by_what_others_type_later():
    """I-2: an MR of 1.00 gave nothing back while 40.00 had moved, and would once that is in storage again."""
    w = world()
    commitment = w.commitment(retainage_rate=D("10"), stored_retainage_rate=D("10"))
    w.approved(w.draft(commitment), {"stored_new": D("50.00")})
    w.period(date(2030, 7, 1))
    invoice = invited_as(w, InvoiceType.WORK, commitment)
    invoice = save(invoice, {"stored_moved": D("40.00")}, by=w.contact)
    invoice = save(invoice, {"stored_retainage": D("1.00"), "stored_retainage_is_typed": True}, by=w.admin)
    for who, remedy in (
        (w.contact, "Ask a project Admin to type 5.00 as held"),
        (w.admin, "Hold at least 5.00 on stored"),
    ):
        with pytest.raises(Refused, match=f"releases 4.00, and this invoice bills work and materials, .* {remedy}"):
            save(invoice, {"stored_moved": D("0.00")}, by=who)


def with_a_typed_balance(w, *, stored: str, typed: str, rate: str):
    """A commitment whose first bill is approved with so much stored, its retainage typed; and one more period."""
    commitment = w.commitment(retainage_rate=D(rate), stored_retainage_rate=D("10"))
    first = w.entered(w.draft(commitment), {"stored_new": D(stored)})
    first = save(first, {"stored_retainage": D(typed), "stored_retainage_is_typed": True}, by=w.admin)
    w.approved(first, {})
    w.period(date(2030, 7, 1))
    return commitment


def test_material_moves_to_work_at_a_lower_rate_also_where_its_retainage_was_typed_once():
    """I-2: 1.00 was typed on the bill before and is carried; what falls away with the material the rule gives back."""
    w = world()
    commitment = with_a_typed_balance(w, stored="50.00", typed="1.00", rate="0")
    invoice = invited_as(w, InvoiceType.WORK, commitment)
    assert invoice.lines.first().stored_retainage_is_typed
    moved = save(invoice, {"stored_moved": D("50.00")}, by=w.contact)
    assert (moved.total_retainage, moved.retainage_released) == (D("0.00"), D("1.00"))


@pytest.mark.parametrize("invoice_type", [InvoiceType.WORK, InvoiceType.WORK_AND_RELEASE])
@pytest.mark.parametrize(
    ("typed", "emptied", "again", "held", "net"),
    [
        ("500.00", {"stored_moved": "4000.00"}, {"stored_moved": "0.00"}, "500.00", "0.00"),
        ("500.00", {"stored_moved": "4000.00"}, {"stored_moved": "2000.00"}, "500.00", "-200.00"),
        ("200.00", {"stored_moved": "4000.00"}, {"stored_new": "3000.00"}, "200.00", "2600.00"),
        ("0.00", {"stored_moved": "4000.00"}, {"stored_moved": "0.00"}, "0.00", "0.00"),
    ],
)
def test_a_typed_balance_holds_again_once_something_is_stored_again(invoice_type, typed, emptied, again, held, net):
    """1.2, 5.6, I-2: a contact who moves all of it and takes that back, or stores more, pays no retainage out by it.

    The last two columns are what one save of both comes to.
    """
    w = world()
    commitment = with_a_typed_balance(w, stored="4000.00", typed=typed, rate="10")
    invoice = invited_as(w, invoice_type, commitment)
    for figures in (emptied, again):
        invoice = save(invoice, {name: D(amount) for name, amount in figures.items()}, by=w.contact)
    assert (invoice.stored_retainage, invoice.current_payment_due) == (D(held), D(net))


whole = st.integers(0, 4000).map(D)


@given(st.lists(st.tuples(whole, whole), min_size=1, max_size=6), st.none() | whole)
@example([(D(4000), D(0)), (D(0), D(0))], D(200))
def test_however_often_a_row_is_saved_it_holds_what_one_save_of_its_last_amounts_holds(typed, held):
    """5.2, I-2: what a contact moves and stores on the way, each saved as the row is left, decides nothing."""
    by_and_by, at_once = (_with_4000_stored(held) for _ in range(2))
    for moved, new in typed:
        by_and_by.stored_moved, by_and_by.stored_new = moved, new
        settle(by_and_by)
    at_once.stored_moved, at_once.stored_new = typed[-1]
    settle(at_once)
    assert by_and_by.as_line() == at_once.as_line()
    assert by_and_by.stored_retainage == at_once.stored_retainage


def _with_4000_stored(held) -> InvoiceLine:
    line = InvoiceLine(
        schedule_line=ScheduleLine(position=1, description="Steel"),
        scheduled_value=D(9000),
        stored_previous=D(4000),
        stored_retainage_previous=D(400) if held is None else held,
        stored_retainage_rate=D(10),
        stored_retainage=held or D(0),
        stored_retainage_is_typed=held is not None,
    )
    settle(line)
    return line


def test_retainage_that_was_typed_on_this_bill_outlasts_an_hour_without_stored_material():
    """1.2, I-5: what an Admin typed is not lost by what a contact tries out, nor what they type meanwhile."""
    w = world()
    commitment = with_a_typed_balance(w, stored="4000.00", typed="400.00", rate="10")
    invoice = invited_as(w, InvoiceType.WORK_AND_RELEASE, commitment)
    half = {"stored_retainage": D("200.00"), "stored_retainage_is_typed": True}
    invoice = save(invoice, half, by=w.admin)
    invoice = save(invoice, {"stored_moved": D("4000.00")}, by=w.contact)
    invoice = save(invoice, {"stored_moved": D("0.00")}, by=w.contact)
    assert invoice.stored_retainage == D("200.00")
    invoice = save(invoice, {"stored_moved": D("4000.00")}, by=w.contact)
    invoice = save(invoice, half | {"stored_retainage": D("300.00")}, by=w.admin)
    assert invoice.stored_retainage == 0
    assert save(invoice, {"stored_moved": D("0.00")}, by=w.contact).stored_retainage == D("300.00")


def test_what_an_older_program_stores_as_typed_outranks_what_was_set_aside():
    """Both run side by side while a site is upgraded, and the older one knows nothing of it."""
    w = world()
    invoice = invited_as(w, InvoiceType.WORK, with_a_typed_balance(w, stored="4000.00", typed="500.00", rate="10"))
    invoice.lines.filter(stored_retainage_is_typed=True).update(
        stored_retainage=D("100.00"), stored_retainage_set_aside=D("500.00")
    )
    assert invoice.lines.first().as_line().stored_retainage == D("100.00")


def test_a_bill_that_was_open_when_this_came_gets_back_the_balance_that_it_was_started_with():
    """I-2: an older program kept 0.00 as typed, once all had moved."""
    w = world()
    invoice = invited_as(w, InvoiceType.WORK, with_a_typed_balance(w, stored="4000.00", typed="500.00", rate="10"))
    invoice = save(invoice, {"stored_moved": D("4000.00")}, by=w.contact)
    invoice.lines.update(stored_retainage_set_aside=None)
    import_module("invoicing.migrations.0042_a_typed_balance_is_set_aside").take_from_the_line_before(apps, None)
    assert [line.stored_retainage_typed for line in invoice.lines.all()] == [D("500.00"), None]
    assert save(invoice, {"stored_moved": D("0.00")}, by=w.contact).stored_retainage == D("500.00")


def test_a_bill_that_was_approved_when_this_came_has_its_balance_once_it_is_opened_again():
    """I-2: what may be opened again is mended with the rest."""
    w = world()
    invoice = invited_as(w, InvoiceType.WORK, with_a_typed_balance(w, stored="4000.00", typed="500.00", rate="10"))
    invoice = w.approved(invoice, {"stored_moved": D("4000.00")})
    invoice.lines.update(stored_retainage_set_aside=None)
    import_module("invoicing.migrations.0042_a_typed_balance_is_set_aside").take_from_the_line_before(apps, None)
    assert invoice.lines.first().stored_retainage_typed == D("500.00")


def test_retainage_left_to_its_rate_while_nothing_was_stored_follows_the_rate_afterwards():
    w = world()
    commitment = with_a_typed_balance(w, stored="4000.00", typed="600.00", rate="10")
    invoice = invited_as(w, InvoiceType.WORK_AND_RELEASE, commitment)
    invoice = save(invoice, {"stored_moved": D("4000.00")}, by=w.contact)
    invoice = save(invoice, {"stored_retainage_is_typed": False}, by=w.admin)
    assert save(invoice, {"stored_moved": D("1000.00")}, by=w.contact).stored_retainage == D("300.00")


@pytest.mark.parametrize(
    ("moved", "typed", "released", "least"),
    [
        ("0.00", "100.00", "50.00", "150.00"),
        ("0.00", None, "50.00", "150.00"),  # the cell is emptied, so the rule holds 100.00
        ("0.00", "160.00", None, None),
        ("400.00", "90.00", None, None),  # its share of 150.00, of which 40.00 is held on as work
        ("400.00", "60.00", "30.00", "90.00"),
        ("400.00", None, "30.00", "90.00"),
    ],
)
def test_more_than_the_rule_that_was_typed_once_is_given_back_by_a_release_alone(moved, typed, released, least):
    """I-2: on 1,000.00 stored at 10 % another 50.00 is held; no typed amount and no empty cell gives it back."""
    w = world()
    commitment = with_a_typed_balance(w, stored="1000.00", typed="150.00", rate="10")
    invoice = save(invited_as(w, InvoiceType.WORK, commitment), {"stored_moved": D(moved)}, by=w.contact)
    entry = {"stored_retainage": D(typed or 0), "stored_retainage_is_typed": typed is not None}
    if released is None:
        save(invoice, entry, by=w.admin)
        assert invoice.lines.first().stored_retainage == D(typed)
        return
    with pytest.raises(Refused, match=f"releases {released}, .* Hold at least {least} on stored materials"):
        save(invoice, entry, by=w.admin)
    save(invoice, entry | {"stored_retainage": D(least), "stored_retainage_is_typed": True}, by=w.admin)


def test_a_cell_that_was_emptied_before_that_was_asked_keeps_nothing_else_from_being_typed():
    """I-2: only an edit by which more is given back is refused."""
    w = world()
    commitment = with_a_typed_balance(w, stored="1000.00", typed="150.00", rate="10")
    invoice = invited_as(w, InvoiceType.WORK, commitment)
    emptied = {"stored_retainage": D("100.00"), "stored_retainage_is_typed": False}
    invoice.lines.filter(stored_retainage_is_typed=True).update(**emptied)
    invoice = save(invoice, {"note": "Emptied last week", "stored_moved": D("400.00")}, by=w.contact)
    assert invoice.lines.first().note == "Emptied last week"
    with pytest.raises(Refused, match="releases 50.00, .* Ask a project Admin to type 150.00 as held on stored"):
        save(invoice, {"stored_moved": D("0.00")}, by=w.contact)


def test_a_bill_that_only_releases_takes_no_other_balance_of_materials():
    """I-2; also none of 0.00, which takes all away."""
    w = world()
    commitment = w.commitment(retainage_rate=D("10"))
    w.approved(w.draft(commitment), {"stored_new": D("50.00")})
    w.period(date(2030, 7, 1))
    invoice = invited_as(w, InvoiceType.RELEASE, commitment)
    with pytest.raises(Refused, match="no work and no materials"):
        save(invoice, {"stored_balance_typed": D("0.00"), "note": "Sold"}, by=w.admin)


def test_the_warnings_a_sender_has_seen_are_kept():
    w = world()
    invoice = w.entered(None, {"stored_new": D("10.00")})
    invoices.submit(invoice, by=w.contact, seen=["N-10"])
    assert Event.objects.about(invoice).first().changes == {"revision": ["", "1"], "warnings seen": ["", "N-10"]}


def test_a_reserved_number_is_not_changed_under_review():
    """I-6: it was reserved at submit; changed afterwards it could be another invoice's."""
    w = world()
    invoice = w.submitted(number="A-1")
    other = amounts.HeaderEntry(number="A-2", billing_date=invoice.billing_date)
    with pytest.raises(Refused) as refused:
        save(invoice, by=w.admin, header=other)
    assert refused.value.field == "number"


def test_a_billing_date_in_an_impossible_year_is_refused():
    """Sage's terms count on from it."""
    w = world()
    invoice = w.draft()
    with pytest.raises(Refused) as refused:
        save(invoice, by=w.contact, header=amounts.HeaderEntry(number="A-1", billing_date=date(9999, 12, 31)))
    assert refused.value.field == "billing_date"


def test_a_decision_about_amounts_that_changed_in_between_is_refused():
    """I-5: the version that was looked at is the version that is moved."""
    w = world()
    looked_at = w.submitted()
    changed = {looked_at.lines.first().pk: {"work_this_period": D("1.00"), "allowed_reason": "Measured"}}
    amounts.save_lines(looked_at, changed, by=w.second_admin, version=looked_at.version)
    for decide in (invoices.approve, invoices.hold_for_owner):
        with pytest.raises(Stale, match="Look at it again"):
            decide(looked_at, by=w.admin)


def test_files_are_attached_until_the_export():
    """I-4."""
    w = world()
    invoice = w.approved()
    invoices.lock(invoice)
    assert attachments.attach(invoice, "proof.pdf", b"%PDF-1.4", by=w.contact)
    invoices.close([invoice])
    with pytest.raises(NotNow, match="import file"):
        attachments.attach(invoice, "late.pdf", b"%PDF-1.4", by=w.contact)
    invoices.unlock(invoice)
    assert attachments.attach(invoice, "again.pdf", b"%PDF-1.4", by=w.contact)


@pytest.mark.parametrize("lines", [20, 500])
def test_the_next_invoice_is_made_in_as_many_queries_however_long_it_is(lines, django_assert_max_num_queries):
    """F9: two more are the test's own savepoint. A change order and a due date of its own cost none."""
    w = world()
    commitment = w.commitment([w.line(f"Line {n}", "1000.00") for n in range(lines)])
    w.change_order(commitment, [w.line("Deeper footings", "5000.00")])
    june = w.draft(commitment, w.period(date(2030, 6, 1)))
    w.approved(june)
    july = w.period(date(2030, 7, 1))
    due_dates.extend(july, commitment, date(2030, 8, 20), by=w.admin, reason="Holidays")
    with django_assert_max_num_queries(10 + 2):
        made = invoices.create(commitment, july, by=w.contact)
    assert made.lines.count() == lines + 1 and made.total_completed_and_stored == D("1000.00")
    assert made.due_date == date(2030, 8, 20) and made.previous == june


def test_a_number_that_a_bill_no_longer_has_is_free_for_another():
    """I-6: withdrawn and renamed; under its old number nothing is called any more."""
    w = world()
    first = invoices.withdraw(w.submitted(number="N-7"), by=w.contact)
    w.entered(first, number="N-8")
    other = w.commitment(number="SC-2")
    assert w.submitted(w.draft(other, first.billing_period), number="n-7").number_key == "n-7"
    assert invoices.submit(Invoice.objects.get(pk=first.pk), by=w.contact).number_key == "n-8"
