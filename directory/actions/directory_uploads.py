"""Lists of vendors or people from a file: read, planned, shown, and then applied as a whole or not at all (R109)."""

from types import ModuleType

from django.db import IntegrityError, transaction
from django.utils import timezone

from directory.actions import people, people_rows, vendor_rows
from directory.actions.grants import hold_directory_admin
from directory.actions.row_plans import Plan
from directory.models import Company, DirectoryUpload, Event, Person
from directory.refusals import NotNow, Refused, Stale
from directory.sheets import read_table

Kind = DirectoryUpload.Kind
ABOUT: dict[str, ModuleType] = {Kind.VENDORS: vendor_rows, Kind.PEOPLE: people_rows}
REQUIRED = {Kind.VENDORS: ("name",), Kind.PEOPLE: ("email",)}
MAX_ROWS = {Kind.VENDORS: 5_000, Kind.PEOPLE: 1_000}  # people are held while it is applied, and each is mailed


def take_in(company, kind: str, file_name: str, content: bytes, *, by) -> DirectoryUpload:
    """Keep what the file says until it is applied; nothing of it is in force. Raises Refused, field "file"."""
    table = read_table(file_name, content, ABOUT[kind].HEADINGS, REQUIRED[kind])
    if len(table.rows) > MAX_ROWS[kind]:
        most = f"{MAX_ROWS[kind]:,} go at once. Split the file."
        raise Refused(f"It has {len(table.rows):,} rows; {most}", field="file")
    with transaction.atomic():
        hold_directory_admin(by, company)
        return DirectoryUpload.objects.create(
            company=company,
            kind=kind,
            file_name=" ".join("".join(c if c.isprintable() else " " for c in file_name).split())[-150:],
            columns=table.columns,
            rows=table.rows,
            skipped=[heading[:100] for heading in table.skipped],
            uploaded_by=by,
        )


def plan_of(upload: DirectoryUpload) -> Plan:
    """What applying it would do now; worked out anew each time."""
    return ABOUT[upload.kind].plan(upload)


def apply(upload: DirectoryUpload, *, by, digest: str, seen_alike: bool = False) -> Plan:
    """Carry out the plan named by `digest`, every row or none. Stale when the directory has changed since."""
    try:
        with transaction.atomic():
            return _apply(upload, by, digest, seen_alike)
    except IntegrityError:
        raise Stale("Somebody changed the directory at the same moment. Look at the preview again.") from None


def _apply(upload: DirectoryUpload, by, digest: str, seen_alike: bool) -> Plan:
    hold_directory_admin(by, upload.company, *_people_named(upload))
    Company.objects.select_for_update(no_key=True).get(pk=upload.company_id)  # one upload after the other
    upload = DirectoryUpload.objects.select_for_update(of=("self",)).select_related("company").get(pk=upload.pk)
    if upload.applied_at:
        raise NotNow("This upload was applied already.")
    plan = plan_of(upload)
    if plan.digest != digest:
        raise Stale("The directory has changed since you looked. This is what the file would do now.")
    if any(row.problems for row in plan.rows):
        raise Refused("Some rows are refused, so nothing was done. Correct them in the file and upload it again.")
    if not plan.work:
        raise NotNow("There is nothing to change.")
    if plan.alike and not seen_alike:
        raise Refused("Look at the vendors that read like others, then tick that you have.", field="seen_alike")
    kept = [(row, _carry_out(row, by)) for row in plan.work]
    if upload.kind == Kind.PEOPLE:
        moved = [place for row, place in kept if any(change.name == "Employer" for change in row.changes)]
        people.tell_colleagues(moved, by)
    upload.applied_at = timezone.now()
    upload.save(update_fields=["applied_at"])
    counts = {outcome: ["", len(plan.of(outcome))] for outcome in ("new", "changed") if plan.of(outcome)}
    Event.objects.record("applied an upload", upload, by=by, changes={"file": ["", upload.file_name]} | counts)
    return plan


def _people_named(upload: DirectoryUpload) -> list[Person]:
    """Logins that a list of people could touch: held before the company is, as everywhere."""
    named = [row["email"].lower() for row in upload.rows] if upload.kind == Kind.PEOPLE else []
    return list(Person.objects.filter(email__in=named))


def _carry_out(row, by):
    """What the row's act returns; what it refuses, with the row in front."""
    try:
        return row.act(by=by)
    except Refused as refusal:
        raise Refused(f"Row {row.row}, {row.title}: {refusal.message} Nothing of the file was applied.") from refusal
