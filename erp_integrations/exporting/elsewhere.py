"""What other files of ours bill on the same lines of Sage, and Sage’s list can’t know of yet (S40)."""

from collections import defaultdict
from decimal import Decimal

from erp_integrations.exporting.beside import Beside
from erp_integrations.exporting.in_files import is_older
from erp_integrations.models import ExportItem, InvoiceExport, ListKind, SageListVersion
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.facts import PURCHASE_ORDER, SUBCONTRACT, BilledElsewhere

SAID = ("invoice_export__invoice__commitment__kind", "commitment_number", "billed_lines", "batch__number",
        "batch__built_at")  # fmt: skip
LISTED_IN = {SUBCONTRACT: ListKind.SUBCONTRACTS, PURCHASE_ORDER: ListKind.PURCHASE_ORDERS}


def billed_elsewhere(exports: list[InvoiceExport], beside: Beside) -> tuple[BilledElsewhere, ...]:
    """By line of Sage and file, in dollars: what stands in a file built after the list was made, or is being built.

    As the file says it, whatever is linked since. A credit gives back only once its file is there: one that is still
    being built may fail, and Sage never gets it. In two questions however many they are, in none where nothing else is
    in files.
    """
    billed = defaultdict(int)
    for kind, number, lines, batch, built_at in _not_listed_yet(exports[0].company, beside):
        for reference, cents in lines.items():
            if cents > 0 or built_at:
                billed[kind, number, reference, batch_key(batch)] += cents
    return tuple(
        BilledElsewhere(
            commitment_kind=kind,
            commitment_number=number,
            line_reference=reference,
            batch_key=key,
            amount=Decimal(cents).scaleb(-2),
        )
        for (kind, number, reference, key), cents in sorted(billed.items())
        if cents
    )


def _not_listed_yet(company, beside: Beside) -> list[tuple]:
    """`SAID` of each item; a list that was never uploaded leaves nothing to bill on."""
    if not beside.also_billed:
        return []
    lists = SageListVersion.objects.defer("records_json").filter(pk__in=[version.pk for version in beside.versions])
    lists = {version.kind: version for version in lists}
    found = []
    for said in ExportItem.objects.filter(pk__in=beside.also_billed, billed_lines__isnull=False).values_list(*SAID):
        kind, *_, built_at = said
        version = lists.get(LISTED_IN[kind])
        if version and (built_at is None or is_older(version, built_at, company)):
            found.append(said)
    return found
