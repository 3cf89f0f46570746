"""A cost code as it is typed."""

from django import forms

from directory.vendor_forms import PlainField
from invoicing.actions.cost_codes import LONGEST_CODE, LONGEST_NAME, LONGEST_TYPE
from invoicing.models import USER_DEFINED, CostType


class NewCodeForm(forms.Form):
    code = PlainField(label="Code", max_length=LONGEST_CODE, help_text="As in Sage, 03-300 for example.")
    name = PlainField(label="Name", max_length=LONGEST_NAME)


class CodeForm(forms.Form):
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    name = PlainField(label="Name", max_length=LONGEST_NAME)
    is_active = forms.BooleanField(
        label="In use",
        required=False,
        help_text="Without the tick it can't be chosen for a new line; lines that have it keep it.",
    )


class TypeNamesForm(forms.Form):
    """The company's own cost types. Only what differs from what the page showed is named anew."""

    def __init__(self, names: dict[int, str], data=None):
        """`names`: all nine as they are called now."""
        super().__init__(data)
        for kind in USER_DEFINED:
            plain = CostType(kind).label
            self.fields[f"type_{kind}"] = PlainField(
                label=f"Cost type {kind}",
                max_length=LONGEST_TYPE,
                required=False,
                initial="" if names[kind] == plain else names[kind],
                show_hidden_initial=True,
            )

    @property
    def names(self) -> dict[int, str]:
        changed = set(self.changed_data)
        return {int(kind): self.cleaned_data[f"type_{kind}"] for kind in USER_DEFINED if f"type_{kind}" in changed}
