"""What makes each rule speak up (CASES), and what stands at its edge and must not (CALM)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from erp_integrations.sage100.facts import (
    AccountChoice,
    BatchFacts,
    BilledElsewhere,
    CountedRelease,
    LinkedChange,
    LookAlike,
)
from erp_integrations.sage100.layout import APINV_R1, APINV_R2
from erp_integrations.sage100.lists import (
    CostCode,
    FiscalPeriod,
    Job,
    LedgerAccount,
    PayableInvoice,
    SageList,
    SageLists,
    Vendor,
)
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules import check
from erp_integrations.sage100.rules.header import ALWAYS_ZERO
from tests.erp_integrations.sage100.samples import (
    TODAY,
    batch,
    invoice,
    line,
    money,
    release,
    sage_lists,
    settings,
    with_record,
)

LISTS = sage_lists()
SUBCONTRACT = LISTS.subcontracts.records[0]
ZERO = money("0.00")
ZERO_LINE = line(1, amount=ZERO, retainage_held=ZERO)
MAY, LATER = date(2026, 4, 30), date(2026, 9, 1)


@dataclass(frozen=True)
class Case:
    rule: str
    severity: str
    name: str
    facts: BatchFacts
    lists: SageLists = LISTS
    tamper: Callable | None = None

    def findings(self):
        rows = build_rows(self.facts, self.lists)
        return check(self.facts, self.lists, self.tamper(rows) if self.tamper else rows, TODAY)

    def __str__(self):
        return f"{self.rule} {self.name}"


def error(rule, name, facts=None, lists=LISTS, tamper=None):
    return Case(rule, "error", name, facts or batch(), lists, tamper)


def warning(rule, name, facts=None, lists=LISTS, tamper=None):
    return Case(rule, "warning", name, facts or batch(), lists, tamper)


def cell_says(place, source, text):
    """The rows with one cell overwritten, as a fault of the builder would leave them."""

    def tamper(rows):
        row = rows.rows[place]
        cells = tuple(replace(cell, text=text) if cell.source == source else cell for cell in row.cells)
        return replace(rows, rows=(*rows.rows[:place], replace(row, cells=cells), *rows.rows[place + 1 :]))

    return tamper


def rows_are(pick):
    return lambda rows: replace(rows, rows=tuple(pick(list(rows.rows))))


def a_field_less(place):
    return rows_are(
        lambda rows: [*rows[:place], replace(rows[place], cells=rows[place].cells[:-1]), *rows[place + 1 :]]
    )


def vendor(**changed):
    return with_record(LISTS, "vendors", Vendor(**{"number": "20145", "name": "Delta Concrete"} | changed))


def job(**changed):
    return with_record(LISTS, "jobs", Job(**{"number": "2026014", "name": "Pier 9", "phases": ("1", "2")} | changed))


def account(**changed):
    return with_record(
        LISTS, "ledger_accounts", LedgerAccount(**{"number": "5040", "name": "x", "type": 13, "cost_type": 4} | changed)
    )


NONE_LISTED = with_record(
    LISTS, "ledger_accounts", LedgerAccount(number="5050", name="Purchases", type=13, needs_sub_account=True)
)


def subcontract(**changed):
    return with_record(LISTS, "subcontracts", replace(SUBCONTRACT, **changed))


def payables_of(day):
    return replace(LISTS, payable_invoices=replace(LISTS.payable_invoices, as_of=day))


def sage_holds(number, *statuses):
    rows = tuple(PayableInvoice(vendor_number="20145", invoice_number=number, status=status) for status in statuses)
    return replace(LISTS, payable_invoices=replace(LISTS.payable_invoices, records=rows))


CHANGES_ON_ONE_LINE = (
    line(1, change_order="CO-1", change_order_amount=money("500.00")),
    line(2, change_order="CO-2", change_order_amount=money("300.00"), line_reference="1"),
)
ONLY_ONE_LINKED = (CHANGES_ON_ONE_LINE[0], replace(CHANGES_ON_ONE_LINE[1], line_reference=None))
NO_CHANGE_IN_ALL = (CHANGES_ON_ONE_LINE[0], replace(CHANGES_ON_ONE_LINE[1], change_order_amount=money("-500.00")))


def lines_of(*changes):
    return subcontract(lines=tuple(replace(old, **new) for old, new in zip(SUBCONTRACT.lines, changes, strict=True)))


def elsewhere(amount, **changed):
    """What another file bills on the sample's first line."""
    found = {"commitment_kind": "subcontract", "commitment_number": SUBCONTRACT.number, "line_reference": "1"}
    return BilledElsewhere(**found | {"batch_key": "EXP-000400", "amount": money(amount)} | changed)


