"""Our exported invoices against Sage's list of payable invoices: what became of each, in one pass (E-9)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from directory.number_looks import number_key
from erp_integrations.sage100.batch_keys import FIELD
from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.facts import ZERO
from erp_integrations.sage100.lists import PayableInvoice


class Kind(StrEnum):
    """What became of an invoice. The last two are of Sage's rows that no live export answers for."""

    FOUND = "found"
    MISSING = "missing"
    AMOUNT = "amount"
    RETAINAGE = "retainage"
    TWICE = "twice"
    DIFFERS = "differs"
    VOIDED = "voided"
    NOT_OURS = "not_ours"


RECORD_LENGTH = 20  # characters of the number under which Sage keeps an invoice
HELD_BY_SAGE = (Kind.FOUND, Kind.AMOUNT, Kind.RETAINAGE, Kind.TWICE, Kind.DIFFERS)
DIFFERING = (Kind.MISSING, Kind.AMOUNT, Kind.RETAINAGE, Kind.TWICE, Kind.DIFFERS, Kind.VOIDED)

ONLY_A_RELEASE = (
    "It only releases retainage, so Sage must not hold it: there it is a cost again. Remove it in Sage and do what"
    " the release sheet says."
)
FOUND_BEFORE = (
    "The list is older than its file, so it is not posted by this: export 4-2 again after the import and see that Sage"
    " holds it once."
)
FOUND_THAT_DAY = (
    "The list is of the day of its file, and the row doesn't bear the key of the file: it may have stood in Sage before"
    " the import, so it is not posted by this. Export 4-2 again on a later day, or enter its record number."
)
KEYED_BY_HAND = (
    "Other rows of the list bear {key}, the key of its file, and this one doesn't: it may have been keyed by hand, so"
    " it is not posted by this. See that Sage holds it once, then enter its record number."
)
MISSED_BEFORE = "The list is older than its file."
MISSED_THAT_DAY = (
    "The list is of the day of its file: it may have been made before the import. Export 4-2 again after it, or on a"
    " later day; only a list of a later day says that Sage doesn’t hold it."
)


@dataclass(frozen=True, kw_only=True)
class InFile:
    """One invoice of a file of ours: under what Sage got it, and how much, in dollars. `item_id` is ours.

    `releases`: what release sheets lower its retention by, oldest sheet first. `is_too_new`: its file was built after
    the list; `is_of_that_day`: on the day of the list. `record_number`: under which it was confirmed, "" when it was
    not. `shown`: its number as it is written. `job_number`: Sage's, of its project; None when nobody knows.
    `makes_rows`: False when it only releases retainage.
    """

    item_id: int
    vendor_number: str
    number: str
    batch_key: str
    gross: Decimal = ZERO
    retainage: Decimal = ZERO
    releases: tuple[Decimal, ...] = ()
    makes_rows: bool = True
    is_too_new: bool = False
    is_of_that_day: bool = False
    record_number: str = ""
    shown: str = ""
    job_number: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.vendor_number, number_key(self.number)


@dataclass(frozen=True)
class Outcome:
    """`places`: where in the list; `item_id` None: a row of Sage that is no invoice of ours. `notes` are sentences.

    `is_too_new`: the list can't know whether the file brought it.
    """

    kind: Kind
    item_id: int | None = None
    places: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    is_too_new: bool = False


@dataclass(frozen=True)
class Comparison:
    """`outcomes`: of our invoices in their order, then of Sage's rows that point at us; `others`: all further rows.

    But none that Sage keeps as void, ours or another's: it is gone and owes nothing (decision 30), and whoever holds
    the sums against the payables of Sage finds its amount in no report there.
    """

    outcomes: tuple[Outcome, ...]
    others: tuple[int, ...]


def compare(
    in_files: Iterable[InFile], ended: Iterable[InFile], batch_keys: Collection[str], rows: Sequence[PayableInvoice]
) -> Comparison:
    """`ended`: invoices that left their file by a void or a rejection; `batch_keys`: of every file of ours.

    An invoice is matched by Sage vendor and number, and by the batch key where User def 1 holds one of ours. What only
    releases retainage makes no row in Sage (S50) and is left out, as long as Sage holds none.
    """
    found, void = _by_key(rows)
    known, borne = frozenset(batch_keys), {_key_in(row) for row in rows}
    ours = [
        _outcome(each, found[each.key], void[each.key], known, borne, rows)
        for each in in_files
        if each.makes_rows or found[each.key]
    ]
    taken = {place for outcome in ours for place in outcome.places}
    left = {each.key: each for each in ended}
    counting = ((place, row) for place, row in enumerate(rows) if place not in taken and not row.is_void)
    rest = [_of_row(place, row, left, known) for place, row in counting]
    pointing = [each for each in rest if each.kind == Kind.VOIDED or each.notes]
    others = tuple(each.places[0] for each in rest if each.kind == Kind.NOT_OURS and not each.notes)
    return Comparison((*ours, *pointing), others)


def _by_key(rows: Sequence[PayableInvoice]) -> tuple[defaultdict, defaultdict]:
    """{(vendor, number): places}, of the rows that count, and of those that Sage keeps as void."""
    found, void = defaultdict(list), defaultdict(list)
    for place, row in enumerate(rows):
        (void if row.is_void else found)[row.vendor_number, number_key(row.invoice_number)].append(place)
    return found, void


