"""Rows of an uploaded list of vendors: whom each is about, and what of it is new, changed, the same or wrong."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError

from directory.actions import vendors
from directory.actions.row_plans import CHANGED, NEW, REFUSED, SAME, Plan, PlannedChange, RowPlan, cell
from directory.actions.vendors import Details
from directory.lookalikes import Lookalikes
from directory.models import DirectoryUpload, Vendor, VendorChange
from directory.moments import FIRST_DAY, LAST_DAY

HEADINGS = {
    "name": ("Vendor", "Vendor name", "Name", "Company", "Company name"),
    "number": ("Number", "Vendor number", "Vendor no", "No"),
    "email": ("E-mail", "E-mail address"),
    "phone": ("Phone", "Phone number", "Telephone"),
    "remit_to": ("Remit-to address", "Remit to", "Remittance address", "Address"),
    "insurance_expires_date": ("Insurance expires", "Insurance expiry", "Insurance expiration", "Insurance until"),
    "needs_workers_comp": ("Workers’ comp missing", "Workers’ compensation proof missing", "Needs workers’ comp"),
}
DAY_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")
YES, NO = ("yes", "y", "true", "x", "1"), ("no", "n", "false", "0")


def rows_of_today(company) -> list[list[str]]:
    """The company's active vendors as its template holds them."""
    return [
        [_text(getattr(vendor, column)) for column in HEADINGS] for vendor in company.vendors.active().order_by("name")
    ]


def _text(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")


def plan(upload: DirectoryUpload) -> Plan:
    known = _Known(upload)
    return Plan(tuple(known.plan(row) for row in upload.rows))


class _Known:
    """The company's vendors as they are now, and what earlier rows of the file said already."""

    def __init__(self, upload: DirectoryUpload):
        self.upload, self.company = upload, upload.company
        everybody = list(self.company.vendors.all())
        self.by_name = {vendor.name.casefold(): vendor for vendor in everybody}
        self.by_number = {vendor.number: vendor for vendor in everybody if vendor.number}
        waiting = VendorChange.objects.waiting().filter(vendor__company=self.company)
        self.waiting = {change.vendor_id: change for change in waiting}
        self.lookalikes = Lookalikes(everybody)
        self.rows_about: dict = {}  # a vendor's id, a new name, a new number: the row that spoke of it first

    def plan(self, row: dict) -> RowPlan:
        values, problems = self._read(row)
        vendor, more = self._find(row, values) if not problems else (None, [])
        problems += more
        details = replace(Details.of(vendor) if vendor else Details(name=""), **values)
        title = values.get("name") or (vendor.name if vendor else row.get("number") or "No name")
        if not problems:
            problems = self._twice(row, vendor, details)
        if problems:
            return RowPlan(row["row"], title, REFUSED, problems=tuple(problems))
        return self._change(row, vendor, details) if vendor else self._new(row, details)

    def _read(self, row: dict) -> tuple[dict, list[str]]:
        """What the cells say; an empty one says nothing."""
        values, problems = {}, []
        for column in self.upload.columns:
            if not row[column]:
                continue
            try:
                values[column] = _value(column, row[column])
            except ValidationError as wrong:
                problems.append(f"{cell(self.upload, row, column)}: {' '.join(wrong.messages)}")
        return values, problems

    def _find(self, row: dict, values: dict) -> tuple[Vendor | None, list[str]]:
        named = self.by_name.get(values.get("name", "").casefold())
        numbered = self.by_number.get(values.get("number", ""))
        found = numbered or named
        if numbered and named and numbered != named:
            where = cell(self.upload, row, "number")
            return None, [f"{where}: {numbered.number} is the number of {numbered.name}, not of {named.name}."]
        if found and not found.is_active:
            where = cell(self.upload, row, "name")
            return None, [f"{where}: {found.name} is deactivated. Reactivate it on its page, or take the row out."]
        if not found and not values.get("name"):
            return None, [f"{cell(self.upload, row, 'name')}: a new vendor needs a name."]
        return found, []

    def _twice(self, row: dict, vendor: Vendor | None, details: Details) -> list[str]:
        says = [("vendor", vendor.pk)] if vendor else []
        says += [("name", details.name.casefold())] + ([("number", details.number)] if details.number else [])
        earlier = [self.rows_about[each] for each in says if each in self.rows_about]
        self.rows_about |= {each: row["row"] for each in says if each not in self.rows_about}
        where = cell(self.upload, row, "name")
        return [f"{where}: row {earlier[0]} is about the same vendor. Keep one of them."] if earlier else []

    def _new(self, row: dict, details: Details) -> RowPlan:
        alike = self._alike(details.name, details.number)
        self.lookalikes.add(Vendor(name=details.name, number=details.number))
        changes = _planned(details.changes_from(Details(name="")), held=())
        act = partial(vendors.put_in, self.company, details)
        return RowPlan(row["row"], details.name, NEW, changes, alike=alike, act=act)

    def _alike(self, name: str, number: str, but: int | None = None) -> tuple[str, ...]:
        return tuple(f"{each.name} {each.number}".strip() for each in self.lookalikes.of(name, number, but=but))

    def _change(self, row: dict, vendor: Vendor, details: Details) -> RowPlan:
        before, waiting = Details.of(vendor), self.waiting.get(vendor.pk)
        changes = details.changes_from(before)
        notes = []
        for name in [name for name in changes if waiting and waiting.changes.get(name) == changes[name]]:
            del changes[name]  # asked for before, by this file or by somebody
            details = replace(details, **{name: getattr(before, name)})
            notes.append(f"{_label(name)} waits for a call-back already.")
        held = [name for name in changes if name in Vendor.PROTECTED]
        if held and waiting:
            why = f"{cell(self.upload, row, held[0])}: another change of {vendor.name} waits for a call-back."
            return RowPlan(row["row"], vendor.name, REFUSED, problems=(f"{why} Have it verified or declined first.",))
        if not changes:
            return RowPlan(row["row"], vendor.name, SAME, notes=tuple(notes))
        alike = self._alike(
            details.name if "name" in changes else "", details.number if "number" in changes else "", vendor.pk
        )
        reason = f"Row {row['row']} of {self.upload.file_name}"[:300]
        act = partial(vendors.put_change, vendor, details, reason=reason)
        return RowPlan(row["row"], vendor.name, CHANGED, _planned(changes, held), (), tuple(notes), alike, act)


def _value(column: str, text: str):
    model_field = Vendor._meta.get_field(column)
    if column == "insurance_expires_date":
        return _day(text)
    if column == "needs_workers_comp":
        return _yes_or_no(text)
    if "\n" in text and column != "remit_to":
        raise ValidationError("Write this on one line.")
    value = model_field.clean(text, None)
    if len(value) > (model_field.max_length or len(value)):
        raise ValidationError(f"It has {len(value)} characters; {model_field.max_length} are kept.")
    return value


def _day(text: str):
    for form in DAY_FORMATS:
        try:
            found = datetime.strptime(text, form).date()
        except ValueError:
            continue
        if FIRST_DAY <= found <= LAST_DAY:
            return found
    raise ValidationError(f"“{text}” is not a day. Write it like 2031-05-28 or 5/28/2031.")


def _yes_or_no(text: str) -> bool:
    word = text.casefold()
    if word not in YES + NO:
        raise ValidationError(f"“{text}” is neither yes nor no.")
    return word in YES


def _planned(changes: dict, held) -> tuple[PlannedChange, ...]:
    return tuple(
        PlannedChange(_label(name), _text(old), _text(new), name in held) for name, (old, new) in changes.items()
    )


def _label(column: str) -> str:
    return HEADINGS[column][0]
