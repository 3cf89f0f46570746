"""From the facts of a batch to the rows of the import file: same facts and lists, same rows (S9)."""

import hashlib
import json

from erp_integrations.sage100 import canonical
from erp_integrations.sage100.batch_keys import KEY
from erp_integrations.sage100.cells import Cell, Change, ReleaseRow, Row, Rows, Value
from erp_integrations.sage100.detail_values import detail_values
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.header_values import header_values
from erp_integrations.sage100.layout import FORMATS, Column, Layout, decimals_of
from erp_integrations.sage100.lists import SageLists
from erp_integrations.sage100.text import LONGEST_CELL, clean_text, room_for
from erp_integrations.sage100.totals import totals_of_rows

FREE_TEXT = {"description", "job_cost_description", "notes"}
# What an acceptance itself sets, and the address of a link: the key moves whenever anybody accepts.
OF_THE_ACCEPTANCE = {"batch_key", "posting_date", "notes"}


def build_rows(batch: BatchFacts, lists: SageLists, layout: Layout | None = None) -> Rows:
    """One H row per invoice, one D row per line that isn't zero (S38); release-only invoices have none (S50).

    The batch's own layout is used unless another is given. Control totals are computed from the rows' texts.
    """
    layout = layout or batch.layout
    rows, changes = [], []
    for invoice in batch.invoices:
        for line_type, key, columns, values in _planned(invoice, batch, lists, layout):
            number = len(rows) + 1 + int(layout.column_names)
            cells, changed = _cells(columns, values, invoice.invoice_id, number)
            changes += changed
            rows.append(
                Row(number=number, line_type=line_type, invoice_id=invoice.invoice_id, line_key=key, cells=cells)
            )
    releases = _release_rows(batch)
    totals = totals_of_rows(rows, releases)
    name = file_name(batch, layout)
    return Rows(layout=layout, name=name, rows=tuple(rows), releases=releases, totals=totals, changes=tuple(changes))


def file_name(batch: BatchFacts, layout: Layout) -> str:
    """Without its ending: `DRAFT-EXP-000412_APINV_20260702`, the day being that of acceptance (S6, R110)."""
    if not KEY.fullmatch(batch.batch_key):
        raise ValueError(f"The batch key “{batch.batch_key}” is none: one reads EXP-000412.")
    return f"{layout.file_prefix}{batch.batch_key}_{layout.file_code}_{batch.accepted_date:%Y%m%d}"


def _planned(invoice, batch, lists, layout):
    if not invoice.billed_lines:
        return
    head = header_values(invoice, batch, lists)
    yield "H", "", layout.header, head
    for line in invoice.billed_lines:
        yield "D", line.key, layout.detail, head | detail_values(line, invoice, batch, lists)


def _cells(columns, values, invoice_id, row_number):
    cells, changes = [], []
    for column in columns:
        value = Value(column.constant) if column.constant is not None else values[column.source]
        text, changed = _written(value, column) if column.source in FREE_TEXT else (_shown(value, column), [])
        changes += [Change(invoice_id=invoice_id, row=row_number, field=column.title, **change) for change in changed]
        cells.append(_cell(column, value, text))
    return tuple(cells), changes


def _cell(column, value, text):
    return Cell(
        title=column.title,
        source=column.source,
        text=text,
        kind=column.type,
        format=column.format,
        how=value.how,
        sources=value.sources,
    )


def _shown(value, column):
    """With as many decimals as the layout shows: never one less, so the number stays what it is."""
    if column.source not in FORMATS or "." not in value.text:
        return value.text
    return value.text + "0" * (decimals_of(column.format) - decimals_of(value.text))


def _written(value, column):
    """Cleaned (S57), then cut to the column's length (S36); a length of 0 means what a cell holds."""
    cleaned, replaced = clean_text(value.text)
    changes = []
    if replaced:
        names = tuple(dict.fromkeys(str(item) for item in replaced))
        changes.append({"original": value.text, "written": cleaned, "replaced": names})
    longest = room_for(cleaned, column.length or LONGEST_CELL)
    if len(cleaned) > longest and not value.never_cut:
        kept = cleaned[:longest].rstrip()
        changes.append({"original": cleaned, "written": kept})
        cleaned = kept
    return cleaned, changes


def _release_rows(batch):
    return tuple(
        ReleaseRow(
            invoice_id=invoice.invoice_id,
            vendor_number=invoice.vendor_number or "",
            vendor_name=invoice.vendor_name,
            commitment_number=invoice.sage_commitment_number or "",
            invoice_number=release.invoice_number,
            invoice_date=release.invoice_date,
            held=release.held,
            released=release.released,
            new_retention=release.new_retention,
            released_by=invoice.number,
            how_held=release.how_held,
            how_released=release.how_released,
            how_left=release.how_left,
        )
        for invoice in batch.invoices
        for release in invoice.releases
    )


def digests_of(facts: BatchFacts, rows: Rows) -> dict[str, str]:
    """{invoice id: 16 characters}: its cells under this layout, and what staff release for it by hand (S51).

    Others as soon as a file would say anything else of it, but for what an acceptance sets (I-5).
    """
    of_all = canonical.digest(rows.layout) + facts.company_name
    found = {each.invoice_id: hashlib.sha256(f"{of_all} {each.approved_by}".encode()) for each in facts.invoices}
    shown = {"H": _places(rows.layout.header), "D": _places(rows.layout.detail)}
    for row in rows.rows:
        found[row.invoice_id].update(json.dumps([row.cells[at].text for at in shown[row.line_type]]).encode("ascii"))
    for release in rows.releases:
        found[release.invoice_id].update(repr(_of_the_sheet(release)).encode())
    return {invoice_id: digest.hexdigest()[:16] for invoice_id, digest in found.items()}


def _places(columns: tuple[Column, ...]) -> list[int]:
    """Of the columns whose cells are hashed; what is always the same stands in the layout."""
    return [at for at, column in enumerate(columns) if column.source and column.source not in OF_THE_ACCEPTANCE]


def _of_the_sheet(release: ReleaseRow) -> tuple:
    """What staff do by it; how its amounts came to be changes no file (S60)."""
    in_sage = (release.vendor_number, release.vendor_name, release.commitment_number)
    return (*in_sage, release.invoice_number, release.invoice_date, release.held, release.released)
