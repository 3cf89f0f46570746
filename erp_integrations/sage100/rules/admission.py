"""S53–S60: tax, rights, text, insurance, and whether anything changed since acceptance."""

import re
from datetime import date

from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.changes import changed_cells, changes_in_words
from erp_integrations.sage100.facts import BatchFacts, FactChange, InvoiceFacts, differences
from erp_integrations.sage100.findings import ERROR, WARNING, Finding
from erp_integrations.sage100.rules.registry import (
    CHANGE,
    INVOICE,
    REBUILD,
    InvoiceCheck,
    Issue,
    findings_of,
    registered_rules,
    rule,
)
from erp_integrations.sage100.text import is_safe, starts_like_a_formula

TAX = re.compile(r"\btax(?:es)?\b", re.IGNORECASE)
PERHAPS_TAX = re.compile(r"\b(?:VAT|GST|HST|PST|QST)\b", re.IGNORECASE)  # or a vinyl asbestos tile
KEYS = (
    "invoice_number", "vendor_number", "purchase_order_number", "subcontract_number", "job_number", "phase_number",
    "reference_number", "batch_key",
)  # fmt: skip
LOOK_AGAIN = "An accounting approver looks again, then tries again."
UNDO = "Undo that change; then an accounting approver tries again, or rejects it to have it sent anew."
FREE = ("description", "job_cost_description", "notes")


@rule("S53", ERROR, "A Canadian company's invoices are refused: their tax can't be carried.", INVOICE)
def canadian(check: InvoiceCheck):
    if check.invoice.is_canadian:
        yield Issue(
            message="Sage's Canadian tax can't be carried by this import.",
            remedy="Accounting enters the invoice in Sage by hand.",
            field="Company", value=check.invoice.company_name,
        )  # fmt: skip


@rule("S54", ERROR, "Tax is refused unless the setting says that it is inside the amounts.", INVOICE)
def tax(check: InvoiceCheck):
    """No invoice of ours has a tax of its own, so it stands in a line: a billed one that is called so is refused.

    One whose letters may stand for a tax, or for something else, is asked about.
    """
    if check.batch.settings.tax_is_inside_amounts:
        return
    for line in check.invoice.billed_lines:
        if PERHAPS_TAX.search(line.description) and not TAX.search(line.description):
            yield Issue(
                message=f"{line.key} “{line.description}” may be tax, which the import can't carry as such.",
                remedy="Confirm that it is no tax.",
                severity=WARNING, field="Description", value=line.description, row=check.row_of(line.key),
            )  # fmt: skip
        if TAX.search(line.description):
            yield Issue(
                message=f"{line.key} “{line.description}” names tax, which the import can't carry as such.",
                remedy="If it is part of the cost, an ERP Admin ticks “Tax is inside the amounts” in the settings;"
                " else have it billed within the lines of the work.",
                field="Description", value=line.description, row=check.row_of(line.key),
            )  # fmt: skip


@rule("S55", ERROR, "The invoice is approved; its commitment and job are known in Sage.", INVOICE)
def approved_and_known(check: InvoiceCheck):
    invoice = check.invoice
    if invoice.status not in check.batch.settings.sendable_statuses:
        yield Issue(
            message=f"The invoice's status is {invoice.status.replace('_', ' ')}.",
            remedy="Approve the invoice first.", field="Status", value=invoice.status,
        )  # fmt: skip
    if invoice.sage_commitment_number is None:
        yield Issue(
            message=f"{invoice.commitment_number} {invoice.commitment_title} isn't linked to Sage.",
            remedy="Link the commitment to a subcontract or purchase order of Sage.",
            field=check.number_title, against=check.commitments, nearest=check.likely_commitment,
        )  # fmt: skip
    if invoice.job_number is None:
        yield Issue(
            message=f"The project {invoice.project_name} isn't linked to a job of Sage.",
            remedy="Link the project to a job.", field="Job no", against=check.lists.jobs,
            nearest=check.lists.jobs.nearest_name(invoice.project_name),
        )  # fmt: skip
    if not check.batch.accepted_with_right:
        yield Issue(
            message=f"{check.batch.accepted_by} lacks the right Can Push to Accounting.",
            remedy="Ask an accounting approver to accept the batch.",
            field="Accepted by", value=check.batch.accepted_by,
        )  # fmt: skip


@rule("S56", ERROR, "One job per invoice.", INVOICE)
def one_job(check: InvoiceCheck):
    ours = check.invoice.job_number or ""
    for row in check.rows:
        cell = row.cell("job_number")
        if cell and cell.text != ours:
            yield Issue(
                message=f"This row belongs to job {cell.text or 'none'}, the invoice to job {ours or 'none'}.",
                remedy=REBUILD, field=cell.title, value=cell.text, row=row.number,
            )  # fmt: skip


