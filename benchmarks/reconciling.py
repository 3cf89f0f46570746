"""F17: Sage's list of payable invoices against as many exports, as accounting gets it: page by page, every outcome."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from math import log
from statistics import median

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from benchmarks import measuring, sent_invoices
from benchmarks.measuring import Figure
from benchmarks.sent_invoices import AMOUNT, LINES, TENTH, Waiting
from directory.sheets import as_csv
from erp_integrations.actions import list_uploads
from erp_integrations.models import (
    ErpSettings,
    ExportBatch,
    ExportItem,
    InvoiceExport,
    ListKind,
    Reconciliation,
    SageListUpload,
)
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.list_columns import columns_of

GOALS = ("F17",)
SIZES = (1_000, 10_000)
A_FILE = 40  # invoices
GROSS, RETAINAGE = LINES * AMOUNT, LINES * TENTH
STEPS = {
    "read": "reading the uploaded file",
    "shown": "what the file would change, shown",
    "taken in": "taking it in",
    "compared": "comparing, and keeping what came out",
    "page": "the page of what came out",
}
EVERY_KIND = {"found", "missing", "amount", "retainage", "twice", "voided"}  # strangers are only counted
ALL = "the whole reconciliation"


def measure() -> Iterator[Figure]:
    """Both sizes by turns, so that a busy machine slows both; each run is undone, so that the next does it all anew."""
    times = {size: {step: [] for step in (*STEPS, ALL)} for size in SIZES}
    with transaction.atomic():
        sides = {size: _Side(size) for size in SIZES}
        for _ in range(1 + measuring.RUNS):
            for size, side in sides.items():
                for step, seconds in side.reconciled().items():
                    times[size][step].append(seconds)
        transaction.set_rollback(True)
    for step, what in STEPS.items():
        yield _growth(what, *(times[size][step][1:] for size in SIZES))
    yield _growth(ALL, *(times[size][ALL][1:] for size in SIZES))


def _growth(what: str, small: list[float], large: list[float]) -> Figure:
    """The first run of each was the warm-up, and is not among them."""
    exponent = log(median(large) / median(small)) / log(SIZES[-1] / SIZES[0])
    said = f"exponent; {median(small):.2f} to {median(large):.2f} s"
    return Figure("F17", f"{what}, growth", said, Decimal("1.1"), [f"{exponent:.3f}"], [], True)


class _Side:
    """A company with so many exports in files, and Sage's list of as many rows."""

    def __init__(self, size: int):
        waiting = sent_invoices.make(size)
        self.size, self.company, self.approver = size, waiting.company, waiting.approver
        self.keys = _in_files(waiting)
        headings = [column.heading for column in columns_of(ListKind.PAYABLE_INVOICES)]
        self.content = as_csv(headings, [row for n, key in enumerate(self.keys) for row in _rows_of(n, key)])
        self.client = measuring.signed_in(waiting.approver)

    def reconciled(self) -> dict[str, float]:
        """{step: seconds}, and nothing is left."""
        with _undone():
            found = self._steps()
            made = Reconciliation.objects.newest(self.company)
            counts = {kind: of["count"] for kind, of in made.outcomes.sums().items()}
        assert set(counts) == EVERY_KIND and made.others_count == counts["missing"] == self.size // 8, counts
        return found | {ALL: sum(found.values())}

    def _steps(self) -> dict[str, float]:
        ours = [self.company.slug]
        file = SimpleUploadedFile("payables.csv", self.content, content_type="text/csv")
        told = {"file": file, "as_of_date": self.company.today}
        found = {"read": self._asked("post", "erp-list", [*ours, "payable_invoices"], 302, told)}
        upload = SageListUpload.objects.get(company=self.company)
        at = [*ours, upload.pk]
        found["shown"] = self._asked("get", "erp-list-upload", at, 200)
        plan = {"plan": list_uploads.plan_of(upload).digest, "seen_missed": "on"}
        found["taken in"] = self._asked("post", "erp-list-upload", at, 302, plan)
        found["compared"] = self._asked("post", "erp-reconciliations", ours, 302)
        number = Reconciliation.objects.newest(self.company).number
        found["page"] = self._asked("get", "erp-reconciliation", [*ours, number], 200)
        return found

    def _asked(self, how: str, name: str, where: list, status: int, data: dict | None = None) -> float:
        answers = []
        ask: Callable = getattr(self.client, how)
        seconds = measuring.seconds(lambda: answers.append(ask(reverse(name, args=where), data)))
        assert answers[0].status_code == status, answers[0].content[:2000]
        return seconds


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _in_files(waiting: Waiting) -> list[str]:
    """The key of the file of each, in their order; of eight invoices one has left it again."""
    now, settings = timezone.now() - timedelta(days=2), ErpSettings.made_for(waiting.company)
    exports = [waiting.exports[at : at + A_FILE] for at in range(0, len(waiting.exports), A_FILE)]
    made = {"company": waiting.company, "layout": settings.layout, "accounting_date": sent_invoices.DAY}
    made |= {"accepted_by": waiting.approver, "accepted_at": now, "built_at": now, "state": "ready"}
    made |= dict.fromkeys(("file_key", "file_sha256", "csv_key", "csv_sha256"), "bench")
    batches = ExportBatch.objects.bulk_create(
        ExportBatch(number=number, invoice_count=len(some), **made) for number, some in enumerate(exports, start=1)
    )
    ExportItem.objects.bulk_create(
        ExportItem(batch=batch, invoice_export=export, position=n, company=waiting.company, vendor_number=_vendor(at),
                   number_key=f"b-{at}", job_number=_job(at), is_live=at % 8 != 1)
        for number, (batch, some) in enumerate(zip(batches, exports, strict=True))
        for n, export in enumerate(some)
        for at in [number * A_FILE + n]
    )  # fmt: skip
    every = InvoiceExport.objects.filter(pk__in=[export.pk for export in waiting.exports])
    left = [export.pk for export in waiting.exports[1::8]]
    every.update(status="exporting", answered_by=waiting.approver, answered_at=now)
    every.update(status="exported")
    every.filter(pk__in=left).update(status="voided", reason="Twice")
    return [batch_key(1 + at // A_FILE) for at in range(len(waiting.exports))]


def _vendor(at: int) -> str:
    return str(20_000 + at % 10)


def _job(at: int) -> str:
    return str(40_000 + at % 10)


def _rows_of(at: int, key: str) -> list[list[str]]:
    """As Sage holds it: of eight the first is missing and a stranger's bill stands there, the second was voided here,
    one each differs in amount or retainage, and one stands twice."""
    kind = at % 8
    vendor, says = ("1", "") if kind == 0 else (_vendor(at), key)
    gross, held = GROSS + (1 if kind == 2 else 0), RETAINAGE - (1 if kind == 3 else 0)
    row = [
        vendor,
        f"B-{at}",
        _job(at),
        "2189-12-20",
        str(gross),
        str(held),
        str(gross),
        "1",
        says,
        "",
        str(70_000 + at),
    ]
    return [row, row] if kind == 4 else [row]
