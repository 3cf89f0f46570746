"""What each detail source answers for one line, with the reason in words and numbers (E-6)."""

import re
from decimal import Decimal

from erp_integrations.sage100.accounts import LINKS, resolve
from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.cells import Value
from erp_integrations.sage100.facts import BatchFacts, InvoiceFacts, LineFacts
from erp_integrations.sage100.header_values import phase
from erp_integrations.sage100.lists import SageLists

COST_CODE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
EMPTY = Value("", "always empty")


def detail_values(line: LineFacts, invoice: InvoiceFacts, batch: BatchFacts, lists: SageLists) -> dict[str, Value]:
    """One Value per source of layout.DETAIL_SOURCES."""
    ours = (f"invoice {invoice.number}, version {invoice.version}, line {line.key}",)
    return {
        "invoice_number": Value(invoice.number, "as on the header row", ours),
        "vendor_number": Value(invoice.vendor_number or "", "as on the header row", (lists.vendors.dated,)),
        "description": Value(line.description, "the line's description", ours),
        "part_number": EMPTY,
        "unit": EMPTY,
        "line_key": Value(line.key, "the line of the schedule of values", ours),
        "work_order": EMPTY,
        "job_number": Value(invoice.job_number or "", "as on the header row", (lists.jobs.dated,)),
        "phase_number": phase(invoice, lists),
        "job_cost_description": Value(line.description, "the line's description", ours),
        "job_cost_notes": EMPTY,
        "line_reference": _line_reference(line, invoice, lists),
        **_account(line, invoice, batch, lists),
        **_amount(line, ours),
        **_cost(line, lists),
    }


def cost_code_text(code: str | None) -> str:
    """Always three decimals, as Sage writes it; what isn't a cost code stays as it is (S33 reports it)."""
    if not code or not COST_CODE.fullmatch(code):
        return code or ""
    return f"{Decimal(code):.3f}"


def _account(line, invoice, batch, lists):
    found = resolve(line, invoice, batch.settings, lists)
    account = found.account
    return {
        "ledger_account": Value(account.number if account else "", found.how, found.sources),
        "sub_account": Value((account.sub_account if account else None) or "", found.how, found.sources),
    }


def _amount(line, ours):
    """Quantity is ±1 and price the absolute amount: a fraction of a line can't hit the cent."""
    is_credit = line.amount < 0
    shown = line.how or f"change in total completed and stored = {line.amount:,.2f}"
    return {
        "quantity": Value("-1.0000" if is_credit else "1.0000", "minus 1: a credit" if is_credit else "one", ours),
        "price": Value(money_text(abs(line.amount)), f"{shown}{', without its sign' if is_credit else ''}", ours),
    }  # fmt: skip


def _cost(line, lists):
    return {
        "cost_code": Value(
            cost_code_text(line.cost_code), f"our {line.our_cost_code} is linked to it", (lists.cost_codes.dated,)
        ),
        "cost_type": Value(str(line.cost_type or ""), f"our {line.our_cost_type} is linked to it", (LINKS,)),
    }  # fmt: skip


def _line_reference(line, invoice, lists):
    how = "the linked line of the commitment" if line.line_reference else "no line linked"
    return Value(line.line_reference or "", how, (lists.commitments(invoice.commitment_kind).dated,))
