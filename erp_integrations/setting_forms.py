"""How a company exports to Sage, as an ERP Admin sets it."""

from django import forms

from directory.fields import label_of
from directory.typed import PlainField
from erp_integrations.business_days import closed_days
from erp_integrations.models import ErpSettings, ImportLayout
from erp_integrations.models.layouts import LONGEST_TERMS
from erp_integrations.models.links import digits
from erp_integrations.sage100.accounts import why_not
from erp_integrations.sage100.lists import ENTERED_AS, SageLists

ACCOUNTS = "ledger-accounts"  # the <datalist> of accounts that a line may go to


class AccountField(forms.CharField):
    """Digits of a ledger account, or of its sub-account."""

    def __init__(self, label: str, help_text: str = ""):
        attrs = {"inputmode": "numeric", "autocomplete": "off"}
        widget = forms.TextInput(attrs=attrs | ({} if label.startswith("Sub-account") else {"list": ACCOUNTS}))
        super().__init__(
            label=label, max_length=10, required=False, validators=[digits], widget=widget, help_text=help_text
        )


class ClosedDaysField(forms.CharField):
    """One ISO date a line, cleaned to each once and in order."""

    def to_python(self, value):
        try:
            return "\n".join(day.isoformat() for day in closed_days(super().to_python(value)))
        except ValueError as fault:
            raise forms.ValidationError(str(fault)) from None


class SettingsForm(forms.Form):
    """`lists`: what Sage holds by the newest lists; an account it doesn't hold is refused while there is a list."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    sage_company_name = PlainField(
        label=label_of(ErpSettings, "sage_company_name"),
        max_length=120,
        help_text="It stands on the Control sheet, so that nobody imports into the wrong company (S8).",
    )
    layout = forms.ChoiceField(label=label_of(ErpSettings, "layout"), help_text="Files made from now on follow it.")
    sendable = forms.ChoiceField(label=label_of(ErpSettings, "sendable"), choices=ErpSettings.Sendable)
    default_status = forms.TypedChoiceField(
        label=label_of(ErpSettings, "default_status"),
        choices=[*ENTERED_AS.items()],
        coerce=int,
        help_text="A vendor may force Review.",
    )
    terms_days = forms.IntegerField(
        label=label_of(ErpSettings, "terms_days"),
        min_value=0,
        max_value=LONGEST_TERMS,
        help_text="When the vendor has no terms in Sage.",
    )
    subcontract_account = AccountField(
        label_of(ErpSettings, "subcontract_account"), "Used when nothing nearer to the line gives one."
    )
    subcontract_sub_account = AccountField(label_of(ErpSettings, "subcontract_sub_account"))
    purchase_order_account = AccountField(
        label_of(ErpSettings, "purchase_order_account"), "The same, for purchase orders."
    )
    purchase_order_sub_account = AccountField(label_of(ErpSettings, "purchase_order_sub_account"))
    over_remaining = forms.ChoiceField(
        label=label_of(ErpSettings, "over_remaining"),
        choices=ErpSettings.OverRemaining,
        help_text="Warn: an approver ticks it. Block: it can’t be sent (S40).",
    )
    tax_is_inside_amounts = forms.BooleanField(
        label=label_of(ErpSettings, "tax_is_inside_amounts"),
        required=False,
        help_text="A line that names tax is stopped until this is ticked: the file has no place for it (S54).",
    )
    is_canadian = forms.BooleanField(
        label=label_of(ErpSettings, "is_canadian"),
        required=False,
        help_text="Its tax can’t be carried, so nothing can be sent while this is ticked (S53).",
    )
    closed_days = ClosedDaysField(
        label=label_of(ErpSettings, "closed_days"),
        required=False,
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": "2026-12-25"}),
        help_text="One date a line, such as 2026-12-25. They are no business days: not on the board of what is overdue,"
        " and not before accounting is told of a file that nobody took or confirmed. Weekends need none.",
    )

    def __init__(self, settings: ErpSettings, lists: SageLists, data=None):
        super().__init__(data, initial=stored(settings))
        self.lists = lists
        offered = ImportLayout.objects.offered_to(settings.company)
        self.fields["layout"].choices = [(layout.key, str(layout)) for layout in offered]

    def clean(self):
        for kind in ("subcontract", "purchase_order"):
            self._check_account(kind)
        return self.cleaned_data

    def _check_account(self, kind: str) -> None:
        """Rules S31 and S32, where the setting is made: before they stop every invoice."""
        number, sub_account = (self.cleaned_data.get(f"{kind}_{part}", "") for part in ("account", "sub_account"))
        field, words = why_not(self.lists, number, sub_account)
        if words:
            self.add_error(f"{kind}_{field}", words)


def stored(settings: ErpSettings) -> dict[str, object]:
    """What is set now, by the names of the form."""
    return {name: getattr(settings, name) for name in SettingsForm.base_fields} | {"layout": settings.layout.key}
