"""What a list of invoices is narrowed to, how it is sorted and where its page begins: the address is the view."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django import forms
from django.db.models import F
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from directory.models.matching import holding
from directory.typed import SearchField
from invoicing.calculations.money import format_amount
from invoicing.forms.amounts import AmountField
from invoicing.forms.keyset import Sort, SortedForm, read_dollars
from invoicing.models import Invoice, InvoiceStatus
from invoicing.models.invoice_queries import COUNTED_VIEWS, ERP_WORDS, READ_ALONG, line_8

NARROWING = ("status", "period", "erp", "q", "least", "most")
KEPT = (*NARROWING, "sort")  # what a saved view remembers
SIZES = (50, 100, 200)  # rows of a page


class InvoiceFilter(SortedForm):
    sorts = {
        "period": Sort(F("period_start_date"), date.fromisoformat),
        "number": Sort(F("number")),
        "company": Sort(F("vendor__name")),
        "commitment": Sort(F("commitment__number")),
        "status": Sort(F("status")),
        "due": Sort(F("due_date"), date.fromisoformat),
        "net": Sort(line_8(), read_dollars),
    }
    usual = "-period"
    status = forms.ChoiceField(required=False, choices=InvoiceStatus)
    period = forms.ChoiceField(required=False)
    erp = forms.ChoiceField(required=False)
    q = SearchField("Number or company")
    least = AmountField(label="Net at least", required=False)
    most = AmountField(label="Net at most", required=False)
    rows = forms.TypedChoiceField(required=False, coerce=int, choices=[(size, size) for size in SIZES])

    def __init__(self, data, *, periods, company: int | None = None):
        """`company`: its id where they may know what accounting made of a bill, as those of the company do."""
        super().__init__(data)
        self.erp_states = [("", "Any"), *ERP_WORDS.items()] if company else []
        self.company, self.views = company, COUNTED_VIEWS if company else {}
        tabs = [(name, view.words) for name, view in self.views.items()]
        self.fields["status"].choices = [*InvoiceStatus.choices, *tabs]
        self.fields["erp"].choices = self.erp_states
        self.periods = [("", "Any period"), *((str(each.pk), str(each)) for each in periods)]
        self.fields["period"].choices = self.periods
        self.is_valid()  # what makes no sense in an address is left out

    def narrowed(self, invoices):
        """By period, words, amount and where it stands in accounting, not yet by status."""
        period, words = self.cleaned_data.get("period"), self.cleaned_data.get("q", "")
        erp = self.cleaned_data.get("erp")
        least, most = self.cleaned_data.get("least"), self.cleaned_data.get("most")
        if period:
            invoices = invoices.filter(billing_period=period)
        if erp:
            invoices = invoices.alias(erp=READ_ALONG["export_status"]).filter(erp=erp)
        invoices = invoices.filter(holding(words, "number", "vendor__name", "commitment__number"))
        if least is not None:
            invoices = invoices.filter(GreaterThanOrEqual(line_8(), least))
        if most is not None:
            invoices = invoices.filter(LessThanOrEqual(line_8(), most))
        return invoices

    @property
    def bounds(self) -> tuple[forms.BoundField, ...]:
        return self["least"], self["most"]

    @property
    def chosen(self) -> str:
        return self.cleaned_data.get("status", "")

    @property
    def chosen_period(self) -> str:
        return self.cleaned_data.get("period", "")

    @property
    def chosen_erp(self) -> str:
        return self.cleaned_data.get("erp", "")

    @property
    def query(self) -> str:
        """What the address of this view says, without the place in it; always in the same order."""
        return urlencode({name: self.cleaned_data[name] for name in KEPT if self._is_asked(name)})

    @property
    def is_narrow(self) -> bool:
        return any(map(self._is_asked, NARROWING))

    @property
    def in_words(self) -> str:
        """What it is narrowed to, for a list that finds nothing (9.10)."""
        chosen = {"status": self.fields["status"].choices, "period": self.periods, "erp": self.erp_states}
        named = {"status": "Status", "period": "Period", "erp": "ERP", "q": "Search"}
        named |= {bound.name: bound.label for bound in self.bounds}
        asked = [(name, self.cleaned_data[name]) for name in NARROWING if self._is_asked(name)]
        return ", ".join(f"{named[name]}: {_told(value, chosen.get(name))}" for name, value in asked)

    def _is_asked(self, name: str) -> bool:
        """Zero is an amount."""
        return self.cleaned_data.get(name) not in (None, "")

    def with_status(self, invoices):
        if self.chosen in self.views:
            return invoices.filter(self.views[self.chosen].which(self.company))
        return invoices.filter(status=self.chosen) if self.chosen else invoices

    def shown(self, found: dict[str, tuple]) -> list[tuple]:
        """What the rows of the chosen tab come to, of `InvoiceQuerySet.by_status`."""
        return [found[name] for name in found if name in ([self.chosen] if self.chosen else Invoice.Status)]

    def tabs(self, counts: dict[str, int]) -> list[dict]:
        """(status, words, how many), statuses that hold none left out unless it is the one shown; views after them."""
        tabs = [{"status": "", "label": "All", "count": sum(counts.get(status, 0) for status in Invoice.Status)}]
        for status, label in self.fields["status"].choices:
            if counts.get(status) or status == self.chosen:
                tabs.append({"status": status, "label": label, "count": counts.get(status, 0)})
        return tabs


def _told(value: str | Decimal, choices: Iterable[tuple[str, str]] | None) -> str:
    return format_amount(value) if isinstance(value, Decimal) else dict(choices or ()).get(value, value)
