"""Whether each built file is on disk as it was built, and says what its batch and its invoices say (R8, R17)."""

import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal

from directory.models import Company
from directory.number_looks import number_key
from erp_integrations.exporting import storing
from erp_integrations.exporting.differences import Difference, differing
from erp_integrations.exporting.earlier_invoices import named
from erp_integrations.exporting.storing import StoredFile
from erp_integrations.models import ExportBatch, ExportItem
from erp_integrations.models.exports import IN_A_FILE
from erp_integrations.sage100.facts import InvoiceFacts
from erp_integrations.sage100.totals import totals_of_facts

FILES, TOTALS, AMOUNTS, MANIFEST = "files", "control totals", "amounts", "manifest"


def about_files(company: Company) -> Iterator[Difference]:
    """Batch by batch: a snapshot may be long, so never two of them at once."""
    noted = {line.get("sha256") for line in storing.manifest()}
    built = ExportBatch.objects.of(company).exclude(file_key="").select_related("company")
    for batch in built.order_by("number").iterator(chunk_size=1):
        yield from _on_disk(batch)
        if batch.file_sha256 not in noted:
            yield Difference(MANIFEST, batch.key, "noted beside the files", "not noted")
        if hashlib.sha256(batch.snapshot.encode("ascii")).hexdigest() != batch.snapshot_sha256:
            yield Difference(FILES, f"{batch.key}, accepted data", "as accepted", "altered")
            continue  # what can't be trusted is no measure
        yield from _totals(batch)
        yield from _invoices(batch)
    for line in storing.forgotten(company):
        if not storing.was_never_taken(company, line):
            found = f"none with the file {line['sha256'][:12]}"
            yield Difference(MANIFEST, line["batch"], "a batch of this database", found)


def _on_disk(batch: ExportBatch) -> Iterator[Difference]:
    files = (batch.file_name, batch.file_key, batch.file_sha256), (batch.csv_name, batch.csv_key, batch.csv_sha256)
    for name, key, sha256 in files:
        try:
            storing.read(StoredFile(key, sha256))
        except storing.FileDamaged as damage:
            yield Difference(FILES, f"{batch.key}, {name}", "the bytes that were built", str(damage))


def _totals(batch: ExportBatch) -> Iterator[Difference]:
    said = totals_of_facts(batch.facts)
    pairs = {
        "invoices": (said.invoices, batch.invoice_count),
        "rows": (said.rows, batch.row_count),
        "gross": (said.gross, batch.gross),
        "retainage": (said.retainage, batch.retainage),
        "net": (said.net, batch.net),
    }
    for name, (expected, found) in pairs.items():
        yield from differing(TOTALS, f"{batch.key}, {name}", expected, found)


def _invoices(batch: ExportBatch) -> Iterator[Difference]:
    """What stands in the file now, against what was accepted."""
    accepted = {int(invoice.invoice_id): invoice for invoice in batch.facts.invoices}
    live = batch.items.filter(is_live=True, invoice_export__status__in=IN_A_FILE)
    live = live.prefetch_related("releases__on_invoice", "releases__on_start")
    for item in live.select_related("invoice_export__invoice"):
        invoice, facts = item.invoice_export.invoice, accepted.get(item.invoice_export.invoice_id)
        name = f"{batch.key}, invoice {invoice.number}"
        if facts is None:
            yield Difference(AMOUNTS, name, "among the accepted data", "not there")
            continue
        yield from differing(AMOUNTS, f"{name}, gross", facts.gross, invoice.gross_this_period)
        yield from differing(AMOUNTS, f"{name}, retainage", facts.retainage_held, invoice.retainage_newly_held)
        yield from differing(AMOUNTS, f"{name}, released", facts.retainage_released, invoice.retainage_released)
        yield from differing(AMOUNTS, f"{name}, release sheet", _on_the_sheet(facts), _as_counted(item))
        yield from differing(AMOUNTS, f"{name}, Sage vendor", facts.vendor_number or "", item.vendor_number)
        yield from differing(AMOUNTS, f"{name}, number", number_key(facts.number), item.number_key)
        if item.commitment_number is not None:  # else S40 reads the accepted data themselves
            number, lines = facts.sage_commitment_number or "", facts.cents_on_sage_lines()
            yield from differing(AMOUNTS, f"{name}, Sage commitment", number, item.commitment_number)
            yield from differing(AMOUNTS, f"{name}, on Sage’s lines", _on_lines(lines), _on_lines(item.billed_lines))


def _on_the_sheet(facts: InvoiceFacts) -> str:
    return _releases((each.invoice_number, each.held, each.released) for each in facts.releases)


def _as_counted(item: ExportItem) -> str:
    """What later release sheets count of it (S51)."""
    return _releases((named(each.on), each.held, each.released) for each in item.releases.all())


def _releases(parts: Iterable[tuple[str, Decimal, Decimal]]) -> str:
    """In words, in dollars."""
    return "; ".join(f"{released:,.2f} of {held:,.2f} on {number}" for number, held, released in parts) or "nothing"


def _on_lines(cents: dict[str, int] | None) -> str:
    """In words, amounts in dollars."""
    said = (f"{Decimal(each).scaleb(-2):,.2f} on {line}" for line, each in sorted((cents or {}).items()))
    return ", ".join(said) or "nothing"
