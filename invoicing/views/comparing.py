"""Any two submissions of an invoice beside each other: what was claimed, what was allowed, what changed (I-10)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import render

from directory.decorators import READ
from directory.permissions import Level
from invoicing.calculations.differences import LineDifference, Version, differences
from invoicing.calculations.money import ZERO, format_amount
from invoicing.decorators import invoice_view
from invoicing.grid import lines_with_names
from invoicing.labels import BILLING_DATE, COLUMN_OF, LABEL_OF, NUMBER
from invoicing.models import Invoice, InvoiceLine, ReviewRecord, Submission, Verdict
from invoicing.views.decisions import ORDER
from invoicing.views.invoices import about

TEXTS = {"number": NUMBER, "billing_date": BILLING_DATE}
AMOUNTS = ("total_completed_and_stored", "total_retainage", "current_payment_due")
HEADER = TEXTS | {name: LABEL_OF[name] for name in AMOUNTS}
# What a decision did, by the status that it led to.
DECIDED = {
    move.target: move.custom["done"].capitalize()
    for move in Invoice._meta.get_field("status").get_all_transitions(Invoice)
    if move.name in ORDER
}


@dataclass(frozen=True)
class Row:
    """`said`: (submission, verdict, reason) of what reviewers said of the line when they last decided on each.

    `notes`: (old, new) where the claims say otherwise; None where they don't, or one of them kept none.
    """

    line: InvoiceLine
    figures: LineDifference
    said: Sequence[tuple[int, str, str]]
    notes: tuple[str, str] | None

    @property
    def is_changed(self) -> bool:
        return self.figures.is_changed or self.notes is not None

    @property
    def columns(self) -> list[tuple[str, object, object]]:
        """(what it is called, old, new) of every column that was claimed otherwise."""
        return [(COLUMN_OF[name].label, *pair) for name, pair in self.figures.columns.items()]


@invoice_view(Level.READ_ONLY, methods=READ)
def compare(request, invoice, old: int, new: int):
    """`?show=all` lists every line, else those that changed."""
    records = Prefetch("records", ReviewRecord.objects.select_related("by"))
    kept = {each.number: each for each in invoice.submissions.select_related("submitted_by").prefetch_related(records)}
    if old not in kept or new not in kept or old == new:
        raise Http404
    rows = _rows(invoice, kept[old], kept[new])
    decided = [_last_decision(kept[number]) for number in (old, new)]
    changed = [row for row in rows if row.is_changed]
    shows_all = request.GET.get("show") == "all"
    context = about(request, invoice) | {
        "old": kept[old],
        "new": kept[new],
        "decisions": [_decision(record) for record in decided if record],
        "left": [_left(record) for record in decided],
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
    said = [(each.number, _allowed(each)) for each in (old, new)]
    claims = old.figures(), new.figures()
    return [Row(lines[each.key], each, list(_said(said, each.key)), _notes(*claims, each.key)) for each in found]


def _notes(old: dict[int, dict], new: dict[int, dict], key: int) -> tuple[str, str] | None:
    was, now = (lines.get(key, {"note": ""}).get("note") for lines in (old, new))
    return None if was is None or now is None or was == now else (was, now)


def _said(decided: Sequence[tuple[int, dict[int, dict]]], key: int) -> Iterator[tuple[int, str, str]]:
    for number, lines in decided:
        line = lines.get(key, {})
        verdict, reason = line.get("verdict", ""), line.get("reason", "")
        if verdict or reason:
            yield number, Verdict(verdict).label if verdict else "", reason


def _version(submission: Submission) -> Version:
    return Version(submission.figures(), _allowed(submission))


def _allowed(submission: Submission) -> dict[int, dict]:
    """What its last decision left; a submission that nobody decided about has none."""
    decided = _last_decision(submission)
    return decided.figures() if decided else {}


def _last_decision(submission: Submission) -> ReviewRecord | None:
    return next(reversed(submission.records.all()), None)


def _decision(record: ReviewRecord) -> dict:
    """Who did what with a submission, when, and what they said with it."""
    return {"number": record.submission.number, "did": DECIDED[record.outcome], "record": record}


def _left(record: ReviewRecord | None) -> str:
    """The heading of what a decision left: an approval left what is approved (I-10)."""
    return "Approved" if record and record.outcome in Invoice.CERTIFIED else "Allowed"


def _header(old: Submission, new: Submission) -> list[dict[str, str]]:
    """What else was claimed or allowed otherwise, as it is shown: words, then amounts in dollars."""
    decided = [_last_decision(each) for each in (old, new)]
    allowed = [(each and each.header) or {} for each in decided]
    kept = {"old": old.header, "old_allowed": allowed[0], "new": new.header, "new_allowed": allowed[1]}
    return [
        {"label": label} | {which: _shown(header[name], name) for which, header in kept.items() if name in header}
        for name, label in HEADER.items()
        if len({header[name] for header in kept.values() if name in header}) > 1
    ]


def _shown(text: str, name: str) -> str:
    return (text or "none") if name in TEXTS else format_amount(Decimal(text))
