"""What stands on earlier invoices that Sage holds: the release of their retainage (S51), a credit on them (S45).

They stand in a file of ours, or Sage was given them by hand and its list says so.

What a commitment held when it came here in the middle of its job is on invoices that only Sage knows: one place, the
oldest.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from directory.number_looks import number_key
from erp_integrations.exporting.in_files import is_of_the_day, is_older
from erp_integrations.models import (
    ExportBatch,
    ExportItem,
    InvoiceExport,
    ListKind,
    RetainageRelease,
    SageListVersion,
    SageRefusal,
)
from erp_integrations.models.exports import FROZEN, IN_A_FILE
from erp_integrations.models.payables import holdings_of, payables_of
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.facts import CountedRelease, ReleaseFacts
from erp_integrations.sage100.lists import PayableInvoice
from invoicing.calculations.money import ZERO, format_amount
from invoicing.models import Invoice, StartingCertificate

Holding = Invoice | StartingCertificate

BEFORE = "Billed before Plumbline"
MOST_OFFERED = 100


@dataclass(frozen=True)
class Listed:
    """What Sage’s newest list says of a bill that it was given by hand, in dollars; `unknown`: released since (S51)."""

    version: SageListVersion
    held: Decimal
    unknown: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return self.held - self.unknown

    @property
    def named(self) -> str:
        return f"Sage’s list of {self.version.as_of_date.isoformat()}"

    def less_sheets(self, taken: list) -> "Listed":
        """Less what it can't know of yet; a sheet of its very day may have been done after it was made."""
        version, company = self.version, self.version.company
        since = [
            amount
            for _, built_at, amount in taken
            if not built_at or is_older(version, built_at, company) or self.is_of_the_day(built_at)
        ]
        return replace(self, unknown=sum(since, ZERO))

    def is_of_the_day(self, built_at: datetime) -> bool:
        return is_of_the_day(self.version, built_at, self.version.company)

    def in_words(self) -> str:
        less = f", less {format_amount(self.unknown)} that it can’t know of" if self.unknown else ""
        return f"{format_amount(self.held)}{less}"


@dataclass(frozen=True)
class Balance:
    """What a place holds, in dollars: what it took at first, less every release on it, named by what made it.

    Of what no file of ours holds (`listed`), not more than Sage’s list says.
    """

    words: str
    first: Decimal
    releases: tuple[tuple[str, Decimal], ...] = ()
    counted: tuple[CountedRelease, ...] = ()  # of them, those of other batches
    listed: Listed | None = None

    @property
    def left(self) -> Decimal:
        return max(ZERO, self.listed.left if self.is_listed_lower else self._difference)

    @property
    def is_listed_lower(self) -> bool:
        """Somebody lowered it in Sage: by hand, or by a sheet of lost days (R127)."""
        return self.listed is not None and self.listed.left < self._difference

    @property
    def _difference(self) -> Decimal:
        return self.first - sum(amount for _, amount in self.releases)

    def beside(self, listed: Listed, taken: list) -> "Balance":
        """Where that lowers it, what a sheet of the list’s very day released may be counted twice: it is marked."""
        found = replace(self, listed=listed.less_sheets(taken))
        if not found.is_listed_lower:
            return found
        days = [built_at and listed.is_of_the_day(built_at) for _, built_at, _ in taken]
        counted = zip(self.counted, days, strict=True)
        return replace(
            found, counted=tuple(replace(e, list_of_the_day=listed.named) if day else e for e, day in counted)
        )

    def less(self, by: str, amount: Decimal) -> "Balance":
        listed = self.listed and replace(self.listed, unknown=self.listed.unknown + amount)
        return replace(self, releases=(*self.releases, (by, amount)), listed=listed)

    def in_words(self) -> str:
        taken = "".join(f" − released by {by} {format_amount(amount)}" for by, amount in self.releases)
        comes_to = f" = {format_amount(self._difference)}" if taken else ""
        waits = "".join(f" ({each.in_words})" for each in self.counted if not each.is_in_a_file)
        says_less = f", of which {self.listed.named} says {self.listed.in_words()}" if self.is_listed_lower else ""
        return f"{self.words} {format_amount(self.first)}{taken}{comes_to}{waits}{says_less}" + (
            ", so nothing is left" if self._difference < 0 else ""
        )

    def by_hand_in_words(self) -> str:
        """Of a bill that no file of ours holds what Sage’s list says, and what we do where that is more; else ""."""
        if not self.listed:
            return ""
        here = f", and {format_amount(self._difference)} here" if self.is_listed_lower else ""
        return f"by {self.listed.named} it holds {self.listed.in_words()}{here}"


