"""The record as lines of a CSV file that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterator

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
HEADINGS = ("Number", "When", "Who", "What", "To what", "Row", "Project", "From", "To", "Reason", "Changes", "Request")
CHUNK = 1000


class _Line:
    """What csv writes to: hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(events, company) -> Iterator[str]:
    """A heading, then a line an event, newest first, read by key so that memory stays constant."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(HEADINGS)
    found = events.select_related("project").order_by("-pk")
    chunk = list(found[:CHUNK])
    while chunk:
        for event in chunk:
            yield writer.writerow([plain_cell(value) for value in cells_of(event, company)])
        chunk = list(found.filter(pk__lt=chunk[-1].pk)[:CHUNK])


def cells_of(event, company) -> tuple:
    when = event.at.astimezone(company.zone).isoformat(sep=" ", timespec="seconds")
    changes = "; ".join(f"{name}: {old} → {new}" for name, (old, new) in event.changes.items())
    project = event.project.name if event.project else ""
    told = (event.by_name, event.verb, event.subject_text, event.subject, project, event.from_state, event.to_state)
    return (event.pk, when, *told, event.reason, changes, event.request_id)


def plain_cell(value: object) -> str:
    """S58: text that a spreadsheet would calculate gets an apostrophe in front."""
    text = str(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text
