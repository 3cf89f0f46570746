"""The printed certificate of an invoice: a form of our own with lines 1 to 9, the checks, the approvals and every line.

Figures go in as text in JSON and never as markup, so whatever people typed is printed as they typed it (R113). The same
state of an invoice gives the same bytes. How it looks is said in templates/invoicing/certificate.typ alone; `printing`
has it set in a process of its own.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from django.conf import settings

from directory.moments import day_in_words, moment_in_words
from directory.permissions import Access
from invoicing import labels
from invoicing.allowed_amounts import differences_of
from invoicing.calculations.findings import ERROR, Identity
from invoicing.calculations.lines import Line
from invoicing.calculations.money import printed_amount, printed_percent
from invoicing.calculations.summary import Summary, column_total
from invoicing.grid import lines_shown, read_columns
from invoicing.models import ChangeOrder, Endorsement, Invoice, InvoiceLine, Submission, Verdict
from invoicing.permissions import may_see_verdicts
from invoicing.printing import first_page, printed
from invoicing.proof import identities_of, stored_summary
from invoicing.retainage import rule_in_words
from invoicing.safeguards import endorsement_behind

TEMPLATE = Path(settings.BASE_DIR, "templates", "invoicing", "certificate.typ")


class Row(Protocol):
    """A line with its columns worked out."""

    line: InvoiceLine
    worked: Line


def certificate(invoice: Invoice, access: Access) -> bytes:
    """The PDF, dated by the last thing that happened to the invoice, as this person may read it.

    Raises printing.NotPrinted.
    """
    return printed(TEMPLATE, _content_for(invoice, access), _moment_of(invoice))


# The lines are on other pages: without them the picture of 500 lines is there as soon as that of two.
FIRST_PAGE_ALONE = {"groups": [], "differences": [], "notes": [], "is_first_page_alone": True}


def picture(invoice: Invoice, access: Access) -> bytes:
    """Page 1 of the same as a PNG. Raises printing.NotPrinted."""
    return first_page(TEMPLATE, _content_for(invoice, access) | FIRST_PAGE_ALONE, _moment_of(invoice))


def _content_for(invoice: Invoice, access: Access) -> dict:
    return content_of(invoice, lines_shown(invoice, access), tells_review=may_see_verdicts(invoice, access))


def _moment_of(invoice: Invoice) -> datetime:
    return (invoice.approved_at or invoice.submitted_at or invoice.created_at).replace(microsecond=0)


def file_name(invoice: Invoice) -> str:
    """`SC-014-03`, without its ending: the commitment's number as far as file names take it, and the position."""
    number = re.sub(r"[^A-Za-z0-9._-]", "_", invoice.commitment.number)
    return f"{number}-{invoice.position:02d}"


def content_of(invoice: Invoice, rows: Sequence[Row], *, tells_review: bool = True) -> dict:
    """Everything that is printed, in words. `rows`: all its lines, with their names loaded.

    Without `tells_review` nothing of a review that goes on: neither what it allows otherwise nor the first approval.
    """
    lines = [row.line for row in rows]
    summary = stored_summary(invoice, lines)
    claim = invoice.submissions.select_related("submitted_by").latest_one()
    columns = read_columns(rows)
    return {
        "title": f"{_kind(invoice)} {invoice.position}",
        "about": f"{invoice.commitment.number} {invoice.commitment.title}",
        "company": invoice.company.name,
        "vendor": invoice.vendor.name,
        "foot": " · ".join(filter(None, (invoice.project.name, str(invoice), invoice.number))),
        "status": invoice.get_status_display(),
        "mark": mark_of(invoice),
        "facts": _facts(invoice, claim),
        "summary": _summary(summary),
        "asked_for": _asked_for(invoice, claim),
        "percent_complete": _percent(summary.percent_complete),
        "this_period": _named(labels.THIS_PERIOD, summary),
        "change_orders": _change_orders(summary),
        "retainage": [list(pair) for pair in rule_in_words(invoice, lines)],
        "zone": invoice.project.time_zone,
        "approvals": _approvals(invoice, lines, claim, tells_review=tells_review),
        "checks": [_check(each) for each in identities_of(invoice, lines if tells_review else None)],
        "columns": [[column.letter, column.label] for column in columns],
        "groups": _groups(rows, columns),
        "totals": _totals([row.worked for row in rows], columns),
        "differences": [_difference(each) for each in differences_of(lines, claim)] if tells_review else [],
        "notes": [[_name(line), line.note] for line in lines if line.note],
    }


