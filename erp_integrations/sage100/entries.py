"""What Sage's lists offer to be linked to, as a linking page shows it: there nobody asks how Sage keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from erp_integrations.sage100 import list_rows
from erp_integrations.sage100.lists import STATUS_NAMES, CommitmentLine, SageCommitment, SageLists, why_not_usable

# How a key is written that a link keeps.
NUMBER, NUMBER_LENGTH = r"^\d{1,10}\Z", 10
COST_CODE, COST_CODE_LENGTH = r"^\d{1,6}\.\d{3}\Z", 10
COST_TYPE_NUMBERS = range(1, 10)
COST_TYPES = {1: "Material", 2: "Labor", 3: "Equipment", 4: "Subcontract", 5: "Other"}


@dataclass(frozen=True)
class Entry:
    """One entry of Sage's. `key` is what a link keeps of it; `why_not` says why nothing can be linked to it.

    `parts`: what a link may name of it besides, a job's phases.
    """

    key: str
    name: str = ""
    detail: str = ""
    why_not: str = ""
    parts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.key} {self.name}".strip()

    def holds(self, words: Iterable[str]) -> bool:
        text = f"{self.key} {self.name} {self.detail}".casefold()
        return all(word in text for word in words)


def vendors(lists: SageLists) -> list[Entry]:
    return [Entry(v.number, v.name, v.short_name, why_not_usable(v)) for v in lists.vendors]


def jobs(lists: SageLists) -> list[Entry]:
    return [Entry(j.number, j.name, STATUS_NAMES[j.status], why_not_usable(j), j.phases) for j in lists.jobs]


def cost_codes(lists: SageLists) -> list[Entry]:
    return [Entry(c.code, c.name, "", why_not_usable(c)) for c in lists.cost_codes]


def cost_types() -> list[Entry]:
    """Nine, which are no list to upload."""
    return [Entry(str(number), COST_TYPES.get(number, "User-defined")) for number in COST_TYPE_NUMBERS]


def commitments(lists: SageLists, kind: str) -> list[Entry]:
    """`kind`: "subcontract" or "purchase_order"."""
    return [_commitment(lists, each) for each in lists.commitments(kind)]


def commitment(lists: SageLists, kind: str, number: str) -> Entry | None:
    found = lists.commitments(kind).get(number)
    return _commitment(lists, found) if found else None


def lines(lists: SageLists, kind: str, number: str) -> list[Entry]:
    """Of one commitment."""
    found = lists.commitments(kind).get(number)
    return [line(each) for each in found.lines] if found else []


def line(each: CommitmentLine) -> Entry:
    left = "" if each.remaining is None else f", {_amount(each.remaining)} remaining"
    sums = f"{_amount(each.contract + each.change)}{left}"
    return Entry(each.line_reference, f"{each.cost_code}, type {each.cost_type}", sums)


def code_in_sage(code: str) -> str:
    """A cost code of ours as Sage would write it; "" where it can't be one of Sage's."""
    try:
        return list_rows.code(code)
    except ValueError:
        return ""


def _commitment(lists: SageLists, each: SageCommitment) -> Entry:
    vendor, job = lists.vendors.get(each.vendor_number), lists.jobs.get(each.job_number)
    detail = (
        f"vendor {each.vendor_number} {vendor.name if vendor else ''}".strip(),
        f"job {each.job_number} {job.name if job else ''}".strip(),
    )
    return Entry(each.number, STATUS_NAMES[each.status], ", ".join(detail), why_not_usable(each))


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}"
