"""Sage's lists as they were uploaded: one dated version after the other, the newest one in use."""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.db import models
from django.db.models import Q

from directory.models import Company
from erp_integrations.sage100 import canonical, lists


class ListKind(models.TextChoices):
    """Sage's lists, each with its window."""

    VENDORS = "vendors", lists.NAMES["vendors"]
    JOBS = "jobs", lists.NAMES["jobs"]
    COST_CODES = "cost_codes", lists.NAMES["cost_codes"]
    LEDGER_ACCOUNTS = "ledger_accounts", lists.NAMES["ledger_accounts"]
    SUBCONTRACTS = "subcontracts", lists.NAMES["subcontracts"]
    PURCHASE_ORDERS = "purchase_orders", lists.NAMES["purchase_orders"]
    FISCAL_PERIODS = "fiscal_periods", lists.NAMES["fiscal_periods"]
    PAYABLE_INVOICES = "payable_invoices", lists.NAMES["payable_invoices"]

    @property
    def record(self) -> type:
        return RECORDS[self]


RECORDS = {
    ListKind.VENDORS: lists.Vendor,
    ListKind.JOBS: lists.Job,
    ListKind.COST_CODES: lists.CostCode,
    ListKind.LEDGER_ACCOUNTS: lists.LedgerAccount,
    ListKind.SUBCONTRACTS: lists.SageCommitment,
    ListKind.PURCHASE_ORDERS: lists.SageCommitment,
    ListKind.FISCAL_PERIODS: lists.FiscalPeriod,
    ListKind.PAYABLE_INVOICES: lists.PayableInvoice,
}


class SageListVersionQuerySet(models.QuerySet):
    def current(self, company):
        return self.filter(company=company, is_current=True)

    def in_use(self, company, kind: str):
        """The version of one list that the rules ask, without its rows; None before the first upload."""
        return self.current(company).filter(kind=kind).defer("records_json").first()


class SageListVersion(models.Model):
    """One upload of one list, whole: a check of a thousand invoices reads eight rows, not a thousand (F16)."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="sage_lists")
    kind = models.CharField(max_length=20, choices=ListKind)
    as_of_date = models.DateField(help_text="The day the list was made in Sage.")
    file_name = models.CharField(max_length=150, blank=True)
    loaded_at = models.DateTimeField(auto_now_add=True)
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    is_current = models.BooleanField(default=True)
    record_count = models.PositiveIntegerField()
    records_json = models.TextField()
    records_sha256 = models.CharField(max_length=64)

    objects = SageListVersionQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "company", "kind", condition=Q(is_current=True), name="one_version_of_a_list_is_current"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} as of {self.as_of_date}"

    def hold(self, records: tuple) -> None:
        """Take frozen records of `sage100.lists` as this version's content."""
        self.records_json = json.dumps(canonical.to_plain(records), separators=(",", ":"))
        self.records_sha256 = hashlib.sha256(self.records_json.encode()).hexdigest()
        self.record_count = len(records)

    def as_list(self) -> lists.SageList:
        kind = ListKind(self.kind)
        return lists.SageList(kind.label, self.as_of_date, _records(kind, self.records_sha256, self.pk))


@lru_cache(maxsize=64)
def _records(kind: ListKind, sha256: str, pk: int) -> tuple:
    """A version never changes, so its records are read once per process; the digest guards against a restored pk."""
    text = SageListVersion.objects.values_list("records_json", flat=True).get(pk=pk)
    return tuple(canonical.from_plain(kind.record, plain) for plain in json.loads(text))


def sage_lists(
    company: Company, versions: dict[str, int] | None = None, *, kinds: Iterable[str] = ListKind.values
) -> lists.SageLists:
    """The lists of a company in use now, or the `versions` ({kind: pk}) that a batch was accepted on.

    `kinds`: those that are needed; the others, which may be long, read as never uploaded.
    """
    chosen = SageListVersion.objects.defer("records_json").filter(company=company, kind__in=kinds)
    chosen = chosen.filter(is_current=True) if versions is None else chosen.filter(pk__in=versions.values())
    return lists_of(chosen, _name_in_sage(company))


def lists_of(
    versions: Iterable[SageListVersion], company_name: str, lost_days: lists.LostDays | None = None
) -> lists.SageLists:
    """These versions as the rules take them; `company_name` as Sage has it, `lost_days` as the settings do."""
    named = {(version.kind, version.as_of_date, version.records_sha256, version.pk) for version in versions}
    return _lists_of(company_name, tuple(sorted(named)), lost_days)


@lru_cache(maxsize=16)
def _lists_of(company_name: str, versions: tuple, lost_days: lists.LostDays | None) -> lists.SageLists:
    """Kept with all that was looked up in them: 5,000 vendors are put in order once, not for every invoice (F13)."""
    found = {
        kind: lists.SageList(ListKind(kind).label, as_of_date, _records(ListKind(kind), sha256, pk))
        for kind, as_of_date, sha256, pk in versions
    }
    return lists.SageLists(company_name=company_name, lost_days=lost_days, **found)


def _name_in_sage(company: Company) -> str:
    """The lists are the company's own: what it is called here today is no other Sage company (S8)."""
    return company.erp_settings.sage_company_name if hasattr(company, "erp_settings") else company.name
