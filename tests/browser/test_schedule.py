"""A schedule of values in Chromium: 500 lines pasted, saved, taken to a spreadsheet and back; keys; two tabs (C-2)."""

import gzip

import openpyxl
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories import D, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const told = {clipboardData: data, bubbles: true, cancelable: true};
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", told));
}"""


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
