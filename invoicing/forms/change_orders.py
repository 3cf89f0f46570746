"""A change order's number and title."""

from django import forms

from directory.typed import PlainField


class ChangeOrderForm(forms.Form):
    number = PlainField(label="Number", max_length=20, help_text="Used once in this commitment, CO-1 for example.")
    title = PlainField(label="Title", max_length=120, help_text="What changes, in a few words.")
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)
