"""All that stands beside the invoices of a check, read in two questions however many they are (F13, F16).

Their lines in one; in the other, put together by the database, what is small: the company's cost types, its lists of
Sage, which vendors wait for a call-back, which files hold the same numbers already, which bills have numbers that look
like theirs, what else of their commitments is in files, and which approved change orders are linked to Sage's lines.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.db.models import BigIntegerField, Q, QuerySet, TextField, Value, prefetch_related_objects
from django.db.models.functions import Cast

from directory.models import VendorChange
from directory.number_looks import bare_number, look_alike
from erp_integrations.models import CostTypeLink, ExportItem, InvoiceExport, LineLink, SageListVersion
from erp_integrations.models.exports import FROZEN
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.facts import LinkedChange, LookAlike
from invoicing.models import ChangeOrder, CostType, CostTypeName, Invoice, InvoiceLine

# What `with_context` brings along, for exports that are not saved yet.
LINKS = (
    "vendor__sage_link",
    "commitment__sage_link",
    "commitment__project__sage_link",
    "commitment__starting_certificate",
)
TEXTS = 6


@dataclass(frozen=True)
class _Bill:
    """A bill whose number may look like one of theirs. `gross` in dollars."""

    pk: int
    number: str
    commitment_number: str
    project_id: int
    billing_date: date
    gross: Decimal


@dataclass(frozen=True)
class _Change:
    """A line of an approved change order that is linked to a line of Sage."""

    line: int
    as_fact: LinkedChange


@dataclass
class Beside:
    """`lines`: {invoice id: by position}, of the invoices and of those they go on from.

    `also_billed`: ids of the items on their commitments of Sage that stand in other files, or go into them, and of
    those that don't say on which they are (S40).
    """

    lines: dict[int, list[InvoiceLine]]
    cost_types: dict[int, CostTypeLink] = field(default_factory=dict)
    cost_type_names: dict[int, str] = field(default_factory=lambda: dict(CostType.choices))
    waiting_vendors: set[int] = field(default_factory=set)
    in_files: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    with_like_numbers: dict[tuple[int, str], list[_Bill]] = field(default_factory=lambda: defaultdict(list))
    also_billed: list[int] = field(default_factory=list)
    changes: dict[int, list[_Change]] = field(default_factory=lambda: defaultdict(list))
    versions: list[SageListVersion] = field(default_factory=list)

    def exported_in(self, invoice, vendor_number: str | None) -> str | None:
        """The live batch that carries this Sage vendor and number for another invoice (S11).

        By what those files hold: the vendor may have been linked anew since, or billed under another entry of ours.
        """
        there = self.in_files.get((vendor_number, invoice.number_key), ())
        return next((batch for other, batch in there if other != invoice.pk), None)

    def look_alikes(self, invoice) -> tuple[LookAlike, ...]:
        """R19: of its vendor, under whatever commitment; which one is said within its own project alone (P-2)."""
        shared = self.with_like_numbers.get((invoice.vendor_id, bare_number(invoice.number)), ())
        return tuple(
            LookAlike(
                invoice_id=str(other.pk),
                number=other.number,
                commitment_number=other.commitment_number if other.project_id == invoice.listed_in_id else None,
                invoice_date=other.billing_date,
                gross=other.gross,
            )
            for other in sorted(shared, key=lambda each: each.pk)
            if look_alike(other.number, invoice.number)
        )

    def linked_changes(self, invoice) -> tuple[LinkedChange, ...]:
        """S41: of its commitment, those that are not on it."""
        on_it = {line.schedule_line_id for line in self.lines.get(invoice.pk, ())}
        there = sorted(self.changes.get(invoice.commitment_id, ()), key=lambda each: each.line)
        return tuple(each.as_fact for each in there if each.line not in on_it)


def read_beside(exports: list[InvoiceExport]) -> Beside:
    """`exports` are of one company, from `with_context()`."""
    prefetch_related_objects([export.invoice for export in exports], *LINKS)
    found, company = Beside(_lines_of(exports)), exports[0].company
    first, *others = (
        _asked(CostTypeLink.objects.filter(company=company, number__gt=0), "type", "cost_type", "number", "account",
               "sub_account"),
        _asked(CostTypeName.objects.filter(company=company), "name", "cost_type", "name"),
        _asked(VendorChange.objects.waiting().filter(vendor__in=_vendors(exports)), "waits", "vendor_id"),
        _asked(_with_these_numbers(exports), "file", "invoice_export__invoice_id", "vendor_number", "number_key",
               "batch__number"),
        _asked(_of_the_same_commitments(exports), "also", "pk"),
        _asked(_with_like_numbers(exports), "like", "pk", "vendor_id", "number", "commitment__number", "listed_in_id",
               "billing_date", "gross_this_period"),
        _asked(_linked_changes(exports), "change", "schedule_line_id", "commitment_id", "line_reference",
               "schedule_line__amount"),
        _asked(SageListVersion.objects.current(company), "list", "pk", "kind", "as_of_date", "records_sha256"),
    )  # fmt: skip
    for what, number, *texts in first.union(*others, all=True):
        _keep(found, what, number, *texts)
    return found


def commitments_of_sage(exports) -> set[str]:
    links = (getattr(export.invoice.commitment, "sage_link", None) for export in exports)
    return {link.number for link in links if link}


def _vendors(exports) -> set[int]:
    return {export.invoice.vendor_id for export in exports}


def _with_these_numbers(exports) -> QuerySet:
    links = (getattr(export.invoice.vendor, "sage_link", None) for export in exports)
    return ExportItem.objects.filter(
        is_live=True,
        company=exports[0].company,
        vendor_number__in={link.number for link in links if link},
        number_key__in={export.invoice.number_key for export in exports},
    )


def _with_like_numbers(exports) -> QuerySet:
    return Invoice.objects.that_may_look_like([export.invoice.number for export in exports], _vendors(exports))


def _of_the_same_commitments(exports) -> QuerySet:
    """What Sage gets or has by another file on their commitments there, whatever of ours is linked to them now.

    And what does not say on which: an older process wrote it. What failed, was rejected or voided Sage does not get.
    """
    on_them = Q(commitment_number__in=commitments_of_sage(exports)) | Q(commitment_number=None)
    return ExportItem.objects.filter(
        on_them, is_live=True, company=exports[0].company, invoice_export__status__in=FROZEN
    ).exclude(invoice_export__in=[export.pk for export in exports if export.pk])


def _linked_changes(exports) -> QuerySet:
    of_them = LineLink.objects.filter(commitment__in={export.invoice.commitment_id for export in exports})
    return of_them.filter(schedule_line__change_order__status=ChangeOrder.Status.APPROVED).exclude(line_reference="")


def _asked(rows: QuerySet, what: str, number: str, *texts: str) -> QuerySet:
    """(what, a whole number, `TEXTS` texts) of each row."""
    named = [Cast(text, TextField()) for text in texts]
    named += [Value("", output_field=TextField())] * (TEXTS - len(texts))
    said = Value(what, output_field=TextField())
    return rows.order_by().values_list(said, Cast(number, BigIntegerField()), *named)


def _keep(found: Beside, what: str, number: int, first: str, second: str, third: str, *more: str) -> None:
    if what == "type":
        link = CostTypeLink(cost_type=number, number=int(first), account=second, sub_account=third)
        found.cost_types[number] = link
    elif what == "name":
        found.cost_type_names[number] = first
    elif what == "waits":
        found.waiting_vendors.add(number)
    elif what == "also":
        found.also_billed.append(number)
    elif what == "like":
        project, day, cents = more
        bill = _Bill(number, second, third, int(project), date.fromisoformat(day), Decimal(cents).scaleb(-2))
        found.with_like_numbers[int(first), bare_number(second)].append(bill)
    elif what == "change":
        fact = LinkedChange(line_reference=second, amount=Decimal(third).scaleb(-2))
        found.changes[int(first)].append(_Change(number, fact))
    elif what == "file":
        found.in_files[first, second].append((number, batch_key(int(third))))
    else:
        as_of_date = date.fromisoformat(second)
        version = SageListVersion(pk=number, kind=first, as_of_date=as_of_date, records_sha256=third)
        found.versions.append(version)


def _lines_of(exports) -> dict[int, list[InvoiceLine]]:
    invoices = {export.invoice_id for export in exports} | {export.invoice.previous_id for export in exports}
    lines = (
        InvoiceLine.objects.filter(invoice__in=invoices - {None})
        .select_related(
            "schedule_line__cost_code__sage_link", "schedule_line__change_order", "schedule_line__sage_link"
        )
        .order_by("invoice_id", "schedule_line__position")
    )
    return {invoice: list(group) for invoice, group in groupby(lines, key=lambda line: line.invoice_id)}
