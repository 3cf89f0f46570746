"""Records of Sage's lists in words: what their fields are called, and how a value reads (for previews and versions)."""

from dataclasses import fields
from datetime import date
from decimal import Decimal

from erp_integrations.sage100.batch_keys import FIELD
from erp_integrations.sage100.lists import CommitmentLine

TITLES = {
    "number": "Number",
    "name": "Name",
    "short_name": "Short name",
    "is_active": "Active",
    "is_internal": "Internal",
    "ledger_account": "Ledger account",
    "due_terms": "Due terms",
    "discount_terms": "Discount terms",
    "purchase_order_rule": "PO rule",
    "default_status": "Invoice status",
    "hold_payment": "Hold payment",
    "workers_comp_flag": "Workers’ comp flag",
    "status": "Status",
    "posts_to_wip": "Posts to WIP",
    "phases": "Phases",
    "code": "Cost code",
    "type": "Type",
    "needs_sub_account": "Needs sub-account",
    "cost_type": "Cost type",
    "sub_accounts": "Sub-accounts",
    "vendor_number": "Vendor",
    "job_number": "Job",
    "retention_rate": "Retention %",
    "is_locked": "Locked",
    "lines": "Lines",
    "year": "Year",
    "period": "Period",
    "first_date": "First day",
    "last_date": "Last day",
    "invoice_number": "Invoice",
    "invoice_date": "Date",
    "gross": "Gross",
    "retention": "Retention",
    "balance": "Balance",
    "user_def_1": FIELD,
    "user_def_2": "User def 2",
    "record_number": "Record no",
    "line_reference": "Line",
    "cost_code": "Cost code",
    "contract": "Contract",
    "change": "Change",
    "invoiced": "Invoiced",
    "remaining": "Remaining",
}


def titles_of(record: type) -> list[str]:
    return [TITLES[field.name] for field in fields(record)]


def cells_of(record) -> list[str]:
    """The values of a record as they are read, one for each of its titles."""
    return [in_words(getattr(record, field.name)) for field in fields(record)]


def in_words(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(line_in_words(each) if isinstance(each, CommitmentLine) else str(each) for each in value)
    return str(value)


def line_in_words(line: CommitmentLine) -> str:
    return f"{line.line_reference}: {line.cost_code} type {line.cost_type}, {line.contract + line.change:,}"
