"""The entry sheet saves each row when it is left: the rights, the locking and the record of its Save (9.4, I-5)."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import Event
from invoicing.models import Invoice
from tests.factories import D, world
from tests.invoicing.pages import at, sheet, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def bill(w) -> Invoice:
    return w.draft(w.commitment())


def rows(page, *lines, **typed) -> dict[str, str]:
    """What the page sends of some rows, nothing of the others."""
    keys = {str(line.pk) for line in lines}
    sent = {name: text for name, text in sheet(page).items() if name.rpartition("-")[2] in keys}
    return sent | {"then": "row", "version": str(page.context["sheet"].invoice.version)} | typed


def test_a_row_that_is_left_is_saved_and_the_others_stay(w, bill):
    lee = signed_in(w.contact)
    first, second = bill.lines.all()
    page = lee.get(at(bill, "invoice-enter"))
    answer = lee.post(at(bill, "invoice-enter"), rows(page, first, **{f"work-{first.pk}": "1250"}))
    assert answer.status_code == 200
    said = answer.json()
    bill.refresh_from_db()
    assert said["version"] == bill.version == 2
    assert said["shown"][str(first.pk)].startswith("1,250.00|") and str(second.pk) not in said["shown"]
    assert [line.work_this_period for line in bill.lines.all()] == [D("1250.00"), D("0.00")]
    event = Event.objects.about(bill).first()
    assert event.verb == "entered amounts"
    assert set(event.changes) == {"SOV-001 work this period", "SOV-001 work retainage"}


def test_what_must_hold_comes_with_each_row_as_of_what_is_saved_now(w, bill):
    """5.5: all identities of the whole bill, not those of the row alone."""
    lee, enter = signed_in(w.contact), at(bill, "invoice-enter")
    first, second = bill.lines.all()
    for line, typed, said in (
        (first, {"release": "12.34"}, "Retainage released on"),
        (second, {"work": "10.00"}, "Retainage released on"),
        (first, {"release": "0"}, "and no more is released than is held"),
    ):
        typed = {f"{stem}-{line.pk}": text for stem, text in typed.items()}
        checks = lee.post(enter, rows(lee.get(enter), line, **typed)).json()["checks"]
        assert said in checks and ("problem" in checks.split("</summary>")[0]) == (said == "Retainage released on")
        page = lee.get(enter).content.decode()
        assert " ".join(checks.split()) in " ".join(page.split()), "as the page says it, loaded anew"


def test_an_admin_who_enters_late_on_behalf_hears_of_no_due_date(w, bill):
    """B-5: they may at any time, so the box says what the page says to them, and to the vendor that it passed."""
    enter, passed = at(bill, "invoice-enter"), "The due date has passed"
    with time_machine.travel(datetime(2030, 6, 27, 12, tzinfo=UTC)):
        for person, is_late in ((w.admin, False), (w.contact, True)):
            client = signed_in(person)
            page = client.get(enter)
            typed = {f"work-{(line := bill.lines.first()).pk}": "1250" if is_late else "1300"}
            checks = client.post(enter, rows(page, line, **typed)).json()["checks"]
            assert (passed in text_of(page)) == (passed in checks) == is_late


def test_the_number_is_saved_alone_and_a_wrong_one_named(w, bill):
    lee = signed_in(w.contact)
    enter = at(bill, "invoice-enter")
    header = {"then": "row", "version": "1", "number": "B-7", "shown-number": ""}
    assert lee.post(enter, header).json()["shown"]["number"] == "B-7"
    answer = lee.post(enter, header | {"version": "2", "number": "B,7", "shown-number": "B-7"})
    assert answer.status_code == 422 and "can't contain ','" in answer.json()["message"]
    bill.refresh_from_db()
    assert bill.number == "B-7"


def test_what_had_not_changed_is_no_event(w, bill):
    lee = signed_in(w.contact)
    page = lee.get(at(bill, "invoice-enter"))
    answer = lee.post(at(bill, "invoice-enter"), rows(page, bill.lines.first()))
    assert answer.json()["version"] == 1 and Event.objects.about(bill).count() == 1


def test_an_amount_that_is_none_is_named_and_nothing_is_stored(w, bill):
    lee, line = signed_in(w.contact), bill.lines.first()
    page = lee.get(at(bill, "invoice-enter"))
    answer = lee.post(at(bill, "invoice-enter"), rows(page, line, **{f"work-{line.pk}": "12O0"}))
    assert answer.status_code == 422 and "12O0" in answer.json()["message"]
    line.refresh_from_db()
    assert line.work_this_period == 0


def test_two_tabs_the_second_is_told_and_its_own_save_shows_both_versions(w, bill):
    """I-5: nothing typed is lost, nothing is overwritten unseen."""
    lee, enter = signed_in(w.contact), at(bill, "invoice-enter")
    line = bill.lines.first()
    one, other = lee.get(enter), lee.get(enter)
    assert lee.post(enter, rows(one, line, **{f"work-{line.pk}": "100.00"})).status_code == 200
    answer = lee.post(enter, rows(other, line, **{f"work-{line.pk}": "200.00"}))
    assert answer.status_code == 409 and "Press Save to see both versions" in answer.json()["message"]
    both = lee.post(enter, sheet(other) | {f"work-{line.pk}": "200.00"})
    assert both.status_code == 409 and "Both changed it" in text_of(both)
    assert "100.00" in text_of(both) and "200.00" in text_of(both)
    line.refresh_from_db()
    assert line.work_this_period == D("100.00")


def test_a_reader_saves_no_row(w, bill):
    type(bill.commitment).objects.update(is_private=False)
    reader = signed_in(w.reader)
    assert reader.post(at(bill, "invoice-enter"), {"then": "row", "version": "1"}).status_code == 403


def test_of_retainage_that_was_typed_the_page_is_told(w, bill):
    """An Admin types what is held; emptied, the rate decides again."""
    dana, line, enter = signed_in(w.admin), bill.lines.first(), at(bill, "invoice-enter")
    page = dana.get(enter)
    said = dana.post(enter, rows(page, line, **{f"held-work-{line.pk}": "77.00"})).json()
    assert said["typed"] == {"line-SOV-001": {"held-work": "7700", "held-stored": None, "left": None}}
    page = dana.get(enter)
    said = dana.post(enter, rows(page, line, **{f"held-work-{line.pk}": ""})).json()
    assert said["typed"] == {"line-SOV-001": {"held-work": None, "held-stored": None, "left": None}}


def test_many_rows_saved_one_by_one_read_as_one_in_the_timeline(w, bill):
    """Section 8: each is an event of its own; who reads is spared the flood."""
    lee, enter = signed_in(w.contact), at(bill, "invoice-enter")
    first, second = bill.lines.all()
    for line, text in ((first, "100.00"), (second, "50.00"), (first, "300.00")):
        lee.post(enter, rows(lee.get(enter), line, **{f"work-{line.pk}": text}))
    dana = signed_in(w.admin)
    dana.post(enter, rows(dana.get(enter), second, **{f"work-{second.pk}": "60.00"}))
    assert Event.objects.about(bill).filter(verb="entered amounts").count() == 4
    page = text_of(dana.get(at(bill) + "?show=timeline"))
    assert page.count("entered amounts") == 2, "of Lee and of Dana"
    for told in (
        "Line 1, this period: <del>0.00</del> → <ins>300.00</ins>",
        "Line 2, this period: <del>0.00</del> → <ins>50.00</ins>",
        "Line 2, this period: <del>50.00</del> → <ins>60.00</ins>",
    ):
        assert told in page


def test_a_row_costs_fewer_queries_than_a_save(w, bill):
    lee, enter = signed_in(w.contact), at(bill, "invoice-enter")
    line = bill.lines.first()
    page = lee.get(enter)
    with CaptureQueriesContext(connection) as whole:
        answer = lee.post(enter, sheet(page) | {f"work-{line.pk}": "100.00"})
        page = lee.get(answer.url)
    assert answer.status_code == 302
    with CaptureQueriesContext(connection) as row:
        lee.post(enter, rows(page, line, **{f"work-{line.pk}": "200.00"}))
    assert len(row) <= 29 < len(whole), "what it shows now and what must hold; a save loads the whole page once more"
