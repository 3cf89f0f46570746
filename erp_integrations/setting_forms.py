"""How a company exports to Sage, as an ERP Admin sets it."""

from django import forms

from directory.vendor_forms import PlainField
from erp_integrations.models import ErpSettings, ImportLayout
from erp_integrations.models.links import digits
from erp_integrations.sage100.lists import DIRECT_EXPENSE, WORK_IN_PROGRESS, SageLists

EXPENSES = (DIRECT_EXPENSE, WORK_IN_PROGRESS)
ACCOUNTS = "ledger-accounts"  # the <datalist> of accounts that a line may go to


class AccountField(forms.CharField):
    """Digits of a ledger account, or of its sub-account."""

    def __init__(self, label: str, help_text: str = ""):
        attrs = {"inputmode": "numeric", "autocomplete": "off"}
        widget = forms.TextInput(attrs=attrs | ({} if label == "Sub-account" else {"list": ACCOUNTS}))
        super().__init__(
            label=label, max_length=10, required=False, validators=[digits], widget=widget, help_text=help_text
        )


class SettingsForm(forms.Form):
    """`lists`: what Sage holds by the newest lists; an account it doesn't hold is refused while there is a list."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    sage_company_name = PlainField(
        label="Name of the Sage company",
        max_length=120,
        help_text="It stands on the Control sheet, so that nobody imports into the wrong company (S8).",
    )
    layout = forms.ChoiceField(label="Layout of import files", help_text="Files made from now on follow it.")
    sendable = forms.ChoiceField(label="What may be sent", choices=ErpSettings.Sendable)
    default_status = forms.TypedChoiceField(
        label="Status in Sage", choices=[(1, "Open"), (2, "Review")], coerce=int, help_text="A vendor may force Review."
    )
    terms_days = forms.IntegerField(
        label="Due after, in days", min_value=0, max_value=365, help_text="When the vendor has no terms in Sage."
    )
    subcontract_account = AccountField("Account for subcontracts", "Used when nothing nearer to the line gives one.")
    subcontract_sub_account = AccountField("Sub-account")
    purchase_order_account = AccountField("Account for purchase orders", "The same, for purchase orders.")
    purchase_order_sub_account = AccountField("Sub-account")
    over_remaining = forms.ChoiceField(
        label="A line above what remains in Sage",
        choices=ErpSettings.OverRemaining,
        help_text="Warn: an approver ticks it. Block: it can’t be sent (S40).",
    )
    tax_is_inside_amounts = forms.BooleanField(
        label="Tax is inside the amounts",
        required=False,
        help_text="The file has no place for tax. Tick this when your amounts hold it already (S54).",
    )
    is_canadian = forms.BooleanField(
        label="This is a Canadian Sage company",
        required=False,
        help_text="Its tax can’t be carried, so nothing can be sent while this is ticked (S53).",
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
        if sub_account and not number:
            self.add_error(f"{kind}_account", "Give the ledger account that this sub-account belongs to.")
        if not number or not self.lists.ledger_accounts:
            return
        field, words = why_not(self.lists, number, sub_account)
        if words:
            self.add_error(f"{kind}_{field}", words)


def why_not(lists: SageLists, number: str, sub_account: str) -> tuple[str, str]:
    """("account" or "sub_account", why Sage would not take it); ("", "") when it would."""
    account = lists.ledger_accounts.get(number)
    if account is None:
        return "account", f"{number} is not in Sage’s list of ledger accounts. Upload the newest list, or correct it."
    if account.is_active is False:  # blank: the list doesn't say, and the rules warn (S31)
        return "account", f"{number} {account.name} is not active in Sage."
    if account.type not in EXPENSES:
        return "account", f"{number} {account.name} is of type {account.type}. Use a direct expense account (13)."
    if account.needs_sub_account and not sub_account:
        return "sub_account", f"{number} needs a sub-account. Sage has {', '.join(account.sub_accounts) or 'none'}."
    if sub_account and not account.needs_sub_account:
        return "sub_account", f"{number} takes no sub-account. Leave it empty."
    if sub_account and sub_account not in account.sub_accounts:
        return "sub_account", f"{number} has no sub-account {sub_account}. Sage has {', '.join(account.sub_accounts)}."
    return "", ""


def stored(settings: ErpSettings) -> dict[str, object]:
    """What is set now, by the names of the form."""
    return {name: getattr(settings, name) for name in SettingsForm.base_fields} | {"layout": settings.layout.key}
