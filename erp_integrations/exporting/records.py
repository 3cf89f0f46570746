"""What keeps somebody from saying under which record Sage holds an invoice: one record is one invoice (E-3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models.functions import Lower

from directory.moments import day_in_words
from directory.number_looks import number_key
from directory.refusals import Refused
from erp_integrations.models import ExportItem, ExportStatus, InvoiceExport, ListKind, SageListVersion
from erp_integrations.models.payables import records_of
from erp_integrations.sage100.lists import record_key
from erp_integrations.sage100.reconciling import may_be_a_record


@dataclass(frozen=True)
class Records:
    """Read once for all exports that are to get a number, locked and of one company.

    `taken`: {number as compared: what stands under it}; `places`: {export id: where it stands in a file}; `listed`:
    Sage's newest list.
    """

    taken: dict[str, InvoiceExport]
    places: Mapping[int, ExportItem]
    listed: SageListVersion | None

    @classmethod
    def of(cls, exports: Collection[InvoiceExport], numbers: Iterable[str]) -> "Records":
        company, pks = next(iter(exports)).company, [export.pk for export in exports]
        keys = {number_key(number) for number in numbers if number}
        others = InvoiceExport.objects.of(company).filter(status=ExportStatus.POSTED).exclude(pk__in=pks)
        posted = others.alias(record=Lower("sage_record_number")).filter(record__in=keys).with_context()
        places = ExportItem.objects.filter(is_live=True, invoice_export__in=pks)
        return cls(
            {number_key(each.sage_record_number): each for each in posted},
            {item.invoice_export_id: item for item in places},
            SageListVersion.objects.in_use(company, ListKind.PAYABLE_INVOICES) if keys else None,
        )

    def take(self, export: InvoiceExport, number: str) -> None:
        """Raises Refused, field record_number, unless Sage can have this number for it, and has it for nothing else."""
        if not may_be_a_record(number):
            raise Refused("Enter the record number that Sage shows for it in 4-2.", field="record_number")
        if other := self.taken.get(number_key(number)):
            raise Refused(
                f"Sage’s record {number} is {other.invoice.number} of {other.invoice.vendor.name} already."
                " Look at the number in 4-2 again.",
                field="record_number",
            )
        self._require_no_others(export, number)
        self.taken[number_key(number)] = export

    def _require_no_others(self, export: InvoiceExport, number: str) -> None:
        """The list does not have that record for another vendor or invoice."""
        item = self.places.get(export.pk)
        found = records_of(self.listed).get(number_key(number)) if self.listed and item else None
        if found and not any(record_key(row) == (item.vendor_number, item.number_key) for row in found):
            raise Refused(
                f"By Sage’s list of {day_in_words(self.listed.as_of_date)}, record {number} is invoice"
                f" {found[0].invoice_number} of vendor {found[0].vendor_number}. Look at the number in 4-2 again; if"
                " the list is wrong, upload it anew.",
                field="record_number",
            )