def like(number, **changed):
    """Another bill of the sample's vendor."""
    found = {"invoice_id": "9", "commitment_number": "SC-0004", "invoice_date": MAY, "gross": money("1200.00")}
    return LookAlike(**found | {"number": number} | changed)


def layout_with(place, **changed):
    """The batch in a layout whose header column of that source is another one."""
    columns = (replace(c, **changed) if c.source == place else c for c in APINV_R1.header)
    return batch(layout=replace(APINV_R1, header=tuple(columns)))


def only_lines(*lines):
    """Sage's one subcontract has these, and there is no purchase order."""
    known = SageList("Subcontracts 6-7", TODAY, (replace(SUBCONTRACT, lines=lines),))
    return replace(LISTS, subcontracts=known, purchase_orders=SageList("Purchase orders 6-6", TODAY))


def one(**changed):
    return batch(invoice(**changed))


def first_line(**changed):
    return batch(invoice(lines=(line(1, **changed), line(2))))


def counted(**changed):
    usual = {"invoice_number": "2219-03", "batch_key": "EXP-000002", "amount": money("60.00")}
    return CountedRelease(**usual | changed)


def choice(number, sub=None):
    return AccountChoice(number=number, sub_account=sub)


NO_COST_TYPE_ACCOUNT = with_record(
    LISTS, "ledger_accounts", LedgerAccount(number="5041", name="Twin", type=13, cost_type=4)
)
OTHER_VENDOR = invoice(invoice_id="2", vendor_number="20146", number="2219-07", sage_commitment_number=None)
OLD, NEWER = release("A-1", "100.00", "400.00", date(2026, 3, 31)), release("A-2", "50.00", "90.00", MAY)
CREDIT_LINES = (line(1, amount=money("-100.00"), retainage_held=money("-10.00")),)

