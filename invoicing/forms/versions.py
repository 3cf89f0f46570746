"""Two people saved the same thing: what is stored now beside what was typed on an older version (I-5)."""

from dataclasses import dataclass

from django import forms
from django.db.models import QuerySet


@dataclass(frozen=True)
class Difference:
    """One field, as both would leave it, in words."""

    label: str
    theirs: str
    mine: str


def differences(form: forms.Form, stored: dict) -> list[Difference]:
    """Field by field, where a valid form differs from what is `stored` now."""
    pairs = [(name, stored[name], form.cleaned_data[name]) for name in form.fields if name in stored]
    told = [(name, in_words(form.fields[name], old), in_words(form.fields[name], new)) for name, old, new in pairs]
    return [Difference(str(form[name].label), theirs, mine) for name, theirs, mine in told if theirs != mine]


def in_words(field: forms.Field, value) -> str:
    """As the page shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | QuerySet):
        return ", ".join(sorted(map(str, value))) or "nobody"
    choices = {str(key): str(words) for key, words in getattr(field, "choices", ())}
    return choices.get(str(value), str(value)) or "nothing"


def on_version(data, version: int):
    """What was posted, as if it had been typed on that version: saving it again is done knowingly."""
    data = data.copy()
    data["version"] = str(version)
    return data
