"""What a credit reduces: the newest earlier bill that Sage has from us, or what the approver names (S45)."""

import re

import pytest
from django.db import IntegrityError, transaction
from openpyxl import load_workbook

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, many, results
from erp_integrations.exporting import earlier_invoices, finding_key, storing
from erp_integrations.models import InvoiceExport, ListKind
from erp_integrations.sage100.layout import PLACES
from invoicing.models import Commitment
from tests.erp_integrations.pages import at_export, queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import ACCOUNTING_DATE, JOB, VENDOR, D, fresh, record_number
from tests.invoicing.pages import at
from tests.test_odd_values import CORPUS


def credit_on(sage, commitment: Commitment, amount: str = "-200.00"):
    """Approved, in the month after the last bill."""
    sage.next_month()
    return sage.approved(commitment, {"work_this_period": D(amount), "note": "Taken back"})


def orphan(sage) -> InvoiceExport:
    """A sent credit whose earlier bill was never sent, so that nothing of ours in Sage stands before it."""
    commitment = sage.commitment()
    sage.approved(commitment)
    return sage.sent(credit_on(sage, commitment))


def listed(sage, *numbers: str, **changed) -> None:
    """In Sage’s list of payable invoices, of the credit’s vendor and job."""
    row = {"vendor_number": VENDOR, "job_number": JOB, "gross": "500.00", "status": 1} | changed
    sage.load(ListKind.PAYABLE_INVOICES, *({"invoice_number": number} | row for number in numbers))


def offered(page: str) -> list[str]:
    there = page.partition('<datalist id="reducible">')[2].partition("</datalist>")[0]
    return re.findall(r'<option value="([^"]+)">', there)


def s45(sage, export):
    [finding] = [each for each in sage.findings(export) if each.rule == "S45"]
    return finding


def name_it(sage, export, number: str, **more):
    return signed_in(sage.approver).post(at_export(export, "erp-export-header"), {"reference_no": number} | more)


def test_a_credit_on_nothing_that_we_sent_waits_for_accounting_to_name_it(sage):
    """S45: the project can’t name it, so it holds up no sending; unnamed it is not accepted."""
    export = orphan(sage)
    finding = s45(sage, export)
    assert finding.severity == "error" and "reference no" in finding.remedy and "Change the header" in finding.remedy
    with pytest.raises(Refused, match="S45"):
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=sage.warnings(export))
    client = signed_in(sage.approver)
    page = text_of(client.get(at_export(export)))
    assert "Accept…" not in page and f'href="{at_export(export)}#header-title">Name the invoice it reduces' in page
    assert at_export(export) + "#header-title" in text_of(client.get(queue_url(sage.company)))


def test_no_credit_reduces_a_bill_that_sage_refused(sage):
    """S45: Sage has no such invoice to apply it to; once it has, the bill is named again."""
    commitment = sage.commitment()
    bill = sage.exported(sage.approved(commitment))
    credit = sage.sent(credit_on(sage, commitment))
    assert s45(sage, credit).severity == "warning"
    results.report_refusal(bill, by=sage.approver, message="Job 2026014 is closed")
    assert s45(sage, credit).severity == "error"
    exports.confirm(bill, by=sage.approver, record_number=record_number())
    assert s45(sage, credit).severity == "warning"


def test_a_mid_job_start_without_a_bill_of_ours_in_a_file_is_credited(sage):
    """S45, E-6: named by the approver, and the file says by whom."""
    export = sage.sent(sage.approved(sage.mid_job(), {"work_this_period": D("-200.00"), "note": "Taken back"}))
    assert s45(sage, export).severity == "error"
    assert name_it(sage, export, " 2219-04 ").status_code == 302
    finding = s45(sage, export)
    assert (finding.severity, finding.value) == ("warning", "2219-04") and "Look for it in 4-2" in finding.remedy
    batch = sage.built(*fresh(export))
    assert batch.state == "ready", batch.error
    book = load_workbook(storing.path_of(batch.file_key))
    assert book["Import"].cell(1, PLACES["reference_number"] + 1).value == "2219-04"
    how = [" ".join(str(cell.value) for cell in row) for row in book["How computed"]]
    assert [words for words in how if f"chosen by {sage.approver.name}" in words and "2219-04" in words]


