"""The sixth pair: lines of a schedule of values, and the lines of the subcontract or order that Sage has."""

from collections import Counter

from django.db.models import Q

from erp_integrations.models import CostTypeLink, LineLink, ListKind
from erp_integrations.pairing.pairs import Entry, Match, Pair
from erp_integrations.sage100.lists import SageLists
from invoicing.calculations.money import format_amount
from invoicing.models import Commitment, ScheduleLine


class Lines(Pair):
    """Only of commitments that are linked: whose lines else?"""

    slug, title, one, many = "lines", "Schedule lines", "schedule line", "schedule lines"
    theirs, only_warns = "Sage line", True
    alike = "the same cost code and type (or amount as well), once on both sides"
    kinds = (ListKind.SUBCONTRACTS, ListKind.PURCHASE_ORDERS)
    model, field, key_field = LineLink, "schedule_line", "line_reference"
    to_invoices = "invoice__lines__schedule_line"

    def all_ours(self, company):
        lines = ScheduleLine.objects.billable().filter(commitment__company=company, commitment__sage_link__isnull=False)
        return lines.select_related("sage_link", "commitment__sage_link", "cost_code__sage_link", "change_order")

    def needed(self):
        return Q(commitment__status__in=Commitment.BILLABLE)

    def gap(self):
        return Q(sage_link=None) | Q(sage_link__line_reference="")

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
        found = lists.commitments(link.kind).get(link.number)
        return [self._entry(line) for line in found.lines] if found else []

    def _entry(self, line) -> Entry:
        left = "" if line.remaining is None else f", {format_amount(line.remaining)} remaining"
        sums = f"{format_amount(line.contract + line.change)}{left}"
        return Entry(line.line_reference, f"{line.cost_code}, type {line.cost_type}", sums)

    def taken(self, company, item, keys):
        links = LineLink.objects.filter(commitment=item.commitment, line_reference__in=list(keys))
        links = links.exclude(schedule_line=item).select_related("schedule_line")
        return {link.line_reference: str(link.schedule_line) for link in links}

    def matches(self, company, lists):
        """The only Sage line of the linked commitment with the same code and type, or the same amount as well."""
        types = dict(CostTypeLink.objects.filter(company=company).values_list("cost_type", "number"))
        taken = set(LineLink.objects.filter(commitment__company=company).values_list("commitment", "line_reference"))
        unlinked = self.all_ours(company).filter(self.gap(), self.needed(), cost_code__sage_link__isnull=False)
        return [
            Match(line, self._entry(theirs), same)
            for lines in _by_commitment(unlinked).values()
            for line, theirs, same in _same_lines(lines, lists, types)
            if (line.commitment_id, theirs.line_reference) not in taken
        ]


def _by_commitment(lines) -> dict[int, list[ScheduleLine]]:
    found = {}
    for line in lines:
        found.setdefault(line.commitment_id, []).append(line)
    return found


def _same_lines(lines: list[ScheduleLine], lists: SageLists, types: dict[int, int]):
    """(ours, Sage's, what is the same) of the unlinked lines of one commitment."""
    link = lines[0].commitment.sage_link
    in_sage = lists.commitments(link.kind).get(link.number)
    theirs = in_sage.lines if in_sage else ()
    found = {}
    for same, ours_by, theirs_by in (
        ("cost code, type and amount", lambda line: (*_code_and_type(line, types), line.amount),
         lambda line: (line.cost_code, line.cost_type, line.contract)),
        ("cost code and type", lambda line: _code_and_type(line, types), lambda line: (line.cost_code, line.cost_type)),
    ):  # fmt: skip
        wanted, there = Counter(map(ours_by, lines)), Counter(map(theirs_by, theirs))
        by_key = {theirs_by(line): line for line in theirs}
        for line in lines:
            key = ours_by(line)
            if wanted[key] == there[key] == 1:
                found[line.pk] = line, by_key[key], same
    return found.values()


def _code_and_type(line: ScheduleLine, types: dict[int, int]) -> tuple[str, int | None]:
    return line.cost_code.sage_link.code, types.get(line.cost_type)


LINES = Lines()
