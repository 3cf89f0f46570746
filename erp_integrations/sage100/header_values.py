"""What each header source answers for one invoice, with the reason in words and numbers (E-6)."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from erp_integrations.sage100.accounts import SETTINGS
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


@dataclass(frozen=True)
class Day:
    """A day, how it came to be and where from; `terms`: the vendor's, where they lead to it.

    The day is None when they can't be read (S5 reports it, nothing is guessed).
    """

    day: date | None
    how: str
    source: str
    terms: str = ""

    @property
    def value(self) -> Value:
        return Value(self.day.isoformat() if self.day else "", self.how, (self.source,))


def due_date(invoice: InvoiceFacts, batch: BatchFacts, lists: SageLists) -> Day:
    if invoice.due_date is not None:
        return Day(invoice.due_date, "set by the approver", _ours(invoice))
    vendor = lists.vendors.get(invoice.vendor_number)
    if vendor is not None and vendor.due_terms:
        return _by_terms(vendor.due_terms, invoice, lists)
    start, days = invoice.invoice_date, batch.settings.terms_days
    how = f"the company's default: {start.isoformat()} + {days} days"
    return Day(start + timedelta(days=days), how, SETTINGS)


def discount_date(invoice: InvoiceFacts, batch: BatchFacts, lists: SageLists) -> Day:
    if invoice.discount_date is not None:
        return Day(invoice.discount_date, "set by the approver", _ours(invoice))
    vendor = lists.vendors.get(invoice.vendor_number)
    if vendor is not None and vendor.discount_terms:
        return _by_terms(vendor.discount_terms, invoice, lists)
    return replace(due_date(invoice, batch, lists), how="no discount terms: the due date")


def _by_terms(terms, invoice, lists):
    start, source = invoice.invoice_date, lists.vendors.dated
    try:
        return Day(date_by_terms(terms, start), f"the vendor's terms {terms} after {start.isoformat()}", source, terms)
    except ValueError as fault:
        return Day(None, str(fault).removesuffix("."), source, terms)


def _ours(invoice):
    return f"invoice {invoice.number}, version {invoice.version}"


def _identity(invoice, batch, lists):
    ours, auto = _ours(invoice), invoice.description is None
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
    return {
        "invoice_date": Value(invoice.invoice_date.isoformat(), "the billing date", (f"invoice {invoice.number}",)),
        "due_date": due_date(invoice, batch, lists).value,
        "discount_date": discount_date(invoice, batch, lists).value,
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
    return Value(str(batch.settings.default_status), "the company's setting", (SETTINGS,))


def _retainage(invoice):
    """S46: the sum of what each line newly holds; what was released is no part of it (S49)."""
    held = [line for line in invoice.lines if line.retainage_held]
    amount = sum((line.retainage_held for line in held), ZERO)
    terms = " + ".join(f"{line.retainage_held:,.2f}" for line in held) or "0.00"
    names = ", ".join(line.key for line in held)
    how = f"newly held per line: {terms} = {amount:,.2f}{f' ({names})' if names else ''}"
    return Value(money_text(amount), how, (_ours(invoice),))


def _notes(invoice, batch):
    approved = f"Approved by {invoice.approved_by}" if invoice.approved_by else ""
    parts = (invoice.invoice_link, approved, f"Accepted {batch.accepted_date.isoformat()}")
    return Value("; ".join(part for part in parts if part), "link, approver, day of acceptance", ("this batch",))
