"""A schedule of values in Chromium: 500 lines pasted, saved, taken to a spreadsheet and back; keys; two tabs (C-2)."""

import gzip

import openpyxl
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import PASTE
from tests.factories import D, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def there(transactional_db):
    made = world()
    made.cost_code("03-100")
    made.cost_code("16-300")
    return made


def address(commitment) -> str:
    return reverse("schedule", args=[commitment.project.slug, commitment.number])


def test_500_lines_are_pasted_saved_downloaded_changed_and_uploaded(enter, there, tmp_path):
    commitment = there.commitment(lines=[there.line("Mobilization", "1.00")], moves=(), contact=False)
    page = enter(there.admin)
    page.goto(address(commitment))
    page.locator("#code-1").focus()
    block = "\n".join(f"03-100\tPartition type {n}\tSubcontract\t{1000 + n}.50" for n in range(500))
    page.evaluate(PASTE, block)
    expect(page.locator("[data-says]")).to_have_text("500 lines pasted.")
    expect(page.locator("[data-total]")).to_have_text("625,000.00")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Saved: 499 new, 1 changed.")).to_be_visible()
    assert commitment.lines.count() == 500 and commitment.original_contract_sum == D("625000.00")

    page.goto(address(commitment))
    assert len(gzip.compress(page.content().encode())) < 60_000, "the bar of a page of 500 lines"
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download as Excel").last.click()
    file = tmp_path / "sov.xlsx"
    taken.value.save_as(file)
    book = openpyxl.load_workbook(file)
    book.active["H2"], book.active["D3"] = 2000, "Partition type one"
    book.active.append([None, "16-300", "Material", "Lighting controls", None, None, None, 44000])
    book.save(file)
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Read file").click()
    expect(page.get_by_text("Lighting controls")).to_be_visible()
    page.get_by_role("button", name="Apply 3 changes").click()
    expect(page.get_by_text("Saved: 1 new, 2 changed.")).to_be_visible()
    assert commitment.lines.count() == 501 and commitment.lines.first().amount == D("2000.00")


def test_keys_fill_down_move_lines_and_add_one_at_the_end(enter, there):
    commitment = there.commitment(moves=(), contact=False)
    page = enter(there.admin)
    page.goto(address(commitment))
    page.locator("#amount-2").focus()
    page.keyboard.press("Control+d")
    expect(page.locator("#amount-2")).to_have_value("73,600.00")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#description-1")).to_have_value("Slab on grade")
    page.locator("#description-3").fill("Curbs")
    page.locator("#code-3").fill("16-300")
    page.locator("#amount-3").fill("(12.5)")
    page.keyboard.press("Enter")
    expect(page.locator("#amount-4")).to_be_focused()
    expect(page.locator("[data-total]")).to_have_text("147,187.50")
    page.locator("[name=place]").nth(2).fill("1")
    page.keyboard.press("Tab")
    expect(page.locator("#description-1")).to_have_value("Curbs")
    first, third = (page.locator("[data-rows] tr").nth(at).locator("td").first for at in (0, 2))
    first.drag_to(third, source_position={"x": 1, "y": 3})
    expect(page.locator("[data-says]")).to_have_text("Line moved to place 3.")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Saved: 1 new, 1 changed, 1 moved.")).to_be_visible()
    assert [line.description for line in commitment.lines.all()] == [
        "Slab on grade",
        "Footings and grade beams",
        "Curbs",
    ]


def test_a_quoted_cell_of_a_spreadsheet_is_pasted_as_one_cell(enter, there):
    """Excel quotes a cell that holds a tab, a line break or a quote, and doubles its quotes."""
    page = enter(there.admin)
    page.goto(address(there.commitment(moves=(), contact=False)))
    page.locator("#code-1").focus()
    block = '03-100\t"Slab\tnorth\nand south"\tMaterial\t1.00\r\n16-300\t"6"" curb, ""type A"""\tOther\t2.00\r\n'
    page.evaluate(PASTE, block)
    expect(page.locator("[data-says]")).to_have_text("2 lines pasted.")
    expect(page.locator("#description-1")).to_have_value("Slab north and south")
    expect(page.locator("#amount-1")).to_have_value("1.00")
    expect(page.locator("#description-2")).to_have_value('6" curb, "type A"')
    page.locator("#description-2").focus()
    page.evaluate(PASTE, '"Curb\n6"""\r\n')
    expect(page.locator("#description-2")).to_have_value('Curb 6"')
    page.evaluate(PASTE, '6" pipe\nCurbs')
    expect(page.locator("#description-2")).to_have_value('6" pipe')


def test_a_cell_is_filled_down_as_far_as_somebody_picks(enter, there):
    lines = [there.line(f"Line {n}", f"{n}.00") for n in range(1, 7)]
    commitment = there.commitment(lines=lines, moves=(), contact=False)
    page = enter(there.admin)
    page.goto(address(commitment))
    says, amounts = page.locator("[data-says]"), [page.locator(f"#amount-{n}") for n in range(1, 7)]
    page.get_by_role("button", name="Fill down").click()
    expect(says).to_have_text("Go to a cell first: what it holds is filled down.")
    amounts[1].focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")
    expect(says).to_have_text("Lines 2 to 4 picked: Ctrl+D fills them from the first.")
    expect(page.locator(".picked")).to_have_count(3)
    page.keyboard.press("Control+d")
    for at, text in enumerate(["1.00", "2.00", "2.00", "2.00", "5.00", "6.00"]):
        expect(amounts[at]).to_have_value(text)
    expect(page.locator("[data-total]")).to_have_text("18.00")
    page.keyboard.press("Escape")
    expect(amounts[3]).to_have_value("4.00")
    expect(page.locator("[data-total]")).to_have_text("21.00")

    page.locator("#description-5").focus()
    to = page.get_by_label("Fill down to line")
    expect(to).to_have_value("6")
    to.fill("99")
    to.press("Enter")
    expect(says).to_contain_text("Type a line from 6 to")
    to.fill("6")
    expect(page.locator(".picked")).to_have_count(2)
    page.get_by_role("button", name="Fill down").click()
    expect(says).to_contain_text("Description: line 6 filled with “Line 5”.")
    expect(page.locator("#description-6")).to_have_value("Line 5")
    expect(page.locator("#description-5")).to_be_focused()
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Saved: 1 changed.")).to_be_visible()


def test_two_tabs_editing_lose_nothing(enter, there, console):
    console.expect(409)
    commitment = there.commitment(moves=(), contact=False)
    one, other = enter(there.admin), enter(there.second_admin)
    for page in (one, other):
        page.goto(address(commitment))
    one.locator("#amount-1").fill("1.00")
    one.get_by_role("button", name="Save and go on").click()
    expect(one.get_by_text("Saved: 1 changed.")).to_be_visible()
    other.locator("#amount-1").fill("2.00")
    other.locator("#description-2").fill("Slab, sealed")
    other.get_by_role("button", name="Save and go on").click()
    expect(other.locator(".error-summary")).to_contain_text("Somebody saved this commitment meanwhile")
    expect(other.locator("#amount-1")).to_have_value("2.00")
    expect(other.get_by_label("take theirs, “1.00”")).to_be_visible()
    expect(other.locator(".error-summary")).to_contain_text(f"{there.admin.name} saved")
    other.get_by_role("button", name="Save and go on").click()
    expect(other.get_by_text("Saved: 2 changed.")).to_be_visible()
    assert [(line.amount, line.description) for line in commitment.lines.all()] == [
        (D("2.00"), "Footings and grade beams"),
        (D("29002.00"), "Slab, sealed"),
    ]
