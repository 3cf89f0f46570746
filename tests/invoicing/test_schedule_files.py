"""A schedule's workbook that comes back after somebody else saved: nothing is undone unseen (C-2, I-5)."""

import io

import openpyxl
import pytest

from directory.sheets import hidden
from invoicing.actions.commitments import NewLine
from invoicing.forms.schedule_rows import CELLS
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of
from tests.invoicing.test_schedules import address, changed, draft, new_row, rows, saved, uploaded
from tests.journeys.pages import Page

pytestmark = pytest.mark.django_db
AMOUNT, DESCRIPTION, MADE = "H", "D", "J"


def downloaded(client, commitment):
    return openpyxl.load_workbook(io.BytesIO(client.get(address(commitment, "schedule-workbook")).content))


def bring_back(client, commitment, book):
    out = io.BytesIO()
    book.save(out)
    return uploaded(client, commitment, out.getvalue())


def applied(client, commitment, page, *theirs: str):
    answer = apply(client, commitment, page, *theirs)
    assert answer.status_code == 302, text_of(answer)


def apply(client, commitment, page, *theirs: str):
    """The preview's form, sent as it stands on the page."""
    shown, sent = Page(page.content.decode()), {"theirs": list(theirs)}
    [form] = [each for each in shown.elements if each.tag == "form" and each.attrs.get("id") == "apply"]
    for control in shown.controls(form):
        if control.type == "hidden" and control.attrs.get("name") != "csrfmiddlewaretoken":
            sent.setdefault(control.attrs["name"], []).append(control.value)
    return client.post(address(commitment), sent)


def told(commitment) -> list[tuple[str, str]]:
    return [(row.description, str(row.amount)) for row in rows(commitment)]


@pytest.fixture
def there():
    return world()


@pytest.fixture
def commitment(there):
    return draft(there)


@pytest.fixture
def client(there):
    return signed_in(there.admin)


def test_a_stale_file_keeps_what_somebody_else_saved_in_cells_it_does_not_change(there, commitment, client):
    book = downloaded(client, commitment)
    one, two, three = rows(commitment)
    saved(there, commitment, [changed(one, amount=D("74000.00")), two, three], by=there.second_admin)
    book.active[f"{DESCRIPTION}3"] = "Slab, sealed"
    page = bring_back(client, commitment, book)
    text = text_of(page)
    assert "Saved by somebody else after the download" in text and f"{there.second_admin.name} saved last" in text
    assert "Apply 1 change" in text and "74,000.00" in text and "What they saved stays." in text
    applied(client, commitment, page)
    assert told(commitment) == [("Footings", "74000.00"), ("Slab, sealed", "29002.00"), ("Embeds", "200.00")]


def test_a_cell_that_both_changed_shows_both_and_the_reader_chooses(there, commitment, client):
    book = downloaded(client, commitment)
    one, two, three = rows(commitment)
    saved(there, commitment, [changed(one, amount=D("74000.00")), changed(two, amount=D("1.00")), three])
    book.active[f"{AMOUNT}2"], book.active[f"{AMOUNT}3"] = 75000, 2
    page = bring_back(client, commitment, book)
    text = text_of(page)
    assert "2 cells you both changed take what your file says" in text
    for words in ("73,600.00", "74,000.00", "75000", "Take theirs, “74,000.00”"):
        assert words in text
    assert 'value="0:amount" form="apply"' in text
    applied(client, commitment, page, "0:amount")
    assert told(commitment)[:2] == [("Footings", "74000.00"), ("Slab", "2.00")]


def test_a_line_added_meanwhile_stays_where_it_was_put_and_one_taken_out_of_the_file_goes(there, commitment, client):
    book = downloaded(client, commitment)
    one, two, three = rows(commitment)
    saved(there, commitment, [one, new_row(), two, three])
    book.active.delete_rows(4)
    page = bring_back(client, commitment, book)
    text = text_of(page)
    assert "Added by somebody else after the download. It stays." in text
    assert [each.row.description for each in page.context["groups"]["removed"]] == ["Embeds"]
    assert "this is how they stand now" in text and "Moved" not in text
    applied(client, commitment, page)
    assert [words for words, _ in told(commitment)] == ["Footings", "Curbs", "Slab"]


def test_a_line_removed_meanwhile_stays_removed_unless_the_file_changes_it(there, commitment, client):
    book = downloaded(client, commitment)
    one, _, _ = rows(commitment)
    saved(there, commitment, [one])
    book.active[f"{AMOUNT}4"] = 300
    page = bring_back(client, commitment, book)
    text = text_of(page)
    assert "Row 3</strong> Somebody removed this line after the download. It stays removed." in text
    assert "Row 4</strong> Somebody removed this line after the download, but the file changes it" in text
    applied(client, commitment, page)
    assert told(commitment) == [("Footings", "73600.00"), ("Embeds", "300.00")]


