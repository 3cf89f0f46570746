"""What staff do with a file in Sage, from the backup to the answer (sage100.md, section 7), in Sage's own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from erp_integrations.sage100.batch_keys import FIELD
from erp_integrations.sage100.sheets import CONTROL, FIRST_RELEASE_ROW, IMPORT, RELEASE


@dataclass(frozen=True, kw_only=True)
class FileToImport:
    """A built file by its figures, as its control totals give them. `left`: how many invoices left it since.

    `left_releases`: which rows of its release sheet such an invoice brought, 0 for the first.
    """

    key: str
    name: str
    company: str
    accounting_date: date
    invoices: int
    rows: int
    gross: Decimal
    retainage: Decimal
    net: Decimal
    releases: int
    released: Decimal
    left: int = 0
    left_releases: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    what: str
    how: str


def steps_in_sage(file: FileToImport) -> tuple[Step, ...]:
    """In the order in which they are done; a file without rows has nothing to import, one without releases no sheet."""
    return (
        Step("Back up Sage", "Nothing takes an import back but a copy of the company that was made before it."),
        Step("Open the right company", f"The file is for {file.company} and no other."),
        Step(
            "See that the period is open",
            f"{file.accounting_date.isoformat()} must lie in a fiscal period (1-6) that is not locked.",
        ),
        Step(f"Read the sheet {CONTROL}", f"In {file.name} it says {_totals(file)}."),
        *(_importing(file) if file.rows else ()),
        *(_releasing(file) if file.releases else ()),
        Step("Come back here", " ".join(_answering(file))),
    )


def _importing(file: FileToImport) -> tuple[Step, ...]:
    left = f" {_counted(file.left, 'invoice')} left the file since it was built: take out what Sage holds of it."
    return (
        Step("Import on the Sage server", f"The sheet {IMPORT}, with the import tool, once."),
        Step("Read its error list", "What stands there is not in Sage: keep the message of each invoice."),
        Step(
            f"Filter 4-2 by {FIELD}",
            f"With {file.key}, Sage must show {_totals(file, rows=False)}.{left if file.left else ''}",
        ),
    )


def _releasing(file: FileToImport) -> tuple[Step, ...]:
    how = f"{_counted(file.releases, 'row')}, {file.released:,.2f} in all: lower the retention of each by what it says."
    return (Step(f"Do the sheet {RELEASE}", how + _leaving_out(file)),)


def _leaving_out(file: FileToImport) -> str:
    """The sheet still has them, and counts them."""
    rows = [str(FIRST_RELEASE_ROW + place) for place in file.left_releases]
    if not rows:
        return ""
    if len(rows) == 1:
        return f" Leave out row {rows[0]}: its invoice left the file since it was built."
    *first, last = rows
    return f" Leave out rows {', '.join(first)} and {last}: their invoices left the file since it was built."


def _answering(file: FileToImport) -> Iterator[str]:
    """Sage makes no invoice, and so no record, of what only releases retainage (S50)."""
    if file.rows:
        yield (
            "Mark each invoice posted, with Sage’s record number, or refused, with the message; or upload the payable"
            " invoices (4-2) and let the reconciliation find them."
        )
    if file.releases > len(file.left_releases):
        which = "each invoice that only releases retainage" if file.rows else "each invoice"
        yield f"Say of {which} that it is released in Sage, which makes no record of it."


def _totals(file: FileToImport, *, rows: bool = True) -> str:
    count = [_counted(file.invoices, "invoice")] + [_counted(file.rows, "row")] * rows
    return f"{', '.join(count)}, gross {file.gross:,.2f}, retainage {file.retainage:,.2f}, net {file.net:,.2f}"


def _counted(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"
