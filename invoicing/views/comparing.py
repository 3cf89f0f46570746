"""Any two submissions of an invoice beside each other: what was claimed, what was allowed, what changed (I-10)."""

from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404
from django.shortcuts import render

from directory.decorators import READ
from directory.permissions import Level
from invoicing.calculations.differences import COLUMNS, LineDifference, Version, differences
from invoicing.calculations.money import ZERO, format_amount
from invoicing.decorators import invoice_view
from invoicing.forms.columns import COLUMNS as SHEET_COLUMNS
from invoicing.grid import lines_with_names
from invoicing.models import Invoice, InvoiceLine, Submission
from invoicing.views.invoices import about

NAMES = {column.field: column.label for column in SHEET_COLUMNS.values() if column.field in COLUMNS}
HEADER = {
    "number": "Invoice number",
    "billing_date": "Billing date",
    "total_completed_and_stored": "Total completed and stored",
    "total_retainage": "Retainage held",
    "current_payment_due": "Current payment due",
}
TEXTS = ("number", "billing_date")


@dataclass(frozen=True)
class Row:
    line: InvoiceLine
    figures: LineDifference

    @property
    def columns(self) -> list[tuple[str, object, object]]:
        """(what it is called, old, new) of every column that was claimed otherwise."""
        return [(NAMES[name], *pair) for name, pair in self.figures.columns.items()]


@invoice_view(Level.READ_ONLY, methods=READ)
def compare(request, invoice, old: int, new: int):
    """`?show=all` lists every line, else those that changed."""
    kept = {
        each.number: each for each in invoice.submissions.select_related("submitted_by").prefetch_related("records")
    }
    if old not in kept or new not in kept or old == new:
        raise Http404
    rows = _rows(invoice, kept[old], kept[new])
    changed = [row for row in rows if row.figures.is_changed]
    shows_all = request.GET.get("show") == "all"
    context = about(request, invoice) | {
        "old": kept[old],
        "new": kept[new],
        "numbers": sorted(kept),
        "rows": rows if shows_all else changed,
        "shows_all": shows_all,
        "changed": len(changed),
        "count": len(rows),
        "difference": sum((row.figures.difference for row in rows), ZERO),
        "header": _header(kept[old], kept[new]),
    }
    return render(request, "invoicing/compare.html", context)


def _rows(invoice: Invoice, old: Submission, new: Submission) -> list[Row]:
    lines = {line.schedule_line_id: line for line in lines_with_names(invoice)}
    before = {key: line.work_previous + line.stored_previous for key, line in lines.items()}
    found = differences(list(lines), before, _version(old), _version(new))
    return [Row(lines[each.key], each) for each in found]


def _version(submission: Submission) -> Version:
    """With what its last decision left; a submission that nobody decided about has none."""
    decided = list(submission.records.all())
    return Version(submission.figures(), decided[-1].figures() if decided else {})


def _header(old: Submission, new: Submission) -> list[dict[str, str]]:
    """What else changed, as it is shown: words, then amounts in dollars."""
    return [
        {"label": label, "old": _shown(old, name), "new": _shown(new, name)}
        for name, label in HEADER.items()
        if old.header[name] != new.header[name]
    ]


def _shown(submission: Submission, name: str) -> str:
    text = submission.header[name]
    return (text or "none") if name in TEXTS else format_amount(Decimal(text))
