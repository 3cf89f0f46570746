"""Mails about what becomes of a bill: sent, sent back, decided, moved, deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from html import escape
from itertools import accumulate

from directory.notifications import post
from invoicing.allowed_amounts import Figure, as_it_stands, figures_apart, figures_said
from invoicing.calculations.money import printed_amount
from invoicing.labels import LABEL_OF
from invoicing.models import BillingPeriod, BillingSettings, Invoice, InvoiceLine, Verdict, is_other
from invoicing.notifications.recipients import CONTACT, LISTED, contacts_of, told_of_bills


def moved(invoice: Invoice, before: BillingPeriod, by) -> None:
    """To the contacts: where their bill is now, and when it is due there."""
    due, where = invoice.due_date, f"{invoice.billing_period}, due {invoice.due_date:%a}"
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} moved to {where} {due.day} {due:%b} ({invoice.commitment.number})",
        template="invoicing/emails/moved",
        context={"invoice": invoice, "before": before, "by": by, "project": invoice.project},
        reply_to=by.email,
    )


def submitted(invoice: Invoice) -> None:
    """To the project's invoice distribution list, or its Admins while nobody is on it.

    Of a revision it carries the lines that are not as the review left them, ten at most: those that the desk calls
    changed (I-8).
    """
    newest, *before = invoice.submissions.with_decided().order_by("-number")[:2]
    changed = _changed(invoice, before[0].settled(), newest.figures()) if before else []
    sender = invoice.submitted_by.membership_in(invoice.company)
    who = invoice.vendor.name if sender and sender.vendor_id else f"{invoice.submitted_by.name}, for {invoice.vendor},"
    again = " again" if before else ""
    to, whom = told_of_bills(invoice, invoice.submitted_by)
    post(
        about=invoice,
        to=to,
        audience=whom,
        subject=f"{who} sent bill {invoice.position}{again}: {invoice.current_payment_due:,.2f}",
        template="invoicing/emails/submitted",
        context={
            "invoice": invoice,
            "project": invoice.project,
            "figures": _named(invoice, "gross_this_period", "total_retainage", "current_payment_due"),
            "changed": changed,
            "is_again": bool(before),
            "is_listed": whom == LISTED,
        },
        reply_to=invoice.submitted_by.email,
    )


def _named(invoice: Invoice, *names: str) -> list[tuple[str, Decimal]]:
    """Figures of an invoice in the words of its page and of its certificate (U9)."""
    return [(LABEL_OF[name], getattr(invoice, name)) for name in names]


def _changed(invoice: Invoice, left: dict[int, dict], new: dict[int, dict]) -> list[dict]:
    """`figures` as they were left (claimed and allowed are then and now here); `is_new`: it was not there before."""
    found = []
    for line in invoice.lines.select_related("schedule_line"):
        old, now = left.get(line.schedule_line_id), new[line.schedule_line_id]
        if is_other(old, now):
            figures = figures_apart(old, now) if old else figures_said(now, now)
            found.append({"line": line, "figures": figures, "is_new": old is None})
    return found


IN_FULL = 10  # lines that a mail shows in a table (screens 10)
MOST, AROUND, A_ROW = 60_000, 5_000, 750  # bytes: a mail, what is no line, a row of its tables
TABLES = 35_000  # of both tables together: the rest is left to the sentences


@dataclass(frozen=True)
class Returned:
    """A line and the figures that the review is about."""

    line: InvoiceLine
    figures: list[Figure]

    @property
    def in_short(self) -> str:
        """The same in one sentence, as the table of a mail says it."""
        reasons = [f"“{words}”" for words in (self.line.verdict_reason, self.line.allowed_reason) if words]
        return " ".join([f"{self.line.schedule_line}:", f"{'; '.join(map(_in_short, self.figures))}.", *reasons])

    @property
    def weight(self) -> int:
        """What it takes in the table of a mail, in bytes, about."""
        return A_ROW * len(self.figures) + _bytes(self.line.verdict_reason + self.line.allowed_reason)


def _in_short(figure: Figure) -> str:
    """Without a name it is the work of the period, which most lines are about."""
    name = "" if figure.name == "work_this_period" else f"{figure.label} "
    allowed = f"allowed {printed_amount(figure.allowed)}" if figure.differs else "not changed"
    return f"{name}claimed {printed_amount(figure.claimed)}, {allowed}"


def _bytes(words: str) -> int:
    return len(escape(words).encode())


def _fitting(lines: list[Returned], room: int) -> list[Returned]:
    """The first of them, ten at most, whose rows take no more than that many bytes."""
    first = lines[:IN_FULL]
    ends = accumulate(each.weight for each in first)
    return [line for line, end in zip(first, ends, strict=True) if end <= room]


@dataclass(frozen=True)
class Return:
    """What the mail about a bill that is sent back says: each line with every figure claimed and allowed (5.1, I-9).

    `cut`: lines that are not rejected, but allowed otherwise than they were claimed. `fine`: how many are approved.
    Every rejected line is in it: up to ten in a table, the others in a sentence each; its HTML takes as many of them as
    fit (60 KB, screens 10), its plain text all.
    """

    subject: str
    rejected: list[Returned]
    cut: list[Returned]
    fine: int

    @cached_property
    def in_full(self) -> list[Returned]:
        """Of the rejected ones; before those that were only cut."""
        return _fitting(self.rejected, TABLES)

    @cached_property
    def cut_in_full(self) -> list[Returned]:
        return _fitting(self.cut, TABLES - sum(each.weight for each in self.in_full))

    @cached_property
    def all_in_short(self) -> list[str]:
        """Of the rejected ones that stand in no table."""
        return [each.in_short for each in self.rejected[len(self.in_full) :]]

    @cached_property
    def in_short(self) -> list[str]:
        """The first of them, as many as the HTML takes."""
        room = MOST - AROUND - sum(each.weight for each in (*self.in_full, *self.cut_in_full))
        ends = accumulate(len("<li></li>\n") + _bytes(words) for words in self.all_in_short)
        return [words for words, end in zip(self.all_in_short, ends, strict=True) if end <= room]

    @property
    def cut_left_out(self) -> int:
        return len(self.cut) - len(self.cut_in_full)

    @property
    def left_out(self) -> int:
        """How many rejected lines have no room in the HTML, which then says so."""
        return len(self.all_in_short) - len(self.in_short)


def return_of(invoice: Invoice, lines: Iterable[InvoiceLine] | None = None) -> Return:
    """As the verdicts stand now: for the mail, and for whoever is about to send it (U6). `lines` if they are read."""
    last = invoice.submissions.latest_one()
    claims = last.figures() if last else {}
    rejected, cut, fine = [], [], 0
    for line in invoice.lines.select_related("schedule_line") if lines is None else lines:
        claim, now = claims.get(line.schedule_line_id), as_it_stands(line)
        if line.verdict == Verdict.REJECTED:
            rejected.append(Returned(line, figures_said(claim, now)))
        elif apart := figures_apart(claim, now):
            cut.append(Returned(line, apart))
        fine += line.verdict == Verdict.APPROVED  # of one without a verdict nobody said so
    one = len(rejected) == 1
    count = "1 line" if one else f"{len(rejected)} lines"
    needs = f"{count} of bill {invoice.position} need{'s' if one else ''} you ({invoice.commitment.number})"
    back = f"Bill {invoice.position} came back to you ({invoice.commitment.number})"
    return Return(needs if rejected else back, rejected, cut, fine)


def sent_back(invoice: Invoice, by) -> None:
    """To the contacts, with every rejected line: reason, claimed, allowed (5.1); see `Return` for where."""
    letter = return_of(invoice)
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=letter.subject,
        template="invoicing/emails/sent_back",
        context={
            "invoice": invoice,
            "comment": invoice.comment,
            "project": invoice.project,
            "letter": letter,
            "by": by,
        },
        reply_to=by.email,
    )


def approved(invoice: Invoice, by) -> None:
    """To the contacts, where the project's setting says so, with every figure that is allowed otherwise and why."""
    if not BillingSettings.of(invoice.project).mails_approval:
        return
    letter = return_of(invoice)
    allowed = sorted((*letter.rejected, *letter.cut), key=lambda each: each.line.schedule_line.position)
    shown = _fitting(allowed, MOST - AROUND)
    noted = " as noted" if invoice.status == Invoice.Status.APPROVED_AS_NOTED else ""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} approved{noted}: {invoice.current_payment_due:,.2f}",
        template="invoicing/emails/approved",
        context={
            "invoice": invoice,
            "project": invoice.project,
            "by": by,
            "noted": noted,
            "figures": _named(invoice, "total_completed_and_stored", "total_retainage", "current_payment_due"),
            "allowed": shown,
            "more": len(allowed) > len(shown),
        },
        reply_to=by.email,
    )


def reopened(invoice: Invoice, reason: str, by) -> None:
    _undone("invoicing/emails/reopened", "is under review again", invoice, reason, by)


def deleted(invoice: Invoice, reason: str, by) -> None:
    _undone("invoicing/emails/deleted", "was deleted", invoice, reason, by)


def _undone(template: str, words: str, invoice: Invoice, reason: str, by) -> None:
    """To the contacts, with the reason."""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} {words} ({invoice.commitment.number})",
        template=template,
        context={"invoice": invoice, "project": invoice.project, "reason": reason, "by": by},
        reply_to=by.email,
    )
