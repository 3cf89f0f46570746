"""Giving a person or a group a level on a tool."""

from django.contrib.auth.models import Group
from django.db import transaction

from directory.models import Event
from directory.permissions import Level, Tool, level_held, write_level
from directory.refusals import Refused


@transaction.atomic
def set_level(holder, tool: Tool, on, level: Level, *, by) -> None:
    """Make `level` what `holder`, a person or a group, has on `tool` of the company or project `on`.

    One event; none if it was so. Whether `by` may do this is the caller's question: an action that names an invoice
    contact gives levels too (P-3). Raises Refused where the level could have no effect.
    """
    type(holder).objects.select_for_update(no_key=True).get(pk=holder.pk)  # two changes at once: one after the other
    before = level_held(holder, tool, on)
    if before == level:
        return
    if level > Level.NONE and not isinstance(holder, Group):
        _check_holder(holder, tool, on.company)
    write_level(holder, tool, on, level)
    Event.objects.record("set level", on, by=by, changes={f"{holder.name}: {tool.label}": [before.label, level.label]})


def _check_holder(person, tool: Tool, company) -> None:
    membership = person.membership_in(company)
    if membership is None:
        raise Refused(f"{person.name} is not in the directory of {company.name}. Add them there first.")
    if membership.vendor_id and not tool.is_for_vendors:
        raise Refused(
            f"{person.name} works for {membership.vendor.name}; {tool.label} is for the company's own people."
        )
