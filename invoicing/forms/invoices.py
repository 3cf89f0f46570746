"""What is asked before an invoice is deleted."""

from django import forms

from directory.typed import PlainField


class DeleteForm(forms.Form):
    """Why the newest invoice is deleted; an Admin has to say, a contact may (I-3)."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = PlainField(
        label="Why is it deleted?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why it is deleted: the contacts are told."},
    )

    def __init__(self, data=None, *, as_admin: bool, initial=None):
        super().__init__(data, initial=initial)
        self.fields["reason"].required = as_admin
        self.fields["reason"].help_text = "The invoice contacts are told." if as_admin else "If you want to say it."
