"""Reviewing an invoice line by line: verdicts, and one step for all the lines nobody objects to (I-8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.models import BulkApproval, Invoice, InvoiceLine, Verdict
from invoicing.permissions import ADMIN_RIGHT, may_review

# As the timeline says it; whoever asks the record for a verdict asks for these words.
REVIEWED, REST_APPROVED, REST_TAKEN_BACK = VERDICTS = (
    "reviewed a line",
    "approved the other lines",
    "took back approving the other lines",
)


def _under_review(invoice: Invoice, by) -> Invoice:
    """The invoice locked for a verdict; its review counts as begun from here on."""
    invoice = Invoice.objects.locked(invoice.pk)
    if not may_review(invoice, read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if invoice.deleted_at:
        raise NotNow("It was deleted meanwhile.")
    if said := why_not_reviewed(invoice):
        raise NotNow(said)
    invoice.begin_review()
    return invoice


def why_not_reviewed(invoice: Invoice) -> str:
    """Neither verdicts nor allowed amounts are given in another status (I-4); "" while it is under review."""
    if invoice.status == Invoice.Status.UNDER_REVIEW:
        return ""
    return f"It is {invoice.get_status_display()}. Lines are reviewed while it is Under Review."


@transaction.atomic
def decide(
    line: InvoiceLine, verdict: Verdict, reason: str = "", *, by, pressed: str | None = None, seen: int | None = None
) -> InvoiceLine:
    """One line's verdict; a rejection needs a reason and never changes an amount.

    Raises Stale where the page showed another verdict (`pressed`, its mark) or, since the event `seen`, other amounts
    (I-5).
    """
    invoice = _under_review(line.invoice, by)
    line = invoice.lines.select_related("schedule_line", "verdict_by").get(pk=line.pk)
    is_another = pressed is not None and is_another_verdict(line, pressed, by)
    if is_another or (seen is not None and amounts_since(line, seen, by)):
        raise Stale("Somebody decided on this line, or changed its amounts, since you opened the page.")
    reason = reason.strip()
    if verdict == Verdict.REJECTED and not reason:
        raise Refused("Say why. The subcontractor sees it.", field="reason")
    before = line.verdict
    _write(line, verdict, reason if verdict == Verdict.REJECTED else "", by, timezone.now())
    line.save(update_fields=WRITTEN)
    Event.objects.record(
        REVIEWED,
        invoice,
        by=by,
        reason=reason,
        changes={line.schedule_line.key: [Verdict(before).label, Verdict(verdict).label]},
    )
    return line


@transaction.atomic
def approve_the_rest(invoice: Invoice, *, by, version: int | None = None) -> int:
    """Approve every line without a verdict that is not billed beyond its value; how many there were.

    `version`: the one that was looked at, that of `invoice` unless it is said. Raises Stale where it is another by now:
    nobody approves amounts that they did not see (I-5).
    """
    looked_at = invoice.version if version is None else version
    invoice = _under_review(invoice, by)
    if looked_at != invoice.version:
        raise Stale("Amounts or the status changed since you opened the page.")
    open_lines = lines_of_the_rest(invoice)
    if not open_lines:
        return 0
    step = BulkApproval(invoice=invoice, by=by, at=timezone.now(), before={str(x.pk): _kept(x) for x in open_lines})
    for line in open_lines:
        _write(line, Verdict.APPROVED, "", by, step.at)
    InvoiceLine.objects.bulk_update(open_lines, WRITTEN, batch_size=200)
    step.save()
    Event.objects.record(REST_APPROVED, invoice, by=by, changes={"lines": ["", str(len(open_lines))]})
    return len(open_lines)


@transaction.atomic
def take_back_the_rest(invoice: Invoice, step: int, *, by) -> tuple[int, int]:
    """Undo one such step (U6): (lines that are open again, lines that stay because somebody decided on them since)."""
    invoice = _under_review(invoice, by)
    taken = invoice.bulk_approvals.filter(pk=step).first()
    if taken is None or taken.undone_at:
        raise NotNow("That step was undone already.")
    if taken.at < invoice.submitted_at:
        raise NotNow("It was sent again since. Take a verdict back on its own line.")
    lines = list(invoice.lines.filter(verdict=Verdict.APPROVED, verdict_by=taken.by_id, verdict_at=taken.at))
    for line in lines:
        line.verdict = Verdict.NONE
        line.verdict_reason, line.verdict_by_id, line.verdict_at = _as_kept(taken.before[str(line.pk)])
    InvoiceLine.objects.bulk_update(lines, WRITTEN, batch_size=200)
    taken.undone_at = timezone.now()
    taken.save(update_fields=["undone_at"])
    Event.objects.record(REST_TAKEN_BACK, invoice, by=by, changes={"lines": [str(len(lines)), ""]})
    return len(lines), len(taken.before) - len(lines)


# What changes amounts, each written under the lock of the invoice, so that their numbers are in the order of commits.
ENTERED = "entered amounts"
AMOUNTS_CHANGE_BY = (ENTERED, "added change orders", "restored")


def amounts_changed(invoice: Invoice):
    """The events that made its amounts others, newest first."""
    return Event.objects.about(invoice).filter(verb__in=AMOUNTS_CHANGE_BY)


def newest_event(invoice: Invoice) -> int:
    """What a page that shows the amounts keeps of the moment: read it before them. 0 where none ever changed."""
    return amounts_changed(invoice).values_list("pk", flat=True).first() or 0


@dataclass(frozen=True)
class AmountsSince:
    """How a line became another: the last event, and {what: (before, now)} as the events tell it."""

    event: Event
    changes: dict[str, tuple[str, str]]


def amounts_since(line: InvoiceLine, seen: int, by) -> AmountsSince | None:
    """What somebody else changed of this line's amounts after the event `seen`; None where nobody did."""
    start, last, found = f"{line.schedule_line.key} ", None, {}
    for event in amounts_changed(line.invoice).filter(pk__gt=seen).reverse():
        if event.by_id == by.pk:
            continue
        for key, (before, now) in event.changes.items():
            what = key.removeprefix(start)
            if key.startswith(start) and what not in BESIDE_THE_AMOUNTS:
                last, found[what] = event, (found.get(what, (before,))[0], now)
    return AmountsSince(last, dict(sorted(found.items()))) if last else None


