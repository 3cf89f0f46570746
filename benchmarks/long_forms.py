"""F10, F11: forms of 500 lines, drawn and read back, against Django formsets of the same fields and its renderer."""

from collections.abc import Iterator

from django import forms
from django.forms.renderers import TemplatesSetting
from django.http import QueryDict
from django.template import engines
from django.template.loader import render_to_string

from benchmarks.long_job import LINES, LongJob, long_job
from benchmarks.measuring import Figure, compare
from invoicing.actions.schedules import Schedule, rows_of
from invoicing.forms.entry import Sheet
from invoicing.forms.schedule_rows import CELLS, Choices
from invoicing.forms.schedules import ScheduleSheet
from invoicing.grid import column_totals, lines_with_names
from invoicing.models import CostCode, cost_types_of
from invoicing.views.schedules import COLUMNS

GOALS = ("F10", "F11")
DRAWN = engines["django"].from_string(
    "{{ formset.management_form }}<table>{% for form in formset %}<tr>{% for field in form %}<td>{{ field }}</td>"
    "{% endfor %}</tr>{% endfor %}</table>"
)


def measure() -> Iterator[Figure]:
    with long_job() as job:
        yield from _of_schedules(job)
        yield from _of_bills(job)


# The schedule of values


class LineForm(forms.Form):
    place = forms.IntegerField(min_value=1)
    line = forms.IntegerField(required=False, widget=forms.HiddenInput)
    code = forms.CharField(max_length=20)
    description = forms.CharField(max_length=200)
    type = forms.CharField(max_length=30)
    amount = forms.DecimalField(max_digits=14, decimal_places=2)
    rate = forms.DecimalField(max_digits=7, decimal_places=4, required=False)
    remove = forms.BooleanField(required=False)


def _of_schedules(job: LongJob) -> Iterator[Figure]:
    stored = rows_of(Schedule(job.draft).lines)
    codes = {code.code: code for code in CostCode.objects.filter(company=job.draft.company)}
    choices = Choices(codes, cost_types_of(job.draft.company))
    formset = forms.formset_factory(LineForm, extra=0, renderer=TemplatesSetting())
    initial = [
        {"place": place, "line": row.key, "code": row.cost_code, "description": row.description, "type": "Subcontract"}
        | {"amount": row.amount, "rate": row.retainage_rate}
        for place, row in enumerate(stored, 1)
    ]

    def draw():
        context = {"sheet": ScheduleSheet(stored, choices), "columns": _columns(), "commitment": job.draft}
        context |= {"project": job.draft.project, "codes": choices.codes_in_use, "types": choices.types.values()}
        assert render_to_string("invoicing/schedule.html#lines", context).count('name="code"') == LINES

    yield compare("F10", "draw a schedule of 500 lines", "0.15", draw, *_drawn(formset, initial))
    sheet = ScheduleSheet(stored, choices)
    sent = {name: [row.texts[name] for row in sheet.rows] for name in CELLS}
    sent |= {"line": [row.key for row in sheet.rows], "shown": [row.shown_text for row in sheet.rows]}
    sent |= {"place": [str(place) for place in range(1, LINES + 1)], "end": "1"}
    data = _posted(sent)

    def read():
        found = ScheduleSheet(stored, choices, data)
        assert found.is_valid() and len(found.wanted) == LINES

    yield compare("F11", "read a schedule of 500 lines", "0.3", read, *_read(formset, initial))


def _columns() -> list[str]:
    return [name for name in COLUMNS if name not in ("quantity", "unit", "price")]


# A bill


class EntryForm(forms.Form):
    work = forms.DecimalField(max_digits=14, decimal_places=2)
    percent = forms.DecimalField(max_digits=7, decimal_places=4)
    moved = forms.DecimalField(max_digits=14, decimal_places=2)
    stored = forms.DecimalField(max_digits=14, decimal_places=2)
    release = forms.DecimalField(max_digits=14, decimal_places=2)
    note = forms.CharField(max_length=300, required=False)


def _of_bills(job: LongJob) -> Iterator[Figure]:
    invoice = job.invoice
    lines = lines_with_names(invoice)
    formset = forms.formset_factory(EntryForm, extra=0, renderer=TemplatesSetting())
    initial = [dict.fromkeys(("work", "percent", "moved", "stored", "release"), 0) | {"note": ""} for _ in lines]

    def draw():
        sheet = Sheet(invoice, lines, as_admin=False)
        context = {"sheet": sheet, "invoice": invoice, "commitment": invoice.commitment}
        context |= {"totals": column_totals(sheet.rows), "project": invoice.project, "noun": "bill"}
        assert render_to_string("invoicing/_sheet.html", context).count('name="work"') == LINES

    yield compare("F10", "draw a bill of 500 lines", "0.15", draw, *_drawn(formset, initial))
    shown = Sheet(invoice, lines, as_admin=False)
    sent = {"version": "1", "number": "B-1", "billing_date": str(invoice.billing_date)}
    for row in shown.rows:
        sent |= {f"shown-{row.key}": row.shown} | {cell.name: cell.now for cell in row.cells.values()}
        sent[f"work-{row.key}"] = "12.50"
    data = _posted(sent)

    def read():
        sheet = Sheet(invoice, lines, as_admin=False, data=data)
        assert sheet.is_valid() and len(sheet.entries) == LINES

    yield compare("F11", "read a bill of 500 lines", "0.3", read, *_read(formset, initial))


# The references


def _drawn(formset, initial: list[dict]) -> tuple:
    return "a formset, drawn", lambda: DRAWN.render({"formset": formset(initial=initial)})


def _read(formset, initial: list[dict]) -> tuple:
    sent = {"form-TOTAL_FORMS": str(len(initial)), "form-INITIAL_FORMS": "0"}
    for at, row in enumerate(initial):
        sent |= {f"form-{at}-{name}": "" if value is None else str(value) for name, value in row.items()}
    data = _posted(sent)

    def read():
        assert formset(data).is_valid()

    return "a formset, validated", read


def _posted(sent: dict) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, values in sent.items():
        data.setlist(name, values if isinstance(values, list) else [values])
    return data
