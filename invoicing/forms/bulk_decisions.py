"""What is decided about several invoices at once."""

from django import forms

from directory.typed import PlainField
from invoicing.actions.bulk_decisions import DECISIONS

MOST = 200  # invoices that one request decides about
NEEDS_WORDS = {
    "approve_as_noted": "Say what is noted: the comment goes with the approval.",
    "reopen": "Say why they are reopened: the contacts are told.",
}


class BulkForm(forms.Form):
    decision = forms.ChoiceField(
        label="What should happen?",
        choices=[(name, words) for name, (words, _) in DECISIONS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what to do."},
    )
    comment = PlainField(
        label="Comment or reason, the same for all",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The subcontractors see it. Needed to approve as noted, to reopen, and to send back what has no "
        "rejected line.",
    )

    def clean(self):
        typed = super().clean()
        missing = NEEDS_WORDS.get(typed.get("decision"))
        if missing and not typed.get("comment", "").strip():
            self.add_error("comment", missing)
        return typed


def versions_of(typed: list[str]) -> dict[int, int]:
    """{invoice id: the version that was looked at, 0 when the tick did not say} out of `12:3` or `12`."""
    told = marks_of(typed).items()
    return {pk: int(version) if version.isdecimal() and len(version) < 10 else 0 for pk, version in told}


def marks_of(typed: list[str]) -> dict[int, str]:
    """{invoice id: what is told of it} out of `12:5f3a`; what names no invoice is passed over."""
    told = [each.partition(":") for each in typed]
    return {int(pk): mark for pk, _, mark in told if pk.isdecimal() and len(pk) < 19}
