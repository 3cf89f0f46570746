"""The lines of an invoice as a reviewer sees them: claimed and allowed, changed since last time, and what is wrong."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, JSONField, OuterRef, Q, Subquery

from directory.models import Person
from directory.unsaved import Unsaved
from invoicing.actions import reviews
from invoicing.allowed_amounts import Figure, as_it_stands, figures_apart, is_reduced
from invoicing.calculations.differences import FOLLOWS, is_typed
from invoicing.calculations.findings import Identity
from invoicing.calculations.lines import Line
from invoicing.forms.columns import COLUMNS
from invoicing.grid import column_totals, lines_with_names
from invoicing.models import SEEN, Invoice, InvoiceLine, Look, Submission, Verdict, figures_of, is_other
from invoicing.proof import identities_of
from invoicing.review_columns import RELEASE, STORED

LABELS = {column.field: column.label for column in COLUMNS.values() if column.field}


@dataclass(frozen=True)
class ReviewRow:
    """`claim` is the line in the newest submission, `before` as the one before it was left; None where it has none.

    `looked_at` are its figures when this reviewer last looked; empty where they never did, or it was not there then.
    """

    line: InvoiceLine
    worked: Line
    claim: dict | None
    before: dict | None
    is_resubmitted: bool
    breaches: tuple[Identity, ...]
    has_look: bool = False
    is_own: bool = False  # the amounts are what this reviewer allowed
    looked_at: Sequence[str] = ()
    asks: bool = False  # the reason box is open
    said: str = ""  # why nothing was saved
    reason: str = ""  # what was typed
    kept: Unsaved | None = None  # it was typed before they were signed out
    mine: str = ""  # the verdict that was not given, since somebody else was first
    reasons: Sequence[str] = ()  # of recent rejections, to choose from

    @property
    def key(self) -> str:
        """The id in the page: as text, since templates put commas into numbers."""
        return f"line-{self.line.pk}"

    @property
    def pressed(self) -> str:
        """What its form says of the verdict that it shows."""
        return reviews.mark_of_verdict(self.line)

    @property
    def is_changed(self) -> bool:
        """Not the figures that reviewers left of the submission before: those they approved, where they did (I-8)."""
        return self.is_resubmitted and (self.claim is None or is_other(self.before, self.claim))

    @cached_property
    def _allowed(self) -> dict[str, Decimal]:
        return as_it_stands(self.line)

    @cached_property
    def figures_apart(self) -> list[Figure]:
        """What a reviewer changed of the claim (I-4)."""
        return figures_apart(self.claim, self._allowed)

    @property
    def claimed(self) -> Decimal | None:
        """The work claimed this period, where the allowed one differs."""
        return next((figure.claimed for figure in self.figures_apart if figure.name == "work_this_period"), None)

    @property
    def also_apart(self) -> list[Figure]:
        """The others that a reviewer changed: the cell of the work says its own."""
        return [figure for figure in self.figures_apart if figure.name != "work_this_period"]

    @property
    def is_reduced(self) -> bool:
        return is_reduced(self.claim, self._allowed)

    @property
    def was(self) -> Decimal | None:
        """The work that was left of the submission before, where it was another amount."""
        if not self.is_changed or not self.claim or not self.before:
            return None
        was = Decimal(self.before["work_this_period"])
        return None if was == Decimal(self.claim["work_this_period"]) else was

    @property
    def also_was(self) -> list[Figure]:
        """The other figures that were left of the submission before (`claimed` here), and as they are claimed now."""
        found = figures_apart(self.before, self.claim) if self.is_changed else []
        return [figure for figure in found if figure.name != "work_this_period"]

    @property
    def is_new_to_me(self) -> bool:
        """Not as this reviewer last saw it, and not by themselves (I-10)."""
        return self.has_look and not self.is_own and list(self.looked_at) != figures_of(self.line)

    @property
    def saw(self) -> Decimal | None:
        """The work this period that this reviewer last saw, where it is another now and the cell has not said so."""
        saw = Decimal(self.looked_at[0]) if self.is_new_to_me and self.looked_at else None
        return None if saw in (self.line.work_this_period, self.was, self.claimed) else saw

    @property
    def also_seen(self) -> list[tuple[str, Decimal, Decimal]]:
        """(what, as last seen, now) of each other amount that is another now; retainage only where no rule moved it."""
        if not self.is_new_to_me or not self.looked_at:
            return []
        pairs = [(name, Decimal(old), getattr(self.line, name)) for name, old in zip(SEEN, self.looked_at, strict=True)]
        found = {name: (LABELS[name], old, new) for name, old, new in pairs if old != new}
        for held, follows in FOLLOWS.items():
            if not getattr(self.line, is_typed(held)) and any(name in found for name in follows):
                found.pop(held, None)
        found.pop("work_this_period", None)
        return list(found.values())

    @property
    def rejected_before(self) -> str:
        """The reason of a rejection that a resubmission has answered."""
        return self.line.verdict_reason if self.line.verdict == Verdict.NONE else ""

    @property
    def approved_before(self) -> bool:
        """Somebody approved it, and somebody else allowed another amount since (I-4)."""
        line = self.line
        is_open = self.is_open and line.verdict_by_id and line.allowed_by_id and not line.verdict_reason
        return bool(is_open) and line.verdict_by_id != line.allowed_by_id

    @property
    def problems(self) -> list[str]:
        sentences = [breach.sentence for breach in self.breaches]
        if self.worked.passes_by and not any(breach.number == "N-4" for breach in self.breaches):
            sentences.append("It is billed beyond its scheduled value.")
        return sentences

    @property
    def is_open(self) -> bool:
        return self.line.verdict == Verdict.NONE


NEEDED = {
    STORED: ("stored_previous", "stored_moved", "stored_new", "stored_retainage"),
    RELEASE: ("retainage_released",),
}


@dataclass(frozen=True)
class Review:
    """One invoice's review: its rows, what the identities say, and the counts of the filters."""

    rows: list[ReviewRow]
    identities: tuple[Identity, ...]
    submission: Submission | None
    looked_at: datetime | None
    seen: int  # the newest event that changed amounts, read before they were

    @property
    def totals(self) -> dict[str, Decimal]:
        return column_totals(self.rows)

    @cached_property
    def has(self) -> set[str]:
        """What any line has, as columns need it: stored materials or retainage on some, a release."""
        lines = [row.line for row in self.rows]
        return {what for what, names in NEEDED.items() if any(getattr(line, name) for line in lines for name in names)}

    @property
    def counts(self) -> dict[str, int]:
        verdicts = [row.line.verdict for row in self.rows]
        return {
            "rest": self.rest,
            "all": len(self.rows),
            "todo": verdicts.count(Verdict.NONE),
            "changed": sum(row.is_changed for row in self.rows),
            "rejected": verdicts.count(Verdict.REJECTED),
            "approved": verdicts.count(Verdict.APPROVED),
            "problems": sum(bool(row.problems) for row in self.rows),
        } | ({"since": sum(row.is_new_to_me for row in self.rows)} if self.looked_at else {})

    @property
    def rest(self) -> int:
        """How many lines one step would approve: without a verdict and not beyond their value."""
        return sum(row.is_open and not row.worked.passes_by for row in self.rows)

    @property
    def rejected(self) -> list[ReviewRow]:
        return [row for row in self.rows if row.line.verdict == Verdict.REJECTED]

    @property
    def first_open(self) -> ReviewRow | None:
        return next((row for row in self.rows if row.is_open), None)


