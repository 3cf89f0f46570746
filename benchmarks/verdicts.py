"""B1: one verdict on a line of a long bill, as a key sends it and the row comes back (screens 11)."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle

from django.urls import reverse

from benchmarks.long_job import LINES, LongJob, long_job
from benchmarks.measuring import RUNS, Figure, seconds, signed_in
from invoicing.actions import amounts, invoices
from invoicing.actions.reviews import newest_event
from invoicing.models import Invoice, Verdict

GOALS = ("B1",)
AT_MOST = 0.25  # seconds


def measure() -> Iterator[Figure]:
    with long_job() as job:
        press = _pressing(job, _sent(job))
        press()
        took = [seconds(press) for _ in range(RUNS)]
        yield Figure("B1", f"one verdict of {LINES} lines", "250 ms", Decimal(1), took, [AT_MOST] * RUNS)


def _sent(job: LongJob) -> Invoice:
    header = amounts.HeaderEntry(number="1", billing_date=job.invoice.billing_date)
    typed = {pk: {"work_this_period": Decimal(100)} for pk in job.invoice.lines.values_list("pk", flat=True)}
    billed = amounts.save_lines(job.invoice, typed, by=job.admin, version=job.invoice.version, header=header)
    return invoices.submit(billed, by=job.admin)


def _pressing(job: LongJob, invoice: Invoice):
    """Approved and taken back by turns: each press is saved, and answered with the row and the counters."""
    client, line = signed_in(job.admin), invoice.lines.last()
    at = [invoice.project.slug, invoice.commitment.number, invoice.position, line.pk]
    presses = cycle([("", Verdict.APPROVED), (Verdict.APPROVED, Verdict.NONE)])

    def press() -> None:
        before, after = next(presses)
        typed = {"pressed": before, "seen": newest_event(invoice), "decision": Verdict.APPROVED}
        headers = {"hx-request": "true"}
        assert client.post(reverse("review-line", args=at), typed, secure=True, headers=headers).status_code == 200
        line.refresh_from_db()
        assert line.verdict == after

    return press
