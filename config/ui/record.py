"""What happened, as timelines and records tell it (section 8)."""

from collections.abc import Set
from itertools import islice

from django import template
from django.db.models import Model

from config.places import places_of
from config.ui.statuses import Look, in_export, look_of, status_words
from config.words import changes_of, folded, history_of
from directory.models.events import subject_name

register = template.Library()


@register.inclusion_tag("components/timeline.html", takes_context=True)
def timeline(context: template.Context, events: list, zone: object = "", about: Model | None = None) -> dict:
    """What happened, newest first, in the project's zone: `{% timeline events project %}` with Event rows.

    An entry sheet that was saved row by row is told as one. Directory Admins are led on to the whole record of what it
    is about, unless they are there; `about`: the row, where events of others are told with its own.
    """
    rows = [told(event, but=IN_THE_SENTENCE) for event in folded(events)]
    request = context.get("request")
    is_admin = getattr(getattr(request, "access", None), "is_directory_admin", False)
    subjects = {subject_name(about)} if about else {row["event"].subject for row in rows}
    if not is_admin or len(subjects) != 1 or request.resolver_match.url_name == "company-events-about":
        return {"told": rows, "zone": zone}
    return {"told": rows, "zone": zone, "company": request.access.company, "subject": subjects.pop()}


@register.simple_tag(takes_context=True)
def recorded(context: template.Context, events: list) -> list[dict]:
    """Events as the record lists them, with the page of what each is about: `{% recorded events as rows %}`."""
    places = places_of(events, context["request"].user)
    return [told(event) | {"url": places.get(event.subject, "")} for event in events]


@register.inclusion_tag("components/change_history.html")
def change_history(events: list, zone: object = "") -> dict:
    """What was changed, a row each: field, from, to, by, when: `{% change_history events project %}`."""
    rows = list(islice(history_of(events), MOST_CHANGES + 1))
    return {"rows": rows[:MOST_CHANGES], "is_cut": len(rows) > MOST_CHANGES, "most": MOST_CHANGES, "zone": zone}


MOST_CHANGES = 1000  # rows of a page


# What people say has a look of its own: to the other side, and among the company's own people.
SAID = {"commented": Look("info", "message-square"), "left a note for the team": Look("warn", "lock")}


IN_THE_SENTENCE = {"revision"}  # of a bill that was sent: which time it was (9.3)


def told(event: object, *, but: Set[str] = frozenset()) -> dict:
    """One event as the timeline shows it: `before` is the state it came from, in words; `changes` likewise.

    `but`: what is not listed among its changes.
    """
    is_export, before = in_export(event), event.from_state
    look = look_of(before, is_export=is_export)
    return {
        "event": event,
        "look": SAID.get(event.verb) or look_of(event.to_state, is_export=is_export),
        "before": status_words(event, "from_state", before, look) if before and before != event.to_state else "",
        "revision": event.changes.get("revision", ("", ""))[1],
        "changes": changes_of(event, but=but),
    }
