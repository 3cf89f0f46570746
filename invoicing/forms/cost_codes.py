"""A cost code as it is typed."""

from django import forms

from directory.typed import PlainField
from invoicing.actions.cost_codes import LONGEST_CODE, LONGEST_NAME, LONGEST_TYPE
from invoicing.forms.versions import Difference, differences
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
            self.fields[_field(kind)] = PlainField(
                label=f"Cost type {kind}",
                max_length=LONGEST_TYPE,
                required=False,
                initial=_own_name(kind, names),
                show_hidden_initial=True,
            )

    @property
    def names(self) -> dict[int, str]:
        return {kind: self.cleaned_data[_field(kind)] for kind in self._touched}

    @property
    def shown(self) -> dict[int, str]:
        """What the page said of those that are named anew, "" for a plain name."""
        told = {kind: self.data.get(self.add_initial_prefix(_field(kind)), "") for kind in self._touched}
        return {kind: self.fields[_field(kind)].to_python(text) for kind, text in told.items()}

    @property
    def _touched(self) -> list[int]:
        changed = set(self.changed_data)
        return [int(kind) for kind in USER_DEFINED if _field(kind) in changed]

    def differences(self, names: dict[int, str]) -> list[Difference]:
        """What is typed beside `names`, as they are called by now."""
        return differences(self, {_field(kind): _own_name(kind, names) for kind in self._touched})

    def rebased(self, names: dict[int, str]) -> "TypeNamesForm":
        """The same typed names on a page that shows `names`: saving them again is done knowingly."""
        now = {_field(kind): _own_name(kind, names) for kind in USER_DEFINED}
        typed = now | {_field(kind): name for kind, name in self.names.items()}
        return type(self)(names, typed | {self.add_initial_prefix(field): name for field, name in now.items()})


def _field(kind: int) -> str:
    return f"type_{int(kind)}"


def _own_name(kind: int, names: dict[int, str]) -> str:
    """ "" while it has its plain one."""
    return "" if names[kind] == CostType(kind).label else names[kind]
