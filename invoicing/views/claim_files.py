"""A bill as a workbook: to take away, and what one that comes back would do. The entry sheet's own save applies it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from django.shortcuts import render

from directory.decorators import READ
from directory.downloads import workbook_answer
from directory.models import Event
from directory.permissions import Level
from directory.refusals import Refused, Stale
from directory.vendor_forms import UploadForm
from invoicing.calculations.money import format_amount
from invoicing.claim_files import ClaimFile, Problem, read_claim, words_of
from invoicing.claim_sheets import BOOK, as_workbook
from invoicing.decorators import invoice_view
from invoicing.forms.entry import Cell, Row, Sheet
from invoicing.grid import lines_with_names
from invoicing.labels import LABEL_OF, noun_for
from invoicing.models import Invoice
from invoicing.permissions import is_project_admin, may_bill
from invoicing.proof import summary_of
from invoicing.views.entry import is_open, must_bill, turn_away
from invoicing.views.invoices import about

FIGURES = ("gross_this_period", "total_retainage", "current_payment_due")


def _sheet(request, invoice: Invoice, typed: dict[str, str] | None = None) -> Sheet:
    return Sheet(invoice, lines_with_names(invoice), as_admin=is_project_admin(request.access), data=typed)


@invoice_view(Level.READ_ONLY, methods=READ)
def workbook(request, invoice):
    """To fill in for whoever may enter it now; for everybody else, and later, a copy that is locked."""
    to_fill_in = is_open(invoice) and may_bill(invoice, request.access)
    noun = noun_for(request.access)
    number, position = invoice.commitment.number, invoice.position
    title = f"{noun.capitalize()} {position} of {number}"
    content = as_workbook(_sheet(request, invoice), title, to_fill_in=to_fill_in)
    return workbook_answer(f"{number}-{noun}-{position}", content)


@invoice_view(Level.READ_ONLY)
def upload(request, invoice):
    """What the file would change, cell by cell. Nothing of it is kept, and nothing is saved here."""
    must_bill(request, invoice)
    if not is_open(invoice):
        return turn_away(request, invoice)
    if request.method != "POST":
        return _show(request, invoice, {})
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, invoice, {"refused": Refused(next(iter(form.errors.values()))[0])})
    file = form.cleaned_data["file"]
    try:
        found = read_claim(file.name, file.read(), _sheet(request, invoice))
    except Refused as refused:
        return _show(request, invoice, {"refused": refused, "name": file.name})
    told = {"name": file.name, "missing": found.missing, "skipped": found.table.skipped}
    if found.is_stale:
        refused = Stale("Somebody saved this after the workbook was downloaded. Nothing of the file is applied.")
        versions = sorted(found.versions, key=lambda each: not each.by_them)
        last = Event.objects.about(invoice).first()
        return _show(request, invoice, told | {"refused": refused, "versions": versions, "saved_last": last})
    return _preview(request, invoice, found, told)


def _preview(request, invoice: Invoice, found: ClaimFile, told: dict):
    opened = {f"open-{row.key}": "1" for row in found.sheet.rows if row.was_approved}  # it is asked below, line by line
    sheet = Sheet(invoice, found.sheet.lines, found.sheet.as_admin, data=found.typed | opened)
    sheet.is_valid()
    problems = found.problems + [
        Problem(found.places[cell.name], BOOK[cell.column.stem].heading, cell.problem, row.key)
        for row, cell in sheet.problems
    ]
    problems.sort(key=lambda each: each.in_reading_order)
    wrong = {problem.key for problem in problems}
    good = [row for row in sheet.rows if row.pending and row.key not in wrong]
    if problems:
        told |= {"problems": problems, "refused": Refused("Nothing was saved.")}
    told |= {
        "is_read": True,
        "rows": [
            ChangedLine(row, [problem for problem in problems if problem.key == row.key] if row.key in wrong else [])
            for row in sheet.rows
            if row.pending or row.key in wrong
        ],
        "count": len(sheet.pending),
        "figures": _figures(invoice, sheet, wrong),
        "too_much": [] if invoice.commitment.allows_over_billing else [row for row in good if _passes(row)],
    }
    return _show(request, invoice, told)


@dataclass
class ChangedLine:
    """A line that the file changes, and each of its cells: label, what is stored, what it becomes, a remark.

    `problems` of the cells that are wrong; then nothing of the line is worked out, and the others are told as typed.
    """

    row: Row
    problems: Sequence[Problem] = ()

    @property
    def is_locked(self) -> bool:
        """Approved before the bill came back: its figures change only if somebody says so (9.4, I-8)."""
        return self.row.was_approved and any(cell.column.stem != "note" for cell in self.row.pending)

    @property
    def cells(self) -> list[tuple[str, str, str, str]]:
        told = [self._told(cell) for cell in self.row.pending if not cell.problem]
        if self.problems:
            return told
        work, before = self.row.values.get("work"), self.row.worked.work_this_period
        if work not in (None, before) and not self._types("work"):
            told.append((BOOK["work"].heading, format_amount(before), format_amount(work), "worked out"))
        return told

    def _types(self, stem: str) -> bool:
        return any(cell.column.stem == stem for cell in self.row.pending)

    def _told(self, cell: Cell) -> tuple[str, str, str, str]:
        is_beaten = cell.column.stem == "percent" and self._types("work")
        remark = "not used: the amount counts" if is_beaten else ""
        return BOOK[cell.column.stem].heading, words_of(cell, cell.now), self._becomes(cell), remark

    def _becomes(self, cell: Cell) -> str:
        try:
            return words_of(cell, cell.display)
        except ValueError:  # a share of a line that can't be worked out yet
            return cell.text

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """What the entry sheet would send of this line; a tick is sent while it is set."""
        ticks = [cell for cell in self.row.cells.values() if cell.column.is_tick and cell.now == "1"]
        return [(cell.name, cell.text) for cell in (*self.row.pending, *ticks)]


def _figures(invoice: Invoice, sheet: Sheet, wrong: Set[str]) -> list[dict]:
    """`wrong`: the lines with a problem, which count as they are now."""
    now = summary_of(invoice, sheet.lines)
    after = summary_of(invoice, sheet.lines, [row.worked if row.key in wrong else row.after() for row in sheet.rows])
    pairs = [(LABEL_OF[name], getattr(now, name), getattr(after, name)) for name in FIGURES]
    return [{"label": label, "now": old, "after": new, "difference": new - old} for label, old, new in pairs]


def _passes(row: Row) -> bool:
    """Beyond its scheduled value: it can be saved, but not sent (N-4)."""
    return bool(row.after().passes_by) and not row.line.may_pass_its_value


def _show(request, invoice: Invoice, told: dict):
    refused = told.get("refused")
    context = about(request, invoice) | {"form": UploadForm()} | told
    return render(request, "invoicing/claim_file.html", context, status=refused.status if refused else 200)