@dataclass(frozen=True)
class Allocation:
    """A part of a release, on one invoice that Sage holds or on those before a mid-job start, in dollars.

    `of` is the whole release, `on_older` what of it stands on places before this one.
    """

    on: Holding
    balance: Balance
    released: Decimal
    of: Decimal
    on_older: Decimal

    def as_facts(self) -> ReleaseFacts:
        return ReleaseFacts(
            invoice_number=named(self.on),
            invoice_date=_dated(self.on),
            held=self.held,
            released=self.released,
            how_held=self.balance.in_words(),
            how_released=self._in_words(),
            by_hand=self.balance.by_hand_in_words(),
            refused=getattr(self.on, "what_sage_said", None) or "",
        )

    def _in_words(self) -> str:
        before = f", after {format_amount(self.on_older)} on older ones" if self.on_older else ""
        return f"oldest first: {format_amount(self.released)} of {format_amount(self.of)}{before}"

    @property
    def held(self) -> Decimal:
        return self.balance.left

    @property
    def is_start(self) -> bool:
        return isinstance(self.on, StartingCertificate)


@dataclass(frozen=True)
class Spread:
    """A release in its parts; `counted`: what other batches release on the places that were asked for it."""

    parts: tuple[Allocation, ...] = ()
    counted: tuple[CountedRelease, ...] = ()


def allocate_releases(
    exports: list[InvoiceExport],
    *,
    files: Collection[list[InvoiceExport]] = (),
    being_built: ExportBatch | None = None,
) -> dict[int, Spread]:
    """{invoice id: its release spread over what Sage holds earlier of its commitment, oldest first} (S51).

    `being_built`: their batch, once it was accepted: what came after takes nothing from under it (S60).
    `files`: what of them goes together, so that a release may stand on what goes with it; all of them where nothing is
    said. What earlier batches released stays as their release sheets told it. What finds no invoice to stand on is left
    out, so the rules see that less is allocated than released, and stop it.
    """
    found = defaultdict(Spread)
    releasing = [export for export in exports if export.invoice.retainage_released > 0]
    if not releasing:
        return found
    grounds = _Grounds.of(exports, releasing, being_built, along=() if files else exports)
    for file in files or [exports]:
        of_it = [export for export in file if export.invoice.retainage_released > 0]
        left, ids = grounds.held_for(file, of_it), {export.invoice_id for export in file}
        holding = sorted(left, key=_dated)
        for export in of_it:
            found[export.invoice_id] = _spread(export.invoice, holding, left, ids)
    return found


