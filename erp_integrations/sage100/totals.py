"""Control totals of a file, computed twice: from the invoices and from the rows, equal to the cent (E-7, S7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.facts import ZERO, BatchFacts


class ControlTotalMismatch(Exception):
    """The file's totals are not the invoices' totals: nothing may be stored. The message lists every difference."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """`net` = gross − retainage, what Sage will owe from this file. `rows` counts H and D rows."""

    invoices: int = 0
    rows: int = 0
    gross: Decimal = ZERO
    retainage: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.gross - self.retainage


@dataclass(frozen=True, kw_only=True)
class JobTotals(Totals):
    job_number: str


@dataclass(frozen=True, kw_only=True)
class ControlTotals(Totals):
    """With the same per job, and what the release sheet releases (in no row of the file, S49)."""

    per_job: tuple[JobTotals, ...] = ()
    release_rows: int = 0
    released: Decimal = ZERO


@dataclass(frozen=True)
class Entry:
    """One invoice as the file carries it."""

    job_number: str
    rows: int
    gross: Decimal
    retainage: Decimal


def total(entries: Iterable[Entry], releases: Iterable[Decimal]) -> ControlTotals:
    entries, releases = tuple(entries), tuple(releases)
    jobs = sorted({entry.job_number for entry in entries})
    per_job = tuple(
        JobTotals(job_number=job, **_sums([entry for entry in entries if entry.job_number == job])) for job in jobs
    )
    released = sum(releases, ZERO)
    return ControlTotals(per_job=per_job, release_rows=len(releases), released=released, **_sums(entries))


def totals_of_facts(batch: BatchFacts) -> ControlTotals:
    """From the invoices' own stored figures."""
    entries = (
        Entry(invoice.job_number or "", 1 + len(invoice.billed_lines), invoice.gross, invoice.retainage_held)
        for invoice in batch.invoices
        if invoice.billed_lines
    )
    return total(entries, (release.released for invoice in batch.invoices for release in invoice.releases))


def totals_of_rows(rows, releases) -> ControlTotals:
    """From nothing but the texts of the rows: an H row opens an invoice, its D rows add quantity × price."""
    entries = []
    for row in rows:
        if row.line_type == "H":
            entries.append(Entry(row.text("job_number"), 1, ZERO, number_in(row.text("retainage"))))
        elif entries:
            last = entries[-1]
            entries[-1] = Entry(last.job_number, last.rows + 1, last.gross + amount_of(row), last.retainage)
    return total(entries, (release.released for release in releases))


def amount_of(row) -> Decimal:
    """What a D row bills, in dollars: quantity × price as they are written there."""
    return number_in(row.text("quantity")) * number_in(row.text("price"))


def number_in(text: str) -> Decimal:
    """The number written there, or zero: what isn't a number is reported by the rules on its own cell."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return ZERO
    return found if found.is_finite() else ZERO


def differences(expected: ControlTotals, found: ControlTotals) -> tuple[str, ...]:
    """Every difference as a sentence with expected, found and difference; empty when the totals agree."""
    sentences = list(_compared("", expected, found))
    jobs = {job.job_number: job for job in expected.per_job}, {job.job_number: job for job in found.per_job}
    for number in sorted(jobs[0].keys() | jobs[1].keys()):
        blank = JobTotals(job_number=number)
        sentences += _compared(f"job {number or 'none'}: ", jobs[0].get(number, blank), jobs[1].get(number, blank))
    if (expected.release_rows, expected.released) != (found.release_rows, found.released):
        sentences.append(f"released: expected {money_text(expected.released)}, found {money_text(found.released)}")
    return tuple(sentences)


def require_equal(expected: ControlTotals, found: ControlTotals) -> None:
    """Raises ControlTotalMismatch unless they agree to the cent (E-7)."""
    found_differences = differences(expected, found)
    if found_differences:
        raise ControlTotalMismatch("The control totals differ: " + "; ".join(found_differences) + ".")


def _sums(entries):
    return {
        "invoices": len(entries),
        "rows": sum(entry.rows for entry in entries),
        "gross": _to_cents(entry.gross for entry in entries),
        "retainage": _to_cents(entry.retainage for entry in entries),
    }


def _to_cents(amounts):
    """The exact sum, written with two decimals (quantity × price carries six)."""
    return Decimal(money_text(sum(amounts, ZERO)))


def _compared(where, expected, found):
    for name in ("invoices", "rows"):
        if getattr(expected, name) != getattr(found, name):
            yield f"{where}{name}: expected {getattr(expected, name)}, found {getattr(found, name)}"
    for name in ("gross", "retainage", "net"):
        want, have = getattr(expected, name), getattr(found, name)
        if want != have:
            yield (
                f"{where}{name}: expected {money_text(want)}, found {money_text(have)},"
                f" difference {money_text(have - want)}"
            )