def _kind(invoice: Invoice) -> str:
    return "Payment certificate" if invoice.is_certified else "Payment application"


def mark_of(invoice: Invoice) -> str:
    """What stands across every page while nothing is approved."""
    if invoice.is_certified:
        return ""
    return "DRAFT" if invoice.status == Invoice.Status.DRAFT else "NOT APPROVED"


def _facts(invoice: Invoice, claim: Submission | None) -> list[list[str]]:
    period = f"{day_in_words(invoice.period_start_date)} to {day_in_words(invoice.period_end_date)}"
    return [
        ["Project", f"{invoice.project.number} {invoice.project.name}"],
        ["General contractor", invoice.company.name],
        ["Vendor", invoice.vendor.name],
        [invoice.commitment.get_kind_display(), f"{invoice.commitment.number} {invoice.commitment.title}"],
        ["Application number", str(invoice.position)],
        [labels.NUMBER, invoice.number or "none yet"],
        ["Work", period],
        [labels.BILLING_DATE, day_in_words(invoice.billing_date)],
        ["Submission", str(claim.number) if claim else "not sent yet"],
    ]


def _summary(summary: Summary) -> list[dict]:
    """Lines 1 to 9, with the two parts of line 5 above it."""
    rows = []
    for number, label, name in labels.SUMMARY:
        if number == "5":
            rows += [_summary_row(*part, summary, is_part=True) for part in labels.RETAINAGE_PARTS]
        rows.append(_summary_row(number, label, name, summary))
    return rows


def _summary_row(number: str, label: str, name: str, summary: Summary, *, is_part: bool = False) -> dict:
    amount = printed_amount(getattr(summary, name))
    return {"number": number, "label": label, "amount": amount, "is_part": is_part, "is_due": number == "8"}


def _asked_for(invoice: Invoice, claim: Submission | None) -> str:
    """What line 8 was when it was sent, where a reviewer allows something else."""
    asked = Decimal(claim.header["current_payment_due"]) if claim else invoice.current_payment_due
    return "" if asked == invoice.current_payment_due else printed_amount(asked)


def _named(names: Iterable[tuple[str, str]], summary: Summary) -> list[list[str]]:
    return [[label, printed_amount(getattr(summary, name))] for label, name in names]


def _change_orders(summary: Summary) -> list[list[str]]:
    """The block of 5.3, its two columns added up; the last row is line 2."""
    additions = summary.change_order_additions_previous + summary.change_order_additions_this_period
    deductions = summary.change_order_deductions_previous + summary.change_order_deductions_this_period
    return [
        *_named(labels.CHANGE_ORDERS, summary),
        [labels.LABEL_OF["net_change_orders"], printed_amount(additions - deductions)],
    ]


def _approvals(
    invoice: Invoice, lines: Sequence[InvoiceLine], claim: Submission | None, *, tells_review: bool
) -> list[dict]:
    """Who sent, reviewed and approved what is printed here, in that order; what is still missing says so."""
    rows = [_act(invoice, "Sent for review", claim.submitted_by, claim.submitted_at)] if claim else []
    rows += _reviewers(invoice, lines)
    first: Endorsement | None = endorsement_behind(invoice) if tells_review else None
    if first:
        rows.append(_act(invoice, "First of two approvals", first.by, first.at, first.comment))
    if invoice.is_certified:
        waived = "Approved by whoever started, submitted or raised it: separation of duties was switched off."
        notes = (invoice.comment, waived if invoice.duties_waived else "")
        note = "\n".join(filter(None, notes))
        rows.append(_act(invoice, invoice.get_status_display(), invoice.approved_by, invoice.approved_at, note))
    else:
        rows.append({"what": "Approval", "who": "not given yet", "when": "", "note": invoice.comment})
    return rows


