"""Mails about what becomes of a bill: sent, sent back, decided, moved, deleted."""

from dataclasses import dataclass
from decimal import Decimal

from directory.notifications import post
from invoicing.models import BillingPeriod, Invoice, Verdict
from invoicing.notifications.readers import CONTACT, LISTED, contacts_of, people_listed
from invoicing.opening import settings_of


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
    """To the project's invoice distribution list, as far as they may still look into the project (R97).

    Of a revision it carries the lines that are not as they were sent before, ten at most.
    """
    newest, *before = invoice.submissions.order_by("-number")[:2]
    changed = _changed(invoice, before[0].figures(), newest.figures()) if before else []
    sender = invoice.submitted_by.membership_in(invoice.company)
    who = invoice.vendor.name if sender and sender.vendor_id else f"{invoice.submitted_by.name}, for {invoice.vendor},"
    again = " again" if before else ""
    post(
        about=invoice,
        to=people_listed(invoice),
        audience=LISTED,
        subject=f"{who} sent bill {invoice.position}{again}: {invoice.current_payment_due:,.2f}",
        template="invoicing/emails/submitted",
        context={"invoice": invoice, "project": invoice.project, "changed": changed, "is_again": bool(before)},
        reply_to=invoice.submitted_by.email,
    )


def _changed(invoice: Invoice, old: dict[int, dict], new: dict[int, dict]) -> list[dict]:
    lines = invoice.lines.select_related("schedule_line")
    return [
        {"line": line, "old": _billed(old.get(line.schedule_line_id)), "new": _billed(new[line.schedule_line_id])}
        for line in lines
        if old.get(line.schedule_line_id) != new[line.schedule_line_id]
    ]


@dataclass(frozen=True)
class Return:
    """What the mail about a bill that is sent back says: each line with claimed and allowed, in dollars.

    `cut`: lines that are not rejected, but allowed otherwise than they were claimed. `fine`: how many are approved.
    """

    subject: str
    rejected: list[dict]
    cut: list[dict]
    fine: int


def return_of(invoice: Invoice) -> Return:
    """As the verdicts stand now: for the mail, and for whoever is about to send it (U6)."""
    last = invoice.submissions.order_by("-number").first()
    claims = last.figures() if last else {}
    lines = [
        {
            "line": line,
            "claimed": _billed(claims.get(line.schedule_line_id)),
            "allowed": _billed({name: getattr(line, name) for name in BILLED}),
        }
        for line in invoice.lines.select_related("schedule_line")
    ]
    rejected = [each for each in lines if each["line"].verdict == Verdict.REJECTED]
    others = [each for each in lines if each["line"].verdict != Verdict.REJECTED]
    cut = [each for each in others if each["claimed"] not in (None, each["allowed"])]
    one = len(rejected) == 1
    count = "1 line" if one else f"{len(rejected)} lines"
    needs = f"{count} of bill {invoice.position} need{'s' if one else ''} you ({invoice.commitment.number})"
    back = f"Bill {invoice.position} came back to you ({invoice.commitment.number})"
    fine = sum(each["line"].verdict == Verdict.APPROVED for each in lines)  # of one without a verdict nobody said so
    return Return(needs if rejected else back, rejected, cut, fine)


def sent_back(invoice: Invoice, by) -> None:
    """To the contacts, with every rejected line: reason, claimed, allowed."""
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
            "rejected": letter.rejected,
            "cut": letter.cut,
            "fine": letter.fine,
            "by": by,
        },
        reply_to=by.email,
    )


BILLED = ("work_this_period", "stored_new", "retainage_released")


def _billed(figures: dict | None) -> Decimal | None:
    """What a line asks for this period, in dollars: work and new stored material, or the release where it is one."""
    if figures is None:
        return None
    work = Decimal(figures["work_this_period"]) + Decimal(figures["stored_new"])
    return work or Decimal(figures["retainage_released"])


def approved(invoice: Invoice, by) -> None:
    """To the contacts, where the project's setting says so."""
    if not settings_of(invoice.project).mails_approval:
        return
    noted = " as noted" if invoice.status == Invoice.Status.APPROVED_AS_NOTED else ""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} approved{noted}: {invoice.current_payment_due:,.2f}",
        template="invoicing/emails/approved",
        context={"invoice": invoice, "project": invoice.project, "by": by},
        reply_to=by.email,
    )


def reopened(invoice: Invoice, reason: str, by) -> None:
    """To the contacts, with the reason."""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} is under review again ({invoice.commitment.number})",
        template="invoicing/emails/reopened",
        context={"invoice": invoice, "project": invoice.project, "reason": reason, "by": by},
        reply_to=by.email,
    )


def deleted(invoice: Invoice, reason: str, by) -> None:
    """To the contacts, with the reason."""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} was deleted ({invoice.commitment.number})",
        template="invoicing/emails/deleted",
        context={"invoice": invoice, "project": invoice.project, "reason": reason, "by": by},
        reply_to=by.email,
    )
