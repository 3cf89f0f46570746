"""Accounting accepts: one batch, frozen, once, by somebody else than the sender, with every warning seen."""

import hashlib
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from directory.models import Event
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import building
from erp_integrations.models import CostCodeLink, ErpSettings, ExportBatch, ExportItem, ListKind
from invoicing.actions import approvals, invoices, reviews
from invoicing.models import Invoice, ScheduleLine
from tests.erp_integrations.pages import at_batch, at_export, queue_url, signed_in, text_of
from tests.erp_integrations.world import ACCOUNTING_DATE, CODE, D, fresh, sage_world


def test_accepting_makes_one_batch_that_waits_for_a_worker(sage):
    first, second = sage.sent(), sage.sent()
    batch = sage.accepted(first, second)
    assert (batch.key, batch.state, batch.items.count()) == ("EXP-000001", "pending", 2)
    assert {export.status for export in fresh(first, second)} == {"exporting"}
    assert sage.accepted(sage.sent()).key == "EXP-000002"


def test_the_snapshot_is_the_facts_and_carries_their_digest(sage):
    batch = sage.accepted()
    assert hashlib.sha256(batch.snapshot.encode()).hexdigest() == batch.snapshot_sha256
    invoice = batch.facts.invoices[0]
    assert (invoice.gross, invoice.retainage_held, invoice.net) == (D("1000.00"), D("100.00"), D("900.00"))
    assert batch.facts.accepted_by == "Sam Ruiz"


def test_the_amount_exported_is_the_change_in_total_completed_and_stored(sage):
    """6.3: B + M + F − F before, here with material that moves into work, over two applications."""
    commitment = sage.commitment()
    invoice = sage.approved(commitment, {"work_this_period": D("10000.00"), "stored_new": D("5000.00")})
    sage.exported(invoice)
    sage.next_month()
    figures = {"work_this_period": D("2000.00"), "stored_moved": D("4000.00"), "stored_new": D("300.00")}
    second = sage.approved(commitment, figures)
    line = sage.accepted(sage.sent(second)).facts.invoices[0].lines[0]
    assert line.amount == D("2300.00")  # 2,000 + 4,000 + (5,000 − 4,000 + 300) − 5,000
    assert line.how == "work 2,000.00 + moved 4,000.00 + stored 1,300.00 − stored before 5,000.00 = 2,300.00"


def test_whoever_sent_does_not_accept(sage):
    """P-7, whatever other rights they hold."""
    sage.sender = sage.all_rights()
    export = sage.sent()
    with pytest.raises(NotNow, match="separation of duties"):
        sage.accepted(export, by=sage.sender)


def test_whoever_approved_or_submitted_does_not_accept_either(sage):
    """R78: three hands on every payment, even with all rights."""
    everyman = sage.all_rights()
    approved = sage.base.submitted(sage.base.draft(sage.commitment()))
    reviews.approve_the_rest(approved, by=everyman)
    export = sage.sent(invoices.approve(approved, by=everyman))
    with pytest.raises(NotNow, match=r"You approved .*separation of duties"):
        sage.accepted(export, by=everyman)
    on_behalf = sage.base.draft(sage.commitment(), by=everyman)
    on_behalf = sage.base.submitted(on_behalf, by=everyman)
    reviews.approve_the_rest(on_behalf, by=sage.base.admin)
    export = sage.sent(invoices.approve(on_behalf, by=sage.base.admin))
    with pytest.raises(NotNow, match=r"You submitted .*separation of duties"):
        sage.accepted(export, by=everyman)


def started(sage, everyman):
    return sage.base.approved(sage.base.draft(sage.commitment(), by=everyman))


def submitted_before_it_came_back(sage, everyman):
    first = sage.base.submitted(sage.base.draft(sage.commitment()), by=everyman)
    back = invoices.send_back(first, by=sage.base.admin, comment="See the plans")
    again = invoices.submit(back, by=sage.base.contact)
    reviews.approve_the_rest(again, by=sage.base.admin)
    return invoices.approve(again, by=sage.base.admin)


def approved_first_of_two(sage, everyman):
    sage.company.second_approval_above = D("100.00")
    sage.company.save()
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    reviews.approve_the_rest(invoice, by=everyman)
    approvals.endorse(invoice, by=everyman)
    return invoices.approve(fresh_invoice(invoice), by=sage.base.admin)


def approved_as_noted_before(sage, everyman):
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    reviews.approve_the_rest(invoice, by=sage.base.admin)
    noted = invoices.approve_as_noted(invoice, by=everyman, comment="Bring the tickets")
    return invoices.approve(noted, by=sage.base.admin)