def test_an_order_that_somebody_else_changed_stays_and_one_that_the_file_changes_counts(there, commitment, client):
    book = downloaded(client, commitment)
    one, two, three = rows(commitment)
    saved(there, commitment, [three, one, two])
    assert "Nothing to change" in text_of(bring_back(client, commitment, book))
    swapped = [cell.value for cell in book.active[2]]
    book.active.append(swapped)
    book.active.delete_rows(2)
    page = bring_back(client, commitment, book)
    applied(client, commitment, page)
    assert [words for words, _ in told(commitment)] == ["Slab", "Embeds", "Footings"]


def test_a_save_that_touched_no_line_of_the_file_does_not_spoil_it(there, commitment, client):
    book = downloaded(client, commitment)
    saved(there, commitment, [*rows(commitment)[:2], changed(rows(commitment)[2], amount=D("1.00"))])
    saved(there, commitment, [*rows(commitment)[:2], changed(rows(commitment)[2], amount=D("200.00"))])
    text = text_of(bring_back(client, commitment, book))
    assert "Nothing to change" in text and "after the download" not in text


def test_a_hidden_cell_that_was_changed_is_refused_with_its_remedy(there, commitment, client):
    for words in (None, "x", '{"of":1}', hidden({"of": str(commitment.pk), "version": "x"})):
        book = downloaded(client, commitment)
        book.active[f"{MADE}3"] = words
        page = bring_back(client, commitment, book)
        assert page.status_code == 422
        assert "J3</strong> As downloaded: This hidden cell was changed. Download the workbook again" in text_of(page)
        assert "Apply" not in text_of(page)


def test_another_commitments_workbook_is_read_like_one_made_by_hand(there, commitment, client):
    other = draft(there, [there.line("Slab", "5.00"), there.line("Roof", "7.00")])
    page = bring_back(client, commitment, downloaded(client, other))
    groups = page.context["groups"]
    assert [each.row.description for each in groups["changed"]] == ["Slab"]
    assert [each.row.description for each in groups["new"]] == ["Roof"]
    assert [each.row.description for each in groups["removed"]] == ["Footings", "Embeds"]


def test_a_row_copied_in_the_spreadsheet_is_a_new_line(there, commitment, client):
    """Its hidden id is copied with it."""
    book = downloaded(client, commitment)
    copied = [cell.value for cell in book.active[2]]
    copied[3], copied[7] = "Footings, north", 100
    book.active.append(copied)
    page = bring_back(client, commitment, book)
    assert "Row 5</strong> Copied from row 2: it is read as a new line." in text_of(page)
    assert [each.row.description for each in page.context["groups"]["new"]] == ["Footings, north"]
    applied(client, commitment, page)
    assert told(commitment)[-1] == ("Footings, north", "100.00") and commitment.lines.count() == 4


def test_quantity_and_price_saved_meanwhile_keep_their_amount(there, client):
    piles = NewLine(there.cost_code(), "Piles", quantity=D("2"), unit="ea", unit_price=D("5.00"))
    commitment = draft(there, [piles], accounting_method="unit")
    book = downloaded(client, commitment)
    [row] = rows(commitment)
    saved(there, commitment, [changed(row, quantity=D("3"), amount=D("15.00"))])
    book.active[f"{DESCRIPTION}2"] = "Piles, steel"
    page = bring_back(client, commitment, book)
    applied(client, commitment, page)
    assert told(commitment) == [("Piles, steel", "15.00")]


def test_lines_that_only_moved_are_listed_with_both_places(there, commitment, client):
    book = downloaded(client, commitment)
    moved = [cell.value for cell in book.active[4]]
    book.active.delete_rows(4)
    book.active.insert_rows(2)
    for at, value in enumerate(moved, 1):
        book.active.cell(2, at).value = value
    page = bring_back(client, commitment, book)
    text = text_of(page)
    assert "Apply 1 change" in text and [each.row.description for each in page.context["moved_only"]] == ["Embeds"]
    assert "Only moved" in text and "moved from 3 to 1" in text and text.count("moved from") == 1


WHOLE = "K1"


def test_lines_added_meanwhile_to_a_schedule_that_was_empty_stay(there, client):
    """A workbook without a row says when it was downloaded, too: in a heading that nobody sees."""
    commitment = there.commitment([there.line("First", "1.00")], moves=(), contact=False)
    saved(there, commitment, [])
    book = downloaded(client, commitment)
    assert book.active.max_row == 1 and book.active.column_dimensions["K"].hidden
    saved(there, commitment, [new_row()], by=there.second_admin)
    book.active["B2"], book.active["D2"], book.active["H2"] = "03-100", "Footings", 100
    page = bring_back(client, commitment, book)
    text = text_of(page)
    assert "Added by somebody else after the download. It stays." in text and "Not read" not in text
    assert not page.context["groups"]["removed"]
    applied(client, commitment, page)
    assert told(commitment) == [("Footings", "100.00"), ("Curbs", "5.00")]


