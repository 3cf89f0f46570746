"""A sheet as a browser without scripts sends it: its cells are told apart by their order (screens 11)."""

import pytest

from invoicing.actions import invoices, reviews
from invoicing.actions.commitments import NewLine
from invoicing.forms.sent_rows import Torn, keys_in, ranges_of
from invoicing.models import Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in
from tests.journeys.pages import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def there():
    """A bill of three lines, the middle one measured: it has a quantity where the others have work and a percentage."""
    w = world()
    pipes = NewLine(w.cost_code(), "Pipes", quantity=D("100"), unit="m", unit_price=D("12.50"))
    w.invoice = w.draft(w.commitment(lines=[w.line("Footings", "1000.00"), pipes, w.line("Walls", "2000.00")]))
    return w


def sent(client, invoice) -> dict[str, list[str]]:
    page = Page(client.get(at(invoice, "invoice-enter")).content.decode())
    form = next(each for each in page.elements if each.attrs.get("id") == "sheet")
    data: dict[str, list[str]] = {}
    for control in page.controls(form):
        for name, value in control.pairs():
            data.setdefault(name, []).append(value)
    return data


def worked(invoice) -> list[D]:
    return list(invoice.lines.order_by("schedule_line__position").values_list("work_this_period", flat=True))


def test_each_cell_finds_its_line_by_its_order_also_past_a_line_that_has_another_one(there):
    lee = signed_in(there.contact)
    data = sent(lee, there.invoice)
    assert len(data["work"]) == 2 and len(data["quantity"]) == 1 and len(data["note"]) == 3
    data |= {"work": ["0.00", "250.00"], "quantity": ["4"], "note": ["", "By tape", "Level 2"]}
    assert lee.post(at(there.invoice, "invoice-enter"), data).status_code == 302
    assert worked(there.invoice) == [D("0.00"), D("50.00"), D("250.00")]
    notes = there.invoice.lines.order_by("schedule_line__position").values_list("note", flat=True)
    assert list(notes) == ["", "By tape", "Level 2"]


@pytest.mark.parametrize(
    "torn",
    [{"work": ["7.00"]}, {"shown": ["0.00"]}, {"lines": ["1-2 x"]}, {"lines": ["999999"]}, {"lines": ["1-999999"]}],
)
def test_a_page_that_did_not_arrive_whole_saves_nothing_and_says_so(there, torn):
    lee = signed_in(there.contact)
    data = sent(lee, there.invoice)
    page = lee.post(at(there.invoice, "invoice-enter"), data | {"work": ["9.00", "9.00"]} | torn)
    assert page.status_code == 422 and "Not every cell of the page arrived" in page.content.decode()
    assert worked(there.invoice) == [D("0.00")] * 3


def test_what_somebody_else_saved_in_between_is_told_line_by_line_without_scripts_too(there):
    """I-5."""
    lee, dana = signed_in(there.contact), signed_in(there.admin)
    mine, theirs = sent(lee, there.invoice), sent(dana, there.invoice)
    dana.post(at(there.invoice, "invoice-enter"), theirs | {"work": ["100.00", "0.00"]})
    page = lee.post(at(there.invoice, "invoice-enter"), mine | {"work": ["0.00", "300.00"]})
    assert page.status_code == 409 and "Only you changed it" in page.content.decode()
    assert worked(there.invoice) == [D("100.00"), D("0.00"), D("0.00")]


def test_runs_of_keys_are_written_as_two_of_them():
    for keys in ([], [5], [5, 6], [7, 6, 5], [3, 4, 5, 9, 11, 12]):
        assert not keys or keys_in(ranges_of(keys)) == keys
    assert ranges_of([3, 4, 5, 9, 11, 12]) == "3-5 9 11-12"
    with pytest.raises(Torn):
        keys_in("1-20000")


def test_what_came_back_stands_on_top_and_is_saved_on_its_own_line(there):
    """9.4: the rejected line first, and its cells are still its own."""
    invoice = there.submitted(there.invoice, *[{"work_this_period": D("100.00")}] * 3)
    reviews.decide(invoice.lines.get(schedule_line__position=3), Verdict.REJECTED, "Not built", by=there.admin)
    invoices.send_back(Invoice.objects.get(pk=invoice.pk), by=there.admin)
    lee = signed_in(there.contact)
    data = sent(lee, invoice)
    rows = [row.line.schedule_line.position for row in lee.get(at(invoice, "invoice-enter")).context["sheet"].rows]
    assert rows == [3, 1, 2]
    lee.post(at(invoice, "invoice-enter"), data | {"work": ["70.00", data["work"][1]]})
    assert worked(invoice)[0] == D("100.00") and worked(invoice)[2] == D("70.00")