@dataclass(frozen=True)
class _Grounds:
    """What releases may stand on, by commitment, whichever of the `waiting` invoices go into one file.

    `taken`: {place: of each export whose batch releases on it the number, when it was built, its id and how much}.
    """

    waiting: set[Invoice]
    in_sage: dict[int, list[Holding]]
    listed: dict[int, list[tuple[Invoice, Listed]]]
    taken: dict[Holding, list[tuple]]

    @classmethod
    def of(
        cls, exports: list[InvoiceExport], releasing: list[InvoiceExport], being_built: ExportBatch | None, *, along
    ):
        """`along`: what goes along with each of them."""
        listed = _given_by_hand(releasing, along, being_built)
        found = [*_starts(releasing), *_in_sage(releasing, exports, being_built)]
        of_each, said_of_each = defaultdict(list), defaultdict(list)
        for place in found:
            of_each[place.commitment_id].append(place)
        for bill, said in listed.items():
            said_of_each[bill.commitment_id].append((bill, said))
        waiting = {export.invoice for export in exports if export.status not in IN_A_FILE}
        return cls(waiting, of_each, said_of_each, _taken([*found, *listed], being_built))

    def held_for(self, file: list[InvoiceExport], releasing: list[InvoiceExport]) -> dict[Holding, Balance]:
        """Without what this very file releases.

        What goes along stands there for it alone, and not as Sage was given it by hand.
        """
        own, ids = {export.pk for export in file}, {export.invoice_id for export in file}
        held = {}
        for commitment in dict.fromkeys(export.invoice.commitment_id for export in releasing):
            for place in self.in_sage[commitment]:
                if place in self.waiting and place.pk not in ids:
                    continue
                held[place] = _balance(place, *_at_first(place), self._told(place, own))
            for bill, said in self.listed[commitment]:
                if bill.pk not in ids:
                    told = self._told(bill, own)
                    held[bill] = _balance(bill, *_at_first(bill), told).beside(said, told)
        return held

    def _told(self, place: Holding, own: set[int]) -> list[tuple]:
        """Of each batch the number, when it was built, and how much it releases there."""
        sums = defaultdict(Decimal)
        for number, built_at, export, amount in self.taken[place]:
            if export not in own:
                sums[number, built_at] += amount
        return [(*batch, amount) for batch, amount in sums.items()]


def _spread(releasing: Invoice, holding: list[Holding], left: dict[Holding, Balance], along: set[int]) -> Spread:
    """Never on itself. Takes what it spreads out of `left`. `along`: ids of what goes into the same file."""
    whole, placed, parts = releasing.retainage_released, ZERO, []
    places = _places(releasing, holding, left, along)
    for place in places:
        part = min(whole - placed, left[place].left)
        if part > 0:
            parts.append(Allocation(place, left[place], part, whole, placed))
            left[place] = left[place].less(f"{releasing.number} of this file", part)
            placed += part
    return Spread(tuple(parts), tuple(each for place in places for each in left[place].counted))


def _places(releasing: Invoice, holding: list[Holding], left: dict[Holding, Balance], along: set[int]) -> list[Holding]:
    """What comes before it. Where that holds too little, also what comes after it and stands in a file already.

    One that came after it was exported first then, and its release took what this one would have. Not what goes along:
    of two in one file, each could stand on the other.
    """
    others = [each for each in holding if each.commitment_id == releasing.commitment_id and each != releasing]
    before = [each for each in others if _is_before(each, releasing)]
    if sum(left[each].left for each in before) >= releasing.retainage_released:
        return before
    return [each for each in others if _is_before(each, releasing) or each.pk not in along]


def named(place: Holding) -> str:
    """As the release sheet names it."""
    return BEFORE if isinstance(place, StartingCertificate) else place.number


def _dated(place: Holding) -> date:
    """The day it bears: a first bill may bear one from before the last day of what was billed elsewhere."""
    return place.as_of_date if isinstance(place, StartingCertificate) else place.billing_date


def _at_first(place: Holding) -> tuple[str, Decimal]:
    """What it took at first, in words and in dollars."""
    if isinstance(place, StartingCertificate):
        return "held before Plumbline", place.total_retainage
    return "newly held", place.retainage_newly_held


def _is_before(earlier: Holding, invoice: Invoice) -> bool:
    return isinstance(earlier, StartingCertificate) or earlier.position < invoice.position


def _starts(of: list[InvoiceExport]) -> list[StartingCertificate]:
    return list(StartingCertificate.objects.filter(commitment__in={export.invoice.commitment_id for export in of}))


def _in_sage(
    of: list[InvoiceExport], with_these: list[InvoiceExport], being_built: ExportBatch | None = None
) -> list[Invoice]:
    """The invoices of their commitments that stand in a built file or go with `with_these`, oldest first.

    `what_sage_said` of each: why it did not take its row, None where it did as far as anybody said.

    Not those of another batch that is still being built: it may fail, and then Sage never gets them. For a batch that
    is `being_built` only what it stands on, as accepted.
    """
    commitments = {export.invoice.commitment_id for export in of}
    invoices = Invoice.objects.filter(commitment__in=commitments)
    goes_along = Q(pk__in=[export.invoice_id for export in with_these])
    known = InvoiceExport.objects.filter(invoice__commitment__in=commitments, status__in=IN_A_FILE)
    if being_built:
        known = known.filter(invoice__releases_on_it__item__batch=being_built)
    found = invoices.filter(goes_along | Q(export__in=known)).annotate(
        what_sage_said=SageRefusal.objects.words_about("pk")
    )
    return list(found.order_by("billing_date", "position"))


