"""Files are scanned before they are kept, and nothing is kept that the scanner did not call clean (R105)."""

import socket
import threading
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from structlog.testing import capture_logs

from directory.models import Event
from directory.refusals import Refused
from invoicing.actions import attachments
from invoicing.models import Attachment, CommitmentAttachment
from tests.factories import world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 " + b"x" * 600_000  # several parts
EICAR = b"%PDF-1.7 X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"


class Clamd:
    """As much of one as speaks INSTREAM; `says` None: it takes all and stays silent."""

    def __init__(self, says=b"stream: OK\0"):
        self.says, self.got, self.door = says, b"", socket.create_server(("127.0.0.1", 0))
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.door.close()
        self.thread.join(5)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.door.getsockname()[1]}"

    def serve(self):
        caller, _ = self.door.accept()
        with caller, caller.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while size := int.from_bytes(stream.read(4), "big"):
                self.got += stream.read(size)
            if self.says is None:
                self.over.wait(10)
            else:
                caller.sendall(self.says if EICAR not in self.got else b"stream: Eicar-Signature FOUND\0")


def kept(settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_clean_file_is_scanned_whole_and_kept(settings):
    w = world()
    with Clamd() as clamd:
        settings.VIRUS_SCANNER = clamd.address
        attachments.attach(w.submitted(), "proof.pdf", PDF, by=w.contact)
    assert clamd.got == PDF and Attachment.objects.count() == 1


def test_a_file_with_a_virus_is_never_stored_and_whoever_attached_it_reads_why(settings):
    w = world()
    invoice, before = w.submitted(), kept(settings)
    with Clamd() as clamd:
        settings.VIRUS_SCANNER = clamd.address
        file = SimpleUploadedFile("proof.pdf", EICAR)
        page = signed_in(w.contact).post(at(invoice, "invoice-attach"), {"file": file})
    assert page.status_code == 422
    assert "the virus scanner found Eicar-Signature in it. Attach a clean copy." in text_of(page)
    assert not Attachment.objects.exists() and kept(settings) == before
    assert not Event.objects.about(invoice).filter(verb="attached a file").exists()


@pytest.mark.parametrize(
    "says", [None, b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OKAY\0", b"\xff\xfe\0"]
)
def test_nothing_is_kept_while_the_scanner_fails_or_is_silent(settings, says):
    w = world()
    commitment, before = w.commitment(), kept(settings)
    settings.VIRUS_SCANNER_SECONDS = 1
    with Clamd(says) as clamd:
        settings.VIRUS_SCANNER = clamd.address
        with pytest.raises(Refused, match="does not answer, and nothing is taken unscanned"):
            attachments.attach_to_commitment(commitment, "contract.pdf", PDF, by=w.admin)
    assert not CommitmentAttachment.objects.exists() and kept(settings) == before


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "unix:///nowhere/clamd.ctl", "clamd", "tcp://:x", "tcp://h:99999"]
)
def test_a_scanner_that_is_not_there_or_has_a_senseless_address_lets_nothing_in(settings, address):
    w = world()
    settings.VIRUS_SCANNER, settings.VIRUS_SCANNER_SECONDS = address, 2
    with pytest.raises(Refused, match="Try again in some minutes"):
        attachments.attach(w.submitted(), "proof.pdf", PDF, by=w.contact)


def test_what_is_refused_for_its_type_does_not_trouble_the_scanner(settings):
    w = world()
    settings.VIRUS_SCANNER = "tcp://127.0.0.1:9"
    with pytest.raises(Refused, match="is not one of"):
        attachments.attach(w.submitted(), "run.exe", b"MZ", by=w.contact)


def test_a_lost_file_is_told_to_whoever_asks_and_to_the_owner():
    """R112."""
    w = world()
    invoice = w.submitted()
    file = attachments.attach(invoice, "proof.pdf", PDF, by=w.contact)
    contract = attachments.attach_to_commitment(invoice.commitment, "deed.pdf", PDF + b"2", by=w.admin)
    for each in (file, contract):
        Path(each.file.path).unlink()
    client = signed_in(w.contact)
    with capture_logs() as logs:
        page = client.get(at(invoice, "invoice-attachment", file.pk))
    assert [log["files"] for log in logs if log["event"] == "attachments_missing"] == [[f"proof.pdf of {invoice}"]]
    assert page.status_code == 404
    assert "“proof.pdf” was attached, but is not where this site keeps its files" in text_of(page)
    assert f'href="{at(invoice)}?show=files"' in page.content.decode()
    other = client.get(f"/p/{w.project.slug}/commitments/{invoice.commitment.number}/attachments/{contract.pk}/")
    assert other.status_code == 404 and "“deed.pdf” was attached" in text_of(other)
    assert not Event.objects.filter(verb="downloaded a file").exists(), "nobody got it"
