"""What people type about themselves."""

from django import forms


class ProfileForm(forms.Form):
    name = forms.CharField(max_length=120, label="Your name", help_text="As it stands beside what you do here.")
    uses_keys = forms.BooleanField(
        required=False,
        label="Single-letter keys",
        help_text="For example j and k to move through lines. They never act while you type.",
    )