@rule("S57", WARNING, "Text is printable and in Windows-1252; other characters are replaced and listed.", INVOICE)
def replaced_characters(check: InvoiceCheck):
    for change in check.changes:
        if change.replaced:
            yield Issue(
                message=f"{change.field} is written “{change.written}”: {', '.join(change.replaced)}.",
                remedy="Nothing, if it is still understood; else reword it.",
                field=change.field, value=change.original, row=change.row,
            )  # fmt: skip
    for row in check.rows:
        for cell in row.cells:
            if cell.source not in FREE and not is_safe(cell.text):
                yield Issue(
                    message=f"{cell.title} has a character Sage can't hold, and it must not be altered.",
                    remedy="Correct it where it is kept, or ask the vendor for another number.",
                    severity=ERROR, field=cell.title, value=cell.text, row=row.number,
                )  # fmt: skip


@rule("S58", ERROR, "No key starts like a formula: with =, +, -, @ or a tab.", INVOICE)
def formula_keys(check: InvoiceCheck):
    for row in check.rows:
        for source in KEYS:
            cell = row.cell(source)
            if cell and starts_like_a_formula(cell.text):
                yield Issue(
                    message=f"{cell.title} starts with “{cell.text.strip()[:1]}”; a spreadsheet would calculate it.",
                    remedy="Ask for a number that starts with a letter or digit.",
                    field=cell.title, value=cell.text, row=row.number,
                )  # fmt: skip


@rule("S59", WARNING, "Insurance hasn't expired and nothing is flagged for workers' compensation.", INVOICE)
def insurance(check: InvoiceCheck):
    expires, payee = check.invoice.insurance_expires_date, check.vendor
    if expires and expires < check.whole.today:
        yield Issue(
            message=f"The insurance of {check.invoice.vendor_name} expired on {expires}.",
            remedy="Ask for a new certificate, or confirm.", field="Insurance", value=expires.isoformat(),
        )  # fmt: skip
    if check.invoice.workers_comp_flag or (payee and payee.workers_comp_flag):
        yield Issue(
            message=f"{check.invoice.vendor_name} is flagged for workers' compensation.",
            remedy="Ask for the certificate, or confirm.", field="Workers' compensation", value="flagged",
            against=check.lists.vendors if payee and payee.workers_comp_flag else None,
        )  # fmt: skip


@rule("S60", ERROR, "Nothing changed between acceptance and build.", CHANGE)
def unchanged(pair: tuple[BatchFacts, BatchFacts]):
    accepted, current = pair
    if accepted == current:
        return
    now = {invoice.invoice_id: invoice for invoice in current.invoices}
    for invoice in accepted.invoices:
        if invoice.invoice_id not in now:
            yield _changed(invoice, "it is no longer in the batch")
        elif invoice != now[invoice.invoice_id]:
            what = list(differences(invoice, now[invoice.invoice_id]))
            yield _changed(invoice, changes_in_words(what), LOOK_AGAIN if _is_of_others(what) else UNDO)
    for added in sorted(now.keys() - {invoice.invoice_id for invoice in accepted.invoices}):
        yield _changed(now[added], "it was added to the batch")
    yield from _changed_batch(accepted, current)


def _is_of_others(what: list[FactChange]) -> bool:
    """What its release stands on holds something else since another batch left: nobody changed the invoice itself."""
    return all(change.path.partition("[")[0] == "releases" for change in what)


def _changed(invoice: InvoiceFacts, what: str, remedy: str = UNDO):
    return Issue(
        message=f"Invoice {invoice.number} changed after it was accepted: {what}.",
        remedy=remedy,
        field="Invoice", value=invoice.number, invoice_id=invoice.invoice_id,
    )  # fmt: skip


def _changed_batch(accepted, current):
    what = [change for change in differences(accepted, current) if not change.path.startswith("invoices")]
    if what:
        yield Issue(
            message=f"The batch changed after it was accepted: {changes_in_words(what)}.",
            remedy="Undo that change; then an accounting approver tries again, or rejects what is in it.",
            field="Batch", value=accepted.batch_key,
        )  # fmt: skip


def changed_since(accepted: BatchFacts, current: BatchFacts, today: date) -> tuple[Finding, ...]:
    """S60: errors when the facts read now differ from those frozen at acceptance; () when nothing changed."""
    found = next(each for each in registered_rules() if each.number == "S60")
    return tuple(findings_of(found, (accepted, current), today=today))


def written_otherwise(then: Rows, now: Rows, facts: BatchFacts) -> tuple[Finding, ...]:
    """S60: errors about rows of the same `facts` that newer lists write otherwise `now` than `then`."""
    numbers = {invoice.invoice_id: invoice.number for invoice in facts.invoices}
    said = [
        (invoice, f"newer lists of Sage change invoice {numbers[invoice]}: {changes_in_words(cells)}.")
        for invoice, cells in changed_cells(then, now).items()
    ]
    return tuple(
        Finding(
            rule="S60",
            severity=ERROR,
            invoice_id=invoice,
            message=words,
            remedy=LOOK_AGAIN,
        )
        for invoice, words in said or [("", "the rows come out otherwise than they were accepted.")]
    )