CASES = [
    error("S1", "a header field is missing", tamper=a_field_less(0)),
    error("S1", "a detail field is missing", tamper=a_field_less(1)),
    error("S1", "the layout lost a header column", batch(layout=replace(APINV_R1, header=APINV_R1.header[:-1]))),
    error("S2", "a detail comes first", tamper=rows_are(lambda rows: [rows[1], rows[0], rows[2]])),
    error("S2", "a header has no detail", tamper=rows_are(lambda rows: rows[:1])),
    error("S2", "a row of no known kind", tamper=lambda rows: replace(rows, rows=(
        replace(rows.rows[0], line_type="T"), *rows.rows[1:]))),
    error("S1", "a constant that isn't in the list its column names", layout_with("ship_number", lookup="Vendors 4-4",
          constant="999", source="")),
    error("S1", "a lookup in no list of Sage's", layout_with("ship_number", lookup="Ships 9-9")),
    error("S2", "a detail of another invoice", tamper=rows_are(lambda r: [*r[:2], replace(r[2], invoice_id="9")])),
    error("S3", "the number differs in its case", first_line(), tamper=cell_says(1, "invoice_number", "2219-07 ")),
    error("S3", "the vendor differs", tamper=cell_says(2, "vendor_number", "20146")),
    error("S4", "two vendors used one number", batch(invoice(), OTHER_VENDOR)),
    error("S4", "the case differs only", batch(invoice(number="ab-1"), invoice(invoice_id="2", number="AB-1"))),
    error("S5", "a date is American", tamper=cell_says(0, "invoice_date", "06/30/2026")),
    error("S5", "a date doesn't exist", tamper=cell_says(0, "due_date", "2026-02-30")),
    error("S5", "a date is written without hyphens", tamper=cell_says(0, "due_date", "20260630")),
    error("S5", "the vendor's terms can't be read", lists=vendor(due_terms="NET30")),
    error("S6", "a draft isn't called so", tamper=lambda rows: replace(rows, name=rows.name.removeprefix("DRAFT-"))),
    error("S7", "a row is lost", tamper=rows_are(lambda rows: rows[:2])),
    error("S7", "a price is a cent off", tamper=cell_says(1, "price", "18400.01")),
    error("S7", "the stated totals are wrong", tamper=lambda rows: replace(
        rows, totals=replace(rows.totals, gross=money("1.00")))),
    error("S7", "the invoice's net doesn't follow", one(net=money("23085.44"))),
    error("S7", "a release is lost", one(releases=(release(),)), tamper=lambda r: replace(r, releases=())),
    error("S8", "an invoice of another company", one(company_name="Bay Builders")),
    error("S8", "the lists of another company", lists=replace(LISTS, company_name="Bay Builders")),
    error("S9", "a cell differs from a rebuild", tamper=cell_says(1, "description", "Something else")),
    error("S10", "empty", one(number="")),
    error("S10", "21 characters", one(number="A" * 21)),
    *[error("S10", f"contains {bad!r}", one(number=f"A{bad}1")) for bad in (",", '"', "'", "\t", "\n", "\x07")],
    error("S11", "exported before", one(exported_in="EXP-000400")),
    error("S11", "in Sage's list", one(number="2219-06")),
    error("S11", "in Sage's list in another case", one(number="ab-1"), with_record(
        LISTS, "payable_invoices", PayableInvoice(vendor_number="20145", invoice_number="AB-1 "))),
    error("S11", "in Sage's list, open, behind a void one", one(number="X-1"), sage_holds("X-1", 5, 1)),
    error("S11", "in Sage's list, paid, before a void one", one(number="X-1"), sage_holds("X-1", 4, 5)),
    warning("S11", "the payables were never uploaded", lists=payables_of(None)),
    warning("S11", "a list of 32 days", lists=payables_of(TODAY - timedelta(days=32))),
    warning("S11", "another bill's looks so", one(look_alikes=(like("2219-7"),))),
    warning("S11", "one of another project, of no amount", one(look_alikes=(
        like("2219-7", commitment_number=None, gross=ZERO),))),
    *[warning("S11", f"Sage's {there} looks like {number}", one(number=number), with_record(
        LISTS, "payable_invoices", PayableInvoice(vendor_number="20145", invoice_number=there)))
      for number, there in (("INV-0012", "INV 12"), ("00123", "123"), ("2026-1", "2026-01"), ("202601", "2026-01"))],
    error("S12", "not linked", one(vendor_number=None)),
    error("S12", "not in the list", one(vendor_number="20154")),
    error("S12", "inactive", lists=vendor(is_active=False)),
    error("S12", "internal", lists=vendor(is_internal=True)),
    error("S13", "51 characters", one(description="x" * 51)),
    error("S13", "50 characters that the CSV puts a guard before", one(description="=" + "x" * 49)),
    error("S13", "empty", one(description="  ")),
    warning("S12", "blank whether it is active", lists=vendor(is_active=None)),
    error("S14", "paid by setting", batch(settings=settings(default_status=4))),
    error("S15", "a memo", tamper=cell_says(0, "type", "2")),
    error("S16", "neither", one(sage_commitment_number=None)),
    error("S16", "both", tamper=cell_says(0, "purchase_order_number", "PO-77")),
    error("S17", "not in the list", one(sage_commitment_number="SC-2026014-30")),
    error("S17", "another vendor's", one(vendor_number="20146")),
    error("S17", "another job's", one(job_number="2026015")),
    error("S17", "a PO number looked up among the subcontracts", one(sage_commitment_number="PO-77")),
    *[error("S18", f"status {status}", lists=subcontract(status=status)) for status in (1, 2)],
    *[warning("S18", f"status {status}", lists=subcontract(status=status)) for status in (5, 6)],
    warning("S19", "hold payment", lists=subcontract(hold_payment=True)),
    warning("S19", "lock edit", lists=subcontract(is_locked=True)),
    warning("S19", "the vendor is on hold", lists=vendor(hold_payment=True)),
    error("S20", "not in the list", one(job_number="2026041")),
    warning("S20", "complete", lists=job(status=5)),
    error("S20", "closed", lists=job(status=6)),
    error("S21", "no such phase", one(phase_number="3")),
    error("S21", "phase 0", one(phase_number="0")),
    warning("S22", "due before the invoice", one(due_date=date(2026, 6, 29))),
    warning("S22", "discount after due", one(discount_date=date(2026, 8, 1))),
    warning("S23", "32 days after posting", one(invoice_date=date(2026, 6, 30) + timedelta(days=32))),
    warning("S23", "over a year old", one(invoice_date=TODAY - timedelta(days=366))),
    *[error("S24", source, tamper=cell_says(0, source, "1")) for source in ALWAYS_ZERO],
    error("S25", "a tenth of a cent", first_line(amount=money("18400.001"))),
    error("S25", "one cent over the limit", first_line(amount=money("100000000.00"))),
    error("S25", "a release with half a cent", one(releases=(release(released="1.005"),))),
    error("S26", "a key of 51 characters", first_line(key="K" * 51)),
    error("S27", "a locked period", batch(accounting_date=date(2026, 5, 31))),
    error("S27", "no period at all", batch(accounting_date=LATER)),
    warning("S28", "July's books, June's bill", batch(accounting_date=date(2026, 7, 1))),
    error("S29", "a PO is required", lists=vendor(purchase_order_rule=2)),
    error("S29", "a subcontract is required", one(commitment_kind="purchase_order", sage_commitment_number="PO-77"),
          vendor(purchase_order_rule=5)),
    error("S30", "nothing resolves", batch(settings=settings(subcontract_account=None)), NO_COST_TYPE_ACCOUNT),
    error("S31", "not in the list", first_line(line_account=choice("5999"))),
    error("S31", "inactive", first_line(line_account=choice("5040")), account(is_active=False)),
    warning("S31", "blank whether it is active", lists=account(is_active=None)),
    error("S31", "an overhead account", first_line(line_account=choice("6000"))),
    error("S31", "an expense account on a WIP job", lists=job(posts_to_wip=True)),
    error("S31", "a WIP account on an expensed job", first_line(line_account=choice("1310"))),
    error("S32", "missing", first_line(line_account=choice("5050"))),
    error("S32", "missing where none is listed", first_line(line_account=choice("5050")), NONE_LISTED),
    error("S32", "given where none is listed", first_line(line_account=choice("5050", "7")), NONE_LISTED),
    error("S32", "not wanted", first_line(line_account=choice("5040", "7"))),
    error("S32", "another account's", first_line(line_account=choice("5050", "8"))),
    error("S33", "not linked", first_line(cost_code=None)),
    error("S33", "the form of ours", first_line(cost_code="03-100")),
    error("S33", "four decimals", first_line(cost_code="2310.0001")),
    error("S33", "not in the list", first_line(cost_code="2311.000")),
    warning("S33", "blank whether it is active", lists=with_record(
        LISTS, "cost_codes", CostCode(code="2310.000", name="Footings", is_active=None))),
    error("S33", "inactive", first_line(cost_code="2330.000")),
    error("S34", "not linked", first_line(cost_type=None)),
    error("S34", "0", first_line(cost_type=0)),
    error("S34", "10", first_line(cost_type=10)),
    warning("S35", "no line of the job has it", lists=only_lines(SUBCONTRACT.lines[1])),
    warning("S36", "a line's description", first_line(description="x" * 51)),
    warning("S36", "a text that the CSV puts a guard before", first_line(description="=" + "x" * 49)),
    warning("S36", "the header's description", one(commitment_title="Cast-in-place concrete of the whole north pier")),
    error("S37", "quantity 0.25", tamper=cell_says(1, "quantity", "0.2500")),
    error("S37", "a credit with quantity 1", one(lines=CREDIT_LINES), tamper=cell_says(1, "quantity", "1.0000")),
    error("S37", "a negative price", tamper=cell_says(1, "price", "-18400.00")),
    error("S38", "nothing is left", one(lines=(ZERO_LINE,))),
    error("S38", "a zero line stands in the file", tamper=cell_says(1, "price", "0.00")),
    warning("S39", "no link", first_line(line_reference=None)),
    error("S39", "a link to nothing", first_line(line_reference="9")),
    error("S39", "another code in Sage", lists=lines_of({"cost_code": "2320.000"}, {})),
    error("S39", "another type in Sage", lists=lines_of({"cost_type": 1}, {})),
    warning("S40", "a cent over what remains", lists=lines_of({"remaining": money("18399.99")}, {})),
    error("S40", "blocking by setting", batch(settings=settings(over_remaining_severity="error")),
          lines_of({"remaining": money("18399.99")}, {})),
    warning("S40", "two lines share one", batch(invoice(lines=(line(1), line(2, line_reference="1")))),
            lines_of({"remaining": money("25650.49")}, {})),
    warning("S40", "a cent over what another file leaves", batch(billed_elsewhere=(elsewhere("1600.01"),)),
            lines_of({"remaining": money("20000.00")}, {})),
    error("S41", "its line shows no change", first_line(change_order="CO-1", change_order_amount=money("500.00"))),
    error("S41", "its line shows no deduction", first_line(change_order="CO-1", change_order_amount=money("-500.00"))),
    error("S41", "its line shows one of two", batch(invoice(lines=CHANGES_ON_ONE_LINE)),
          lines_of({"change": money("500.00")}, {})),
    warning("S41", "what comes to nothing on its line", batch(invoice(lines=NO_CHANGE_IN_ALL))),
    warning("S41", "what comes to nothing in all", batch(invoice(lines=tuple(
        replace(each, line_reference=None) for each in NO_CHANGE_IN_ALL)))),
    error("S41", "its line shows less than it adds", first_line(
        change_order="CO-1", change_order_amount=money("500.00")), lines_of({"change": money("499.99")}, {})),
    error("S41", "one of two is in Sage, and neither is linked", batch(invoice(lines=(
        line(1, change_order="CO-1", change_order_amount=money("500.00"), line_reference=None),
        line(2, change_order="CO-2", change_order_amount=money("300.00"), line_reference=None)))),
        lines_of({"change": money("500.00")}, {})),
    error("S41", "one of two is in Sage, and only that is linked", batch(invoice(lines=ONLY_ONE_LINKED)),
          lines_of({"change": money("500.00")}, {})),
    error("S41", "one of two is in Sage, a deduction, and only that is linked", batch(invoice(lines=(
        replace(ONLY_ONE_LINKED[0], change_order_amount=money("-500.00")), ONLY_ONE_LINKED[1]))),
        lines_of({"change": money("-500.00")}, {})),
    error("S41", "it is not in Sage, and a linked deduction on no bill would make up for it", one(
        lines=(line(1, change_order="CO-1", change_order_amount=money("500.00")), line(2)),
        linked_changes=(LinkedChange(line_reference="1", amount=money("-500.00")),)),
        lines_of({"change": money("300.00")}, {})),
    error("S41", "one of two is in Sage, linked, and not on the bill", one(
        lines=(line(1, change_order="CO-1", change_order_amount=money("500.00"), line_reference=None), line(2)),
        linked_changes=(LinkedChange(line_reference="2", amount=money("500.00")),)),
        lines_of({}, {"change": money("500.00")})),
    error("S41", "no line shows any change", first_line(
        change_order="CO-1", change_order_amount=money("500.00"), line_reference=None)),
    error("S42", "a cent less", one(gross=money("25650.49"))),
    error("S43", "a job-cost line on an overhead account", first_line(line_account=choice("6000"))),
    error("S43", "an expense line without job cost", first_line(cost_code=None)),
    error("S44", "two lines became one row", tamper=rows_are(lambda rows: rows[:2])),
    error("S44", "two lines with one key", batch(invoice(lines=(line(1), line(2, key="SOV-001"))))),
    warning("S45", "a credit with its reference", one(lines=CREDIT_LINES, reference_no="2219-05")),
    warning("S45", "a credit with one that somebody chose", one(
        lines=CREDIT_LINES, reference_no="2219-05", reference_by="Rae Diaz")),
    error("S45", "a credit without one", one(lines=CREDIT_LINES)),
    error("S45", "a credit on itself", one(lines=CREDIT_LINES, number="AB-1", reference_no=" ab-1")),
    error("S46", "the header is a cent off", one(retainage_held=money("2565.06"))),
    error("S46", "the file is a cent off", tamper=cell_says(0, "retainage", "2565.06")),
    error("S47", "more than gross", first_line(retainage_held=money("30000.00"))),
    error("S47", "negative on a bill", first_line(retainage_held=money("-2000.00"))),
    error("S47", "positive on a credit", one(lines=(line(1, amount=money("-100.00")),))),
    warning("S48", "three cents on two lines", first_line(retainage_held=money("1840.03"))),
    warning("S48", "another rate in Sage", lists=subcontract(retention_rate=money("5"))),
    error("S49", "the release was taken off the retainage", one(releases=(release(),)),
          tamper=cell_says(0, "retainage", "2065.05")),
    error("S49", "the release became work", one(releases=(release(),)), tamper=cell_says(1, "price", "18900.00")),
    error("S50", "rows for a release", one(lines=(ZERO_LINE,), releases=(release(),)),
          tamper=lambda rows: replace(rows, rows=build_rows(batch(), LISTS).rows)),
    error("S51", "more than an invoice holds", one(releases=(release(released="500.01"),))),
    error("S51", "an invoice that Sage refused", one(releases=(replace(release(), refused="No such job"),))),
    error("S51", "less than nothing", one(releases=(release(released="-1.00"),))),
    error("S51", "the newer one while the old one holds", one(releases=(OLD, NEWER))),
    error("S51", "the newer one first", one(releases=(replace(NEWER, held=money("50.00")), OLD))),
    error("S51", "another sum than the invoice's", one(releases=(release(),), retainage_released=money("499.99"))),
    error("S51", "another file took some of it", one(
        releases=(release(),), retainage_released=money("600.00"), counted=(counted(),))),
    warning("S51", "another batch releases on it and is in no file yet", one(
        releases=(release(),), counted=(counted(is_in_a_file=False),))),
    warning("S51", "Sage's list shows less on it", one(releases=(release(),)), lists=with_record(
        LISTS, "payable_invoices", PayableInvoice(
            vendor_number="20145", invoice_number="2219-03", retention=money("499.99")))),
    error("S51", "a release below zero", one(retainage_released=money("-20.00"))),
    error("S51", "nothing to release it on", one(lines=(ZERO_LINE,), retainage_released=money("500.00"))),
    error("S52", "the work is missing", one(releases=(release(),)), tamper=rows_are(lambda rows: [])),
    error("S52", "the release is missing", one(releases=(release(),)), tamper=lambda r: replace(r, releases=())),
    error("S53", "a Canadian company", one(is_canadian=True)),
    *[error("S54", f"a line called {name}", first_line(description=name)) for name in ("Sales tax 8.25 %", "GST tax")],
    *[warning("S54", f"a line called {name}", first_line(description=name)) for name in ("HST", "VAT abatement")],
    error("S55", "under review", one(status="under_review")),
    error("S55", "the narrower setting", batch(invoice(status="approved_as_noted"), settings=settings(
        sendable_statuses=("approved",)))),
    error("S55", "commitment not linked", one(sage_commitment_number=None)),
    error("S55", "job not linked", one(job_number=None)),
    error("S55", "accepted without the right", batch(accepted_with_right=False)),
    error("S56", "a row of another job", tamper=cell_says(2, "job_number", "2026015")),
    warning("S57", "a replaced letter", first_line(description="Łazienki")),
    error("S57", "a key that must not change", one(number="Ł-1")),
    *[error("S58", f"the number starts with {start}", one(number=f"{start}22")) for start in "=+-@"],
    error("S58", "the subcontract's number", one(sage_commitment_number="=SC-1")),
    warning("S59", "expired yesterday", one(insurance_expires_date=TODAY - timedelta(days=1))),
    warning("S59", "our flag", one(workers_comp_flag=True)),
    warning("S59", "our flag, and a vendor that Sage's list doesn't have", one(
        workers_comp_flag=True, vendor_number="20999")),
    warning("S59", "Sage's flag", lists=vendor(workers_comp_flag=True)),
]  # fmt: skip

