"""What somebody says about an invoice: to the other side, or to their own team alone."""

from django import forms

from directory.typed import PlainField

NOTHING = {"required": "Type what you want to say."}


class CommentForm(forms.Form):
    words = PlainField(
        label="Your comment",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Both sides see it here, and the other side gets it by mail.",
        error_messages=NOTHING,
    )
    prefix = "comment"


class NoteForm(forms.Form):
    words = PlainField(
        label="Your note",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="No subcontractor ever sees it. Nobody gets a mail.",
        error_messages=NOTHING,
    )
    prefix = "note"
