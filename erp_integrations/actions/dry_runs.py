"""Having a dry run made in the background, of a project's invoices or of what waits in a company's queue (E-5)."""

from collections.abc import Sequence
from datetime import date

from directory.models import Company, Project
from directory.refusals import Refused
from erp_integrations import dry_run_sizes
from invoicing.actions import made_files
from invoicing.models import MadeFile, MadeKind


def ask_for_dry_run(
    place: Project | Company, ids: Sequence[int], *, day: date | None = None, asked_on: str, by
) -> MadeFile:
    """Of the invoices with these ids, on the accounting date that was chosen.

    Each counts twice: once it is checked, and once it is written.
    """
    if len(ids) > dry_run_sizes.MOST:
        raise Refused(f"One workbook takes {dry_run_sizes.MOST:,} invoices at most. Narrow the list.")
    kind = MadeKind.QUEUE if isinstance(place, Company) else MadeKind.DRY_RUN
    wanted = MadeFile(
        kind=kind, title=title_of(kind, len(ids)), name=f"{name_of(place)}.xlsx", asked_on=asked_on, day=day
    )
    return made_files.ask(wanted, place, list(ids), by=by, steps=2 * len(ids))


def title_of(kind: MadeKind, count: int) -> str:
    return f"{kind.label}, {count:,} invoice{'' if count == 1 else 's'}"


def name_of(place: Project | Company) -> str:
    """Without its ending."""
    company = place if isinstance(place, Company) else place.company
    return f"dry-run-{place.slug}-{company.today:%Y%m%d}"