CALM = [
    error("S1", "a constant that is in the list its column names", layout_with("ship_number", lookup="Vendors 4-4",
          constant="20145", source="")),
    error("S2", "two invoices one after the other", batch(invoice(), invoice(invoice_id="2", number="2219-08"))),
    error("S3", "r2 has no vendor in its details", batch(layout=APINV_R2)),
    error("S4", "two numbers", batch(invoice(), invoice(invoice_id="2", number="2219-08"))),
    error("S2", "the last invoice has one line", one(lines=(line(1),))),
    error("S5", "the vendor's terms", lists=vendor(due_terms="25TH", discount_terms="10DY")),
    error("S6", "a verified layout", batch(layout=replace(APINV_R1, verified=True))),
    error("S10", "20 characters", one(number="A" * 20)),
    error("S11", "another vendor's bill in Sage", one(number="X-1"), with_record(
        LISTS, "payable_invoices", PayableInvoice(vendor_number="20146", invoice_number="X-1"))),
    error("S11", "void in Sage", one(number="X-1"), sage_holds("X-1", 5)),
    error("S11", "a list of 31 days", lists=payables_of(TODAY - timedelta(days=31))),
    *[error("S11", f"Sage's {there} is another number than {number}", one(number=number), with_record(
        LISTS, "payable_invoices", PayableInvoice(vendor_number="20145", invoice_number=there)))
      for number, there in (("INV-10", "INV-100"), ("12-1", "1-21"), ("INV-12", "BILL-12"))],
    error("S11", "looks like what another vendor has in Sage", one(number="X-01"), with_record(
        LISTS, "payable_invoices", PayableInvoice(vendor_number="20146", invoice_number="X-1"))),
    error("S11", "looks like what is void in Sage", one(number="X-01"), sage_holds("X-1", 5)),
    error("S13", "50 characters", one(description="x" * 50)),
    error("S13", "1 character", one(description="x")),
    error("S13", "49 characters and the CSV's guard", one(description="=" + "x" * 48)),
    error("S14", "a vendor forced into review", lists=vendor(default_status=2)),
    error("S16", "a purchase order", one(commitment_kind="purchase_order", sage_commitment_number="PO-77")),
    error("S17", "a purchase order", one(commitment_kind="purchase_order", sage_commitment_number="PO-77")),
    error("S18", "contract", lists=subcontract(status=3)),
    error("S21", "one of the job's", one(phase_number="2")),
    error("S22", "due on the day itself", one(due_date=date(2026, 6, 30))),
    error("S23", "31 days after posting", one(invoice_date=date(2026, 6, 30) + timedelta(days=31))),
    error("S23", "365 days old", one(invoice_date=TODAY - timedelta(days=365))),
    error("S25", "the largest amount", first_line(amount=money("99992749.49"))),
    error("S26", "a key of 50 characters", first_line(key="K" * 50)),
    error("S27", "period 0 lies over January", lists=with_record(LISTS, "fiscal_periods", FiscalPeriod(
        year=2026, period=0, first_date=date(2026, 1, 1), last_date=date(2026, 12, 31), is_locked=True))),
    error("S29", "either will do", lists=vendor(purchase_order_rule=6)),
    error("S31", "a WIP job on its WIP account", batch(settings=settings(subcontract_account=choice("1310"))),
          job(posts_to_wip=True)),
    error("S32", "the right sub-account", first_line(line_account=choice("5050", "7"))),
    error("S33", "written without decimals", first_line(cost_code="2310")),
    *[error("S34", f"{number}, of Sage's nine", first_line(cost_type=number)) for number in (1, 9)],
    error("S35", "another order of the job has it", lists=lines_of({"cost_code": "2320.000"}, {})),
    error("S35", "the lists have no line of the job", lists=only_lines()),
    *[error("S37", f"a line of {amount}", first_line(amount=money(amount))) for amount in ("0.01", "-0.01")],
    error("S38", "a zero line beside another", batch(invoice(lines=(ZERO_LINE, line(2))))),
    error("S38", "a release alone, and nothing to release it on", one(
        lines=(ZERO_LINE,), retainage_released=money("500.00"))),
    error("S40", "exactly what remains", lists=lines_of({"remaining": money("18400.00")}, {})),
    error("S40", "exactly what another file leaves", batch(billed_elsewhere=(elsewhere("1600.00"),)),
          lines_of({"remaining": money("20000.00")}, {})),
    error("S40", "another file bills elsewhere in Sage", batch(billed_elsewhere=(
        elsewhere("9.00", line_reference="2"), elsewhere("9.00", commitment_number="SC-1"),
        elsewhere("9.00", commitment_kind="purchase_order"))), lines_of({"remaining": money("18400.00")}, {})),
    error("S40", "another file's credit gives back", batch(billed_elsewhere=(elsewhere("-0.01"),)),
          lines_of({"remaining": money("18399.99")}, {})),
    error("S36", "exactly as long as the column", first_line(description="x" * 50)),
    error("S36", "exactly as long with the guard", first_line(description="=" + "x" * 48)),
    error("S41", "Sage shows the change", first_line(change_order="CO-1"), lines_of({"change": money("5.00")}, {})),
    error("S41", "what comes to nothing in all, and Sage shows both", batch(invoice(lines=tuple(
        replace(each, line_reference=None) for each in NO_CHANGE_IN_ALL))),
        lines_of({"change": money("500.00")}, {"change": money("-500.00")})),
    error("S41", "Sage shows all that it adds", first_line(change_order="CO-1", change_order_amount=money("500.00")),
          lines_of({"change": money("500.00")}, {})),
    error("S41", "both are in Sage, and neither is linked", batch(invoice(lines=(
        line(1, change_order="CO-1", change_order_amount=money("500.00"), line_reference=None),
        line(2, change_order="CO-2", change_order_amount=money("300.00"), line_reference=None)))),
        lines_of({"change": money("500.00")}, {"change": money("300.00")})),
    error("S41", "both are in Sage on one line, and only one is linked", batch(invoice(lines=ONLY_ONE_LINKED)),
          lines_of({"change": money("800.00")}, {})),
    error("S41", "both are in Sage, and the linked one is not on the bill", one(
        lines=(line(1, change_order="CO-1", change_order_amount=money("500.00"), line_reference=None), line(2)),
        linked_changes=(LinkedChange(line_reference="2", amount=money("300.00")),)),
        lines_of({"change": money("500.00")}, {"change": money("300.00")})),
    error("S41", "it is in Sage on its own line, and another that is linked is on no bill and not there", one(
        lines=(line(1, change_order="CO-1", change_order_amount=money("500.00")), line(2)),
        linked_changes=(LinkedChange(line_reference="1", amount=money("300.00")),)),
        lines_of({"change": money("500.00")}, {})),
    error("S41", "it is in Sage, and the linked one that is not on the bill is not", one(
        lines=(line(1, change_order="CO-1", change_order_amount=money("500.00"), line_reference=None), line(2)),
        linked_changes=(LinkedChange(line_reference="2", amount=money("300.00")),)),
        lines_of({"change": money("500.00")}, {})),
    error("S41", "one is in Sage, the linked one is not, and nothing of it is billed", batch(invoice(lines=(
        replace(ONLY_ONE_LINKED[0], amount=money("0.00")), ONLY_ONE_LINKED[1]))),
        lines_of({}, {"change": money("300.00")})),
    error("S41", "a deduction that Sage has", first_line(change_order="CO-1", change_order_amount=money("-50.00")),
          lines_of({"change": money("-50.00")}, {})),
    error("S44", "two lines with one code", first_line(cost_code="2320.000")),
    error("S47", "a credit's own retainage", one(lines=CREDIT_LINES, reference_no="2219-05")),
    error("S48", "two cents on two lines", first_line(retainage_held=money("1840.02"))),
    error("S49", "a mixed invoice", one(releases=(release(),))),
    error("S50", "a release alone", one(lines=(ZERO_LINE,), releases=(release(),))),
    error("S51", "the oldest emptied first", one(releases=(replace(OLD, held=money("100.00")), NEWER))),
    error("S51", "a batch in no file yet, on what it does not stand on", one(
        releases=(release(),), counted=(counted(invoice_number="2219-02", is_in_a_file=False),))),
    error("S51", "Sage's list shows as much on it", one(releases=(release(),)), lists=with_record(
        LISTS, "payable_invoices", PayableInvoice(
            vendor_number="20145", invoice_number="2219-03", retention=money("500.00")))),
    error("S51", "another file on the same invoice", one(releases=(release(),), counted=(counted(),))),
    error("S51", "two of one day, emptied in their order", one(releases=(
        replace(OLD, held=money("100.00")), replace(NEWER, invoice_date=OLD.invoice_date)))),
    error("S52", "a mixed invoice", one(releases=(release(),))),
    error("S52", "a release with nothing to stand on", one(retainage_released=money("500.00"))),
    error("S54", "a line called so of which nothing is billed", batch(invoice(lines=(
        replace(ZERO_LINE, description="Sales tax"), line(2))))),
    error("S54", "a line called so, and the setting", batch(invoice(lines=(line(1, description="Sales tax"), line(2))),
          settings=settings(tax_is_inside_amounts=True))),
    error("S54", "a word that only holds the letters", first_line(description="Taxiway lights, syntax, excavation")),
    error("S55", "approved as noted", one(status="approved_as_noted")),
    error("S57", "letters Windows knows", first_line(description="Façade “naïve” €")),
    error("S58", "a number with a hyphen inside", one(number="22-1=1")),
    error("S59", "no flag of ours, and a vendor that Sage's list doesn't have", one(vendor_number="20999")),
    error("S59", "expires today", one(insurance_expires_date=TODAY)),
]  # fmt: skip
