"""S10, S11, S13–S15, S22–S28: the header row's own cells, numbers and dates."""

import re
from datetime import date, timedelta
from decimal import Decimal

from directory.number_looks import FORBIDDEN_IN_NUMBERS, LONGEST_NUMBER
from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.facts import InvoiceFacts, LookAlike
from erp_integrations.sage100.findings import ERROR, WARNING
from erp_integrations.sage100.header_values import discount_date, due_date
from erp_integrations.sage100.lists import ENTERED_AS, PAYABLES_DOUBTED_AFTER
from erp_integrations.sage100.rules.registry import BATCH, INVOICE, BatchCheck, InvoiceCheck, Issue, rule
from erp_integrations.sage100.text import is_safe, room_for, starts_like_a_formula

DESCRIPTION_LENGTH, USER_DEFINED_LENGTH = 50, 50
LARGEST = Decimal("99999999.99")
LATEST_AFTER_POSTING, OLDEST = timedelta(days=31), timedelta(days=365)
ZERO = re.compile(r"0+(\.0+)?")
MOST_NAMED = 5
ALWAYS_ZERO = ("discount", "set_to_pay", "hot_list", "auto_close")


def number_faults(number: str) -> tuple[str, ...]:
    """Why this can't be an invoice number in Sage (S10), in sentences; empty when it can."""
    faults = []
    if not number.strip():
        faults.append("The invoice has no number.")
    if len(number) > LONGEST_NUMBER:
        faults.append(f"The number has {len(number)} characters; Sage takes {LONGEST_NUMBER}.")
    names = {FORBIDDEN_IN_NUMBERS.get(c) or ("" if c.isprintable() else "control character") for c in number} - {""}
    faults += [f"The number contains a {name}." for name in sorted(names)]
    return tuple(faults)


def reference_faults(number: str) -> tuple[str, ...]:
    """Why this can't be the reference number of a credit (S45), in sentences: S10, and what S57 and S58 would stop."""
    faults = number_faults(number)
    if starts_like_a_formula(number) or not is_safe(number):
        faults += ("Sage can’t take it: it has a character outside Windows-1252, or starts like a formula.",)
    return faults


@rule("S10", ERROR, "The invoice number has 1 to 20 characters, no comma, quote, tab, line break or control.", INVOICE)
def invoice_number(check: InvoiceCheck):
    number = check.invoice.number
    for fault in number_faults(number):
        yield Issue(
            message=fault, remedy="Send the invoice back and ask the vendor for a number Sage can take.",
            field="Invoice no", value=number,
        )  # fmt: skip


@rule(
    "S11",
    ERROR,
    "Vendor and number were neither exported before nor stand in Sage's list; none looks like it.",
    INVOICE,
)
def not_exported_before(check: InvoiceCheck):
    invoice, known = check.invoice, check.lists.payable_invoices
    if invoice.exported_in:
        yield Issue(
            message=f"{invoice.number} of this vendor already stands in the file {invoice.exported_in}.",
            remedy="Don't send it again. If Sage doesn't hold it, void that export first.",
            field="Invoice no", value=invoice.number,
        )  # fmt: skip
    if (lost := check.lists.lost_days) and lost.since:
        yield Issue(
            message=f"This site was restored on {lost.until:%Y-%m-%d %H:%M} to {lost.since:%Y-%m-%d %H:%M}:"
            " what was exported in between may be in Sage.",
            remedy="Upload Sage's list of payable invoices first, of a later day than that, and import no file that"
            " was downloaded in between.",
            field="Invoice no", value=invoice.number, against=known,
        )  # fmt: skip
    if known.as_of is None or known.age_days(check.whole.today) > PAYABLES_DOUBTED_AFTER:
        yield Issue(
            message="Sage's list of payable invoices was never uploaded, so it can't tell whether Sage holds this one."
            if known.as_of is None
            else f"Sage's list of payable invoices is {known.age_days(check.whole.today)} days old.",
            remedy="Upload the list again, or confirm that Sage doesn't hold this invoice.", severity=WARNING,
            field="Invoice no", value=invoice.number, against=known,
        )  # fmt: skip
    if check.sage_holds(invoice.number):
        yield Issue(
            message=f"Sage already holds invoice {invoice.number} of vendor {invoice.vendor_number}.",
            remedy="Compare the two. If it is the same bill, nothing is to be sent. If it is another, ask the vendor"
            " for another number.",
            field="Invoice no", value=invoice.number, against=known,
        )  # fmt: skip
    yield from _look_alikes(check)


