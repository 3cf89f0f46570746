"""What reviewers say of a line is theirs until they decide, on whatever a contact reads it (U6)."""

import io
import zipfile

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from invoicing.actions import invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.factories import world
from tests.invoicing.pages import at, papers_of, sheet, signed_in, text_of
from tests.invoicing.test_certificates import words_of

pytestmark = pytest.mark.django_db
SAID = "Smells of padding"


@pytest.fixture
def w():
    return world()


def judged(w) -> Invoice:
    """One line rejected, the other approved, nothing decided."""
    invoice = w.submitted()
    first, second = invoice.lines.all()
    reviews.decide(first, Verdict.REJECTED, SAID, by=w.admin)
    reviews.decide(second, Verdict.APPROVED, by=w.admin)
    return Invoice.objects.with_context().get(pk=invoice.pk)


def words_of_book(content: bytes) -> str:
    cells = [cell for row in load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True) for cell in row]
    return " ".join(map(str, cells))


def readings(who, invoice: Invoice) -> dict[str, str]:
    """All that tells of the lines: {what: its words}."""
    client = signed_in(who)
    package = zipfile.ZipFile(io.BytesIO(papers_of(client, invoice)))
    return {
        "page": text_of(client.get(at(invoice))),
        "csv": b"".join(client.get(at(invoice, "invoice-csv")).streaming_content).decode("utf-8-sig"),
        "workbook": words_of_book(client.get(at(invoice, "invoice-workbook")).content),
        "certificate": words_of(PdfReader(io.BytesIO(client.get(at(invoice, "invoice-certificate")).content))),
        "package": words_of(PdfReader(io.BytesIO(package.read(package.namelist()[0])))),
    }


def test_a_contact_reads_no_verdict_before_it_is_sent_wherever_they_look(w):
    for what, words in readings(w.contact, judged(w)).items():
        for said in (SAID, "Dana Cole", "lines approved", "Lines reviewed", "Rejected", "(Approved)"):
            assert said not in words, f"{said} in the {what}"
        assert "Footings" in words, what


def test_the_team_reads_each_verdict_while_it_reviews_and_the_contact_once_it_is_sent(w):
    invoice = judged(w)
    team = readings(w.second_admin, invoice)
    assert [what for what, words in team.items() if SAID not in words] == ["workbook"], "that is the claim alone"
    assert "1 of 2 lines approved, 1 rejected" in team["certificate"] and "1 of 2 lines approved" in team["package"]
    invoices.send_back(invoice, by=w.admin)
    sent = readings(w.contact, invoice)
    assert [what for what, words in sent.items() if SAID not in words] == ["workbook"]
    assert "1 of 2 lines approved, 1 rejected" in sent["certificate"]


def test_the_first_page_as_a_picture_tells_a_contact_no_more_than_the_certificate(w):
    """It is drawn from the same rows: a verdict that they may not read changes nothing in it."""
    invoice = w.submitted()
    of_contact, of_team = signed_in(w.contact), signed_in(w.second_admin)
    page = at(invoice, "invoice-certificate-picture")
    before = of_contact.get(page).content
    assert of_team.get(page).content == before
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, SAID, by=w.admin)
    assert of_contact.get(page).content == before and of_team.get(page).content != before


def test_a_sheet_that_was_open_when_a_colleague_sent_the_bill_tells_no_verdict_either(w):
    """9.10: what was typed is shown again, and why it was not saved."""
    draft = w.entered()
    client = signed_in(w.contact)
    data = sheet(client.get(at(draft, "invoice-enter")))
    invoice = invoices.submit(draft, by=w.contact)
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, SAID, by=w.admin)
    data[next(name for name in data if name.startswith("work-"))] = "750.00"
    answer = client.post(at(invoice, "invoice-enter"), data)
    words = text_of(answer)
    assert "750.00" in words and "Under Review" in words
    assert SAID not in words and "Rejected by" not in words and "is-bad" not in words
