"""Rows of an uploaded list of people: who is added, who changes employer or title, who is there already, what is wrong.

Nobody gets a level by a list, and nobody's login changes: a name belongs to the person (R89).
"""

from collections.abc import Iterator
from functools import partial

from django.core.exceptions import ValidationError

from directory.actions import people
from directory.actions.row_plans import CHANGED, NEW, REFUSED, SAME, Plan, PlannedChange, RowPlan, cell
from directory.models import AccountingPrivilege, DirectoryUpload, Membership, Person, Vendor
from directory.models.companies import domain_of
from directory.permissions import Level, Tool, people_with_level
from directory.refusals import Refused

HEADINGS = {
    "email": ("E-mail", "E-mail address"),
    "name": ("Name", "Full name", "Person"),
    "vendor": ("Vendor", "Employer", "Employed by", "Company"),
    "title": ("Title", "Job title", "Role"),
    "address_checked": ("Address checked",),
}


def rows_of_today(company) -> list[list[str]]:
    """The active people of the directory as its template holds them."""
    members = Membership.objects.in_order_of_employer(company)
    return [[place.person.email, place.person.name, str(place.vendor or company), place.title] for place in members]


def plan(upload: DirectoryUpload) -> Plan:
    known = _Known(upload)
    return Plan(tuple(known.plan(row) for row in upload.rows))


