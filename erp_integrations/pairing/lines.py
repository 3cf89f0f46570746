"""The sixth pair: lines of a schedule of values, and the lines of the subcontract or order that Sage has."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from django.db.models import Q

from erp_integrations.models import CostTypeLink, LineLink, ListKind
from erp_integrations.pairing.pairs import Match, PairOfRows
from erp_integrations.sage100 import entries
from erp_integrations.sage100.lists import CommitmentLine
from invoicing.calculations.money import format_amount
from invoicing.models import Commitment, ScheduleLine


class Lines(PairOfRows):
    """Only of commitments that are linked: whose lines else?"""

    slug, title, one, many = "lines", "Schedule lines", "schedule line", "schedule lines"
    has_account = True
    to_commitment = "commitment__"
    theirs, only_warns = "Sage line", True
    alike = "the same cost code and type (and amount where that is needed), each once"
    kinds = (ListKind.SUBCONTRACTS, ListKind.PURCHASE_ORDERS)
    model, field, key_field = LineLink, "schedule_line", "line_reference"
    to_invoices = "invoice__lines__schedule_line"

    def all_ours(self, company):
        lines = ScheduleLine.objects.billable().filter(commitment__company=company, commitment__sage_link__isnull=False)
        return lines.select_related("sage_link", "commitment__sage_link", "cost_code__sage_link", "change_order")

    def needed(self):
        return Q(commitment__status__in=Commitment.BILLABLE)

    def matching(self, words):
        return (
            Q(commitment__number__icontains=words)
            | Q(description__icontains=words)
            | Q(cost_code__code__icontains=words)
        )

    def name(self, item):
        return f"{item.commitment.number}, line {item.position}"

    def detail(self, item):
        kind = item.get_cost_type_display()
        return f"{item.description} ({item.cost_code.code}, {kind}, {format_amount(item.amount)})"

    def sort_by(self):
        return "commitment__number"

    def new_link(self, company, item):
        return LineLink(schedule_line=item, commitment=item.commitment)

    def entries(self, lists, item):
        link = item.commitment.sage_link
        return entries.lines(lists, link.kind, link.number)

    def taken(self, company, item, keys):
        links = LineLink.objects.filter(commitment=item.commitment, line_reference__in=list(keys))
        links = links.exclude(schedule_line=item).select_related("schedule_line")
        return {link.line_reference: str(link.schedule_line) for link in links}

    def matches(self, company, lists):
        """The only Sage line of the linked commitment with the same code and type, or the same amount as well.

        Their lines hold no more than their ids until `with_ours`: there may be tens of thousands.
        """
        types = dict(CostTypeLink.objects.filter(company=company).values_list("cost_type", "number"))
        taken = set(LineLink.objects.filter(commitment__company=company).values_list("commitment", "line_reference"))
        unlinked = self.all_ours(company).filter(self.gap(), self.needed(), cost_code__sage_link__isnull=False)
        told = unlinked.select_related(None).order_by("commitment__number", "pk").values_list(
            "pk", "commitment_id", "commitment__sage_link__kind", "commitment__sage_link__number",
            "cost_code__sage_link__code", "cost_type", "amount",
        )  # fmt: skip
        found = []
        for (commitment, kind, number), rows in groupby(told, key=itemgetter(1, 2, 3)):
            in_sage = lists.commitments(kind).get(number)
            ours = [_Ours(pk, code, types.get(cost_type), amount) for pk, *_, code, cost_type, amount in rows]
            for pk, theirs, same in _same_lines(ours, in_sage.lines if in_sage else ()):
                if (commitment, theirs.line_reference) not in taken:
                    line = ScheduleLine(pk=pk, commitment_id=commitment)
                    found.append(Match(line, entries.line(theirs), same))
        return found

    def with_ours(self, company, matches):
        lines = self.all_ours(company).in_bulk([match.ours.pk for match in matches])
        return [replace(match, ours=lines[match.ours.pk]) for match in matches if match.ours.pk in lines]


class _Ours(NamedTuple):
    pk: int
    code: str
    cost_type: int | None
    amount: Decimal


def _same_lines(ours: list[_Ours], theirs: Iterable[CommitmentLine]) -> Iterator[tuple[int, CommitmentLine, str]]:
    """(our id, Sage's line, what is the same) of the unlinked lines of one commitment."""
    found: dict[int, tuple[CommitmentLine, str]] = {}
    by_amount = [(line.code, line.cost_type, line.amount) for line in ours]
    by_type = [(line.code, line.cost_type) for line in ours]
    for same, keys, read in (
        ("cost code, type and amount", by_amount, attrgetter("cost_code", "cost_type", "contract")),
        ("cost code and type", by_type, attrgetter("cost_code", "cost_type")),
    ):
        wanted, there = Counter(keys), Counter(map(read, theirs))
        by_key = {read(line): line for line in theirs}
        for line, key in zip(ours, keys, strict=True):
            if wanted[key] == there[key] == 1:
                found[line.pk] = by_key[key], same
    return ((pk, line, same) for pk, (line, same) in found.items())


LINES = Lines()