def _given_by_hand(
    of: list[InvoiceExport], with_these: Collection[InvoiceExport], being_built: ExportBatch | None
) -> dict[Invoice, Listed]:
    """{a certified bill of theirs that no file of ours holds and Sage’s newest list does: what that says of it}.

    It was keyed by hand, or stood in a file of lost days (R127): S11 lets no file hold it any more.
    """
    vendors = {export.invoice.commitment_id: export.invoice.vendor.sage_link for export in of if _is_linked(export)}
    bills = Invoice.objects.live().filter(commitment__in=vendors, status__in=Invoice.CERTIFIED)
    bills = bills.filter(Q(export=None) | ~Q(export__status__in=FROZEN))
    bills = bills.exclude(pk__in=[export.invoice_id for export in with_these])
    if being_built:
        bills = bills.filter(releases_on_it__item__batch=being_built)
    bills = list(bills)
    version = SageListVersion.objects.in_use(of[0].company, ListKind.PAYABLE_INVOICES) if bills else None
    if version is None:
        return {}
    version.company, held = of[0].company, holdings_of(version)
    keys = {bill: (vendors[bill.commitment_id].number, bill.number_key) for bill in bills}
    return {bill: Listed(version, held[key]) for bill, key in keys.items() if key in held}


def _is_linked(export: InvoiceExport) -> bool:
    return hasattr(export.invoice.vendor, "sage_link")


def _taken(places: list[Holding], being_built: ExportBatch | None) -> dict[Holding, list[tuple]]:
    """What batches release on these places, but for those that came after the one being built.

    One that failed before it counted, and does so when it is accepted anew: its number stays. By numbers, for two
    machines have two clocks.
    """
    invoices = {each.pk: each for each in places if isinstance(each, Invoice)}
    starts = {each.pk: each for each in places if isinstance(each, StartingCertificate)}
    told = ("item__batch__number", "item__batch__built_at", "item__invoice_export")
    released = (
        RetainageRelease.objects.filter(item__is_live=True)
        .filter(Q(on_invoice__in=list(invoices)) | Q(on_start__in=list(starts)))
        .values_list("on_invoice", "on_start", *told)
        .annotate(total=Sum("released"))
        .order_by("item__batch__number")
    )
    if being_built:
        released = released.exclude(**_accepted_later(being_built))
    taken = defaultdict(list)
    for invoice, start, *rest in released:
        taken[invoices[invoice] if invoice else starts[start]].append(tuple(rest))
    return taken


def _accepted_later(being_built: ExportBatch) -> dict:
    """What an older program accepted says no number: then by the moments of both."""
    if being_built.counts_below is not None:
        return {"item__batch__number__gte": being_built.counts_below}
    return {"item__batch__accepted_at__gt": being_built.accepted_at, "item__batch__number__gt": being_built.number}


def _balance(place: Holding, words: str, first: Decimal, taken: list) -> Balance:
    """`taken`: of each batch that releases on it the number, when it was built, and how much."""
    counted = tuple(
        CountedRelease(
            invoice_number=named(place),
            batch_key=batch_key(number),
            amount=amount,
            is_in_a_file=built_at is not None,
        )
        for number, built_at, amount in taken
    )
    return Balance(words, first, tuple((each.batch_key, each.amount) for each in counted), counted)


def released_before(exports: list[InvoiceExport]) -> dict[int, tuple[CountedRelease, ...]]:
    """{invoice id: what the sheets of files that it left told staff to release for it}; of what releases now (S51)."""
    found = defaultdict(tuple)
    releasing = [export.pk for export in exports if export.pk and export.invoice.retainage_released > 0]
    if not releasing:
        return found
    left = RetainageRelease.objects.filter(item__is_live=False, item__invoice_export__in=releasing)
    told = ("item__invoice_export__invoice", "item__batch__number", "on_invoice__number", "released")
    for invoice, number, on, amount in left.exclude(item__batch__file_key="").order_by("pk").values_list(*told):
        found[invoice] += (CountedRelease(invoice_number=on or BEFORE, batch_key=batch_key(number), amount=amount),)
    return found


