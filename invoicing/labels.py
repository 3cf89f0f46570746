"""The names of an invoice's figures: one word for one thing on the page, in print and in files (U9)."""

from typing import NamedTuple


class LineColumn(NamedTuple):
    """A column of 5.2: its letter, its words, and the property of `Line` that holds it."""

    letter: str
    label: str
    name: str
    is_about_stored: bool = False

    @property
    def heading(self) -> str:
        """C Scheduled value."""
        return f"{self.letter} {self.label}"

    @property
    def is_percent(self) -> bool:
        return self.name == "percent_complete"


LINE_COLUMNS = (
    LineColumn("C", "Scheduled value", "scheduled_value"),
    LineColumn("A", "Work before", "work_previous"),
    LineColumn("B", "This period", "work_this_period"),
    LineColumn("PF", "Stored before", "stored_previous", True),
    LineColumn("PM", "Stored before, less moved", "stored_balance_previous", True),
    LineColumn("M", "Moved to work", "stored_moved", True),
    LineColumn("NM", "New stored", "stored_new", True),
    LineColumn("F", "Stored now", "stored_presently", True),
    LineColumn("T", "Total", "total_completed_and_stored"),
    LineColumn("T %", "Done", "percent_complete"),
    LineColumn("H", "Balance", "balance_to_finish"),
    LineColumn("WR", "Held on work", "work_retainage"),
    LineColumn("MR", "Held on stored", "stored_retainage", True),
    LineColumn("RR", "Released", "retainage_released"),
    LineColumn("TR", "Retainage held", "total_retainage"),
)
LEFT_OUT_TO_READ = ("PF", "PM")  # what explains F stands on the sheet, in the CSV and in “how was this computed”
COLUMN_OF = {column.name: column for column in LINE_COLUMNS}
MAY_PASS = f"May pass {COLUMN_OF['scheduled_value'].label.lower()}"  # an Admin's tick on a line (N-4)
NET_THIS_PERIOD = "Net this period"  # a line's share of line 8, and line 8 itself in lists, beside the gross
# What accounting books of a line; these stand in no column of a grid.
THIS_PERIOD_OF_A_LINE = (
    LineColumn("", "Gross this period", "gross_this_period"),
    LineColumn("", "Retainage newly held", "retainage_held_this_period"),
    LineColumn("", "Released, all told", "retainage_released_this_period"),
    LineColumn("", NET_THIS_PERIOD, "net_this_period"),
)


def noun_for(access) -> str:
    """What an invoice is called: contacts say bill (section 10)."""
    return "bill" if access.is_external else "invoice"


# Lines 1 to 9: number, words, property of `Invoice` and of `Summary`.
SUMMARY = (
    ("1", "Original contract sum", "original_contract_sum"),
    ("2", "Net change by change orders", "net_change_orders"),
    ("3", "Contract sum to date", "contract_sum_to_date"),
    ("4", "Total completed and stored", "total_completed_and_stored"),
    ("5", "Retainage held", "total_retainage"),
    ("6", "Earned less retainage", "earned_less_retainage"),
    ("7", "Less previous certificates", "previous_certificates"),
    ("8", "Current payment due", "current_payment_due"),
    ("9", "Balance to finish incl. retainage", "balance_to_finish_including_retainage"),
)
RETAINAGE_PARTS = (
    ("5a", "Retainage on work", "work_retainage"),
    ("5b", "Retainage on stored materials", "stored_retainage"),
)
PERCENT_COMPLETE = ("", "Percent complete", "percent_complete")
# As 5.3 has them: the parts of line 5 before their sum, then what is done of the whole.
SUMMARY_IN_FULL = (*SUMMARY[:4], *RETAINAGE_PARTS, *SUMMARY[4:], PERCENT_COMPLETE)
THIS_PERIOD = (
    ("Gross this period", "gross_this_period"),
    ("Retainage newly held", "retainage_newly_held"),
    ("Retainage released", "retainage_released"),
)
# Of a whole invoice, wherever one of its figures stands alone.
LABEL_OF = {name: label for _, label, name in SUMMARY_IN_FULL} | {name: label for label, name in THIS_PERIOD}
LABEL_OF["net_this_period"] = NET_THIS_PERIOD
NUMBER, BILLING_DATE = "Invoice number", "Billing date"
CHANGE_ORDERS = (
    ("Additions in previous periods", "change_order_additions_previous"),
    ("Additions this period", "change_order_additions_this_period"),
    ("Deductions in previous periods", "change_order_deductions_previous"),
    ("Deductions this period", "change_order_deductions_this_period"),
)

# A commitment's state in a billing period, before there is a bill whose status it is.
BEFORE_BILLING = {
    "no_contact": "No invoice contact",
    "not_invited": "Not invited",
    "invited": "Invited",
    "accepted": "Accepted",
    "declined": "Declined",
}
# How far a bill is with accounting, by `Invoice.stage_in_erp`: as the company reads it, and as its subcontractor does.
STAGES_IN_ERP = {"sent": "Sent to ERP", "exported": "Exported", "posted": "Posted"}
STAGES_ONWARDS = {"sent": "Sent to accounting", "exported": "In accounting’s file", "posted": "Confirmed in Sage"}