def _outcome(ours: InFile, places: list[int], void: list[int], known: frozenset, borne: set[str], rows) -> Outcome:
    """`known`: the keys of our files; `borne`: what the rows of the list bear."""
    if not ours.makes_rows:
        return Outcome(Kind.DIFFERS, ours.item_id, tuple(places), (ONLY_A_RELEASE,))
    if len(places) > 1:
        records = ", ".join(rows[place].record_number or "without number" for place in places)
        return Outcome(Kind.TWICE, ours.item_id, tuple(places), (f"Sage’s records {records}.",))
    if not places:
        return _missing(ours, bool(void))
    [place] = places
    row, says = rows[place], _key_in(rows[place])
    if says in known and says != ours.batch_key:
        told = f"Sage holds what {says} brought, not what this file did."
        return _missing(ours, bool(void), told)
    kind, notes = _amounts(ours, row)
    other = _of_another(ours, row)
    if other and kind == Kind.FOUND:
        kind = Kind.DIFFERS
    older = _found_before(ours, says, borne) if kind == Kind.FOUND else ()
    told = (*notes, *older, *other, *_about_key(ours, row, says))
    return Outcome(kind, ours.item_id, (place,), told, is_too_new=bool(older))


def _found_before(ours: InFile, says: str, borne: set[str]) -> tuple[str, ...]:
    """Whether something else than the import may have brought the row, which the import would double then."""
    if ours.is_too_new:
        return (FOUND_BEFORE,)
    if says == ours.batch_key or ours.record_number:
        return ()
    if ours.is_of_that_day:
        return (FOUND_THAT_DAY,)
    return (KEYED_BY_HAND.format(key=ours.batch_key),) if not says and ours.batch_key in borne else ()


def _key_in(row: PayableInvoice) -> str:
    return row.user_def_1.strip().upper()


def _missing(ours: InFile, is_void: bool, *told: str) -> Outcome:
    why = _missed_before(ours)
    notes = (*told, *(("Sage keeps it as void.",) if is_void else ()), *why)
    return Outcome(Kind.MISSING, ours.item_id, (), notes, is_too_new=bool(why))


def _missed_before(ours: InFile) -> tuple[str, ...]:
    """Whether the list may have been made before the import, which brings it then."""
    if ours.is_too_new:
        return (MISSED_BEFORE,)
    return (MISSED_THAT_DAY,) if ours.is_of_that_day and not ours.record_number else ()


def _amounts(ours: InFile, row: PayableInvoice) -> tuple[Kind, tuple[str, ...]]:
    """The balance is not asked: a paid invoice is the same invoice."""
    if row.gross != ours.gross:
        return Kind.AMOUNT, ()
    left = [ours.retainage]
    for released in ours.releases:
        left.append(left[-1] - released)
    if row.retention not in left:
        expected = " or ".join(dict.fromkeys(f"{each:,.2f}" for each in left))
        return Kind.RETAINAGE, (f"Expected retention: {expected}.",)
    open_release = row.retention - left[-1]
    if open_release:
        return Kind.FOUND, (f"{open_release:,.2f} of its retainage is still to be released in Sage.",)
    return Kind.FOUND, ()


def _of_another(ours: InFile, row: PayableInvoice) -> tuple[str, ...]:
    """What says that this is not what we exported, though number and amounts are the same."""
    notes = []
    confirmed, found = number_key(ours.record_number), number_key(row.record_number)
    if confirmed and found and confirmed != found:
        notes.append(f"It was confirmed as record {ours.record_number}.")
    if ours.job_number and row.job_number and not row.is_of_job(ours.job_number):
        notes.append(f"Sage has it on job {row.job_number}, not {ours.job_number}.")
    return tuple(notes)


def _about_key(ours: InFile, row: PayableInvoice, says: str) -> tuple[str, ...]:
    if says and says != ours.batch_key:
        return (f"Its {FIELD} is {row.user_def_1.strip()}, not {ours.batch_key}.",)
    return ()


def _of_row(place: int, row: PayableInvoice, left: dict[tuple[str, str], InFile], known: frozenset) -> Outcome:
    """A row that no invoice of ours took: of one voided here, with our key and another number, or a stranger."""
    ended = left.get((row.vendor_number, number_key(row.invoice_number)))
    if ended:
        return Outcome(Kind.VOIDED, ended.item_id, (place,), ("It left our files, and Sage still holds it.",))
    if _key_in(row) in known:
        return Outcome(Kind.NOT_OURS, None, (place,), (f"It names {_key_in(row)}, which holds no such invoice.",))
    return Outcome(Kind.NOT_OURS, None, (place,))


@dataclass(frozen=True)
class Other:
    """A row of Sage that came from elsewhere, as a page shows it. `file_key`: where ours have theirs."""

    number: str
    vendor_number: str
    job_number: str
    invoice_date: date | None
    gross: Decimal
    retainage: Decimal
    file_key: str
    record_number: str

    @classmethod
    def of(cls, row: PayableInvoice) -> "Other":
        return cls(row.invoice_number, row.vendor_number, row.job_number, row.invoice_date, row.gross, row.retention,
                   row.user_def_1, row.record_number)  # fmt: skip


@dataclass(frozen=True)
class Sums:
    """In dollars."""

    gross: Decimal
    retainage: Decimal


def sums(rows: Iterable[PayableInvoice]) -> Sums:
    there = list(rows)
    return Sums(sum((row.gross for row in there), ZERO), sum((row.retention for row in there), ZERO))


def to_plain(outcome: Outcome) -> list:
    """For the digest of a comparison: the same list and the same exports give the same."""
    return [outcome.kind.value, outcome.item_id, list(outcome.places), list(outcome.notes)]


def may_be_a_record(number: str) -> bool:
    """Whether Sage can show an invoice under it."""
    return number.isascii() and number.isalnum() and len(number) <= RECORD_LENGTH


def difference(expected: Decimal | None, found: Decimal | None) -> Decimal | None:
    """Found less expected, in dollars; None where one of the two is not there."""
    return None if expected is None or found is None else Decimal(money_text(found - expected))
