"""What accounting types: a filter, a day, a reason, a record number. Forms clean; actions decide and save."""

from datetime import timedelta

from django import forms
from django.db.models import Q
from django.utils import timezone

from directory.models import Project, Vendor
from directory.models.matching import holding
from directory.moments import FIRST_DAY, LAST_DAY
from directory.number_looks import LONGEST_NUMBER
from directory.typed import DAYS, DayInput, PlainField, SearchField
from erp_integrations.actions.exports import RAISE_AGAIN, HeaderEdit
from erp_integrations.models import ExportItem, InvoiceExport
from erp_integrations.models.exports import ExportStatus
from erp_integrations.report import Days
from erp_integrations.sage100.batch_keys import typed_number
from erp_integrations.sage100.mended import REFERENCE
from erp_integrations.sage100.reconciling import RECORD_LENGTH
from erp_integrations.sage100.rules import DESCRIPTION_LENGTH


class ReportFilter(forms.Form):
    """From which day to which; what makes no sense in an address bounds nothing."""

    first = forms.DateField(label="From", required=False, widget=DayInput)
    last = forms.DateField(label="To", required=False, widget=DayInput)

    def __init__(self, data):
        super().__init__(data)
        self.is_valid()

    @property
    def days(self) -> Days:
        typed = [self.cleaned_data.get(name) for name in ("first", "last")]
        return Days(*(day if day and FIRST_DAY <= day <= LAST_DAY else None for day in typed))


AGES = ((2, "2 days and more"), (5, "5 days and more"), (10, "10 days and more"))
PROBLEMS = (("blocked", "Blocked by a rule"), ("warned", "With warnings"), ("clear", "Without any"))


class QueueFilter(forms.Form):
    """What the queue is narrowed to: the address is the view. `problems` is asked of the rules, not of the database."""

    project = forms.ModelChoiceField(queryset=None, required=False, empty_label="Any project")
    vendor = forms.ModelChoiceField(queryset=None, required=False, empty_label="Any company")
    problems = forms.ChoiceField(label="Findings", choices=(("", "Any findings"), *PROBLEMS), required=False)
    age = forms.TypedChoiceField(
        label="Waiting", choices=(("", "Since any day"), *AGES), coerce=int, empty_value=None, required=False
    )
    q = SearchField("Number, company or EXP key")

    def __init__(self, data, *, company):
        super().__init__(data)
        self.fields["project"].queryset = Project.objects.filter(
            company=company, commitments__invoices__export__isnull=False
        ).distinct()
        billed = InvoiceExport.objects.of(company).values("invoice__vendor")
        self.fields["vendor"].queryset = Vendor.objects.filter(pk__in=billed).order_by("name")
        self.is_valid()  # what makes no sense in an address is left out

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.values())

    @property
    def is_narrow_without_findings(self) -> bool:
        """Of what is past the rules, whose findings nobody asks for any more."""
        return any(value for name, value in self.cleaned_data.items() if name != "problems")

    @property
    def kept(self) -> dict[str, str]:
        """What of the address makes sense, for the addresses of what is opened from the list."""
        return {name: self.data[name] for name in self.fields if self.cleaned_data.get(name)}

    def narrowed(self, exports):
        project, words = self.cleaned_data.get("project"), self.cleaned_data.get("q", "")
        vendor, age = self.cleaned_data.get("vendor"), self.cleaned_data.get("age")
        if project:
            exports = exports.filter(invoice__commitment__project=project)
        if vendor:
            exports = exports.filter(invoice__vendor=vendor)
        if age:
            exports = exports.filter(sent_at__lt=timezone.now() - timedelta(days=age))
        found = holding(words, "invoice__number", "invoice__vendor__name", "invoice__commitment__number")
        if (number := typed_number(words)) is not None:
            found |= Q(pk__in=ExportItem.objects.filter(batch__number=number).values("invoice_export"))
        return exports.filter(found)


REDUCIBLE = "reducible"  # the <datalist> of invoices that a credit may reduce