WORDS_OF_A_LINE = {"note", "allowed_reason"}  # these can be added to whatever was decided
BESIDE_THE_AMOUNTS = {name.replace("_", " ") for name in WORDS_OF_A_LINE} | {"verdict"}  # as the record names them


def mark_of_verdict(line: InvoiceLine) -> str:
    """The verdict, and what whose it is and its reason are known by; "" on an open line."""
    said = repr((line.verdict_by_id, line.verdict_reason)).encode()
    return line.verdict and f"{line.verdict}-{sha256(said).hexdigest()[:8]}"


def verdict_of(mark: str) -> str:
    return mark.partition("-")[0]


def is_another_verdict(line: InvoiceLine, mark: str, by) -> bool:
    """Whether this line has another verdict than `mark` tells, or one that is neither that one nor by `by` (I-5)."""
    if line.verdict_by_id == by.pk:
        return verdict_of(mark) != line.verdict
    return mark != mark_of_verdict(line)


def mark_of_verdicts(lines: Iterable[InvoiceLine]) -> str:
    """What the verdicts and reasons of these lines are known by: another one means that somebody decided since."""
    said = sorted((line.pk, line.verdict, line.verdict_reason) for line in lines)
    return sha256(repr(said).encode()).hexdigest()[:16]


def _kept(line: InvoiceLine) -> list:
    return [line.verdict_reason, line.verdict_by_id, line.verdict_at and line.verdict_at.isoformat()]


def _as_kept(before: list) -> tuple:
    reason, by, at = before
    return reason, by, at and datetime.fromisoformat(at)


def lines_of_the_rest(invoice: Invoice) -> list[InvoiceLine]:
    """The lines without a verdict that are not billed beyond their value."""
    without = invoice.lines.filter(verdict=Verdict.NONE).select_related("schedule_line")
    return [line for line in without if not line.as_line().passes_by]


WRITTEN = ["verdict", "verdict_reason", "verdict_by", "verdict_at"]


def _write(line: InvoiceLine, verdict: Verdict, reason: str, by, at: datetime) -> None:
    line.verdict, line.verdict_reason = verdict, reason
    line.verdict_by = by if verdict else None
    line.verdict_at = at if verdict else None