def _reviewers(invoice: Invoice, lines: Sequence[InvoiceLine]) -> list[dict]:
    """Each reviewer once, with how many lines, and when the last of them."""
    judged = [line for line in lines if line.verdict and line.verdict_by]
    people = {line.verdict_by_id: line.verdict_by for line in judged}
    rows = []
    for pk, someone in people.items():
        theirs = [line for line in judged if line.verdict_by_id == pk]
        rejected = sum(line.verdict == Verdict.REJECTED for line in theirs)
        note = f"{len(theirs) - rejected} of {len(lines)} lines approved" + (
            f", {rejected} rejected" if rejected else ""
        )
        rows.append(_act(invoice, "Lines reviewed", someone, max(line.verdict_at for line in theirs), note))
    return rows


def _act(invoice: Invoice, what: str, who, at, note: str = "") -> dict:
    return {"what": what, "who": who.name, "when": moment_in_words(at, invoice.project.zone), "note": note}


def _check(identity: Identity) -> dict:
    """An identity as the invoice's page says it."""
    result = "Holds" if identity.holds else ("Blocks" if identity.severity == ERROR else "Check")
    figures = (identity.expected, identity.found, identity.difference)
    return {
        "number": identity.number,
        "sentence": identity.sentence,
        "figures": [_figure(figure, identity.unit) for figure in figures],
        "result": result,
        "holds": identity.holds,
    }


def _figure(figure: Decimal, unit: str) -> str:
    if unit == "money":
        return printed_amount(figure)
    return printed_percent(figure, 2) if unit == "percent" else f"{figure:.0f} days"


# The lines


def _groups(rows: Sequence[Row], columns: Sequence[labels.LineColumn]) -> list[dict]:
    """The schedule of values, then each change order; one group alone needs neither name nor subtotal."""
    groups: dict[ChangeOrder | None, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.line.schedule_line.change_order, []).append(row)
    named = len(groups) > 1
    return [
        {
            "name": _group_name(order) if named else "",
            "rows": [_line(row, columns) for row in groups[order]],
            "totals": _totals([row.worked for row in groups[order]], columns) if named else [],
        }
        for order in sorted(groups, key=lambda order: order is not None)
    ]


def _group_name(order: ChangeOrder | None) -> str:
    if order is None:
        return "Schedule of values"
    approved = f", approved {day_in_words(order.approved_date)}" if order.approved_date else ""
    return f"Change order {order}{approved}"


def _line(row: Row, columns: Sequence[labels.LineColumn]) -> dict:
    schedule_line = row.line.schedule_line
    return {
        "position": str(schedule_line.position),
        "code": schedule_line.cost_code.code,
        "description": schedule_line.description,
        "figures": [_cell(getattr(row.worked, column.name), column) for column in columns],
    }


def _totals(lines: Sequence[Line], columns: Sequence[labels.LineColumn]) -> list[str]:
    return ["" if column.is_percent else printed_amount(column_total(lines, column.name)) for column in columns]


def _cell(value: Decimal | None, column: labels.LineColumn) -> str:
    return _percent(value) if column.is_percent else printed_amount(value)


def _percent(value: Decimal | None) -> str:
    return "" if value is None else printed_percent(value, 2)


def _name(line: InvoiceLine) -> str:
    return f"{line.schedule_line.position} {line.schedule_line.description}"


def _difference(each) -> dict:
    """A row of “Reasons for difference”."""
    return {
        "line": _name(each.line),
        "column": each.label,
        "claimed": printed_amount(each.claimed),
        "allowed": printed_amount(each.allowed),
        "difference": printed_amount(each.allowed - each.claimed),
        "reason": each.reason,
        "by": each.by,
    }