class HeaderForm(forms.Form):
    """What an approver may change of a header. An empty field means the usual text, day or number.

    `reference_no` is there on a credit alone.
    """

    description = forms.CharField(required=False, max_length=DESCRIPTION_LENGTH)
    due_date = forms.DateField(required=False, widget=DayInput, validators=DAYS)
    discount_date = forms.DateField(required=False, widget=DayInput, validators=DAYS)
    reference_no = forms.CharField(
        label=REFERENCE,
        required=False,
        max_length=LONGEST_NUMBER,
        widget=forms.TextInput(attrs={"list": REDUCIBLE, "autocomplete": "off"}),
    )
    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def __init__(self, data=None, *, export: InvoiceExport):
        names = ("description", "due_date", "discount_date", "reference_no")
        super().__init__(data, initial={name: getattr(export, name) for name in names} | {"seen": export.mark})
        if export.invoice.gross_this_period >= 0:
            del self.fields["reference_no"]

    def tell(self, name: str, text: str, how: str) -> None:
        """Say beside the field what the file holds as things are, and why."""
        self[name].help_text = f"Now {text or 'empty'}: {how}."

    @property
    def edit(self) -> HeaderEdit:
        given = self.cleaned_data
        return HeaderEdit(
            given["description"], given["due_date"], given["discount_date"], given.get("reference_no", "")
        )


class AcceptForm(forms.Form):
    """The accounting date of a batch; `ticked` holds the keys of the warnings that were seen."""

    accounting_date = forms.DateField(
        widget=DayInput,
        validators=DAYS,
        help_text="Sage posts into the period of this day. It is the same for every invoice of the file.",
    )


class RejectForm(forms.Form):
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    reason = PlainField(
        label="Why is it rejected?",
        max_length=500,
        widget=forms.Textarea,
        help_text="The sender and whoever made the invoice get these words by mail.",
    )


class RaisedAgain(forms.Form):
    """`releases`: what release sheets lower in Sage for what is voided; where there is nothing, nothing is asked."""

    retention_is_raised = forms.BooleanField(
        label="In Sage their retention is raised again, or was never lowered", error_messages={"required": RAISE_AGAIN}
    )

    def __init__(self, data=None, *, releases):
        super().__init__(data)
        if not releases:
            del self.fields["retention_is_raised"]


class VoidForm(RaisedAgain):
    reason = PlainField(label="Why is it voided?", max_length=500, widget=forms.Textarea)
    sage_holds_it_no_more = forms.BooleanField(label="Sage holds this invoice no more", required=False)


class CancelForm(RaisedAgain):
    """One reason and one statement for all invoices of a file."""

    reason = PlainField(label="Why is it cancelled?", max_length=500, widget=forms.Textarea)
    sage_holds_none = forms.BooleanField(
        label="Sage holds none of these invoices",
        error_messages={"required": "First remove them in Sage, then say so here."},
    )


class TakeAgainForm(forms.Form):
    """R15: whoever takes a file that was taken before says why."""

    reason = PlainField(
        label="Why is it taken again?",
        max_length=300,
        help_text="It stays on the record beside the download.",
    )


class FileToVerify(forms.Form):
    """A file of any size that an import file may have: its bytes alone may say that it is ours."""

    file = forms.FileField(
        label="File",
        help_text="The workbook or the CSV, as somebody has it. It is read and not kept.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        max_length=200,
    )


class ConfirmForm(forms.Form):
    """`only_releases`: of what Sage makes no record (S50), so none is asked for; one that is given is refused later."""

    record_number = forms.CharField(
        label="Sage record number",
        max_length=RECORD_LENGTH,
        help_text="As 4-2 shows it for this invoice.",
        error_messages={"required": "Enter the record number that Sage shows for it in 4-2."},
    )

    def __init__(self, *args, only_releases: bool):
        super().__init__(*args)
        self.fields["record_number"].required = not only_releases


class CorrectRecordForm(forms.Form):
    """`was`: the number that it shows. Without one the first is entered, and there is nothing to give a reason for."""

    was = forms.CharField(required=False, max_length=RECORD_LENGTH, widget=forms.HiddenInput)
    record_number = forms.CharField(
        label="The right Sage record number",
        max_length=RECORD_LENGTH,
        help_text="As 4-2 shows it for this invoice.",
    )
    reason = PlainField(label="Why is it corrected?", max_length=500, widget=forms.Textarea)

    def __init__(self, data=None, *, was: str):
        super().__init__(data, initial={"was": was})
        if not self["was"].value():
            self.fields["record_number"].label = "Sage record number"
            del self.fields["reason"]


def plain_ids(typed: list[str]) -> list[int]:
    """The ids among what an address or a form names; what no row can have (19 digits and more) is left out."""
    return [int(pk) for pk in typed if pk.isascii() and pk.isdigit() and len(pk) < 19]


def chosen_exports(data, company):
    """The exports that a list's tick boxes name, of this company only, in file order."""
    found = InvoiceExport.objects.of(company).with_context().in_file_order()
    if data.get("all"):
        return QueueFilter(data, company=company).narrowed(found.filter(status=ExportStatus.READY_TO_EXPORT))
    return found.filter(pk__in=plain_ids(data.getlist("export")))