def test_the_usual_bill_gives_way_to_a_chosen_one_and_comes_back(sage):
    """S45, E-6: an empty field is the newest earlier bill, and the page says so beside it."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    second = sage.exported(sage.approved(commitment, {"work_this_period": D("300.00")}))
    export = sage.sent(credit_on(sage, commitment))
    client = signed_in(sage.approver)
    page = text_of(client.get(at_export(export)))
    assert f"Now {second.invoice.number}: what this credit reduces: the newest earlier bill" in page
    assert offered(page) == [second.invoice.number, first.invoice.number]
    for number, held, how in (
        (first.invoice.number, first.invoice.number, f"chosen by {sage.approver.name}"),
        ("", second.invoice.number, "the newest earlier bill"),
    ):
        assert name_it(sage, export, number).status_code == 302
        cell = client.get(at_export(export)).context["shown"].header_cell("reference_no")
        assert cell.text == held and how in cell.how
    changed = [each.changes for each in Event.objects.about(export).filter(verb="changed the header").order_by("pk")]
    number = first.invoice.number
    assert changed == [{"reference_no": ["", number]}, {"reference_no": [number, ""]}]
    assert fresh(export)[0].reference_by is None


def test_credits_asked_about_together_reduce_an_earlier_bill_each_of_its_own_commitment(sage):
    """S45: not the other's, and not one that came after the credit."""
    one, other = sage.commitment(), sage.commitment()
    bills = [sage.exported(sage.approved(each)) for each in (one, other)]
    credits = [sage.sent(credit_on(sage, each)) for each in (one, other)]
    sage.next_month()
    sage.exported(sage.approved(one, {"work_this_period": D("300.00")}))
    found = earlier_invoices.bills_reduced(credits)
    assert found == {credit.invoice_id: [bill.invoice.number] for credit, bill in zip(credits, bills, strict=True)}


def test_what_sage_lists_of_the_same_vendor_and_job_is_offered_after_our_own(sage):
    """S45: not what is void there, a credit, of another job, or our own once more."""
    commitment = sage.commitment()
    own = sage.exported(sage.approved(commitment)).invoice.number
    export = sage.sent(credit_on(sage, commitment))
    rows = [
        {"invoice_number": number, "vendor_number": VENDOR, "job_number": JOB, "gross": "10.00", "status": 1} | more
        for number, more in {
            own: {},
            "OLD-1": {"invoice_date": "2029-01-01", "job_number": f"00{JOB}"},
            "OLD-2": {"invoice_date": "2029-02-01"},
            "VOID": {"status": 5},
            "CREDIT": {"gross": "-10.00"},
            "OTHER-JOB": {"job_number": "7"},
            "OTHER-VENDOR": {"vendor_number": "7"},
            export.invoice.number: {},
        }.items()
    ]
    sage.load(ListKind.PAYABLE_INVOICES, *rows)
    assert offered(text_of(signed_in(sage.approver).get(at_export(export)))) == [own, "OLD-2", "OLD-1"]


def test_one_that_sages_list_holds_needs_no_look_into_4_2(sage):
    """S45."""
    export = orphan(sage)
    name_it(sage, export, "old-1")
    finding = s45(sage, export)
    assert "Look for it in 4-2" in finding.remedy and "which Sage’s list doesn’t hold" in finding.message
    listed(sage, "OLD-1")
    known = s45(sage, export)
    assert known.remedy == "Confirm that it reduces the right invoice."
    assert finding_key(known) != finding_key(finding), "a tick for the one is none for the other (E-5)"


def test_a_tick_given_while_sage_held_it_is_none_once_it_is_void_there(sage):
    """S45, E-5: a newer list comes between the acceptance and the build."""
    export = orphan(sage)
    name_it(sage, export, "OLD-1")
    listed(sage, "OLD-1")
    batch = sage.accepted(*fresh(export))
    listed(sage, "OLD-1", status=5)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S45" in batch.error


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x" * 21, "20 characters"),
        ("22,19", "contains a comma"),
        ("22'19", "contains a quote"),
        ("22\x0719", "contains a control character"),
        ("+1204", "starts like a formula"),
        ("№ 12", "outside Windows-1252"),
        ("ITSELF", "That is the credit itself"),
    ],
)
def test_what_is_no_number_of_sage_is_refused_and_stays_typed(sage, typed, said):
    """S10, S45, U4."""
    export = orphan(sage)
    typed = export.invoice.number.lower() if typed == "ITSELF" else typed
    answer = name_it(sage, export, typed, description="Slab")
    assert answer.status_code == 422 and said in " ".join(answer.context["form"].errors["reference_no"])
    page = text_of(answer).replace("&#x27;", "'")
    assert f'value="{typed}"' in page and 'value="Slab"' in page
    assert fresh(export)[0].reference_no == ""


def test_whatever_is_typed_is_taken_or_refused_in_words(sage):
    """U4: what was taken, the rules look at before anything is built."""
    export, client = orphan(sage), signed_in(sage.approver)
    for typed in (each for each in CORPUS if each.isprintable() or each.isascii()):
        answer = name_it(sage, export, typed)
        assert answer.status_code in (302, 422), (typed, answer.status_code)
        assert client.get(at_export(export)).status_code == 200, typed
    assert len(fresh(export)[0].reference_no) <= 20


