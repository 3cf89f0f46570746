"""A list of Sage's from a file: read, its columns named, shown as what it would change, and taken in as a whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db import transaction

from directory.models import Company
from directory.permissions import read_access
from directory.refusals import NotNow, Refused, Stale
from directory.sheets import SPLIT, TooLarge, column_letter, read_rows
from erp_integrations.actions.lists import empties, replace, require_no_step_back
from erp_integrations.missed_entries import Missed, missed
from erp_integrations.models import InvoiceExport, ListKind, SageListUpload, SageListVersion
from erp_integrations.permissions import require_list_keeper
from erp_integrations.sage100 import list_columns, list_rows
from erp_integrations.sage100.list_changes import Changes, compare
from erp_integrations.sage100.list_columns import Column

# Instead of splitting it: a list replaces the one before, so half of it would lose half.
LEAVE_OUT = "Leave out what was closed long ago when you export it from Sage."


@dataclass(frozen=True)
class Problem:
    """One bad cell: where it stands in the file, what it holds, and what to do."""

    cell: str
    row: int
    heading: str
    value: str
    message: str


@dataclass(frozen=True)
class Plan:
    """What confirming an upload would do now.

    `lacking`: columns nobody named; `clash`: what to do about two that contradict each other; `problems`: cells that
    can't be read; `warnings`: terms that lead to no date.
    """

    lacking: list[Column]
    clash: str
    problems: list[Problem]
    warnings: list[Problem]
    records: tuple
    changes: Changes
    missed: list[Missed]
    current: SageListVersion | None
    digest: str

    @property
    def can_be_confirmed(self) -> bool:
        return not (self.lacking or self.clash or self.problems)

    @property
    def may_be_empty(self) -> bool:
        """Whether it would empty the one list that may come to nothing in Sage: that is ticked."""
        is_emptied = self.can_be_confirmed and empties(self.current, self.records)
        return is_emptied and self.current.kind == ListKind.PAYABLE_INVOICES


def renews(plan: Plan, upload: SageListUpload) -> bool:
    """Whether the same list anew says more than the one in use: it is of a later day, or came after a confirmation.

    What was confirmed meanwhile a list of that day may hold only if it came afterwards (S40).
    """
    current = plan.current
    if current is None or current.as_of_date < upload.as_of_date:
        return current is not None
    return InvoiceExport.objects.of(upload.company).filter(posted_at__gt=current.loaded_at).exists()


def read(company: Company, kind: ListKind, file_name: str, content: bytes, *, as_of_date: date, by) -> SageListUpload:
    """Keep what the file says until it is confirmed; nothing of it is in force. Raises Refused, with its field.

    What the same person read of this list before and never confirmed is let go.
    """
    _require_right(company, by)
    _require_day(company, kind, as_of_date)
    try:
        rows = read_rows(file_name, content)
    except TooLarge as refused:
        raise TooLarge(refused.what, LEAVE_OUT if refused.remedy == SPLIT else refused.remedy) from None
    if not rows:
        raise Refused("The file holds nothing. Export the list with its headings, and choose it again.", field="file")
    at = list_columns.heading_row(kind, rows)
    titles = [title[:100] for title in rows[at][1]]
    with transaction.atomic():
        before = SageListUpload.objects.told_of(company, kind)
        newest = before.defer("rows").first()
        earlier = list_columns.remembered(kind, newest.titles, newest.columns) if newest else {}
        before.filter(uploaded_by=by, is_open=True).update(is_open=False, rows=[])
        return SageListUpload.objects.create(
            company=company,
            kind=kind,
            file_name=" ".join("".join(c if c.isprintable() else " " for c in file_name).split())[-150:],
            as_of_date=as_of_date,
            titles=titles,
            columns=list_columns.proposed(kind, titles, earlier),
            rows=rows[at + 1 :],
            uploaded_by=by,
        )


def _require_right(company: Company, by) -> None:
    """1.2: Standard on ERP Integrations uploads."""
    require_list_keeper(read_access(by, company))


def _require_day(company: Company, kind: ListKind, day: date) -> None:
    if day > company.today:
        raise Refused(
            f"{day.isoformat()} is still to come. Give the day on which Sage made the list.", field="as_of_date"
        )
    current = SageListVersion.objects.in_use(company, kind)
    if current and day < current.as_of_date:
        raise Refused(
            f"The list in use is of {current.as_of_date.isoformat()}, which is newer. Export it from Sage again.",
            field="as_of_date",
        )


@transaction.atomic
def name_columns(upload: SageListUpload, chosen: Mapping[str, int | None], *, by) -> SageListUpload:
    """Say which column of the file holds which field; remembered for the next file of this list."""
    _require_right(upload.company, by)
    upload = _locked_open(upload)
    titles = {column.field: column.heading for column in list_columns.columns_of(upload.kind)}
    taken: dict[int, str] = {}
    for field in titles:
        at = chosen.get(field)
        if at is None:
            continue
        if not 0 <= at < len(upload.titles):
            raise Refused(f"{titles[field]}: the file has no such column. Choose one of it.", field=field)
        if at in taken:
            raise Refused(
                f"{titles[field]} and {titles[taken[at]]} both take column {column_letter(at)}. Choose another.",
                field=field,
            )
        taken[at] = field
    if clash := list_columns.clash(upload.kind, chosen):
        raise Refused(clash, field=list_columns.INACTIVE)
    upload.columns = {field: chosen.get(field) for field in titles}
    upload.save(update_fields=["columns"])
    return upload


def _locked_open(upload: SageListUpload) -> SageListUpload:
    found = SageListUpload.objects.select_for_update(of=("self",)).select_related("company").get(pk=upload.pk)
    if found.version_id:
        raise NotNow("This file was taken in already.")
    if not found.is_open:
        raise NotNow("You read another file of this list since. This one is let go: choose it again if you want it.")
    return found


def plan_of(upload: SageListUpload) -> Plan:
    """What confirming it would do now; worked out anew each time."""
    kind = ListKind(upload.kind)
    current = SageListVersion.objects.in_use(upload.company, kind)
    return _Planned(upload, kind, current).plan


@dataclass(frozen=True)
class _Planned:
    upload: SageListUpload
    kind: ListKind
    current: SageListVersion | None

    @cached_property
    def plan(self) -> Plan:
        chosen = self.upload.columns
        lacking = list_columns.missing(self.kind, chosen)
        rows = list_columns.by_field(chosen, [cells for _, cells in self.upload.rows])
        clash = list_columns.clash(self.kind, chosen)
        can_be_read = not (lacking or clash)
        parsed = list_rows.parse(self.kind, rows) if can_be_read else list_rows.Parsed((), ())
        old = self.current.as_list() if self.current else ()
        whole = can_be_read and not parsed.problems
        changes = compare(old, parsed.records) if whole else Changes((), (), (), 0)
        return Plan(
            lacking,
            clash,
            [self._problem(each) for each in parsed.problems],
            [self._problem(each) for each in parsed.warnings],
            parsed.records,
            changes,
            missed(self.upload.company, self.kind, changes),
            self.current,
            self._digest,
        )

    def _problem(self, found: list_rows.RowProblem) -> Problem:
        row = self.upload.rows[found.row - 1][0]
        heading, at = list_columns.title_of(self.kind, found.field, self.upload.columns)
        cell = f"{column_letter(at)}{row}" if at is not None else f"Row {row}"
        return Problem(cell, row, heading, found.value, found.message)

    @property
    def _digest(self) -> str:
        """Names what was looked at: the file, how its columns are read, and the version it would replace."""
        columns = json.dumps(self.upload.columns, sort_keys=True)
        parts = (str(self.upload.pk), columns, str(self.current.pk if self.current else 0))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@transaction.atomic
def confirm(
    upload: SageListUpload, *, by, digest: str, seen_missed: bool = False, is_empty_seen: bool = False
) -> SageListVersion:
    """Make the file the new version of its list, with one event. Stale when the list in use is another than shown."""
    _require_right(upload.company, by)
    company = Company.objects.select_for_update(no_key=True).get(pk=upload.company_id)  # one upload after the other
    upload = _locked_open(upload)
    plan = plan_of(upload)
    if plan.digest != digest:
        raise Stale("Somebody uploaded this list, or named its columns, meanwhile. This is what the file would do now.")
    if not plan.can_be_confirmed:
        raise Refused(
            plan.clash
            or "Some cells can’t be read, so nothing was taken in. Correct them in the file and upload it again."
        )
    if plan.changes.is_none and plan.current and not renews(plan, upload):
        raise NotNow("Nothing changed: the list in use holds just this, of the same day.")
    kind = ListKind(upload.kind)
    if plan.may_be_empty and not is_empty_seen:
        raise Refused("The file has no rows. Tick that Sage shows no invoice in 4-2, or export the list again.",
                      field="is_empty_seen")  # fmt: skip
    require_no_step_back(company, kind, plan.records, upload.as_of_date, is_empty_seen=is_empty_seen)
    if plan.missed and not seen_missed:
        raise Refused("Look at what is gone from Sage’s list while it is in use here, then tick that you have.",
                      field="seen_missed")  # fmt: skip
    version = replace(company, kind, plan.records, as_of_date=upload.as_of_date, by=by,
                      file_name=upload.file_name, changes=plan.changes)  # fmt: skip
    upload.version, upload.is_open, upload.rows = version, False, []
    upload.save(update_fields=["version", "is_open", "rows"])
    return version
