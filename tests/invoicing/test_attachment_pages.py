"""Files of an invoice over the web: who may bring them, who gets them, and that they are never opened in the site."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool, read_access
from directory.refusals import Refused
from invoicing.actions import attachments
from invoicing.models import Attachment
from invoicing.permissions import may_attach, may_attach_to_commitment
from tests.factories import person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 a photo of stored material"


@pytest.fixture
def w():
    return world()


def bring(who, invoice, name="waiver.pdf", content=PDF):
    return signed_in(who).post(at(invoice, "invoice-attach"), {"file": SimpleUploadedFile(name, content)})


def test_a_contact_attaches_a_file_and_the_other_side_downloads_the_same_bytes(w):
    invoice = w.submitted()
    assert bring(w.contact, invoice).url == at(invoice) + "?show=files"
    file = Attachment.objects.get()
    assert "waiver.pdf" in text_of(signed_in(w.admin).get(at(invoice) + "?show=files"))
    answer = signed_in(w.admin).get(at(invoice, "invoice-attachment", file.pk))
    assert b"".join(answer.streaming_content) == PDF
    event = Event.objects.about(invoice).first()
    assert (event.verb, event.by, event.changes) == ("downloaded a file", w.admin, {"file": ["", "waiver.pdf"]})


def test_a_download_is_never_a_page_of_this_site(w):
    """R104."""
    invoice = w.submitted()
    bring(w.contact, invoice, 'x".html.pdf')
    answer = signed_in(w.contact).get(at(invoice, "invoice-attachment", Attachment.objects.get().pk))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("virus.exe", b"MZ", "is not one of"),
        ("page.pdf", b"<html>", "is not one of"),
        ("empty.pdf", b"", "empty"),
        ("plan.docx", b"PK\x03\x04 a ZIP that is no document", "is damaged"),
    ],
)
def test_a_file_that_is_not_taken_says_why_and_is_not_kept(w, name, content, words):
    invoice = w.submitted()
    answer = bring(w.contact, invoice, name, content)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Attachment.objects.exists()


def test_a_file_too_large_is_refused_before_it_is_kept(w, settings):
    settings.ATTACHMENT_MAX_BYTES = 1024 * 1024
    answer = bring(w.contact, w.submitted(), content=PDF + b"x" * 1024 * 1024)
    assert answer.status_code == 422
    assert "“waiver.pdf” has 1.0 MB and is larger than 1.0 MB, the most that one file may have" in text_of(answer)
    assert "JPEG, 1.0 MB at most" in text_of(answer), "the page says so beforehand"


def test_an_invoice_takes_so_much_and_so_many_files_and_says_how_much(w, settings):
    """R106."""
    settings.ATTACHMENTS_MAX_BYTES, settings.ATTACHMENTS_MAX_COUNT = 5 * 1024, 3
    invoice = w.submitted()
    assert bring(w.contact, invoice, content=PDF.ljust(3 * 1024)).status_code == 302
    answer = bring(w.contact, invoice, "more.pdf", PDF.ljust(3 * 1024))
    assert answer.status_code == 422
    words = "“more.pdf” has 3.0 KB, and the files of this invoice have 3.0 KB already; together 5.0 KB are allowed."
    assert words in text_of(answer)
    assert [bring(w.contact, invoice, content=PDF + n).status_code for n in (b"1", b"2", b"3")] == [302, 302, 422]
    assert "This invoice has 3 files, the most it may have" in text_of(bring(w.contact, invoice))
    assert Attachment.objects.count() == 3
    assert bring(w.contact, w.submitted(w.draft(w.commitment())), content=PDF.ljust(3 * 1024)).status_code == 302


def test_a_file_that_is_sent_again_is_kept_once_and_whoever_sends_it_is_told(w):
    """R132: the page says to look before sending again; who did not look does no harm."""
    invoice = w.submitted()
    assert bring(w.contact, invoice).status_code == 302
    again = bring(w.contact, invoice)
    assert again.status_code == 422 and "“waiver.pdf” is attached already, the very same" in text_of(again)
    assert Attachment.objects.count() == Event.objects.filter(verb="attached a file").count() == 1
    for name, content in (("waiver 2.pdf", PDF), ("waiver.pdf", PDF + b" signed")):
        assert bring(w.contact, invoice, name, content).status_code == 302
    attachments.attach(invoice, "waiver.pdf", PDF, by=w.contact, is_lien_waiver=True)
    attachments.attach(w.submitted(w.draft(w.commitment())), "waiver.pdf", PDF, by=w.contact)
    assert Attachment.objects.count() == 5


def test_a_file_of_a_commitment_that_is_sent_again_is_kept_once(w):
    commitment = w.commitment()
    attachments.attach_to_commitment(commitment, "contract.pdf", PDF, by=w.admin)
    with pytest.raises(Refused, match="attached already"):
        attachments.attach_to_commitment(commitment, "contract.pdf", PDF, by=w.admin)
    assert commitment.attachments.count() == 1


def test_a_file_that_was_lost_can_be_attached_again(w):
    """As its page says (invoicing/file_lost.html)."""
    invoice = w.submitted()
    Path(attachments.attach(invoice, "waiver.pdf", PDF, by=w.contact).file.path).unlink()
    assert Path(attachments.attach(invoice, "waiver.pdf", PDF, by=w.contact).file.path).read_bytes() == PDF


def test_a_company_takes_so_much_and_another_is_not_held_up_by_it(w, settings):
    settings.ATTACHMENTS_OF_COMPANY_MAX_BYTES = 5 * 1024
    attachments.attach_to_commitment(w.commitment(), "contract.pdf", PDF.ljust(3 * 1024), by=w.admin)
    answer = bring(w.contact, w.submitted(), content=PDF.ljust(3 * 1024))
    assert answer.status_code == 422 and "fill the 5.0 KB it has" in text_of(answer)
    other = world("Harbor Works")
    assert bring(other.contact, other.submitted(), content=PDF.ljust(3 * 1024)).status_code == 302


def test_the_disk_keeps_room_for_the_database(w, settings):
    """R106: refused before the database suffers; nothing is half there."""
    settings.ATTACHMENTS_LEAVE_FREE_BYTES = 1 << 60
    answer = bring(w.contact, w.submitted())
    assert answer.status_code == 422 and "disk is nearly full" in text_of(answer)
    assert not Attachment.objects.exists()


def test_a_disk_that_takes_no_file_is_a_message_and_no_row(w, settings):
    Path(settings.MEDIA_ROOT).write_text("no folder")
    answer = bring(w.contact, w.submitted())
    assert answer.status_code == 422 and "could not be kept: this site’s disk takes no file now" in text_of(answer)
    assert not Attachment.objects.exists() and not Event.objects.filter(verb="attached a file").exists()


def test_files_can_still_be_added_once_approved(w):
    """I-4."""
    assert bring(w.contact, w.approved()).status_code == 302


def test_nobody_else_brings_or_gets_a_file(w):
    """P-1, P-8."""
    invoice = w.submitted(w.draft(w.commitment(is_private=False)))
    bring(w.contact, invoice)
    file = Attachment.objects.get()
    assert bring(w.reader, invoice).status_code == 403
    assert signed_in(w.reader).get(at(invoice, "invoice-attachment", file.pk)).status_code == 200
    for who in (person("Una Other", w.company, w.vendor), w.owner, world("Harbor Works").admin):
        assert bring(who, invoice).status_code == 404
        assert signed_in(who).get(at(invoice, "invoice-attachment", file.pk)).status_code == 404
    other = w.submitted(w.draft(w.commitment(is_private=False)))
    assert signed_in(w.contact).get(at(other, "invoice-attachment", file.pk)).status_code == 404
    assert Attachment.objects.count() == 1


def test_own_people_with_standard_attach_what_they_see_and_of_a_vendors_the_contacts(w):
    """1.2: Read Only attaches nothing, and nobody to a private commitment that they don't see."""
    private, invoice = w.commitment(is_private=True), w.draft(w.commitment(is_private=False))
    own, other = person("Olga Own", w.company), person("Otto Other", w.company, w.vendor)
    for someone in (own, other):
        set_level(someone, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    access = {who: read_access(who, w.company, w.project) for who in (own, w.reader, w.contact, other)}
    assert [who for who in access if may_attach(invoice, access[who])] == [own, w.contact]
    assert [who for who in access if may_attach_to_commitment(invoice.commitment, access[who])] == [own]
    assert not any(may_attach_to_commitment(private, access[who]) for who in access)
