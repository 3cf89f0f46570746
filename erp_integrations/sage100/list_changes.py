"""What a new version of a list would change: records that come, go, or read otherwise, field by field."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from erp_integrations.sage100.list_words import TITLES, in_words, line_in_words
from erp_integrations.sage100.lists import Job, SageCommitment, record_key


@dataclass(frozen=True)
class FieldChange:
    title: str
    old: str
    new: str


@dataclass(frozen=True)
class Changed:
    old: object
    new: object
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class Changes:
    added: tuple
    changed: tuple[Changed, ...]
    gone: tuple
    same: int

    @property
    def is_none(self) -> bool:
        return not (self.added or self.changed or self.gone)


def compare(old: Iterable, new: Iterable) -> Changes:
    """By key; where Sage holds a key twice, the first is compared with the first and so on."""
    before, after = _keyed(old), _keyed(new)
    changed = [
        Changed(before[key], record, differences(before[key], record))
        for key, record in after.items()
        if key in before and before[key] != record
    ]
    both = sum(key in before for key in after)
    return Changes(
        tuple(record for key, record in after.items() if key not in before),
        tuple(changed),
        tuple(record for key, record in before.items() if key not in after),
        both - len(changed),
    )


def _keyed(records: Iterable) -> dict:
    seen, found = Counter(), {}
    for record in records:
        key = record_key(record)
        found[key, seen[key]] = record
        seen[key] += 1
    return found


def differences(old, new) -> tuple[FieldChange, ...]:
    found = []
    for field in fields(new):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        if isinstance(new, SageCommitment) and field.name == "lines":
            found += _line_differences(old, new)
        else:
            found.append(FieldChange(TITLES[field.name], in_words(before), in_words(after)))
    return tuple(found)


def _line_differences(old: SageCommitment, new: SageCommitment) -> list[FieldChange]:
    before, after = ({line.line_reference: line for line in each.lines} for each in (old, new))
    found = []
    for reference in dict.fromkeys((*before, *after)):
        was, now = before.get(reference), after.get(reference)
        if was is None or now is None:
            words = [line_in_words(line) if line else "" for line in (was, now)]
            found.append(FieldChange(f"Line {reference}", *words))
        elif was != now:
            found += [
                FieldChange(f"Line {reference}, {change.title.lower()}", change.old, change.new)
                for change in differences(was, now)
            ]
    return found


def lost_parts(changes: Changes) -> set[tuple[str, str]]:
    """{(number, part)}: phases of jobs and lines of commitments that are gone while the record itself stays."""
    return {(change.new.number, part) for change in changes.changed for part in _parts(change.old) - _parts(change.new)}


def _parts(record) -> set[str]:
    if isinstance(record, SageCommitment):
        return {line.line_reference for line in record.lines}
    return set(record.phases) if isinstance(record, Job) else set()


def label_of(record) -> str:
    """A record by its key and its name, as lists of changes call it."""
    key = record_key(record)
    shown = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
    if hasattr(record, "invoice_number"):
        shown = f"{record.invoice_number} of vendor {record.vendor_number}"
    elif hasattr(record, "year"):
        shown = record.label
    name = getattr(record, "name", "")
    return f"{shown} {name}".strip()
