"""A cost code as it is typed."""

from django import forms

from directory.vendor_forms import PlainField
from invoicing.actions.cost_codes import LONGEST_CODE, LONGEST_NAME


class NewCodeForm(forms.Form):
    code = PlainField(label="Code", max_length=LONGEST_CODE, help_text="As in Sage, 03-300 for example.")
    name = PlainField(label="Name", max_length=LONGEST_NAME)


class CodeForm(forms.Form):
    name = PlainField(label="Name", max_length=LONGEST_NAME)
    is_active = forms.BooleanField(
        label="In use",
        required=False,
        help_text="Without the tick it can't be chosen for a new line; lines that have it keep it.",
    )