class _Known:
    """The directory as it is now, and what earlier rows of the file said already."""

    def __init__(self, upload: DirectoryUpload):
        self.upload, self.company = upload, upload.company
        members = Membership.objects.filter(company=self.company).select_related("person", "vendor", "company")
        self.members = {member.person.email.casefold(): member for member in members}
        vendors = list(self.company.vendors.all())
        self.vendors = {vendor.number.casefold(): vendor for vendor in vendors if vendor.number}
        self.vendors |= {vendor.name.casefold(): vendor for vendor in vendors}
        self.domains = self.company.vendors.known_domains()
        self.holders = set(AccountingPrivilege.objects.live().of(self.company).values_list("person", flat=True))
        self.admins = {each.pk for each in people_with_level(self.company, Tool.COMPANY_DIRECTORY, Level.ADMIN)}
        self.rows_about: dict[str, int] = {}

    def plan(self, row: dict) -> RowPlan:
        email = row["email"].casefold()
        member = self.members.get(email)
        title = row.get("name") or (member.shown_name if member else row["email"]) or "No e-mail"
        problems = self._problems(row, email, member)
        if problems:
            return RowPlan(row["row"], title, REFUSED, problems=tuple(problems))
        self.rows_about[email] = row["row"]
        if vendor := self._vendor(row, member):
            self.domains[vendor.pk].add(domain_of(row["email"]))
        if member is None or (not member.is_active and member.asked_at is None):
            return self._new(row, title, member)
        if member.asked_at is not None:
            return RowPlan(row["row"], title, SAME, notes=("Was asked to join and has not answered.",))
        return self._change(row, member)

    def _problems(self, row: dict, email: str, member: Membership | None) -> list[str]:
        found = [
            f"{cell(self.upload, row, column)}: {' '.join(wrong)}"
            for column in self.upload.columns
            if (wrong := _wrong_with(column, row[column]))
        ]
        if email in self.rows_about:
            where, earlier = cell(self.upload, row, "email"), self.rows_about[email]
            found.append(f"{where}: row {earlier} has the same e-mail. Keep one of them.")
        if not row.get("name") and member is None:
            found.append(f"{cell(self.upload, row, 'name')}: a new person needs a name.")
        if not self._is_known_employer(row):
            found.append(
                f"{cell(self.upload, row, 'vendor')}: “{row['vendor']}” is no vendor of {self.company}."
                f" Enter the vendor first, or write {self.company} for its own people."
            )
            return found
        vendor = self._vendor(row, member)
        if row.get("vendor") and vendor and not vendor.is_active:
            found.append(f"{cell(self.upload, row, 'vendor')}: {vendor} is deactivated. Reactivate the vendor first.")
        elif vendor and (member is None or member.vendor_id != vendor.pk):
            found += self._strange_address(row, vendor)
        if member is not None:
            found += [f"{cell(self.upload, row, 'email')}: {why}" for why in self._why_not_moved(member, vendor)]
        return found

    def _why_not_moved(self, member: Membership, vendor: Vendor | None) -> Iterator[str]:
        """What the act would refuse of somebody who is or was here, so that the preview says it first."""
        is_back = not member.is_active and member.joined_at and not member.asked_at
        is_moving = member.is_active and member.vendor_id != (vendor.pk if vendor else None)
        if is_back and not member.person.is_active:
            yield "the login is closed. A site owner can open it again."
        if (is_back or (is_moving and vendor is None)) and member.person_id in self.holders:
            yield "still has Can Push to Accounting from before. The site owner must withdraw it first."
        if is_moving and member.person_id == self.upload.uploaded_by_id:
            yield people.NOT_ONESELF
        elif is_moving and self.admins == {member.person_id}:
            yield "is the last Admin on the Directory. Give it to somebody else first."

    def _strange_address(self, row: dict, vendor: Vendor) -> list[str]:
        """R82, as on a person's own page; a list says in a column of its own what is ticked there."""
        try:
            people.check_domain(vendor, self.domains[vendor.pk], row["email"], _is_checked(row))
        except Refused as refusal:
            remedy = "or, once you have called them, write yes in a column “Address checked”."
            return [f"{cell(self.upload, row, 'email')}: {refusal.message.rstrip('.')}, {remedy}"]
        return []

    def _is_known_employer(self, row: dict) -> bool:
        named = row.get("vendor", "").casefold()
        return not named or named in self.vendors or named == self.company.name.casefold()

    def _vendor(self, row: dict, member: Membership | None) -> Vendor | None:
        """Whom the row says the person works for; an empty cell leaves it as it is, the company for a newcomer."""
        if not row.get("vendor"):
            return member.vendor if member and member.is_active else None
        return self.vendors.get(row["vendor"].casefold())

    def _new(self, row: dict, title: str, member: Membership | None) -> RowPlan:
        """Whether the e-mail is a login somewhere else is nobody's business here; `add_person` asks its owner (R89)."""
        vendor = self._vendor(row, member)
        notes = []
        if member is not None and member.joined_at:
            notes.append("Was in this directory before and comes back without any level.")
        changes = (
            PlannedChange("E-mail", "", row["email"]),
            PlannedChange("Employer", "", str(vendor or self.company)),
        ) + ((PlannedChange("Title", "", row["title"]),) if row.get("title") else ())
        act = partial(
            people.add_person,
            self.company,
            row["email"],
            row.get("name", ""),
            vendor=vendor,
            title=row.get("title", ""),
            address_is_checked=_is_checked(row),
            tells_colleagues=False,
        )
        return RowPlan(row["row"], title, NEW, changes, (), tuple(notes), (), act)

    def _change(self, row: dict, member: Membership) -> RowPlan:
        person, vendor, title = member.person, self._vendor(row, member), row.get("title") or member.title
        notes = []
        if row.get("name") and row["name"] != person.name:
            notes.append(f"The login says {person.name}; people change their own names.")
        old, new = str(member.vendor or self.company), str(vendor or self.company)
        changes = (PlannedChange("Employer", old, new),) if member.vendor_id != (vendor.pk if vendor else None) else ()
        if changes:
            notes.append("What this person may do for the old employer ends at once.")
        if title != member.title:
            changes += (PlannedChange("Title", member.title, title),)
        if not changes:
            return RowPlan(row["row"], person.name, SAME, notes=tuple(notes))
        checked = _is_checked(row)
        act = partial(people.change_employer, member, vendor, title, address_is_checked=checked, tells_colleagues=False)
        return RowPlan(row["row"], person.name, CHANGED, changes, (), tuple(notes), (), act)


def _is_checked(row: dict) -> bool:
    return row.get("address_checked", "").casefold() in ("yes", "y", "true", "1", "x")


def _wrong_with(column: str, text: str) -> list[str]:
    if "\n" in text:
        return ["Write this on one line."]
    if column in ("vendor", "address_checked"):
        return []
    model_field = (Membership if column == "title" else Person)._meta.get_field(column)
    if len(text) > model_field.max_length:
        return [f"It has {len(text)} characters; {model_field.max_length} are kept."]
    try:
        for check in model_field.validators if text else ():
            check(text)
    except ValidationError as wrong:
        return wrong.messages
    return ["Enter an e-mail address."] if column == "email" and not text else []
