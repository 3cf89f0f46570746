"""Companies, vendors and projects as the site owner enters them."""

from directory.models import Event


def record_entry(subject, changes: dict, *, by, is_new: bool) -> None:
    """One event for a company, vendor or project just saved, in the caller's transaction; none if nothing changed."""
    if changes:
        Event.objects.record("entered" if is_new else "changed", subject, by=by, changes=changes)
