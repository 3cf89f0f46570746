"""Correcting a layout of import files without a programmer: changing it, copying it, saying that it was compared."""

from dataclasses import replace

from django.db import transaction

from directory.models import Company, Event
from directory.refusals import NotNow, Refused, Stale
from erp_integrations.actions.settings import layout_of, require_set_up
from erp_integrations.models import ErpSettings, ImportLayout
from erp_integrations.sage100 import canonical
from erp_integrations.sage100.layout import SOURCES, Column, Layout

MOST_COLUMNS = 60  # of a row; APINV has 25 and 20


@transaction.atomic
def change(company: Company, key: str, wanted: Layout, *, by, seen: str) -> ImportLayout:
    """Put the columns of `wanted` into the layout `key`; a used one stays, and its next version is made (sage100.md).

    Either way it is not verified any more. `seen`: the layout's fingerprint on the page, Stale when it is another by
    now. Refused while a column can't be used. One event with every column that changed, none if nothing did.
    """
    layout = _held(company, key, by)
    if layout.fingerprint != seen:
        raise Stale("Somebody changed this layout while you had it open.")
    before = layout.as_layout()
    editable = ("header", "detail", "column_names", "file_code")
    wanted = replace(before, **{name: getattr(wanted, name) for name in editable})
    changes = _differences(before, wanted)
    if not changes:
        return layout
    if problems := (*_to_mend(wanted), *_too_many(wanted)):
        raise Refused(" ".join(problems))
    verb, after = "changed the layout", layout
    if layout.is_used:
        verb, after = "made a new version of the layout", layout.next_version()
        changes = {"version": [str(layout.version), str(after.version)]} | changes
    if after.is_verified:
        changes["verified"] = ["yes", "no"]
    after.columns, after.is_verified = canonical.to_plain(wanted), False
    after.save()
    Event.objects.record(verb, after, by=by, changes=changes)
    return after


@transaction.atomic
def copy(company: Company, key: str, *, name: str, by) -> ImportLayout:
    """The same columns under a new name, as its version 1, not verified."""
    layout = _held(company, key, by)
    if ImportLayout.objects.filter(company=company, name=name).exists():
        raise Refused(f"There is a layout {name} already. Choose another name.", field="name")
    made = ImportLayout(company=company, name=name, version=1, columns=layout.columns)
    made.save()
    Event.objects.record("copied the layout", made, by=by, changes={"from": ["", layout.key]})
    return made


@transaction.atomic
def say_verified(company: Company, key: str, *, compared_with: str, by, seen: str) -> ImportLayout:
    """Files made after it from now on are no drafts (S6). `compared_with`: which template, in words, for the record.

    `seen`: the fingerprint of the columns that were compared, Stale when they are others by now.
    """
    layout = _held(company, key, by)
    if layout.is_verified:
        raise NotNow(f"{layout} was verified already.")
    if layout.fingerprint != seen:
        raise Stale("Somebody changed this layout while you compared it. Look at the columns again.")
    if problems := _to_mend(layout.as_layout()):
        raise Refused(f"It can’t be used yet. {problems[0]}")
    layout.is_verified = True
    layout.save(update_fields=["is_verified"])
    changes = {"verified": ["no", "yes"], "compared with": ["", compared_with]}
    Event.objects.record("verified the layout", layout, by=by, changes=changes)
    return layout


@transaction.atomic
def take_back_verified(company: Company, key: str, *, by) -> ImportLayout:
    """Files made after it from now on are drafts again."""
    layout = _held(company, key, by)
    if not layout.is_verified:
        raise NotNow(f"{layout.key} is not verified.")
    layout.is_verified = False
    layout.save(update_fields=["is_verified"])
    Event.objects.record("took back that the layout is verified", layout, by=by, changes={"verified": ["yes", "no"]})
    return layout


def _held(company: Company, key: str, by) -> ImportLayout:
    """Under the lock of the company's settings, which every acceptance takes: whether it is used can't change."""
    require_set_up(company, by)
    ErpSettings.held_for(company)
    return layout_of(company, key)


def _to_mend(layout: Layout) -> list[str]:
    return [fault.words for fault in layout.faults_to_mend()]


def _too_many(layout: Layout) -> list[str]:
    parts = [part for part in SOURCES if len(getattr(layout, part)) > MOST_COLUMNS]
    return [f"The {part} has more than {MOST_COLUMNS} columns. Remove some." for part in parts]


def _differences(before: Layout, after: Layout) -> dict[str, list[str]]:
    """{"header 5": [as it was, as it is]} of every place where another column stands, and of what is of both rows."""
    found = {}
    if before.column_names != after.column_names:
        found["column names"] = ["yes" if layout.column_names else "no" for layout in (before, after)]
    if before.file_code != after.file_code:
        found["file code"] = [before.file_code, after.file_code]
    for part in SOURCES:
        old, new = getattr(before, part), getattr(after, part)
        for place in range(max(len(old), len(new))):
            both = [in_words(columns[place]) if place < len(columns) else "" for columns in (old, new)]
            if both[0] != both[1]:
                found[f"{part} {place + 1}"] = both
    return found


def in_words(column: Column) -> str:
    """`Invoice no: invoice number, S 20, required`."""
    carries = f"always “{column.constant}”" if column.constant is not None else column.source.replace("_", " ")
    size = f"{column.type} {column.length}{f',{column.decimals}' if column.decimals else ''}"
    more = [column.format and f"written {column.format}", column.required and "required", column.lookup]
    return ", ".join([f"{column.title}: {carries}", size, *[words for words in more if words]])
