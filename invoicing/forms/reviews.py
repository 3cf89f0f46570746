"""What a reviewer types: a verdict with its reason, another amount with its reason, and the decision at the end."""

from django import forms

from directory.typed import PlainField
from invoicing.actions.reviews import verdict_of
from invoicing.forms.columns import columns_of
from invoicing.forms.entry_rows import Row
from invoicing.models import Invoice, InvoiceLine, Verdict

REASON = {"maxlength": 300, "autocomplete": "off"}


class VerdictForm(forms.Form):
    """`pressed` is the mark of the verdict that the page showed: a button that is pressed already takes it back.

    `seen` is the newest event that changed amounts of the invoice when they were shown. `mine` was pressed beside
    another's verdict, and takes nothing back even where both are the same.
    """

    decision = forms.ChoiceField(choices=[(Verdict.APPROVED, "Approve"), (Verdict.REJECTED, "Reject")])
    pressed = forms.RegexField(r"^(approved|rejected)(-[0-9a-f]{8})?$", required=False)
    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    mine = forms.BooleanField(required=False)
    reason = PlainField(max_length=300, required=False)

    @property
    def asks_for_reason(self) -> bool:
        """The cross was pressed, and the box for the reason is not open yet."""
        return self.verdict == Verdict.REJECTED and "reason" not in self.data

    @property
    def verdict(self) -> Verdict:
        """Who was asked for a reason never takes a verdict back, whether or not they gave one."""
        chosen, is_asked = self.cleaned_data["decision"], "reason" in self.data or self.cleaned_data["mine"]
        is_back = chosen == verdict_of(self.cleaned_data["pressed"]) and not is_asked
        return Verdict.NONE if is_back else Verdict(chosen)


class WhyForm(forms.Form):
    reason = PlainField(
        label="Why?",
        max_length=300,
        help_text="The subcontractor sees it.",
        widget=forms.TextInput(attrs=REASON),
        error_messages={"required": "Say why. The subcontractor sees it."},
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class AmountForm:
    """Other amounts than the claimed ones on one line; the claimed ones stay in the submission (I-4)."""

    def __init__(self, invoice: Invoice, line: InvoiceLine, claim: dict | None, data=None):
        columns = [column for column in columns_of(invoice, [line], as_admin=True) if column.stem != "note"]
        self.row = Row(line, tuple(columns), data, claim)
        self.why = WhyForm(data, initial={"reason": line.allowed_reason, "version": invoice.version})
        self.nothing_typed = False

    def is_valid(self) -> bool:
        self.row.read()
        self.nothing_typed = not self.row.problems and not self.row.values
        return self.why.is_valid() and not self.row.problems and not self.nothing_typed

    @property
    def entries(self) -> dict[int, dict[str, object]]:
        """As `save_lines` takes them."""
        return {self.row.line.pk: self.row.entry | {"allowed_reason": self.why.cleaned_data["reason"]}}

    @property
    def version(self) -> int:
        return self.why.cleaned_data["version"]


class FinishForm(forms.Form):
    """`options` are the moves this person may make now: (name, words). `warnings`: names of those to be ticked (5.5).

    `verdicts` is the mark of those that the page showed.
    """

    decision = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": "Choose what to do."})
    comment = PlainField(
        label="Overall comment",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The subcontractor sees it. Needed to approve as noted, and to send back without a rejected line.",
    )
    goes_ahead_because = PlainField(
        label="Why it goes ahead without the paper",
        required=False,
        max_length=300,
        help_text="Only to approve although a paper is missing. It is kept with the approval.",
    )
    seen = forms.MultipleChoiceField(required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)
    verdicts = forms.CharField(max_length=16, widget=forms.HiddenInput)

    def __init__(self, options, data=None, *, warnings=(), initial=None):
        super().__init__(data, initial=initial)
        self.fields["decision"].choices = options
        self.fields["seen"].choices = [(name, name) for name in warnings]


class ReopenForm(forms.Form):
    reason = PlainField(
        label="Why is it reopened?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The invoice contacts are told.",
        error_messages={"required": "Say why it is reopened: the contacts are told."},
    )


class SeenForm(forms.Form):
    """`version` is the one that the page showed; `only_opens`: it began the review and marked nothing as seen."""

    version = forms.IntegerField(min_value=1)
    only_opens = forms.BooleanField(required=False)


class RestForm(forms.Form):
    """`version` is that of the amounts which the page showed."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class StepForm(forms.Form):
    """`step` is the one that is undone."""

    step = forms.IntegerField(min_value=1, max_value=2**63 - 1)