def bills_reduced(exports: list[InvoiceExport]) -> dict[int, list[str]]:
    """{id of a credit: the numbers of the bills that it may reduce, the one it reduces by itself first} (S45)."""
    return {credit: [bill.number for bill in bills] for credit, bills in _bills_before(exports).items()}


def _bills_before(exports: list[InvoiceExport]) -> dict[int, list[Invoice]]:
    """{id of a credit: its commitment’s earlier bills that Sage has rows of, newest first}; none that it refused."""
    credits = [export for export in exports if export.invoice.gross_this_period < 0]
    if not credits:
        return {}
    bills = [bill for bill in _in_sage(credits, []) if bill.gross_this_period > 0 and not bill.what_sage_said]
    found = {}
    for credit in (export.invoice for export in credits):
        earlier = [b for b in bills if b.commitment_id == credit.commitment_id and b.position < credit.position]
        found[credit.pk] = sorted(earlier, key=lambda bill: -bill.position)
    return found


def credits_on(places: Collection[ExportItem]) -> dict[int, list[ExportItem]]:
    """{export id: the live places of credits whose batch was accepted with its number as what they reduce} (S45).

    Of its Sage vendor, under whatever commitment. `places`: where the exports of one company stand, live; as many
    queries for fifty as for one.
    """
    bills = {(item.vendor_number, item.number_key): item.invoice_export_id for item in places}
    if not bills:
        return {}
    live = ExportItem.objects.filter(is_live=True, company=next(iter(places)).company_id)
    credits = live.filter(vendor_number__in={vendor for vendor, _ in bills})
    credits = credits.filter(invoice_export__invoice__gross_this_period__lt=0).select_related("invoice_export__invoice")
    batches = ExportBatch.objects.only("number", "snapshot").in_bulk({item.batch_id for item in credits})
    accepted = {pk: batch.as_accepted for pk, batch in batches.items()}
    found = defaultdict(list)
    for item in credits:
        item.batch = batches[item.batch_id]
        told = accepted[item.batch_id].get(item.invoice_export.invoice_id)
        bill = bills.get((item.vendor_number, number_key(told.reference_no))) if told else None
        if bill:
            found[bill].append(item)
    return found


@dataclass(frozen=True)
class Reducible:
    """An invoice that a credit may be said to reduce; `amount` its gross, in dollars."""

    number: str
    dated: date | None
    amount: Decimal


def reducible(credit: InvoiceExport) -> list[Reducible]:
    """What Sage has from us of its commitment, the newest first; then what Sage’s list holds of its vendor and job.

    The list’s `MOST_OFFERED` newest; what is void there, a credit itself, or named already is left out (S45).
    """
    bills = _bills_before([credit]).get(credit.invoice_id, [])
    ours = [Reducible(bill.number, bill.billing_date, bill.gross_this_period) for bill in bills]
    taken = {number_key(each.number) for each in ours} | {number_key(credit.invoice.number)}
    theirs = [row for row in _listed_for(credit) if number_key(row.invoice_number) not in taken]
    theirs.sort(key=lambda row: row.invoice_date or date.min, reverse=True)
    return ours + [Reducible(row.invoice_number, row.invoice_date, row.gross) for row in theirs[:MOST_OFFERED]]


def _listed_for(credit: InvoiceExport) -> list[PayableInvoice]:
    invoice, version = credit.invoice, SageListVersion.objects.in_use(credit.company, ListKind.PAYABLE_INVOICES)
    vendor, job = getattr(invoice.vendor, "sage_link", None), getattr(invoice.project, "sage_link", None)
    if not (version and vendor and job and job.job_number):
        return []
    return [
        row
        for row in payables_of(version)
        if row.vendor_number == vendor.number and row.is_of_job(job.job_number) and row.gross > 0 and not row.is_void
    ]
