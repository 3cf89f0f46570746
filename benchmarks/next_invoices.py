"""F7, F9: the page of a long bill, and making the next bill, against one raw INSERT … SELECT of as many lines."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.long_job import LINES, LongJob, long_job
from benchmarks.measuring import Figure, compare, count, signed_in
from invoicing.actions import amounts, billing_periods, commitment_moves, commitments, invoices
from invoicing.actions.commitments import NewLine
from invoicing.models import BillingPeriod, Commitment, Invoice, InvoiceLine

GOALS = ("F7", "F9")
FEW = 20


def measure() -> Iterator[Figure]:
    with long_job() as job:
        client = signed_in(job.admin)
        for invoice, lines in ((_short(job), FEW), (job.invoice, LINES)):
            look = partial(_look, client, invoice)
            look()
            yield count("F7", f"queries of a page of {lines} lines", 12, _queries(look))
        _settle(job)
        period = billing_periods.open_period(
            job.invoice.project, date(2190, 2, 1), date(2190, 2, 28), date(2190, 2, 25), by=job.admin
        )
        yield from _of_the_next(job, period)


def _look(client: Client, invoice: Invoice) -> None:
    url = reverse("invoice", args=[invoice.project.slug, invoice.commitment.number, invoice.position])
    assert client.get(url, secure=True).status_code == 200


def _short(job: LongJob) -> Invoice:
    agreed = job.invoice.commitment
    line = agreed.lines.first()
    lines = [NewLine(line.cost_code, f"Room {n}", Decimal(100 + n)) for n in range(FEW)]
    short = Commitment(project=agreed.project, vendor=agreed.vendor, number=f"S-{agreed.number}", title="Short")
    short = commitment_moves.move(commitments.enter(short, lines, by=job.admin), "approve", by=job.admin)
    return invoices.create(short, job.invoice.billing_period, by=job.admin)


def _settle(job: LongJob) -> None:
    """Billed, sent and held for the owner, so that the next one can start (I-7)."""
    header = amounts.HeaderEntry(number="1", billing_date=job.invoice.billing_date)
    typed = {pk: {"work_this_period": Decimal(100)} for pk in job.invoice.lines.values_list("pk", flat=True)}
    billed = amounts.save_lines(job.invoice, typed, by=job.admin, version=job.invoice.version, header=header)
    invoices.hold_for_owner(invoices.submit(billed, by=job.admin), by=job.admin)


def _of_the_next(job: LongJob, period: BillingPeriod) -> Iterator[Figure]:
    empty = _next(job, period)
    empty.lines.all().delete()
    Invoice.objects.filter(pk=empty.pk).update(deleted_at=empty.created_at, previous=None)

    def ours():
        assert _next(job, period).position == 2

    def theirs():
        columns = [f.column for f in InvoiceLine._meta.concrete_fields if not f.primary_key and f.name != "invoice"]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO invoicing_invoiceline (invoice_id, {', '.join(columns)}) "
                f"SELECT %s, {', '.join(columns)} FROM invoicing_invoiceline WHERE invoice_id = %s",
                [empty.pk, job.invoice.pk],
            )
            assert cursor.rowcount == LINES

    yield compare("F9", f"next bill of {LINES} lines", "3", _undone(ours), "one INSERT … SELECT", _undone(theirs))
    yield count("F9", "its queries", 10, _queries(_undone(ours)))


def _next(job: LongJob, period: BillingPeriod) -> Invoice:
    return invoices.create(job.invoice.commitment, period, by=job.admin)


def _undone(act: Callable) -> Callable[[], None]:
    def then_undone() -> None:
        with transaction.atomic():
            act()
            if connection.vendor == "postgresql":
                connection.check_constraints()  # as a commit does: of two keys a line, on either side
            transaction.set_rollback(True)

    return then_undone


def _queries(act: Callable) -> int:
    """Without the savepoints of the transaction that all of this is measured in, and what a commit does at its end."""
    with CaptureQueriesContext(connection) as asked:
        act()
    return sum(not each["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET CONSTRAINTS")) for each in asked)
