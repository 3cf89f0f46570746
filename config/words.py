"""How what was recorded reads: an event's field names and stored values in the words of the pages (U9), here alone.

The record keeps what it was told; an old event reads as well as a new one, because words are found when it is shown.
"""

import re
from collections.abc import Iterable, Iterator, Set
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.apps import apps
from django.db import models

from directory.fields import MoneyField, ScaledField
from directory.moments import day_in_words
from erp_integrations.models import Download
from invoicing.actions.reviews import ENTERED
from invoicing.calculations.money import format_amount
from invoicing.forms.columns import COLUMNS
from invoicing.models import InvoiceLine, ScheduleLine

# What a line's columns are called where they are typed, and how it is told that an amount does not follow its rate.
LINE_NAMES = {column.field: column.label for column in COLUMNS.values() if column.field} | {
    column.marks_typed: f"{column.label} typed by hand" for column in COLUMNS.values() if column.marks_typed
}
LINE_NAMES |= {
    "allowed_reason": "Reason for the allowed amount",
    "stored_retainage_set_aside": "Held on stored, set aside while nothing is stored",
}
NAMES = {
    "insurance_expires_date": "insurance expires",
    "listed_date": "found in Sage’s list of",
    "net_change_orders": "net change by change orders",
    "sage_record_number": "Sage record number",
    "time_zone": "time zone",
}
# Whose fields an event names besides those of the row it is about.
ALSO = {"directory.membership": "directory.person"}
FILES = dict(Download.Which.choices)
# A digest, a row's number, the moment that the event shows itself: the record keeps them, nobody reads them.
NOT_SHOWN = {"snapshot", "holder", "accepted_at"}
LINE = re.compile(r"SOV-0*(\d+)")


@dataclass(frozen=True)
class Change:
    """One thing that became another; `old` is empty where there was nothing, `new` where nothing is left."""

    name: str
    old: str
    new: str


def changes_of(event, *, but: Set[str] = frozenset()) -> list[Change]:
    """Every change of an event in words, `but` what is told elsewhere."""
    hidden = NOT_SHOWN | but
    return [_change(event, name, old, new) for name, (old, new) in event.changes.items() if name not in hidden]


@dataclass(frozen=True)
class Changed:
    """One row of a change history: what became another, when and by whom its event says."""

    event: object
    change: Change


def history_of(events: Iterable) -> Iterator[Changed]:
    """What events changed, thing by thing, in their order; a new state among them."""
    for event in events:
        if event.to_state and event.to_state != event.from_state:
            words = [state_in_words(event, state) if state else "" for state in (event.from_state, event.to_state)]
            is_of_accounting = event.subject.startswith("erp_integrations.")
            yield Changed(event, Change("ERP status" if is_of_accounting else "Status", *words))
        for change in changes_of(event):
            yield Changed(event, change)


ONE_SITTING = timedelta(minutes=30)  # each row of an entry sheet is saved as it is left


def folded(events: list) -> list:
    """Newest first, with what one person saved bit by bit told as one: each thing's first old and last new value.

    The record keeps every event as it was; only the telling is shorter. `saves`: how many of them are told as one.
    """
    told = []
    for event in events:
        last = told[-1] if told else None
        if last and _is_one_sitting(event, last):
            changes = event.changes | last.changes
            for name in event.changes.keys() & last.changes.keys():
                changes[name] = [event.changes[name][0], last.changes[name][1]]
            told[-1] = copy(last)
            told[-1].saves = getattr(last, "saves", 1) + 1
            told[-1].changes = {name: both for name, both in changes.items() if both[0] != both[1]}
        else:
            told.append(event)
    return told


def _is_one_sitting(event, later) -> bool:
    """Whether both are of the same person entering amounts, at most half an hour apart."""
    is_entering = event.verb == later.verb == ENTERED and event.by_id == later.by_id
    return is_entering and later.at - event.at <= ONE_SITTING


def _change(event, name: str, old, new) -> Change:
    if on_line := re.fullmatch(rf"{LINE.pattern}(?: (.+))?", name):
        return _change_of_line(on_line[1], (on_line[2] or "").replace(" ", "_"), old, new)
    field = _field(event, name)
    words = NAMES.get(name) or (str(field.verbose_name) if field else name.replace("_", " "))
    return Change(_capital(words), _value(old, field, name), _value(new, field, name))


def _change_of_line(position: str, name: str, old, new) -> Change:
    """As `amounts` and `schedules` record it, line key and column; without a column it is the line's verdict."""
    field = _field_of(InvoiceLine, name) or _field_of(ScheduleLine, name)
    words = LINE_NAMES.get(name) or name.replace("_", " ")
    title = f"Line {position}, {words[:1].lower()}{words[1:]}" if words else f"Line {position}"
    return Change(title, _value(old, field, name), _value(new, field, name))


def _field(event, name: str):
    label = event.subject.partition(":")[0]
    models_asked = (_model(label), _model(ALSO.get(label, "")))
    return next((found for model in models_asked if model and (found := _field_of(model, name))), None)


def _model(label: str):
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):  # of an earlier release, or none
        return None


def _field_of(model, name: str):
    return next((field for field in model._meta.fields if field.name == name), None)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _value(value, field, name: str) -> str:
    if isinstance(value, list):
        return str(len(value))
    text = "" if value is None else str(value)
    if text in ("", "None"):
        return ""
    if field is not None and field.choices:
        return next((str(label) for key, label in field.flatchoices if str(key) == text), text)
    if isinstance(field, models.CharField | models.TextField):
        return text  # as somebody typed it: 0000-00-00 is no day there
    if text in ("True", "False"):
        return "yes" if text == "True" else "no"
    if isinstance(field, ScaledField):
        return _number(text, field)
    if isinstance(field, models.DateField) or re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return _day(text)
    if name == "warnings seen":
        return re.sub(rf"-{LINE.pattern}", r" on line \1", text)
    return FILES.get(text, text) if name == "file" else text


def _day(text: str) -> str:
    """Words that somebody typed may look like a day and be none: 0000-00-00 is a name like others."""
    try:
        return day_in_words(date.fromisoformat(text[:10]))
    except ValueError:
        return text


def _number(text: str, field: ScaledField) -> str:
    return format_amount(Decimal(text)) if isinstance(field, MoneyField) else f"{Decimal(text).normalize():f}"


def state_in_words(event, state: str) -> str:
    """A stored state as its own model calls it; "" where the model knows no such word."""
    model = _model(event.subject.partition(":")[0])
    labels = (dict(field.flatchoices).get(state) for field in model._meta.fields if field.choices) if model else ()
    return next((str(label) for label in labels if label), "")
