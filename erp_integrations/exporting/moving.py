"""The one door for an export's status: right, state, transition, save, event, on a row that the caller has locked."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from django_fsm import can_proceed, has_transition_perm

from directory.machines import no_longer, words_of
from directory.models import Event
from directory.refusals import NotAllowed, NotNow
from erp_integrations.models import InvoiceExport
from erp_integrations.permissions import ANSWER_RIGHT, SEND_RIGHT, VOID_RIGHT

RIGHTS = {"send": SEND_RIGHT, "retrieve": SEND_RIGHT, "void": VOID_RIGHT}


def require(export: InvoiceExport, transition: Callable, access) -> None:
    """Raises NotAllowed or NotNow unless `access` may make this move now; first the right, then the state."""
    ways = transition._django_fsm.transitions.values()
    if not any(way.permission(export, access) for way in ways):
        raise NotAllowed(_right_for(transition))
    if not can_proceed(transition.__get__(export)):
        raise NotNow(_why_not(export, ways))
    if not has_transition_perm(transition.__get__(export), access):
        raise NotAllowed(_right_for(transition))


def move(
    export: InvoiceExport,
    transition: Callable,
    *,
    access,
    reason: str = "",
    changes: dict | None = None,
) -> None:
    """Make `transition` of `InvoiceExport` and record it. `access` None: the program does it. Needs the row's lock."""
    require(export, transition, access)
    before, by = export.status, access.person if access else None
    transition.__get__(export)(by, timezone.now())
    export.save()
    Event.objects.record(
        words_of(transition)["done"],
        export,
        by=by,
        from_state=before,
        to_state=export.status,
        reason=reason,
        changes=changes,
    )


def moved(
    exports: list[InvoiceExport],
    transition: Callable,
    fields: tuple[str, ...],
    *,
    access,
    at: datetime | None = None,
    changes: dict | None = None,
) -> list[Event]:
    """`move` for all of a batch, in as many queries for a thousand as for one; its events are still to be recorded.

    `fields`: what the transition, and the caller before it, write on an export.
    """
    by, at, events, alike = access.person if access else None, at or timezone.now(), [], defaultdict(list)
    for export in exports:
        require(export, transition, access)
        before = export.status
        transition.__get__(export)(by, at)
        alike[tuple(getattr(export, name) for name in fields)].append(export.pk)
        states = {"from_state": before, "to_state": export.status}
        events.append(Event.objects.made(words_of(transition)["done"], export, by=by, changes=changes, **states))
    for values, pks in alike.items():
        InvoiceExport.objects.filter(pk__in=pks).update(**dict(zip(fields, values, strict=True)))
    return events


def _right_for(transition: Callable) -> str:
    return RIGHTS.get(transition.__name__, ANSWER_RIGHT)


def _why_not(export: InvoiceExport, ways) -> str:
    for way in ways:
        if way.source == export.status:
            return next(condition.refusal for condition in way.conditions if not condition(export))
    answer = ""
    if export.answered_by and export.status not in (export.Status.RETRIEVED, export.Status.READY_TO_EXPORT):
        when = export.answered_at.astimezone(export.company.zone)
        answer = f" {export.answered_by.name} answered it on {when.day} {when:%b %Y at %H:%M %Z}."
    return no_longer(export, export.invoice) + answer
