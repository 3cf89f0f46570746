"""What stands on earlier invoices that Sage holds: the release of their retainage (S51), a credit on them (S45)."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, Sum

from erp_integrations.models import InvoiceExport, RetainageRelease
from erp_integrations.models.exports import IN_A_FILE
from erp_integrations.sage100.facts import ReleaseFacts
from invoicing.calculations.money import ZERO
from invoicing.models import Invoice


@dataclass(frozen=True)
class Allocation:
    """A part of a release, on one invoice that Sage holds, in dollars."""

    invoice: Invoice
    held: Decimal
    released: Decimal

    def as_facts(self) -> ReleaseFacts:
        return ReleaseFacts(
            invoice_number=self.invoice.number,
            invoice_date=self.invoice.billing_date,
            held=self.held,
            released=self.released,
        )


def allocate_releases(exports: list[InvoiceExport], *, together: bool = True) -> dict[int, list[Allocation]]:
    """{invoice id: its release spread over the earlier invoices of its commitment that Sage holds, oldest first} (S51).

    `together`: they go into one file, so that a release may stand on what goes with it. What earlier batches released
    stays as their release sheets told it. What finds no invoice to stand on is left out, so the rules see that less is
    allocated than released, and stop it.
    """
    found = defaultdict(list)
    releasing = [export for export in exports if export.invoice.retainage_released > 0]
    if not releasing:
        return found
    holding = _in_sage(releasing, exports if together else [])
    held = _still_held(holding, exports)
    left = dict(held)
    for export in releasing:
        if not together:
            left = dict(held)
        found[export.invoice_id] = _spread(export.invoice, holding, left)
    return found


def _spread(releasing: Invoice, holding: list[Invoice], left: dict[int, Decimal]) -> list[Allocation]:
    """Never on itself: what it newly holds comes after all that is older. Takes what it spreads out of `left`."""
    parts, wanted = [], releasing.retainage_released
    for earlier in holding:
        if earlier.commitment_id != releasing.commitment_id or earlier.position >= releasing.position:
            continue
        part = min(wanted, left[earlier.pk])
        if part > 0:
            parts.append(Allocation(earlier, left[earlier.pk], part))
            left[earlier.pk] -= part
            wanted -= part
    return parts


def _in_sage(of: list[InvoiceExport], with_these: list[InvoiceExport]) -> list[Invoice]:
    """The invoices of their commitments that stand in a built file or go with `with_these`, oldest first.

    Not those of another batch that is still being built: it may fail, and then Sage never gets them.
    """
    commitments = {export.invoice.commitment_id for export in of}
    invoices = Invoice.objects.filter(commitment__in=commitments)
    goes_along = Q(pk__in=[export.invoice_id for export in with_these])
    known = InvoiceExport.objects.filter(invoice__commitment__in=commitments, status__in=IN_A_FILE)
    return list(invoices.filter(goes_along | Q(export__in=known)).order_by("billing_date", "position"))


def _still_held(holding: list[Invoice], exports: list[InvoiceExport]) -> dict[int, Decimal]:
    released = (
        RetainageRelease.objects.filter(item__is_live=True, on_invoice__in=holding)
        .exclude(item__invoice_export__in=[export.pk for export in exports if export.pk])
        .values("on_invoice")
        .annotate(total=Sum("released"))
    )
    taken = {row["on_invoice"]: row["total"] for row in released}
    return {invoice.pk: max(ZERO, invoice.retainage_newly_held - taken.get(invoice.pk, ZERO)) for invoice in holding}


def reduced_by(exports: list[InvoiceExport]) -> dict[int, str]:
    """{id of a credit: number of the newest earlier bill of its commitment that Sage holds with rows} (S45)."""
    credits = [export for export in exports if export.invoice.gross_this_period < 0]
    if not credits:
        return {}
    bills = [bill for bill in _in_sage(credits, []) if bill.gross_this_period > 0]
    found = {}
    for credit in (export.invoice for export in credits):
        earlier = [b for b in bills if b.commitment_id == credit.commitment_id and b.position < credit.position]
        if earlier:
            found[credit.pk] = max(earlier, key=lambda bill: bill.position).number
    return found