def review_of(invoice: Invoice, person: Person) -> Review:
    sent = _newest_two(invoice, person)
    lines = lines_with_names(invoice)
    found, newest = identities_of(invoice, lines), sent[0]
    rows = _rows(lines, found, sent, person)
    return Review(rows, found, newest, newest and newest.looked_at, newest and newest.newest_event or 0)


def row_of(invoice: Invoice, pk: int, person: Person, **said) -> ReviewRow:
    """One line, without working out the others: what answers a verdict."""
    line = invoice.lines.select_related(
        "schedule_line__cost_code", "schedule_line__change_order", "verdict_by", "allowed_by"
    ).get(pk=pk)
    line.invoice = invoice
    found = [each for each in identities_of(invoice, [line]) if each.line_key == line.schedule_line.key]
    return replace(_rows([line], found, _newest_two(invoice, person), person)[0], **said)


def _rows(lines: list[InvoiceLine], found: Iterable[Identity], sent: Sequence, person: Person) -> list[ReviewRow]:
    breaches = defaultdict(list)
    for identity in found:
        if identity.line_key and not identity.holds:
            breaches[identity.line_key].append(identity)
    newest, before = sent[0] and sent[0].figures(), sent[1] and sent[1].settled()
    look = sent[0].look if sent[0] else None
    return [
        ReviewRow(
            line=line,
            worked=line.as_line(),
            claim=(newest or {}).get(line.schedule_line_id),
            before=(before or {}).get(line.schedule_line_id),
            is_resubmitted=before is not None,
            breaches=tuple(breaches[line.schedule_line.key]),
            has_look=look is not None,
            is_own=line.allowed_by_id == person.pk,
            looked_at=(look or {}).get(str(line.schedule_line_id), ()),
        )
        for line in lines
    ]


def _newest_two(invoice: Invoice, person: Person) -> Sequence[Submission | None]:
    """The newest submission and the one before it; None where there is none. With them comes this person's look."""
    mine = Look.objects.filter(invoice=OuterRef("invoice"), person=person)
    look = Subquery(mine.values("lines"), output_field=JSONField())
    events = Subquery(reviews.amounts_changed(invoice).values("pk")[:1])
    found = {"look": look, "looked_at": Subquery(mine.values("at")), "newest_event": events}
    sent = invoice.submissions.with_decided().annotate(**found)
    sent = sent.select_related("submitted_by").order_by("-number")[:2]
    return [*sent, None, None][:2]


def verdict_counts(invoice: Invoice) -> tuple[dict[str, int], set[str]]:
    """What one more verdict changes: how many lines there are of each, and how many one step would approve.

    And what any line has, as `Review.has` tells it.
    """
    with_any = {what: Count("pk", filter=~Q(**dict.fromkeys(names, 0))) for what, names in NEEDED.items()}
    found = invoice.lines.order_by().values("verdict").annotate(count=Count("pk"), **with_any)
    verdicts = {each["verdict"]: each["count"] for each in found}
    counts = {
        "all": sum(verdicts.values()),
        "todo": verdicts.get(Verdict.NONE, 0),
        "rejected": verdicts.get(Verdict.REJECTED, 0),
        "approved": verdicts.get(Verdict.APPROVED, 0),
        "rest": len(reviews.lines_of_the_rest(invoice)),
    }
    return counts, {what for what in NEEDED if any(each[what] for each in found)}
