"""`python -m tests.services.restoring before|lost|after FOLDER`: a site up to its loss, and once it is restored (R127).

Before: a company bills, a contract is attached, a worker builds file after file, a backup is made meanwhile, and more
files are built after it, when the company has another address.
Lost: what it does when accounting accepts again and nothing but the backup is left.
After: what it knows, and does then, where its import files survived. The last line is the result.
"""

import json
import os
import pickle
import sys
import time
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command

CONTRACT = "contract.pdf"
BEFORE, MEANWHILE, AFTERWARDS = 4, 14, 20  # invoices, each in a file of its own


@contextmanager
def flushed():
    """What is brought to the disk meanwhile, in order, each under the name it has in the end."""
    real, paths = os.fsync, []

    def noted(handle):
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        paths.append(str(path.with_name(path.name.removeprefix(".").removesuffix(".part"))))
        real(handle)

    os.fsync = noted
    try:
        yield paths
    finally:
        os.fsync = real


def before(folder: Path) -> dict:
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from directory.models import Company  # noqa: PLC0415 (Django must be set up first, here and below)
    from erp_integrations.models import ExportBatch  # noqa: PLC0415
    from invoicing.actions.attachments import attach_to_commitment  # noqa: PLC0415
    from tests.erp_integrations.world import sage_world  # noqa: PLC0415
    from tests.services.killing.children import start, wait  # noqa: PLC0415
    from tests.services.killing.trials import sent_exports  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    sage = sage_world()
    exports = sent_exports(sage, BEFORE + MEANWHILE + AFTERWARDS)
    attach_to_commitment(exports[0].invoice.commitment, CONTRACT, b"%PDF-1.7 signed", by=sage.base.admin)
    meanwhile, afterwards = exports[BEFORE:-AFTERWARDS], exports[-AFTERWARDS:]
    (folder / "world").write_bytes(pickle.dumps((sage, afterwards)))
    _build(sage, exports[:BEFORE])
    worker = start(lambda: _build(sage, meanwhile))
    while ExportBatch.objects.ready().count() < BEFORE + 2:
        time.sleep(0.05)
    SessionStore().create()
    with flushed() as on_disk:
        call_command("backup", folder / "backup", stdout=StringIO())
    assert ExportBatch.objects.ready().count() < BEFORE + MEANWHILE, "the backup came after the load"
    assert wait(worker) == 0
    Company.objects.update(slug="renamed")
    _build(sage, afterwards)
    return {"built": ExportBatch.objects.ready().count(), "flushed": on_disk}


def _build(sage, some) -> None:
    for export in some:
        sage.built(export)


def lost(folder: Path) -> dict:
    from directory.refusals import Refused  # noqa: PLC0415

    sage, waiting = _what_waits(folder)
    words = []
    for export in waiting:
        try:
            sage.accepted(export)
        except Refused as refusal:
            words.append(refusal.message)
    return {"waiting": len(waiting), "refused": words}


def _what_waits(folder: Path) -> tuple:
    from erp_integrations.models import ExportStatus  # noqa: PLC0415
    from tests.erp_integrations.world import fresh  # noqa: PLC0415

    sage, afterwards = pickle.loads((folder / "world").read_bytes())
    return sage, [export for export in fresh(*afterwards) if export.status == ExportStatus.READY_TO_EXPORT]


def after(folder: Path) -> dict:
    from django.contrib.sessions.models import Session  # noqa: PLC0415

    from directory.models import Mail  # noqa: PLC0415
    from erp_integrations.exporting import storing  # noqa: PLC0415
    from erp_integrations.models import BatchState, ExportBatch, ListKind  # noqa: PLC0415

    sage, waiting = _what_waits(folder)
    known, forgotten = ExportBatch.objects.ready().count(), storing.forgotten(sage.company)
    goes_on = {"sessions": Session.objects.count(), "mails": Mail.objects.filter(state__in=Mail.UNDERWAY).count()}
    sage.load(ListKind.PAYABLE_INVOICES)
    again = [sage.built(export) for export in waiting]
    refused = [batch for batch in again if batch.state == BatchState.DEAD and "R127" in batch.error]
    counts = {"known": known, "forgotten": len(forgotten), "waiting": len(waiting), "refused": len(refused)}
    return counts | goes_on


if __name__ == "__main__":
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "SECRET_KEY": "only for tests"}
    django.setup()
    print(json.dumps({"before": before, "lost": lost, "after": after}[sys.argv[1]](Path(sys.argv[2]))))
