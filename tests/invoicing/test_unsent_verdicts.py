"""What reviewers say of a line is theirs until they decide, on whatever a contact reads it (U6)."""

import io
import zipfile

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from invoicing.actions import amounts, approvals, invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.factories import D, world
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


WHY, ENDORSED = "Two rooms are missing", "Measured on site"


def allowed_and_endorsed(w) -> Invoice:
    """Less allowed on the first line, and the first of two approvals given."""
    w.company.second_approval_above = D("100.00")
    w.company.save()
    invoice = w.submitted()
    entry = {invoice.lines.first().pk: {"work_this_period": D("800.00"), "allowed_reason": WHY}}
    invoice = amounts.save_lines(invoice, entry, by=w.admin, version=invoice.version)
    approvals.endorse(invoice, by=w.admin, comment=ENDORSED)
    return Invoice.objects.with_context().get(pk=invoice.pk)


def everything(who, invoice: Invoice) -> dict[str, str]:
    """`readings`, the other tabs, and how each figure came."""
    client = signed_in(who)
    tabs = {tab: text_of(client.get(f"{at(invoice)}?show={tab}")) for tab in ("summary", "timeline", "changes")}
    return readings(who, invoice) | tabs | {"how": text_of(client.get(at(invoice, "invoice-line", 1)))}


def test_a_contact_reads_neither_who_allows_another_amount_and_why_nor_the_first_approval(w):
    """U6, R84: the amount itself stands in every list and total, so it stands here too."""
    invoice = allowed_and_endorsed(w)
    for what, words in everything(w.contact, invoice).items():
        for said in (WHY, ENDORSED, "Dana Cole", "First of two approvals", "gave the first approval", "not allowed"):
            assert said not in words, f"{said} in the {what}"
        assert what not in ("page", "csv", "certificate", "how") or "800.00" in words, what
        assert "Reasons for difference" not in words, what


def test_the_team_reads_them_at_once_and_the_contact_once_it_is_held_or_decided(w):
    """Holding for the owner is a decision: it is recorded (I-10)."""
    invoice = allowed_and_endorsed(w)
    team = everything(w.second_admin, invoice)
    assert {what for what, words in team.items() if WHY in words} == {
        "page", "csv", "certificate", "package", "timeline", "changes", "how"
    }  # fmt: skip
    assert {what for what, words in team.items() if "First of two approvals" in words} == {
        "page", "summary", "timeline", "changes", "certificate", "package"
    }  # fmt: skip
    invoices.hold_for_owner(invoice, by=w.admin)
    held = everything(w.contact, invoice)
    assert {what for what, words in held.items() if WHY in words} == {
        "page", "csv", "certificate", "package", "timeline", "changes", "how"
    }  # fmt: skip
    assert "Typed by Dana Cole" in held["how"] and "Reasons for difference" in held["certificate"]


def test_a_reason_that_a_contact_does_not_read_yet_is_no_reason_that_lacks(w):
    """N-9: the checks are those of the stored lines, whoever reads them."""
    invoice = w.submitted(None, {"work_this_period": D("1000.00")}, {"work_this_period": D("500.00")})
    entry = {invoice.lines.last().pk: {"work_this_period": D("-50.00"), "allowed_reason": WHY}}
    invoice = amounts.save_lines(invoice, entry, by=w.admin, version=invoice.version)
    told = [signed_in(who).get(f"{at(invoice)}?show=summary").context["identities"] for who in (w.admin, w.contact)]
    assert told[0] == told[1] and not [each for each in told[1] if each.number == "N-9" and not each.holds]