def approved_before_it_came_back(sage, everyman):
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    reviews.approve_the_rest(invoice, by=sage.base.admin)
    back = invoices.send_back(invoices.approve(invoice, by=everyman), by=sage.base.admin, comment="See the plans")
    again = invoices.submit(back, by=sage.base.contact)
    reviews.approve_the_rest(again, by=sage.base.admin)
    return invoices.approve(again, by=sage.base.admin)


def sent_and_took_back(sage, everyman):
    invoice = sage.approved()
    exports.retrieve(exports.send_one(invoice, by=everyman), by=everyman)
    return fresh_invoice(invoice)


def fresh_invoice(invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


EARLIER = {
    "who started it": ("started", started),
    "who submitted it before": ("submitted", submitted_before_it_came_back),
    "who approved first of two": ("gave the first approval to", approved_first_of_two),
    "who approved it as noted before": ("approved", approved_as_noted_before),
    "who approved it before it came back": ("approved", approved_before_it_came_back),
    "who sent it and took it back": ("sent", sent_and_took_back),
}
earlier = pytest.mark.parametrize(("part", "had"), EARLIER.values(), ids=EARLIER)


@earlier
def test_whoever_had_an_earlier_part_in_it_does_not_accept_either(sage, part, had):
    """R78, R84: with no other part than this one; the page says so before the door does."""
    everyman = sage.all_rights()
    export = sage.sent(had(sage, everyman))
    why_not = f"You {part} {export.invoice}, so someone else accepts it (separation of duties)."
    page = signed_in(everyman).get(at_export(export))
    assert page.context["conflict"] == why_not and why_not in text_of(page)
    asked = signed_in(everyman).get(queue_url(sage.company, "accept/"), {"export": [export.pk]})
    assert why_not in text_of(asked) and not asked.context["can_go"]
    with pytest.raises(NotNow) as refusal:
        sage.accepted(export, by=everyman)
    assert refusal.value.message == why_not
    assert sage.accepted(export).state == "pending"
    assert not fresh(export)[0].duties_waived


@earlier
def test_whoever_had_an_earlier_part_in_it_does_not_try_its_file_again_either(sage, part, had):
    """R78: a second try is one more acceptance."""
    everyman = sage.all_rights()
    batch = sage.accepted(sage.sent(had(sage, everyman)))
    sage.load(ListKind.COST_CODES, {"code": "9000.000", "name": "Another"})
    exporting.build(batch.pk)
    sage.load(ListKind.COST_CODES, {"code": CODE, "name": "Concrete"})
    assert signed_in(everyman).get(at_batch(batch)).context["conflict"].startswith(f"You {part} ")
    with pytest.raises(NotNow, match=f"You {part} .*separation of duties"):
        batches.retry(batch, by=everyman)


@earlier
def test_with_the_setting_off_an_earlier_part_stays_visible(sage, part, had):
    """P-7, R78: whoever had one accepts it, and the export says that duties were waived."""
    sage.company.separate_sender_and_accepter = False
    sage.company.save()
    everyman = sage.all_rights()
    export = sage.sent(had(sage, everyman))
    page = signed_in(everyman).get(at_export(export))
    assert not page.context["conflict"] and "accept" in page.context["moves"]
    sage.accepted(export, by=everyman)
    assert fresh(export)[0].duties_waived
    assert "separation of duties was switched off" in text_of(signed_in(everyman).get(at_export(export)))


def test_separation_of_duties_can_be_switched_off_and_that_stays_visible(sage):
    sage.company.separate_sender_and_accepter = False
    sage.company.save()
    sage.sender = sage.all_rights()
    export = sage.sent()
    sage.accepted(export, by=sage.sender)
    assert fresh(export)[0].duties_waived


def test_a_warning_must_be_ticked_and_the_tick_is_recorded(sage):
    export = sage.sent()
    with pytest.raises(Refused) as refusal:
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE)
    assert refusal.value.field == "ticked"
    assert "S39" in refusal.value.message
    batch = batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=sage.warnings(export))
    seen = Event.objects.about(batch).get(verb="accepted").changes["warnings seen"][1]
    assert len(seen) == 1 and seen[0].startswith("S39: SOV-001")


def test_a_tick_for_another_invoice_does_not_count(sage):
    first, second = sage.sent(), sage.sent()
    with pytest.raises(Refused, match="Tick each warning"):
        batches.accept([second], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=sage.warnings(first))


