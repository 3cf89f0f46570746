"""The record as the rows of a file."""

from collections.abc import Iterator

HEADINGS = ("Number", "When", "Who", "What", "To what", "Row", "Project", "From", "To", "Reason", "Changes", "Request")
CHUNK = 1000


def rows_of(events, company) -> Iterator[tuple]:
    """A row an event, newest first, read by key so that memory stays constant."""
    found = events.select_related("project").order_by("-pk")
    chunk = list(found[:CHUNK])
    while chunk:
        for event in chunk:
            yield cells_of(event, company)
        chunk = list(found.filter(pk__lt=chunk[-1].pk)[:CHUNK])


def cells_of(event, company) -> tuple:
    when = event.at.astimezone(company.zone).isoformat(sep=" ", timespec="seconds")
    changes = "; ".join(f"{name}: {old} → {new}" for name, (old, new) in event.changes.items())
    project = event.project.name if event.project else ""
    told = (event.by_name, event.verb, event.subject_text, event.subject, project, event.from_state, event.to_state)
    return (event.pk, when, *told, event.reason, changes, event.request_id)
