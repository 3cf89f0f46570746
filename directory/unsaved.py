"""What somebody typed into a form, and their session was over when they pressed its button: kept until they are back.

A form that holds `{% comes_back %}` says, signed, who opened it. Pressed signed out, it saves nothing: what was typed
waits in the browser's session, and after the sign-in that person finds it in the form again, as not saved yet (9.10).
Nobody else is shown it, and another person's sign-in ends it. Files are not kept.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.http import QueryDict

MARK = "typed-by"  # the form's field that says who opened it
KEPT = "unsaved"  # in the session: {path: by, when, fields}
MOST_LETTERS = 1_000_000  # of one form; a bill of 1,000 lines with six cells each has a quarter of that
MOST_FORMS = 3  # in one session, the newest
A_PAGE_STAYS_OPEN = timedelta(days=7)


@dataclass(frozen=True)
class Unsaved:
    """`fields` as the form sent them, to `path`; `at` in seconds since the epoch."""

    fields: QueryDict
    at: float
    path: str


def mark_of(person) -> str:
    """What a form says of whoever opened it; nobody but this site can write it."""
    return _signer().sign(str(person.pk))


def keep(request) -> bool:
    """Whether what this refused form holds was kept, for whoever opened it. Anything else is not taken in."""
    by = _opened_by(request)
    fields = [(name, texts) for name, texts in request.POST.lists() if _is_typed(name)]
    if by is None or not fields or sum(len(name) + sum(map(len, texts)) for name, texts in fields) > MOST_LETTERS:
        return False
    kept = {path: one for path, one in request.session.get(KEPT, {}).items() if one["by"] == by}
    kept.pop(request.path, None)
    kept[request.path] = {"by": by, "at": time.time(), "fields": fields}
    request.session[KEPT] = dict(list(kept.items())[-MOST_FORMS:])
    return True


def was_opened_by_somebody(request) -> bool:
    """Whether it is a form of this kind at all."""
    return MARK in request.POST


def is_to_be_dropped(request) -> bool:
    """Whether “Drop what is not saved” was pressed."""
    return request.POST.get("then") == "drop"


def kept_for(request, path: str = "") -> Unsaved | None:
    """What this very person typed and did not save: in the form sent to `path`, else to the page that is asked for."""
    path = path or request.path
    one = request.session.get(KEPT, {}).get(path)
    if one is None or one["by"] != request.user.pk:
        return None
    fields = QueryDict(mutable=True)
    for name, texts in one["fields"]:
        fields.setlist(name, texts)
    return Unsaved(fields, one["at"], path)


def drop(request) -> None:
    """Forget what waits for this page: its form was pressed again, with all that stood in it."""
    _leave(request, {path: one for path, one in request.session.get(KEPT, {}).items() if path != request.path})


def drop_what_others_typed(request) -> None:
    """At a sign-in: what waits in this browser for another person is theirs no more."""
    kept = request.session.get(KEPT, {})
    _leave(request, {path: one for path, one in kept.items() if one["by"] == request.user.pk})


def _leave(request, kept: dict) -> None:
    if kept == request.session.get(KEPT, {}):
        return
    if kept:
        request.session[KEPT] = kept
    else:
        del request.session[KEPT]


def _is_typed(name: str) -> bool:
    return name not in ("csrfmiddlewaretoken", "then", MARK) and "password" not in name


def _opened_by(request) -> int | None:
    try:
        return int(_signer().unsign(request.POST.get(MARK, ""), max_age=A_PAGE_STAYS_OPEN))
    except (signing.BadSignature, ValueError):
        return None


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="plumbline.unsaved")