def test_an_error_that_appeared_after_sending_stops_the_acceptance(sage):
    """The same rules run again at acceptance (E-5); one bad invoice holds all, and no half batch is left (R13)."""
    good, bad = sage.sent(), sage.sent()
    sage.base.vendor.sage_link.delete()
    with pytest.raises(Refused, match="S12"):
        sage.accepted(good, bad)
    assert not ExportBatch.objects.exists()
    assert ErpSettings.of(sage.company).next_batch_number == 1


def test_an_accounting_date_in_no_unlocked_period_is_refused(sage):
    """S27."""
    period = {"year": 2030, "period": 6, "first_date": "2030-06-01", "last_date": "2030-06-28", "is_locked": "yes"}
    sage.load(ListKind.FISCAL_PERIODS, period)
    with pytest.raises(Refused, match="S27"):
        sage.accepted()


def test_a_line_that_is_called_tax_waits_for_the_setting(sage):
    """S54: what is sent with one is not accepted until an ERP Admin says that tax is inside the amounts."""
    export = sage.sent()
    ScheduleLine.objects.filter(commitment=export.invoice.commitment).update(description="Sales tax 8.25 %")
    with pytest.raises(Refused, match="S54"):
        sage.accepted(export)
    ErpSettings.objects.update(tax_is_inside_amounts=True)
    assert sage.accepted(export).state == "pending"


def test_a_double_click_gives_the_same_batch(sage):
    """E-1, R1: the same person, the same invoices."""
    export = sage.sent()
    ticked = sage.warnings(export)
    first, second = (
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked) for _ in range(2)
    )
    assert first.pk == second.pk
    assert Event.objects.about(first).filter(verb="accepted").count() == 1
    assert ExportItem.objects.count() == 1


def test_a_double_click_after_the_file_is_built_still_gives_the_same_batch(sage):
    export = sage.sent()
    batch = sage.built(export)
    again = batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE)
    assert again.pk == batch.pk


def test_the_same_invoices_on_another_day_are_not_the_same_acceptance(sage):
    """E-1, R1, S27: the day chosen last is in no file, and nobody is told that it was accepted."""
    export = sage.sent()
    sage.accepted(export)
    with pytest.raises(NotNow, match="Sam Ruiz answered it"):
        batches.accept([export], by=sage.approver, accounting_date=date(2030, 7, 2))


def test_what_failed_since_is_not_accepted_by_accepting_it_again(sage):
    """E-1, R13: nothing builds it until it is tried again on the page of its file."""
    export = sage.sent()
    batch = sage.accepted(export)
    building.give_up(building.claim(batch.pk), "The disk was full")
    with pytest.raises(NotNow):
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE)


def test_a_second_try_on_another_day_is_not_the_one_under_way(sage):
    """R1, S27: tried again with one day, then with another before a worker took it."""
    batch = sage.accepted()
    building.give_up(building.claim(batch.pk), "The disk was full")
    tried = batches.retry(batch, by=sage.approver, accounting_date=ACCOUNTING_DATE)
    assert batches.retry(batch, by=sage.approver, accounting_date=ACCOUNTING_DATE).pk == tried.pk
    with pytest.raises(NotNow, match="2030-06-28"):
        batches.retry(batch, by=sage.approver, accounting_date=date(2030, 7, 2))
    assert ExportBatch.objects.get(pk=batch.pk).accounting_date == ACCOUNTING_DATE


def test_what_waits_to_be_tried_again_is_tried_at_once_on_its_own_day_only(sage):
    """R130, S27."""
    batch = sage.accepted()
    building.try_later(building.claim(batch.pk), OSError("No space left on device"))
    with pytest.raises(NotNow, match="2030-06-28"):
        batches.retry(batch, by=sage.approver, accounting_date=date(2030, 7, 2))
    assert batches.retry(batch, by=sage.approver).tried_again_at is None


def test_the_second_approver_is_told_who_was_first(sage):
    """R2."""
    export, other = sage.sent(), sage.new_approver()
    sage.accepted(export)
    with pytest.raises(NotNow, match="Sam Ruiz answered it"):
        batches.accept([export], by=other, accounting_date=ACCOUNTING_DATE)


def test_an_overlapping_selection_is_not_the_same_click(sage):
    first, second = sage.sent(), sage.sent()
    sage.accepted(first, second)
    with pytest.raises(NotNow):
        batches.accept([first], by=sage.approver, accounting_date=ACCOUNTING_DATE)