def test_a_workbook_whose_rows_were_all_replaced_still_knows_when_it_was_downloaded(there, commitment, client):
    book = downloaded(client, commitment)
    saved(there, commitment, [*rows(commitment), new_row()])
    book.active.delete_rows(2, 3)
    book.active["B2"], book.active["D2"], book.active["H2"] = "03-100", "All of it", 100
    page = bring_back(client, commitment, book)
    assert [each.row.description for each in page.context["groups"]["removed"]] == ["Footings", "Slab", "Embeds"]
    applied(client, commitment, page)
    assert told(commitment) == [("All of it", "100.00"), ("Curbs", "5.00")]


@pytest.mark.parametrize(("number", "code"), [("9" * 500, 200), ("-1", 422), ("soon", 422), ("", 422)])
def test_whatever_stands_in_the_hidden_places_the_file_is_read_or_refused(there, commitment, client, number, code):
    about = {"of": str(commitment.pk), "version": number, "newest": number}
    book = downloaded(client, commitment)
    book.active[WHOLE] = hidden(about)
    assert bring_back(client, commitment, book).status_code == 200
    made = about | {"place": number} | dict.fromkeys(CELLS, "")
    book.active[f"{MADE}2"] = hidden(made)
    assert bring_back(client, commitment, book).status_code == code


def test_a_rate_that_excel_keeps_as_a_fraction_is_asked_for_again(there, commitment, client):
    """5.4: a cell formatted as a percentage shows 5 % and keeps 0.05."""
    book = downloaded(client, commitment)
    book.active["I2"].value, book.active["I2"].number_format = 0.05, "0%"
    page = bring_back(client, commitment, book)
    assert page.status_code == 422
    assert "I2</strong> Own retainage %: “0.05” is 0.05 %, and a spreadsheet keeps 5 % as that number" in text_of(page)
    book.active["I2"].value = "0.05%"
    applied(client, commitment, bring_back(client, commitment, book))
    assert rows(commitment)[0].retainage_rate == D("0.05")
    again = downloaded(client, commitment)
    again.active[f"{DESCRIPTION}3"] = "Slab, sealed"
    page = bring_back(client, commitment, again)
    assert page.status_code == 200 and "Apply 1 change" in text_of(page), "what is stored comes back as it is"


def test_a_line_that_the_file_lacks_and_somebody_changes_before_it_is_applied_is_shown_and_stays(
    there, commitment, client
):
    """I-5: its removal was decided on other figures."""
    book = downloaded(client, commitment)
    book.active.delete_rows(3, 2)
    page = bring_back(client, commitment, book)
    one, two, three = rows(commitment)
    saved(there, commitment, [one, two, changed(three, amount=D("99999.00"))], by=there.second_admin)
    answer = apply(client, commitment, page)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "You took it out; somebody else changed it meanwhile." in text and "99,999.00" in text
    assert [row.texts["description"] for row in answer.context["sheet"].rows if row.key] == ["Footings", "Embeds"]
    assert len(told(commitment)) == 3


def test_a_wrong_cell_hides_nothing_of_what_the_file_would_do(there, commitment, client):
    """C-2, 9.8: new, changed and refused stand together; nothing is applied."""
    book = downloaded(client, commitment)
    book.active[f"{AMOUNT}2"], book.active[f"{AMOUNT}3"] = "12O0", 31000
    book.active.append([None, "03-100", "Subcontract", "Lighting controls", None, None, None, 44000])
    page = bring_back(client, commitment, book)
    text, before = text_of(page), sum(row.amount for row in rows(commitment))
    assert page.status_code == 422 and "1 problem" in text and "12O0" in text
    assert [len(page.context["groups"][name]) for name in ("new", "changed", "removed", "same")] == [1, 1, 0, 2]
    assert "31,000.00" in text and "Lighting controls" in text
    assert page.context["after"] == before + D("1998.00") + D("44000.00"), "the wrong one counts as it is now"
    assert 'id="apply"' not in text and "Apply" not in text


def test_the_headings_of_the_workbook_are_the_editors_and_shorter_ones_are_read_too(there, commitment, client):
    """C-2: a file made by hand says Qty where the workbook says Quantity."""
    book = downloaded(client, commitment)
    headings = [cell.value for cell in book.active[1]]
    assert set(CELLS.values()) <= set(headings)
    short = {"Cost code": "Code", "Cost type": "Type", "Quantity": "Qty", "Unit": "UoM", "Unit price": "Unit cost"}
    short |= {"Scheduled value": "Amount", "Own retainage %": "Retainage %"}
    for cell in book.active[1]:
        cell.value = short.get(cell.value, cell.value)
    book.active["D2"] = "Piles"
    page = bring_back(client, commitment, book)
    assert page.status_code == 200 and [row.row.description for row in page.context["groups"]["changed"]] == ["Piles"]
