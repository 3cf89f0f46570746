"""What each of Sage's lists is for, how its file is laid out, and from which age on it is old (E-5)."""

from erp_integrations.models import ListKind
from erp_integrations.sage100.lists import PAYABLES_DOUBTED_AFTER, RENEWED_AFTER

LIST_USES = {
    ListKind.VENDORS: "Names the vendor of an invoice, its terms and its ledger account.",
    ListKind.JOBS: "Names the job of an invoice and its phases.",
    ListKind.COST_CODES: "Names the cost code of each line.",
    ListKind.LEDGER_ACCOUNTS: "Says which account takes a line, and whether it needs a sub-account.",
    ListKind.SUBCONTRACTS: "Says what each subcontract holds, line by line, and what remains.",
    ListKind.PURCHASE_ORDERS: "Says what each purchase order holds, line by line, and what remains.",
    ListKind.FISCAL_PERIODS: "Says which days can be posted to.",
    ListKind.PAYABLE_INVOICES: (
        "Says which invoices Sage holds already, so that none goes in twice. When it is more than"
        f" {PAYABLES_DOUBTED_AFTER} days old, each invoice asks for a tick (S11)."
    ),
}

PARTS = "One row a line. The number, vendor, job and status stand on each; a row without a line is one without lines."
SHAPES = {
    ListKind.JOBS: "One row a job, with its phases in one cell parted by commas; or one row a phase, the job repeated.",
    ListKind.LEDGER_ACCOUNTS: (
        "One row an account, with its sub-accounts in one cell parted by commas; or one row a sub-account, the account"
        " repeated."
    ),
    ListKind.SUBCONTRACTS: PARTS,
    ListKind.PURCHASE_ORDERS: PARTS,
    ListKind.PAYABLE_INVOICES: "One row an invoice. An invoice that Sage holds twice may stand here twice.",
}


def is_old(kind: ListKind, days: int) -> bool:
    """Its pages advise a newer one; what the rules ask of an old one is their own affair (S11)."""
    return days > RENEWED_AFTER[kind]


def stops(kind: ListKind) -> bool:
    """Whether invoices are stopped without it; without the payable invoices each asks for a tick (S11)."""
    return kind != ListKind.PAYABLE_INVOICES