def test_the_database_refuses_a_second_live_place(sage):
    """E-1 below the application: R9."""
    export = sage.sent()
    batch = sage.accepted(export)
    other = sage.accepted()
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportItem.objects.create(batch=other, invoice_export=export, position=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportItem.objects.create(batch=batch, invoice_export=export, position=9, is_live=False)


def test_a_number_that_a_live_batch_carries_is_not_sent_again(sage):
    """S11: should an invoice have lost its own number's reservation, the live batch still knows it."""
    export, twin = sage.exported(), sage.approved()
    invoices = type(twin).objects
    number, key = export.invoice.number, export.invoice.number_key
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX a_vendor_uses_an_invoice_number_once")
    invoices.filter(pk=twin.pk).update(number=number, number_key=key)
    with pytest.raises(Refused, match="S11.*EXP-000001"):
        sage.sent(twin)


def test_a_number_that_sage_holds_is_refused(sage):
    """S11 against the list of payable invoices."""
    invoice = sage.approved()
    sage.load(ListKind.PAYABLE_INVOICES, {"vendor_number": "20145", "invoice_number": f" {invoice.number.lower()}"})
    with pytest.raises(Refused, match="S11"):
        sage.sent(invoice)


def test_invoices_of_two_companies_never_share_a_file(sage):
    """S8, and nothing crosses between companies."""
    other = sage_world("Other Builders")
    with pytest.raises(Refused, match="S8"):
        batches.accept([sage.sent(), other.sent()], by=sage.approver, accounting_date=ACCOUNTING_DATE)


def test_an_approver_of_one_company_can_not_answer_in_another(sage):
    other = sage_world("Other Builders")
    with pytest.raises(NotAllowed, match="Can Push to Accounting"):
        other.accepted(by=sage.approver)


def test_nothing_is_left_when_the_transaction_rolls_back(sage, django_capture_on_commit_callbacks):
    """R7: no batch, no item, no message."""
    export = sage.sent()
    ticked = sage.warnings(export)
    with django_capture_on_commit_callbacks() as callbacks, pytest.raises(ZeroDivisionError), transaction.atomic():
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked)
        raise ZeroDivisionError
    assert not callbacks
    assert not ExportBatch.objects.exists() and not ExportItem.objects.exists()
    assert fresh(export)[0].status == "ready_to_export"


def test_a_worker_is_woken_only_after_the_commit(sage, django_capture_on_commit_callbacks):
    export = sage.sent()
    with django_capture_on_commit_callbacks() as callbacks:
        sage.accepted(export)
    tasks = [getattr(callback, "args", [None])[0] for callback in callbacks]
    assert [task.name for task in tasks] == ["erp_integrations.tasks.build_export"]


def test_the_number_of_queries_does_not_grow_with_the_batch(sage, django_assert_max_num_queries):
    """F16: 5 invoices or 50, one check reads the same number of times."""
    some = [sage.sent() for _ in range(5)]
    exports.preview(fresh(*some), accounting_date=ACCOUNTING_DATE, by=sage.approver)  # reads Sage's lists, which stay
    counts = []
    for size in (5, 50):
        some += [sage.sent() for _ in range(size - len(some))]
        with django_assert_max_num_queries(25) as captured:
            exports.preview(fresh(*some), accounting_date=ACCOUNTING_DATE, by=sage.approver)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_link_says_how_a_finding_can_be_mended(sage):
    """E-5: rule, severity, field, value, list with its age, remedy."""
    export = sage.sent()
    CostCodeLink.objects.update(code="9999.000")
    finding = next(f for f in sage.findings(export) if f.rule == "S33")
    assert (finding.severity, finding.value) == ("error", "9999.000")
    assert "Cost codes 6-5 as of 2030-06-01" in finding.checked_against
    assert finding.remedy
    keys = [exporting.finding_key(each) for each in sage.findings(export)]
    assert len(keys) == len(set(keys)) > 1


def test_a_second_try_whose_number_another_batch_took_meanwhile_is_refused_in_words(sage, monkeypatch):
    """E-1, S11: as an acceptance is, though the rules found nothing a moment ago."""
    batch, other = sage.accepted(sage.sent()), sage.accepted(sage.sent())
    building.give_up(building.claim(batch.pk), "The disk was full")
    key, found_nothing = batch.items.get().number_key, batches._without_objection

    def then_taken(*args, **known):
        proposal = found_nothing(*args, **known)
        batch.items.update(number_key="FORMER")
        other.items.update(number_key=key)
        return proposal

    monkeypatch.setattr(batches, "_without_objection", then_taken)
    with pytest.raises(NotNow, match="Somebody accepted one of these invoices a moment ago"):
        batches.retry(batch, by=sage.approver)
    batch.refresh_from_db()
    assert batch.state == "dead"