def _look_alikes(check: InvoiceCheck):
    """R19: case, spaces, punctuation and leading zeros tell no two bills apart for sure."""
    ours = [_named(each.number, _of(each), each.invoice_date, each.gross) for each in check.invoice.look_alikes]
    theirs = [
        _named(row.invoice_number, f" on job {row.job_number}" if row.job_number else "", row.invoice_date, row.gross)
        for row in check.look_alikes_in_sage
    ]
    for found, words, against in ((ours, "", None), (theirs, ", which Sage holds", check.lists.payable_invoices)):
        if found:
            more = f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            yield Issue(
                message=f"{check.invoice.number} looks like {'; '.join(found[:MOST_NAMED])}{more}{words}.",
                remedy="Compare them. If it is the same bill, reject this one; else confirm that it is another.",
                severity=WARNING, field="Invoice no", value=check.invoice.number, against=against,
            )  # fmt: skip


def _of(other: LookAlike) -> str:
    """A project reads nothing of another one's commitments (P-2)."""
    return f" of {other.commitment_number}" if other.commitment_number else " of another project"


def _named(number: str, where: str, day: date | None, gross: Decimal) -> str:
    """What its list says, as far as it says it."""
    dated, amount = f", dated {day.isoformat()}" if day else "", f", {gross:,.2f}" if gross else ""
    return f"{number}{where}{dated}{amount}"


@rule("S13", ERROR, "The description has 1 to 50 characters.", INVOICE)
def description(check: InvoiceCheck):
    text = check.header_text("description")
    longest = room_for(text or "", DESCRIPTION_LENGTH)
    if text is not None and not 1 <= len(text) <= longest:
        guard = "" if longest == DESCRIPTION_LENGTH else f" when it starts with “{text.strip()[:1]}”"
        yield Issue(
            message=f"The description has {len(text)} characters; Sage takes 1 to {longest}{guard}.",
            remedy="An accounting approver shortens the description, or fills it in, before accepting.",
            field="Description", value=text,
        )  # fmt: skip


@rule("S14", ERROR, "The status is 1 (open) or 2 (review).", INVOICE)
def status(check: InvoiceCheck):
    text = check.header_text("status")
    if text is not None and text not in map(str, ENTERED_AS):
        yield Issue(
            message=f"Status {text} can't be imported: only 1 (open) and 2 (review) can.",
            remedy="Set the company's default status to 1 or 2 in the export settings.", field="Status", value=text,
        )  # fmt: skip


@rule("S15", ERROR, "The type is 1 (contract).", INVOICE)
def invoice_type(check: InvoiceCheck):
    text = check.header_text("type")
    if text is not None and text != "1":
        yield Issue(
            message=f"Type {text} isn't a contract invoice.", remedy="Put 1 into the layout's type column.",
            field="Type", value=text,
        )  # fmt: skip


@rule("S22", WARNING, "The due date isn't before the invoice date, nor the discount date after the due date.", INVOICE)
def due_and_discount(check: InvoiceCheck):
    due = due_date(check.invoice, check.batch, check.lists).day
    discount = discount_date(check.invoice, check.batch, check.lists).day
    if due and due < check.invoice.invoice_date:
        yield Issue(
            message=f"Due on {due}, before the invoice date {check.invoice.invoice_date}.",
            remedy="Correct the due date when accepting.", field="Due date", value=due.isoformat(),
        )  # fmt: skip
    if due and discount and discount > due:
        yield Issue(
            message=f"The discount ends on {discount}, after the due date {due}.",
            remedy="Correct the discount date when accepting.", field="Discount date", value=discount.isoformat(),
        )  # fmt: skip