def test_no_bill_names_another(sage):
    """S45: neither the page nor the action; what an earlier shape of it named says nothing."""
    export = sage.sent()
    assert "reference_no" not in text_of(signed_in(sage.approver).get(at_export(export)))
    name_it(sage, export, "2219-04")
    with pytest.raises(Refused, match="Only a credit"):
        exports.change_header(export, exports.HeaderEdit(reference_no="2219-04"), by=sage.approver)
    InvoiceExport.objects.filter(pk=export.pk).update(reference_no="2219-04", reference_by=sage.approver)
    cell = signed_in(sage.approver).get(at_export(export)).context["shown"].header_cell("reference_no")
    assert (cell.text, cell.how) == ("", "no credit")


def test_another_choice_asks_for_a_new_look(sage):
    """I-5."""
    export = orphan(sage)
    mark = export.mark
    name_it(sage, export, "2219-04")
    assert fresh(export)[0].mark != mark


def test_a_chosen_one_is_built_whatever_becomes_of_the_usual_one(sage):
    """S45, S60."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    export = sage.sent(credit_on(sage, commitment))
    name_it(sage, export, "OLD-1")
    batch = sage.accepted(*fresh(export))
    exports.void(first, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready" and batch.facts.invoices[0].reference_no == "OLD-1", batch.error


def on_its_way(sage, commitment: Commitment) -> InvoiceExport:
    """A credit that a file names the newest earlier bill with."""
    return sage.exported(credit_on(sage, commitment))


TOLD = {"reason": "Twice", "sage_holds_it_no_more": True}


def test_a_bill_that_a_credit_of_ours_names_is_not_voided_before_the_credit(sage):
    """Decision 27: releases and credits stand on files that exist."""
    commitment = sage.commitment()
    other = sage.exported(sage.approved(commitment))
    sage.next_month()
    bill = sage.exported(sage.approved(commitment))
    credit = on_its_way(sage, commitment)
    words = (
        f"{credit.invoice.number} in {credit.live_item.batch.key} is a credit on this invoice. Void or reject that one"
    )
    with pytest.raises(NotNow, match=words):
        exports.void(bill, by=sage.all_rights(), **TOLD)
    exports.void(other, by=sage.all_rights(), **TOLD)
    exports.void(credit, by=sage.all_rights(), **TOLD)
    exports.void(bill, by=sage.all_rights(), **TOLD)


def test_a_bill_and_the_credit_on_it_leave_their_files_together(sage):
    """9.7: the credit goes first, and the page says beforehand that both go."""
    commitment = sage.commitment()
    bill = sage.exported(sage.approved(commitment))
    some = [bill, on_its_way(sage, commitment)]
    by = sage.all_rights()
    held = {sage.base.project: read_access(by, sage.company, sage.base.project)}
    assert [each.refusal for each in many.foretold_voids(some, held)] == [None, None]
    assert [each.refusal for each in many.void_each(some, by=by, **TOLD)] == [None, None]


def test_a_bill_whose_number_a_credit_was_given_by_hand_is_named_too(sage):
    """S45: of the same Sage vendor, whatever its commitment, and in whatever case."""
    bill = sage.exported()
    export = orphan(sage)
    name_it(sage, export, bill.invoice.number.lower())
    sage.built(*fresh(export))
    with pytest.raises(NotNow, match="is a credit on this invoice"):
        exports.void(bill, by=sage.all_rights(), **TOLD)


def test_a_chosen_reference_has_a_person(sage):
    export = orphan(sage)
    with pytest.raises(IntegrityError, match="a_chosen_reference_has_a_person"), transaction.atomic():
        InvoiceExport.objects.filter(pk=export.pk).update(reference_no="2219-04")


def test_the_sender_sees_that_accounting_names_it_and_can_send(sage):
    """S45: one by one and many at once."""
    commitment, sender = sage.commitment(), signed_in(sage.sender)
    sage.approved(commitment)
    invoice = credit_on(sage, commitment)
    page = text_of(sender.get(at(invoice, "invoice-erp-send")))
    assert 'form="send"' in page and "Accounting mends what blocks below" in page and "S45" in page
    [result] = exports.send([invoice], by=sage.sender)
    assert result.export.status == "ready_to_export", result.refusal


def test_names_of_many_credits_are_read_once(sage):
    """F16."""
    first = orphan(sage)
    name_it(sage, first, "2219-04")
    client = signed_in(sage.approver)
    few = queries(client, queue_url(sage.company))
    for _ in range(2):
        name_it(sage, orphan(sage), "2219-04")
    assert queries(client, queue_url(sage.company)) == few
