"""What each header source answers for one invoice, with the reason in words and numbers (E-6)."""

from datetime import date

from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.cells import Value
from erp_integrations.sage100.facts import PURCHASE_ORDER, SUBCONTRACT, ZERO, BatchFacts, InvoiceFacts
from erp_integrations.sage100.lists import SageLists
from erp_integrations.sage100.terms import date_by_terms

REVIEW = 2
ZERO_MONEY = "0.00"


def header_values(invoice: InvoiceFacts, batch: BatchFacts, lists: SageLists) -> dict[str, Value]:
    """One Value per source of layout.HEADER_SOURCES."""
    return {
        **_identity(invoice, batch, lists),
        **_dates(invoice, batch, lists),
        **_commitment(invoice, lists),
        **_fixed(invoice),
        "status": _status(invoice, batch, lists),
        "retainage": _retainage(invoice),
        "notes": _notes(invoice, batch),
    }


def described(invoice: InvoiceFacts) -> str:
    """The header description before cleaning and cutting."""
    if invoice.description is not None:
        return invoice.description
    return f"Pay app {invoice.application_number} {invoice.commitment_title} thru {invoice.period_end.isoformat()}"


def due_date(invoice: InvoiceFacts, batch: BatchFacts, lists: SageLists) -> tuple[date | None, str]:
    """The due date and why; None when the vendor's terms can't be read (S5 reports it, nothing is guessed)."""
    if invoice.due_date is not None:
        return invoice.due_date, "set by the approver"
    vendor = lists.vendors.get(invoice.vendor_number)
    if vendor is not None and vendor.due_terms:
        return _by_terms(vendor.due_terms, invoice.invoice_date)
    days = batch.settings.terms_days
    found, _ = _by_terms(f"{days}DY", invoice.invoice_date)
    return found, f"the company's default: {invoice.invoice_date.isoformat()} + {days} days"


def discount_date(invoice: InvoiceFacts, batch: BatchFacts, lists: SageLists) -> tuple[date | None, str]:
    if invoice.discount_date is not None:
        return invoice.discount_date, "set by the approver"
    vendor = lists.vendors.get(invoice.vendor_number)
    if vendor is not None and vendor.discount_terms:
        return _by_terms(vendor.discount_terms, invoice.invoice_date)
    return due_date(invoice, batch, lists)[0], "no discount terms: the due date"


def _by_terms(terms, start):
    try:
        return date_by_terms(terms, start), f"the vendor's terms {terms} after {start.isoformat()}"
    except ValueError as fault:
        return None, str(fault).removesuffix(".")


def _identity(invoice, batch, lists):
    ours = f"invoice {invoice.number}, version {invoice.version}"
    auto = invoice.description is None
    return {
        "invoice_number": Value(invoice.number, "the vendor's own number, never cut", (ours,)),
        "vendor_number": Value(
            invoice.vendor_number or "", f"{invoice.vendor_name} is linked to it", (lists.vendors.dated,)
        ),
        "description": Value(
            described(invoice),
            "application, commitment, period end" if auto else "set by the approver",
            (ours,),
            never_cut=not auto,
        ),
        "batch_key": Value(batch.batch_key, "the key of this batch, to filter by in Sage", ("this batch",)),
        "application": Value(
            f"PA-{invoice.application_number} {invoice.period_end:%Y-%m}",
            f"application {invoice.application_number}, period ending {invoice.period_end.isoformat()}",
            (ours,),
        ),
        "reference_number": Value(invoice.reference_no or "", _why_this_reference(invoice), (ours,)),
    }  # fmt: skip


def _why_this_reference(invoice) -> str:
    """S45: what this credit reduces."""
    if not invoice.is_credit:
        return "no credit"
    if invoice.reference_by:
        return f"what this credit reduces, chosen by {invoice.reference_by}"
    if invoice.reference_no:
        return "what this credit reduces: the newest earlier bill of the commitment that Sage has from us"
    return "a credit, and Sage has no earlier bill of the commitment from us"


def _dates(invoice, batch, lists):
    due, why_due = due_date(invoice, batch, lists)
    discount, why_discount = discount_date(invoice, batch, lists)
    dated = lists.vendors.dated
    return {
        "invoice_date": Value(invoice.invoice_date.isoformat(), "the billing date", (f"invoice {invoice.number}",)),
        "due_date": Value(due.isoformat() if due else "", why_due, (dated,)),
        "discount_date": Value(discount.isoformat() if discount else "", why_discount, (dated,)),
        "posting_date": Value(batch.accounting_date.isoformat(), "chosen at acceptance", (batch.accepted_by,)),
    }


def _commitment(invoice, lists):
    number, kind = invoice.sage_commitment_number or "", invoice.commitment_kind
    how = f"our {invoice.commitment_number} is linked to it"
    none = Value("", "the other kind of commitment")
    found = Value(number, how, (lists.commitments(kind).dated,))
    return {
        "purchase_order_number": found if kind == PURCHASE_ORDER else none,
        "subcontract_number": found if kind == SUBCONTRACT else none,
        "job_number": Value(invoice.job_number or "", f"{invoice.project_name} is linked to it", (lists.jobs.dated,)),
        "phase_number": phase(invoice, lists),
    }


def phase(invoice: InvoiceFacts, lists: SageLists) -> Value:
    """The linked phase; empty without one, never 0 (S21)."""
    linked = bool(invoice.phase_number)
    return Value(invoice.phase_number or "", "the linked phase" if linked else "no phase linked", (lists.jobs.dated,))


def _fixed(invoice):
    zero = Value(ZERO_MONEY, "always zero")
    return {
        "type": Value("1", "1 is a contract invoice"),
        "ship_number": Value("", "always empty"),
        "discount": zero,
        "set_to_pay": zero,
        "hot_list": Value("0", "always zero"),
        "auto_close": Value("0", "always zero"),
    }


def _status(invoice, batch, lists):
    vendor = lists.vendors.get(invoice.vendor_number)
    if vendor is not None and vendor.default_status == REVIEW:
        return Value(str(REVIEW), "the vendor's invoices are put in review", (lists.vendors.dated,))
    return Value(str(batch.settings.default_status), "the company's setting", ("export settings",))


def _retainage(invoice):
    """S46: the sum of what each line newly holds; what was released is no part of it (S49)."""
    held = [line for line in invoice.lines if line.retainage_held]
    amount = sum((line.retainage_held for line in held), ZERO)
    terms = " + ".join(f"{line.retainage_held:,.2f}" for line in held) or "0.00"
    names = ", ".join(line.key for line in held)
    how = f"newly held per line: {terms} = {amount:,.2f}{f' ({names})' if names else ''}"
    return Value(money_text(amount), how, (f"invoice {invoice.number}, version {invoice.version}",))


def _notes(invoice, batch):
    approved = f"Approved by {invoice.approved_by}" if invoice.approved_by else ""
    parts = (invoice.invoice_link, approved, f"Accepted {batch.accepted_date.isoformat()}")
    return Value("; ".join(part for part in parts if part), "link, approver, day of acceptance", ("this batch",))
