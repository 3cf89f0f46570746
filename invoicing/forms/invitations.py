"""The answer to an Invite to Bill."""

from django import forms

ACCEPT, DECLINE = "accept", "decline"


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        choices=[(ACCEPT, "We will bill"), (DECLINE, "Nothing to bill")],
        error_messages={"required": "Press one of the two buttons."},
    )
    words = forms.CharField(
        label="Words to go with it",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The project team sees them.",
    )
