"""An approved line of a bill that came back changes only if somebody says so, whichever way it comes in (9.4, I-8)."""

import pytest

from directory.refusals import Refused
from invoicing.actions import amounts, invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, sheet, signed_in, text_of
from tests.invoicing.test_claim_files import Book, apply, upload

pytestmark = pytest.mark.django_db
LOCKED = "this line was approved and is locked"


@pytest.fixture
def w():
    return world()


@pytest.fixture
def bill(w) -> Invoice:
    """An Admin's, so that it releases too: line 1 was rejected, line 2 approved."""
    made = w.submitted(w.draft(by=w.admin), *[{"work_this_period": D("1000.00")}] * 2, by=w.admin)
    first, second = made.lines.order_by("pk")
    reviews.decide(first, Verdict.REJECTED, "Not poured yet", by=w.admin)
    reviews.decide(second, Verdict.APPROVED, by=w.admin)
    invoices.send_back(Invoice.objects.get(pk=made.pk), by=w.admin, comment="Look at line 1")
    return Invoice.objects.with_context().get(pk=made.pk)


def stored(bill) -> list[tuple]:
    return list(bill.lines.order_by("pk").values_list("work_this_period", "retainage_released"))


AS_APPROVED = (D("1000.00"), D("0.00"))


def lines_of(bill):
    return bill.lines.order_by("pk")


def test_the_rule_stands_where_lines_are_saved(w, bill):
    first, second = lines_of(bill)
    typed = {first.pk: {"work_this_period": D("700.00")}, second.pk: {"work_this_period": D("900.00")}}
    with pytest.raises(Refused, match=f"Line 2: .*{LOCKED}"):
        amounts.save_lines(bill, typed, by=w.contact, version=bill.version)
    assert stored(bill) == [AS_APPROVED] * 2, "all or nothing"
    amounts.save_lines(bill, typed, by=w.contact, version=bill.version, opened={second.pk})
    assert [work for work, _ in stored(bill)] == [D("700.00"), D("900.00")]


@pytest.mark.parametrize("typed", [{"retainage_released": D("1.00")}, {"stored_retainage": D("1.00")}])
def test_release_and_retainage_are_figures_too_and_an_admin_says_so_as_well(w, bill, typed):
    second = lines_of(bill)[1]
    if "stored_retainage" in typed:
        typed = typed | {"stored_retainage_is_typed": True}
    with pytest.raises(Refused, match=LOCKED):
        amounts.save_lines(bill, {second.pk: typed}, by=w.admin, version=bill.version)


def test_its_note_is_free(w, bill):
    second = lines_of(bill)[1]
    amounts.save_lines(bill, {second.pk: {"note": "See photo 4"}}, by=w.contact, version=bill.version)
    assert lines_of(bill)[1].note == "See photo 4"


def test_save_and_a_row_that_saves_itself_change_it_only_with_its_consent(w, bill):
    """A pasted block is rows that save themselves."""
    lee, second, enter = signed_in(w.contact), lines_of(bill)[1], at(bill, "invoice-enter")
    typed = sheet(lee.get(enter)) | {f"work-{second.pk}": "900.00"}
    assert LOCKED in text_of(lee.post(enter, typed))
    row = {name: text for name, text in typed.items() if name.rpartition("-")[2] == str(second.pk)}
    row |= {"then": "row", "version": str(bill.version)}
    answer = lee.post(enter, row)
    assert answer.status_code == 422 and LOCKED in answer.json()["message"]
    assert stored(bill)[1] == AS_APPROVED
    assert lee.post(enter, row | {f"open-{second.pk}": "1"}).status_code == 200
    assert stored(bill)[1][0] == D("900.00")


