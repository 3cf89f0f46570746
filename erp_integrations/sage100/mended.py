"""By what a finding is mended: a link of ours, a list of Sage's, the settings, the invoice, its commitment or vendor.

Rules and columns are Sage's, so what follows from them stands here; `erp_integrations.mending` knows the pages.
"""

from erp_integrations.sage100.findings import ERROR

# {rule: (pair, what the button says)}; a list stands here by its kind.
LINKED_BY = {
    "S12": ("vendors", "Link the vendor"),
    "S16": ("commitments", "Link the commitment"),
    "S17": ("commitments", "Link the commitment"),
    "S20": ("jobs", "Link the project"),
    "S21": ("jobs", "Link the project"),
    "S33": ("cost-codes", "Link the cost code"),
    "S34": ("cost-types", "Link the cost type"),
    "S39": ("lines", "Link the line"),
    "S43": ("lines", "Check the accounts"),
}
LINKED_NUMBERS = {  # S55, S57, S58: a number that is unknown in Sage, or that can't be written
    "Vendor no": LINKED_BY["S12"],
    **dict.fromkeys(("Job no", "Phase no"), LINKED_BY["S20"]),
    **dict.fromkeys(("PO no", "Subcontract no"), LINKED_BY["S16"]),
}
LISTED_BY = {
    "S11": "payable_invoices",
    "S18": "subcontracts",
    "S27": "fiscal_periods",
    "S28": "fiscal_periods",
    "S29": "vendors",
    "S31": "ledger_accounts",
    "S32": "ledger_accounts",
    "S35": "subcontracts",
    "S40": "subcontracts",
    "S41": "subcontracts",
}
HELD_IN = {  # S19
    "Vendor no": "vendors",
    "PO no": "purchase_orders",
    "Subcontract no": "subcontracts",
}
SET_UP = {  # rule: (page, what the button says)
    **dict.fromkeys(("S8", "S14", "S30", "S53", "S54"), ("erp-settings", "Open the settings")),
    **dict.fromkeys(("S1", "S6", "S15", "S24"), ("erp-layouts", "Open the layouts")),
}
BY_ACCOUNTING = ("S5", "S45")  # a date, or what a credit reduces: the approver fills it in before accepting


def keeps_back(rule: str, severity: str) -> bool:
    """Whether a finding holds up the sending: an error, but what accounting alone mends once it has it does not."""
    return severity == ERROR and rule not in BY_ACCOUNTING


ON_THE_INVOICE = ("S10", "S25", "S38", "S46", "S47", "S51", "S55", "S57", "S58")
ON_THE_SHEET = ("S51",)  # what a warning of it says belongs beside the release sheet
ON_ITS_CHECKS = ("S7", "S42")  # and each identity, N-1 to N-13
IN_ITS_HEADER = ("S5", "S13", "S22")
ON_THE_COMMITMENT = ("S26", "S44")
ON_THE_VENDOR = ("S59", "R81")
OF_SUMS = ("S7", "S42", "S43")  # wrong where something else is: what else is wrong is told before them
ONLY_ABOUT = {"S38": "Lines", "S44": "User defined", "S55": "Status"}  # the field; what else they say has no page
REFERENCE = "Reference no"  # what a credit reduces (S45), wherever something is wrong with it
