"""Files of an invoice over the web: who may bring them, who gets them, and that they are never opened in the site."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from directory.models import Event
from invoicing.models import Attachment
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


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("virus.exe", b"MZ", "is not one of"),
        ("page.pdf", b"<html>", "is not one of"),
        ("empty.pdf", b"", "empty"),
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
    assert answer.status_code == 422 and "larger than 1 MB" in text_of(answer)


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