def test_a_release_filled_in_and_cells_set_at_once_change_it_only_with_its_consent(w, bill):
    lee, second, enter = signed_in(w.contact), lines_of(bill)[1], at(bill, "invoice-enter")
    typed = sheet(lee.get(enter))
    for pressed in (
        {"then": "release", "release_asked": "100 %"},
        {"then": "set", "set_column": "work", "set_to": "50 %", "set_lines": "all"},
    ):
        filled = lee.post(enter, typed | pressed)
        assert LOCKED in text_of(filled)
        again = lee.post(enter, sheet(filled))  # as it stands there, saved without a look
        assert again.status_code == 422 and stored(bill)[1] == AS_APPROVED
    opened = {f"open-{second.pk}": "1"}
    filled = lee.post(enter, typed | opened | {"then": "release", "release_asked": "100 %"})
    assert filled.status_code == 200 and LOCKED not in text_of(filled)
    assert lee.post(enter, sheet(filled) | opened).status_code == 302
    assert stored(bill)[1] == (D("1000.00"), D("100.00"))


def workbook(who, bill):
    """Its preview, with 700 on line 1 and 900 on line 2."""
    client = signed_in(who)
    book = Book(client, bill)
    for row, amount in ((2, 700), (3, 900)):
        book.cell("This period", row).value = amount
    return client, upload(client, bill, book.saved())


def test_a_workbook_asks_line_by_line_and_an_empty_tick_saves_nothing(w, bill):
    lee, preview = workbook(w.contact, bill)
    second = lines_of(bill)[1]
    text = text_of(preview)
    assert preview.status_code == 200 and text.count("Approved and locked.") == 1
    assert f'name="open-{second.pk}" value="1" form="apply"' in text and "Change anyway, line 2" in text
    assert stored(bill) == [AS_APPROVED] * 2
    refused = apply(lee, preview, bill)
    assert refused.status_code == 422 and LOCKED in text_of(refused)
    assert 'value="700"' in text_of(refused) and 'value="900"' in text_of(refused), "nothing of the file is lost"
    assert stored(bill) == [AS_APPROVED] * 2


def test_a_workbook_changes_it_with_the_tick(w, bill):
    lee, preview = workbook(w.contact, bill)
    second = lines_of(bill)[1]
    assert apply(lee, preview, bill, **{f"open-{second.pk}": "1"}).status_code == 302
    assert [work for work, _ in stored(bill)] == [D("700.00"), D("900.00")]


def test_saving_it_as_a_draft_opens_no_lock(w, bill):
    """9.4: wherever it can be entered, however it got there."""
    lee, second = signed_in(w.contact), lines_of(bill)[1]
    bill = Invoice.objects.with_context().get(pk=invoices.save_draft(bill, by=w.contact).pk)
    with pytest.raises(Refused, match=f"Line 2: .*{LOCKED}"):
        typed = {second.pk: {"work_this_period": D("900.00")}}
        amounts.save_lines(bill, typed, by=w.contact, version=bill.version)
    enter = at(bill, "invoice-enter")
    page = lee.get(enter)
    assert "Change anyway, line 2" in text_of(page)
    typed = sheet(page) | {f"work-{second.pk}": "900.00"}
    assert LOCKED in text_of(lee.post(enter, typed)) and stored(bill)[1] == AS_APPROVED
    assert lee.post(enter, typed | {f"open-{second.pk}": "1"}).status_code == 302
    assert stored(bill)[1][0] == D("900.00")
    assert "Opened: its approval is dropped" in text_of(lee.get(enter)), "it stays open"


def test_a_review_locks_nothing(w):
    bill = w.submitted(w.draft(), {"work_this_period": D("1000.00")})
    line = lines_of(bill)[0]
    reviews.decide(line, Verdict.APPROVED, by=w.admin)
    bill = Invoice.objects.get(pk=bill.pk)
    entry = {line.pk: {"work_this_period": D("900.00"), "allowed_reason": "Measured"}}
    amounts.save_lines(bill, entry, by=w.admin, version=bill.version)
    assert lines_of(bill)[0].work_this_period == D("900.00")
