"""Attached files and their rows are held against each other every night (R112, R126)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from invoicing import stored_files, tasks
from invoicing.actions import attachments
from invoicing.models import Attachment, CommitmentAttachment
from tests.factories import world

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 "
DAY, MONTH = timedelta(days=1, minutes=1), timedelta(days=31)


@pytest.fixture
def w():
    return world()


class Broken(Exception):
    pass


def left_by_a_rollback(w) -> Path:
    """Somebody attaches a file and the transaction around it fails."""
    invoice = w.submitted()
    with pytest.raises(Broken), transaction.atomic():
        file = attachments.attach(invoice, "lost.pdf", PDF + b"lost", by=w.contact).file
        raise Broken
    return Path(file.path)


def test_what_a_failed_transaction_left_is_set_aside_after_a_day_and_removed_after_a_month(w, settings):
    orphan = left_by_a_rollback(w)
    invoice = w.submitted(w.draft(w.commitment()))
    kept = Path(attachments.attach(invoice, "kept.pdf", PDF, by=w.contact).file.path)
    contract = Path(attachments.attach_to_commitment(w.commitment(), "c.pdf", PDF + b"c", by=w.admin).file.path)
    assert stored_files.sweep().set_aside == 0 and orphan.exists(), "it may be on its way into a row"
    aside = Path(settings.MEDIA_ROOT, "set-aside", orphan.relative_to(settings.MEDIA_ROOT))
    with time_machine.travel(timezone.now() + DAY, tick=False):
        assert [stored_files.sweep().set_aside for _ in range(2)] == [1, 0]
        assert not orphan.exists() and aside.exists()
    with time_machine.travel(timezone.now() + MONTH + DAY, tick=False):
        assert [stored_files.sweep().removed for _ in range(2)] == [1, 0]
    assert not aside.exists() and kept.exists() and contract.exists()
    assert stored_files.sweep().missing == []


def test_the_file_of_a_row_that_comes_back_from_a_backup_comes_back_too(w):
    file = attachments.attach(w.submitted(), "proof.pdf", PDF, by=w.contact)
    row = Attachment.objects.filter(pk=file.pk).values()[0]
    Attachment.objects.filter(pk=file.pk).delete()
    with time_machine.travel(timezone.now() + DAY, tick=False):
        assert stored_files.sweep().set_aside == 1
    Attachment.objects.create(**row)
    swept = stored_files.sweep()
    assert (swept.put_back, swept.missing) == (1, []) and Attachment.objects.get().file.read() == PDF


def test_a_row_whose_file_is_gone_is_told_by_name(w, caplog):
    invoice, commitment = w.submitted(), w.commitment()
    photo = attachments.attach(invoice, "photo.pdf", PDF, by=w.contact)
    contract = attachments.attach_to_commitment(commitment, "contract.pdf", PDF + b"2", by=w.admin)
    for file in (photo, contract):
        os.remove(file.file.path)
    assert tasks.sweep_attachments() == 2
    assert stored_files.sweep().missing == [f"photo.pdf of {invoice}", f"contract.pdf of {commitment}"]
    assert f"photo.pdf of {invoice}" in caplog.text
    assert Attachment.objects.count() == CommitmentAttachment.objects.count() == 1, "it is told, not hidden"


def test_a_site_without_any_file_has_nothing_to_sweep():
    assert stored_files.sweep() == stored_files.Swept(0, 0, 0, [])


def test_it_is_swept_by_the_calendar(settings):
    assert "invoicing.tasks.sweep_attachments" in {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}


def test_after_a_restore_every_row_is_held_against_its_file_byte_for_byte(w, settings):
    invoice, root = w.submitted(), Path(settings.MEDIA_ROOT)
    whole, lost, changed, aside = (
        attachments.attach(invoice, f"{name}.pdf", PDF + name.encode(), by=w.contact)
        for name in ("whole", "lost", "changed", "aside")
    )
    Path(lost.file.path).unlink()
    Path(changed.file.path).write_bytes(PDF + b"chanted")
    (root / "set-aside" / aside.file.name).parent.mkdir(parents=True)
    Path(aside.file.path).rename(root / "set-aside" / aside.file.name)
    assert list(stored_files.lost_or_changed()) == [
        f"lost.pdf of {invoice}: {lost.file.name} is missing",
        f"changed.pdf of {invoice}: {changed.file.name} is not what was attached",
    ]
    assert Path(whole.file.path).is_file()
