"""S1–S9: the file as a whole. Most guard against our own mistakes: a finding here means nothing may be stored."""

from collections import Counter
from datetime import date
from itertools import zip_longest

from directory.number_looks import number_key
from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.findings import ERROR
from erp_integrations.sage100.header_values import discount_date, due_date
from erp_integrations.sage100.layout import APINV_R1, DATES, HEADER_FIELDS, KEYS, NUMBER, TEXT
from erp_integrations.sage100.lists import record_key
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules.registry import BATCH, INVOICE, REBUILD, BatchCheck, InvoiceCheck, Issue, rule
from erp_integrations.sage100.totals import differences, totals_of_facts, totals_of_rows

# Empty or too long, these are reported by the rule about them: S5, S10, S12–S16, S26, S30.
HAVE_A_RULE = (
    "invoice_number", "vendor_number", "description", "status", "type", "ledger_account", "batch_key", "application",
    "line_key", "job_cost_description", "notes", *DATES,
)  # fmt: skip


PUBLISHED = {column.source: column.length for column in (*APINV_R1.detail, *APINV_R1.header) if column.source}


WIDTHS = f"A header row has {HEADER_FIELDS} fields, a detail row as many as the layout, each as the layout says."


@rule("S1", ERROR, WIDTHS, BATCH)
def fields(check: BatchCheck):
    yield from _counts(check)
    yield from _contents(check)


def _counts(check):
    """Of rows that their layout did not make so; the layout's own count is one of its problems."""
    expected = {"H": len(check.rows.layout.header), "D": len(check.rows.layout.detail)}
    for row in check.rows.rows:
        wanted = expected.get(row.line_type)
        if len(row.cells) != wanted:
            yield Issue(
                message=f"This {row.line_type} row has {len(row.cells)} fields instead of {wanted}.",
                remedy=REBUILD,
                value=str(len(row.cells)), row=row.number, invoice_id=row.invoice_id,
            )  # fmt: skip


def _contents(check):
    for problem in check.rows.layout.problems():
        yield Issue(
            message=problem, remedy="Correct the column in a copy of the layout, and use that one.",
            field="Layout", value=check.rows.layout.name,
        )  # fmt: skip
    for row in check.rows.rows:
        columns = check.rows.layout.header if row.line_type == "H" else check.rows.layout.detail
        for column, cell in zip(columns, row.cells, strict=False):
            yield from _misfit(row, column, cell)
            yield from _not_listed(check, row, column, cell)


def _not_listed(check, row, column, cell):
    """A constant stands for all invoices, so no rule about one of them looks it up; what is linked has its own."""
    known = check.lists.called(column.lookup) if column.constant is not None and cell.text else None
    if known is not None and cell.text not in {str(record_key(record)) for record in known}:
        yield Issue(
            message=f"{column.title} is {cell.text} on every row, which isn't in Sage's list.",
            remedy="Correct the constant in a copy of the layout, or upload the list again.",
            field=column.title, value=cell.text, against=known, nearest=known.nearest(cell.text), row=row.number,
            invoice_id=row.invoice_id,
        )  # fmt: skip


def _length(column, cell) -> int:
    """Characters of a text; digits of a number, with as many after the point as the layout has (S25)."""
    if column.type == TEXT:
        return len(cell.text)
    if column.type != NUMBER:
        return 0
    whole, _, _ = cell.text.lstrip("-").partition(".")
    return len(whole.lstrip("0")) + column.decimals


def _misfit(row, column, cell):
    has_a_rule = column.source in HAVE_A_RULE
    is_empty = column.required and not cell.text.strip() and not has_a_rule
    is_long = bool(column.length) and _length(column, cell) > column.length
    if has_a_rule and column.length == PUBLISHED.get(column.source):
        is_long = False
    if is_empty or is_long:
        yield Issue(
            message=f"{column.title} is empty, and the layout requires it." if is_empty
            else f"{column.title} has {_length(column, cell)} {'characters' if column.type == TEXT else 'digits'};"
            f" the layout takes {column.length}.",
            remedy="Correct what is linked, or the column in a copy of the layout.",
            field=column.title, value=cell.text, row=row.number, invoice_id=row.invoice_id,
        )  # fmt: skip


@rule("S2", ERROR, "The first row is a header; every detail follows its header, every header has a detail.", BATCH)
def order_of_rows(check: BatchCheck):
    rows = check.rows.rows
    for place, row in enumerate(rows):
        before = rows[place - 1] if place else None
        after = rows[place + 1] if place + 1 < len(rows) else None
        if row.line_type == "H" and (after is None or after.line_type != "D"):
            yield _misplaced(row, "This header row has no detail row.")
        if row.line_type == "D" and (before is None or before.invoice_id != row.invoice_id):
            yield _misplaced(row, "This detail row doesn't follow its header row.")
        if row.line_type not in ("H", "D"):
            yield _misplaced(row, f"A row of type “{row.line_type}” has no place in the file.")


def _misplaced(row, message):
    return Issue(message=message, remedy=REBUILD, field="Line type", value=row.line_type, row=row.number,
                 invoice_id=row.invoice_id)  # fmt: skip


