"""Giving a person or a group a level on a tool."""

from django.db import transaction

from directory.models import Event
from directory.permissions import Level, Tool, level_held, write_level


@transaction.atomic
def set_level(person, tool: Tool, on, level: Level, *, by) -> None:
    """Make `level` the person's own level on `tool` of the company or project `on`. One event; none if it was so."""
    before = level_held(person, tool, on)
    if before == level:
        return
    write_level(person, tool, on, level)
    Event.objects.record(
        "set level",
        on,
        by=by,
        changes={f"{person.name}: {tool.label}": [before.label, level.label]},
    )
