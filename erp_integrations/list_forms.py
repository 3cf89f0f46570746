"""What is typed to take in a list of Sage's: a file and its day, and which column holds which field."""

from django import forms

from directory.sheets import column_letter
from directory.typed import DAYS, DayInput
from directory.vendor_forms import UploadForm
from erp_integrations.actions.list_uploads import LEAVE_OUT
from erp_integrations.models import SageListUpload
from erp_integrations.sage100 import list_columns


class ListFileForm(UploadForm):
    remedy = LEAVE_OUT
    file = forms.FileField(
        label="Excel or CSV file",
        help_text="As exported from Sage: .xlsx, .csv or .txt, with headings.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt,.tsv"}),
    )
    as_of_date = forms.DateField(
        label="Exported from Sage on", widget=DayInput, validators=DAYS, help_text="Checks say how old the list is."
    )


class TicksForm(forms.Form):
    """What is ticked before a list is taken in: a plan asks for one, for both or for none."""

    seen_missed = forms.BooleanField(label="I have seen what is gone while in use here", required=False)
    is_empty_seen = forms.BooleanField(label="Sage shows no invoice in 4-2", required=False)


class ColumnsForm(forms.Form):
    """One choice for each field of a list: a column of the file, or none."""

    def __init__(self, data=None, *, upload: SageListUpload):
        super().__init__(data)
        shown = [(str(at), f"{column_letter(at)}: {title or 'no heading'}") for at, title in enumerate(upload.titles)]
        for column in list_columns.columns_of(upload.kind):
            chosen = upload.columns.get(column.field)
            self.fields[column.field] = forms.ChoiceField(
                label=column.heading,
                required=column.is_required,
                error_messages={"required": "Choose the column that holds it: no row can do without."},
                choices=[("", "Not in the file"), *shown],
                initial="" if chosen is None else str(chosen),
                help_text=_help(column, upload, chosen),
            )

    @property
    def chosen(self) -> dict[str, int | None]:
        return {field: int(text) if text else None for field, text in self.cleaned_data.items()}


def _help(column: list_columns.Column, upload: SageListUpload, chosen: int | None) -> str:
    """What belongs there, and what the file's first row has."""
    said = [column.holds[:1].upper() + column.holds[1:]]
    cells = upload.rows[0][1] if upload.rows else []
    if chosen is not None and chosen < len(cells) and cells[chosen]:
        said.append(f"First row: {cells[chosen][:40]}")
    return ". ".join(part for part in said if part)
