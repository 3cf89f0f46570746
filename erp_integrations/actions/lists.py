"""Taking in a list from Sage: whole or not at all, as a new dated version beside the old ones."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction

from directory.models import Company, Event
from directory.refusals import Refused
from erp_integrations.exporting import lost_days
from erp_integrations.models import ListKind, SageListVersion
from erp_integrations.sage100 import list_rows
from erp_integrations.sage100.list_changes import Changes, compare


@transaction.atomic
def take_in(
    company: Company,
    kind: ListKind,
    rows: Iterable[Mapping[str, str]],
    *,
    as_of_date: date,
    by=None,
    file_name: str = "",
) -> SageListVersion:
    """Make `rows` (cells as text, keyed by the record's field names) the current version. `by` None: by command.

    One bad cell refuses the whole upload; the refusal names the first few.
    """
    parsed = list_rows.parse(kind, rows)
    if parsed.problems:
        raise Refused(_in_words(kind, parsed.problems), field="file")
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # one upload after the other
    require_no_step_back(company, kind, parsed.records, as_of_date)
    return replace(company, kind, parsed.records, as_of_date=as_of_date, by=by, file_name=file_name)


def replace(
    company: Company,
    kind: ListKind,
    records: tuple,
    *,
    as_of_date: date,
    by,
    file_name: str,
    changes: Changes | None = None,
) -> SageListVersion:
    """Put `records` in the place of the version in use, with one event. The caller holds the company."""
    current = SageListVersion.objects.in_use(company, kind)
    changes = changes or compare(current.as_list() if current else (), records)
    if current:
        SageListVersion.objects.filter(pk=current.pk).update(is_current=False)
    version = SageListVersion(
        company=company, kind=kind, as_of_date=as_of_date, loaded_by=by, file_name=file_name[:150]
    )
    version.hold(records)
    version.save()
    lost_days.are_settled_by(version)
    counts = {"added": len(changes.added), "changed": len(changes.changed), "gone": len(changes.gone)}
    told = {"rows": [str(current.record_count) if current else "", str(version.record_count)]}
    told |= {name: ["", str(count)] for name, count in counts.items() if count and current}
    Event.objects.record("took in", version, by=by, changes=told | {"file": ["", version.file_name]})
    return version


def require_no_step_back(
    company: Company, kind: ListKind, records: tuple, as_of_date: date, *, is_empty_seen: bool = False
) -> None:
    """An empty or an older list in the place of the one in use would tell the rules less than is known.

    `is_empty_seen`: somebody says that Sage holds none, which of the payable invoices alone may be so.
    """
    current = SageListVersion.objects.in_use(company, kind)
    may_be_empty = is_empty_seen and kind == ListKind.PAYABLE_INVOICES
    if empties(current, records) and not may_be_empty:
        raise Refused(
            f"{kind.label} was not taken in: the file has no rows, and the list in use has {current.record_count}."
            " Export it from Sage again.",
            field="file",
        )
    if current and as_of_date < current.as_of_date:
        raise Refused(
            f"{kind.label} was not taken in: it is of {as_of_date.isoformat()}, and the list in use of"
            f" {current.as_of_date.isoformat()} is newer.",
            field="file",
        )


def empties(current: SageListVersion | None, records: tuple) -> bool:
    """Whether a file without rows would come in the place of a list that has some."""
    return bool(current and current.record_count and not records)


def _in_words(kind: ListKind, problems) -> str:
    shown = " ".join(
        f"Row {problem.row}, {problem.field or 'record'} “{problem.value}”: {problem.message}"
        for problem in problems[:5]
    )
    more = f" And {len(problems) - 5} more." if len(problems) > 5 else ""
    return f"{kind.label} was not taken in. {shown}{more}"
