"""What somebody calls a view of a list that they keep."""

from django import forms

from directory.typed import PlainField


class ViewForm(forms.Form):
    name = PlainField(
        label="Name of this view",
        max_length=40,
        error_messages={"required": "Give the view a name."},
    )
    is_shared = forms.BooleanField(
        label="For all of the company who see this page",
        required=False,
        help_text="Else only you see it.",
    )