@rule("S3", ERROR, "The keys of a detail row equal its header's, byte for byte.", INVOICE)
def keys_of_details(check: InvoiceCheck):
    for row in check.details:
        for source in (*KEYS, "vendor_number"):
            cell, wanted = row.cell(source), check.header_text(source)
            if cell and wanted is not None and cell.text != wanted:  # a header without it is a fault of the layout (S1)
                yield Issue(
                    message=f"The detail row says “{cell.text}” where its header says “{wanted}”.",
                    remedy=REBUILD, field=cell.title, value=cell.text, row=row.number,
                )  # fmt: skip


@rule("S4", ERROR, "An invoice number stands on one header row per file, even for different vendors.", BATCH)
def one_header_per_number(check: BatchCheck):
    headers = [row for row in check.rows.rows if row.line_type == "H"]
    counts = Counter(number_key(row.text("invoice_number")) for row in headers)
    for row in headers:
        number = row.text("invoice_number")
        if counts[number_key(number)] > 1:
            yield Issue(
                message=f"Invoice number {number} stands on {counts[number_key(number)]} header rows of this file.",
                remedy="An accounting approver accepts them in separate batches: the import joins rows by it alone.",
                field="Invoice no", value=number, row=row.number, invoice_id=row.invoice_id,
            )  # fmt: skip


@rule("S5", ERROR, "Dates are real and written yyyy-mm-dd.", INVOICE)
def real_dates(check: InvoiceCheck):
    for source in DATES:
        repeated = (row.cell(source) for row in check.details[:1])
        wrong = (cell for cell in (check.header_cell(source), *repeated) if cell and not _is_iso_date(cell.text))
        if cell := next(wrong, None):
            terms = "" if cell.text else _terms_of(check, source)
            yield Issue(
                message=f"{cell.title} is no date: {cell.how}." if not cell.text else f"{cell.title} is no real date.",
                remedy=f"An accounting approver sets the {cell.title.lower()}, or corrects the vendor's terms in Sage.",
                field=cell.title, value=cell.text or terms, against=check.lists.vendors if terms else None,
            )  # fmt: skip


def _terms_of(check, source):
    """The vendor's terms that were to lead to this date; "" where it comes from elsewhere."""
    found = {"due_date": due_date, "discount_date": discount_date}.get(source)
    return found(check.invoice, check.batch, check.lists).terms if found else ""


def _is_iso_date(text):
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@rule("S6", ERROR, "While the layout isn't verified, the file's name starts with DRAFT-.", BATCH)
def drafts_say_so(check: BatchCheck):
    layout, name = check.rows.layout, check.rows.name
    if not layout.verified and not name.startswith("DRAFT-"):
        yield Issue(
            message=f"The layout {layout.name} isn't verified, yet the file is not named a draft.",
            remedy="Build the file again, or verify the layout against the maker's template.",
            field="File name", value=name,
        )  # fmt: skip


@rule("S7", ERROR, "The control totals, recomputed from the rows, equal the invoices to the cent.", BATCH)
def control_totals(check: BatchCheck):
    recomputed = totals_of_rows(check.rows.rows, check.rows.releases)
    found = dict.fromkeys(
        (*differences(totals_of_facts(check.batch), recomputed), *differences(recomputed, check.rows.totals))
    )
    for difference in found:
        yield Issue(
            message=f"The control totals differ: {difference}.", remedy=REBUILD,
            field="Control totals", value=difference.rpartition(", ")[2],
        )  # fmt: skip
    for invoice in check.batch.invoices:
        net = invoice.gross - invoice.retainage_held + invoice.retainage_released
        if net != invoice.net:
            yield Issue(
                message=f"Invoice {invoice.number}: expected net {money_text(net)}, found {money_text(invoice.net)},"
                f" difference {money_text(invoice.net - net)}.",
                remedy="Open the invoice and look at the identities on its summary.",
                field="Net", value=money_text(invoice.net), invoice_id=invoice.invoice_id,
            )  # fmt: skip


@rule("S8", ERROR, "One Sage company per file.", BATCH)
def one_company(check: BatchCheck):
    ours = check.batch.company_name
    others = [(invoice.invoice_id, invoice.company_name) for invoice in check.batch.invoices]
    if check.lists.company_name:
        others.append(("", check.lists.company_name))
    for invoice_id, name in others:
        if name != ours:
            yield Issue(
                message=f"This batch is for {ours}, but this belongs to {name}.",
                remedy="An accounting approver accepts each company's invoices in a batch of its own.",
                field="Company", value=name, invoice_id=invoice_id,
            )  # fmt: skip


@rule("S9", ERROR, "Rebuilding the file gives identical rows.", BATCH)
def same_rows_again(check: BatchCheck):
    pairs = list(zip_longest(check.rows.rows, build_rows(check.batch, check.lists, check.rows.layout).rows))
    if others := sum(row != again for row, again in pairs):
        yield Issue(
            message="Building the rows again gives other rows.", remedy=REBUILD,
            field="Rows", value=f"{others} of {len(pairs)}",
        )  # fmt: skip
