"""What a pair of ours and Sage's is: which of ours there are, what Sage offers for each, and which match exactly."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models
from django.db.models import Case, CharField, Count, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from directory.models import Company
from erp_integrations.models import ExportStatus, InvoiceExport, ListKind, sage_lists
from erp_integrations.models.exports import BEFORE_A_FILE
from erp_integrations.permissions import may_keep_lists
from erp_integrations.sage100.entries import Entry
from erp_integrations.sage100.lists import SageLists
from invoicing.seen import seen_commitments

GAP, LINKED = "0", "1"


@dataclass(frozen=True)
class Match:
    """One of ours and one of Sage's that are exactly alike in `same`: "name", "number", or both.

    `names_differ`: only the number is the same, so somebody looks first.
    """

    ours: object
    entry: Entry
    same: str
    names_differ: bool = False

    @property
    def mark(self) -> str:
        """What a tick box of the page sends."""
        return f"{self.ours.pk}:{self.entry.key}"


@dataclass(frozen=True)
class Standing:
    """How far a pair is: of those that bills need, how many are linked."""

    linked: int
    needed: int

    @property
    def gaps(self) -> int:
        return self.needed - self.linked


class Pair(ABC):
    """Reads only; `actions.links` writes. `slug` names it in addresses."""

    slug = title = one = many = theirs = ""
    alike = "the same name or number"
    kinds: tuple[ListKind, ...] = ()
    model: type[models.Model]
    field = ""  # of the link: ours
    key_field = "number"  # of the link: Sage's
    to_invoices = ""  # from an export to ours
    to_commitment: str | None = None  # from ours, where looking at it is looking at a commitment (P-2)
    has_account = False  # whether a ledger account of its own may go before all others (S30)
    only_warns = False  # what a missing link does: S39 warns, all others block

    # Ours

    @abstractmethod
    def found(self, company: Company, show: str, words: str):
        """`show`: "gaps", "all", or "" for what is needed or linked."""

    @abstractmethod
    def get(self, company: Company, pk: int):
        """One of ours; None where there is none."""

    def name(self, item) -> str:
        return str(item)

    def detail(self, item) -> str:
        return ""

    def seen_by(self, access) -> Q:
        """Whoever links sees all there is to link; who only looks, what is with accounting or theirs to see (P-2)."""
        if self.to_commitment is None or may_keep_lists(access):
            return Q()
        sent = InvoiceExport.objects.exclude(status=ExportStatus.NOT_SENT).values("invoice__commitment")
        with_accounting = Q(**{f"{self.to_commitment}pk__in": sent})
        return seen_commitments(access.person, self.to_commitment) | with_accounting

    def link_of(self, item):
        """The link, also one that keeps nothing but a ledger account; None without any."""
        return getattr(item, "sage_link", None)

    def key_of(self, item) -> str:
        link = self.link_of(item)
        return str(getattr(link, self.key_field)) if link and getattr(link, self.key_field) else ""

    @abstractmethod
    def new_link(self, company: Company, item) -> models.Model:
        """A link of ours that is not saved yet."""

    # Sage's

    def lists(self, company: Company) -> SageLists:
        """Only those that this pair looks into: the others may be long."""
        return sage_lists(company, kinds=self.kinds) if self.kinds else SageLists()

    def missing(self, lists: SageLists) -> list[ListKind]:
        """Those of its lists that were never uploaded."""
        return [kind for kind in self.kinds if getattr(lists, kind).as_of is None]

    @abstractmethod
    def entries(self, lists: SageLists, item) -> list[Entry]:
        """What Sage offers for `item`; for all of ours alike where it is None."""

    def entry(self, lists: SageLists, item, key: str) -> Entry | None:
        return next((entry for entry in self.entries(lists, item) if entry.key == key), None)

    @abstractmethod
    def taken(self, company: Company, item, keys: Iterable[str]) -> dict[str, str]:
        """{key: who of ours has it}, of those that are linked to another."""

    # Both

    @abstractmethod
    def standing(self, company: Company) -> Standing:
        """How many a bill may need, and how many of them are linked."""

    @abstractmethod
    def matches(self, company: Company, lists: SageLists) -> list[Match]:
        """Where a number or a name is exactly the same, neither is linked, and nothing else is as alike."""

    def with_ours(self, company: Company, matches: list[Match]) -> list[Match]:
        """The same matches, ours read with all that a page or a link needs of them."""
        return matches

    def stopped(self, company: Company, item) -> int:
        """How many invoices on their way to a file would lack this link."""
        waiting = InvoiceExport.objects.of(company).filter(status__in=BEFORE_A_FILE, **{self.to_invoices: item})
        return waiting.values("pk").distinct().count()


class PairOfRows(Pair):
    """One whose ours are rows of a table."""

    @abstractmethod
    def all_ours(self, company: Company) -> QuerySet:
        """Whatever can be linked."""

    @abstractmethod
    def needed(self) -> Q:
        """Those that a bill may need."""

    @abstractmethod
    def matching(self, words: str) -> Q:
        """Those that a word of a search finds."""

    def gap(self) -> Q:
        """Without a link, or with one that keeps nothing but a ledger account."""
        bare = Q(sage_link=None)
        return bare | Q(**{f"sage_link__{self.key_field}": ""}) if self.has_account else bare

    def sort_by(self) -> str | Value:
        return "name"

    def in_order_key(self) -> Concat:
        """Gaps first."""
        first = Case(When(self.gap(), then=Value(GAP)), default=Value(LINKED))
        return Concat(first, self.sort_by(), output_field=CharField())

    def found(self, company: Company, show: str, words: str) -> QuerySet:
        ours = self.all_ours(company)
        if show == "gaps":
            ours = ours.filter(self.needed() & self.gap())
        elif show != "all":
            ours = ours.filter(self.needed() | ~self.gap())
        for word in words.split():
            ours = ours.filter(self.matching(word))
        return ours

    def get(self, company: Company, pk: int):
        return self.all_ours(company).filter(pk=pk).first()

    def new_link(self, company: Company, item) -> models.Model:
        return self.model(company=company, **{self.field: item})

    def taken(self, company: Company, item, keys: Iterable[str]) -> dict[str, str]:
        links = self.model.objects.filter(company=company, **{f"{self.key_field}__in": list(keys)})
        links = links.exclude(**{self.field: item}).select_related(self.field)
        return {str(getattr(link, self.key_field)): self.name(getattr(link, self.field)) for link in links}

    def all_taken(self, company: Company) -> set[str]:
        return {str(key) for key in self.model.objects.filter(company=company).values_list(self.key_field, flat=True)}

    def standing(self, company: Company) -> Standing:
        needed = self.all_ours(company).filter(self.needed()).select_related(None)
        counted = needed.aggregate(needed=Count("pk"), gaps=Count("pk", filter=self.gap()))
        return Standing(counted["needed"] - counted["gaps"], counted["needed"])


class PairByNumberOrName(PairOfRows):
    """One whose matches are told by a number or a name alone."""

    @abstractmethod
    def number_and_name(self, item) -> tuple[str, str]:
        """What is compared: ours as Sage would write its number, and its name; "" for what it has not."""

    def matches(self, company: Company, lists: SageLists) -> list[Match]:
        unlinked = self.all_ours(company).filter(self.gap())
        return only_ones(list(self._candidates(list(unlinked), lists)), self.all_taken(company))

    def _candidates(self, unlinked: list, lists: SageLists) -> Iterator[Match]:
        entries = [entry for entry in self.entries(lists, None) if not entry.why_not]
        by_number = {entry.key: entry for entry in entries}
        names = Counter(entry.name.casefold() for entry in entries)
        by_name = {entry.name.casefold(): entry for entry in entries if names[entry.name.casefold()] == 1}
        for item in unlinked:
            number, name = self.number_and_name(item)
            same_number, same_name = by_number.get(number), by_name.get(name.casefold()) if name else None
            if same_number and same_name and same_number.key != same_name.key:
                continue
            if same_number or same_name:
                found = [word for word, one in (("number", same_number), ("name", same_name)) if one]
                entry = same_number or same_name
                yield Match(item, entry, " and ".join(found), bool(name) and entry.name.casefold() != name.casefold())


def only_ones(matches: list[Match], taken: Iterable[str] = ()) -> list[Match]:
    """Without those whose entry is linked already, or would fit another of ours as well."""
    taken, wanted = set(taken), Counter(match.entry.key for match in matches)
    return [match for match in matches if match.entry.key not in taken and wanted[match.entry.key] == 1]
