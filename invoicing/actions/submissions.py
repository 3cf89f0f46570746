"""Freezing what a vendor claims each time a bill is sent, and what reviewers made of it each time they decide."""

from django.utils import timezone

from invoicing.actions import looks
from invoicing.allowed_amounts import as_it_stands
from invoicing.models import Invoice, InvoiceLine, ReviewRecord, Submission, Verdict, is_other


def freeze(invoice: Invoice) -> Submission:
    """The numbered snapshot, in the caller's transaction.

    An approved verdict survives unless that line's figures are not those that were approved, which may be less than
    was claimed; every other verdict starts again (I-8).
    """
    lines = list(invoice.lines.select_related("schedule_line"))
    last = invoice.submissions.with_decided().latest_one()
    claim = [claimed(line) for line in lines]
    before = last.settled() if last else {}
    _keep_verdicts(lines, claim, before)
    return Submission.objects.create(
        invoice=invoice,
        number=last.number + 1 if last else 1,
        submitted_at=invoice.submitted_at,
        submitted_by=invoice.submitted_by,
        header=_header(invoice),
        lines=claim,
        changed_lines=sum(is_other(before.get(each["line"]), each) for each in claim) if last else None,
    )


def freeze_review(invoice: Invoice, by) -> None:
    """What was allowed and said on each line of the newest submission, in the transaction of the decision (I-10)."""
    looks.remember(invoice, by)
    last = invoice.submissions.latest_one()
    if last is None:
        return  # a row that was never sent through the program
    ReviewRecord.objects.create(
        submission=last,
        outcome=invoice.status,
        by=by,
        at=timezone.now(),
        comment=invoice.comment,
        header=_header(invoice),
        lines=[
            claimed(line) | {"verdict": line.verdict, "reason": _reason(line)}
            for line in invoice.lines.select_related("schedule_line")
        ],
    )


def _reason(line: InvoiceLine) -> str:
    """What was said this time; the reason of a rejection of last time stands beside the line until its next verdict."""
    rejected = line.verdict_reason if line.verdict == Verdict.REJECTED else ""
    return " ".join(filter(None, (rejected, line.allowed_reason)))


def _header(invoice: Invoice) -> dict[str, str]:
    return {
        "number": invoice.number,
        "billing_date": invoice.billing_date.isoformat(),
        "total_completed_and_stored": str(invoice.total_completed_and_stored),
        "total_retainage": str(invoice.total_retainage),
        "current_payment_due": str(invoice.current_payment_due),
    }


def claimed(line: InvoiceLine) -> dict:
    """A line as a submission keeps it: amounts as text with two decimals, and its note."""
    figures = {name: it if isinstance(it, bool) else str(it) for name, it in as_it_stands(line).items()}
    quantity = None if line.quantity_this_period is None else str(line.quantity_this_period)
    named = {"line": line.schedule_line_id, "key": line.schedule_line.key}
    return named | figures | {"quantity_this_period": quantity, "note": line.note}


def _keep_verdicts(lines: list[InvoiceLine], claim: list[dict], before: dict[int, dict]) -> None:
    for line, now in zip(lines, claim, strict=True):
        line.allowed_by, line.allowed_reason = None, ""  # a new claim stands for itself
        if line.verdict == Verdict.REJECTED:
            line.verdict = Verdict.NONE  # whose it was and why stays beside the line until its next verdict
        elif line.verdict == Verdict.APPROVED and is_other(before.get(line.schedule_line_id), now):
            line.verdict, line.verdict_by, line.verdict_at = Verdict.NONE, None, None
    InvoiceLine.objects.bulk_update(
        lines, ["verdict", "verdict_by", "verdict_at", "allowed_by", "allowed_reason"], batch_size=200
    )