@rule("S23", WARNING, "The invoice date is at most 31 days after posting and at most a year old.", INVOICE)
def plausible_invoice_date(check: InvoiceCheck):
    day, posting = check.invoice.invoice_date, check.batch.accounting_date
    if day - posting > LATEST_AFTER_POSTING:
        yield _odd_date(day, f"The invoice date is {(day - posting).days} days after the accounting date {posting}.")
    if check.whole.today - day > OLDEST:
        yield _odd_date(day, f"The invoice date is {(check.whole.today - day).days} days ago.")


def _odd_date(day, message):
    return Issue(
        message=message, remedy="Check the billing date of the invoice and the accounting date of the batch.",
        field="Invoice date", value=day.isoformat(),
    )  # fmt: skip


@rule("S24", ERROR, "Discount, set to pay, hot list and auto close are zero.", INVOICE)
def always_zero(check: InvoiceCheck):
    for source in ALWAYS_ZERO:
        cell = check.header_cell(source)
        if cell and not ZERO.fullmatch(cell.text):
            yield Issue(
                message=f"{cell.title} is {cell.text or 'empty'}; it must be zero.",
                remedy="Put the column's own source back into the layout.", field=cell.title, value=cell.text,
            )  # fmt: skip


def amounts(invoice: InvoiceFacts):
    """Every amount of an invoice that reaches Sage or the release sheet, with its name."""
    yield "Gross", invoice.gross
    yield "Retainage", invoice.retainage_held
    yield "Retainage released", invoice.retainage_released
    for line in invoice.lines:
        yield f"Price of {line.key}", line.amount
        yield f"Retainage of {line.key}", line.retainage_held
    for release in invoice.releases:
        yield f"Release on {release.invoice_number}", release.released


@rule("S25", ERROR, "Money has two decimals and is at most 99,999,999.99.", INVOICE)
def money(check: InvoiceCheck):
    for name, amount in amounts(check.invoice):
        shown = money_text(amount)
        if len(shown.partition(".")[2]) > 2:
            yield Issue(
                message=f"{name} has parts of a cent.", remedy="Open the invoice and save the line again.",
                field=name, value=shown,
            )  # fmt: skip
        if abs(amount) > LARGEST:
            yield Issue(
                message=f"{name} is {amount:,.2f}; Sage takes at most {LARGEST:,.2f}.",
                remedy="Split the invoice into several.", field=name, value=shown,
            )  # fmt: skip


@rule("S26", ERROR, "User-defined fields have at most 50 characters.", INVOICE)
def user_defined(check: InvoiceCheck):
    for row in check.rows:
        own = [check.header_cell(source) for source in ("batch_key", "application")] if row is check.header else []
        for cell in (*own, row.cell("line_key")):
            if cell and len(cell.text) > USER_DEFINED_LENGTH:
                yield Issue(
                    message=f"{cell.title} has {len(cell.text)} characters; Sage takes {USER_DEFINED_LENGTH}.",
                    remedy="Shorten the key.", field=cell.title, value=cell.text, row=row.number,
                )  # fmt: skip


@rule("S27", ERROR, "The accounting date lies in an unlocked fiscal period.", BATCH)
def open_period(check: BatchCheck):
    day, period = check.batch.accounting_date, check.lists.period_of(check.batch.accounting_date)
    if period is None or period.is_locked:
        near = check.lists.open_period_near(day)
        why = "lies in no fiscal period of Sage" if period is None else f"lies in the locked period {period.label}"
        yield Issue(
            message=f"The accounting date {day} {why}.",
            remedy="Choose a date in an open period, or upload the fiscal periods again.",
            field="Posting period", value=day.isoformat(), against=check.lists.fiscal_periods,
            nearest=near and f"{near.label}, {near.first_date.isoformat()} to {near.last_date.isoformat()}",
        )  # fmt: skip


@rule("S28", WARNING, "The posting period is the invoice date's period.", INVOICE)
def period_of_invoice(check: InvoiceCheck):
    posting = check.lists.period_of(check.batch.accounting_date)
    dated = check.lists.period_of(check.invoice.invoice_date)
    if posting and posting != dated:
        yield Issue(
            message=f"It posts to {posting.label}, but its date {check.invoice.invoice_date} lies in"
            f" {dated.label if dated else 'no known period'}.",
            remedy="Choose another accounting date, or confirm that it belongs there.",
            field="Posting period", value=posting.label, against=check.lists.fiscal_periods,
        )  # fmt: skip
