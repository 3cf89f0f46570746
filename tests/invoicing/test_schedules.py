"""The schedule of values: edited as a whole, locked once agreed or billed, out to Excel and back (C-1, C-2)."""

import io
import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import RedisError

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing import presence
from invoicing.actions import commitment_moves, commitments
from invoicing.actions.commitments import NewLine
from invoicing.actions.schedules import MOST_LINES, Schedule, change_schedule, rows_of
from invoicing.calculations.schedules import Outcome, ScheduleRow, compare
from invoicing.forms.schedule_rows import CELLS, Choices, row_of
from invoicing.models import Commitment
from invoicing.schedule_files import read_schedule
from invoicing.sheets import Origin, as_workbook
from tests.factories import D, person, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def draft(there, lines=None, **fields) -> Commitment:
    lines = lines or [
        there.line("Footings", "73600.00"),
        there.line("Slab", "29002.00"),
        there.line("Embeds", "200.00"),
    ]
    return there.commitment(lines=lines, moves=(), contact=False, **fields)


def address(commitment, name="schedule") -> str:
    return reverse(name, args=[commitment.project.slug, commitment.number])


def rows(commitment) -> list[ScheduleRow]:
    return rows_of(Schedule(commitment).lines)


def saved(there, commitment, wanted, by=None):
    commitment.refresh_from_db()
    return change_schedule(Schedule(commitment), wanted, version=commitment.version, by=by or there.admin)


def new_row(**cells) -> ScheduleRow:
    return ScheduleRow(**{"cost_code": "03-100", "cost_type": 4, "description": "Curbs", "amount": D("5.00")} | cells)


def changed(row: ScheduleRow, **cells) -> ScheduleRow:
    return ScheduleRow(**{name: getattr(row, name) for name in row.__dataclass_fields__} | cells)


def sent(commitment, stored, **more) -> dict:
    """What the editor's form sends for these rows; `more` replaces whole lists."""
    typed = [row_of(row) for row in stored]
    data = {"version": commitment.version, "known": " ".join(row.key for row in typed), "end": "1"}
    data |= {"line": [row.key for row in typed], "shown": [row.shown_text for row in typed]}
    return data | {name: [row.texts[name] for row in typed] for name in CELLS} | more


# What is wanted against what there is


def test_new_changed_moved_and_removed_lines_are_saved_at_once_and_told_in_one_event():
    there = world()
    commitment = draft(there)
    footings, slab, embeds = rows(commitment)
    changes = saved(there, commitment, [slab, new_row(), changed(footings, amount=D("80000.00"))])
    assert [(each.outcome, each.came_from) for each in changes] == [
        (Outcome.SAME, 2),
        (Outcome.NEW, None),
        (Outcome.CHANGED, None),
        (Outcome.REMOVED, None),
    ]
    kept = [(line.pk, line.position, line.description, line.amount) for line in commitment.lines.all()]
    assert [line[1:] for line in kept] == [
        (1, "Slab", D("29002.00")),
        (2, "Curbs", D("5.00")),
        (3, "Footings", D("80000.00")),
    ]
    assert kept[0][0] == slab.key and kept[2][0] == footings.key, "invoices keep pointing at the same lines"
    [event] = Event.objects.about(commitment).filter(verb="changed the schedule of values")
    assert event.changes == {
        "SOV-001 place": ["2", "1"],
        "SOV-002 added": ["", "03-100 Curbs, 5.00"],
        "SOV-003 scheduled value": ["73600.00", "80000.00"],
        "SOV-003 removed": ["03-100 Embeds, 200.00", ""],
    }
    page = text_of(signed_in(there.admin).get(address(commitment, "commitment")))
    assert "Line 3, scheduled value" in page and "80,000.00" in page and "03-100 Curbs, 5.00" in page


def test_saving_what_is_there_changes_nothing_and_tells_nothing():
    there = world()
    commitment = draft(there)
    saved(there, commitment, rows(commitment))
    commitment.refresh_from_db()
    assert commitment.version == 1
    assert not Event.objects.about(commitment).filter(verb="changed the schedule of values").exists()


def test_a_line_that_only_made_room_did_not_move():
    before = [new_row(key=key) for key in range(1, 6)]
    moved = [before[4], *before[:4]]
    assert [each.came_from for each in compare(before, moved)] == [5, None, None, None, None]
    assert not any(each.came_from for each in compare(before, [new_row(), *before]))


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_whatever_the_order_each_line_is_named_once_and_few_are_said_to_move(order, gone):
    before = [new_row(key=key) for key in range(8)]
    after = [before[key] for key in order if key not in gone]
    changes = compare(before, after)
    assert sorted(each.row.key for each in changes) == list(range(8))
    still = [each for each in changes if each.outcome is Outcome.SAME and not each.came_from]
    places = [each.row.key for each in still]
    assert places == sorted(places)


def test_once_approved_it_changes_by_change_orders_only_and_reopened_before_the_first_invoice_again():
    """C-1."""
    there = world()
    commitment = draft(there)
    commitment = commitment_moves.move(commitment, "approve", by=there.admin)
    wanted = [changed(rows(commitment)[0], amount=D("1.00")), *rows(commitment)[1:]]
    with pytest.raises(NotNow, match="change orders only"):
        saved(there, commitment, wanted)
    commitment_moves.move(commitment, "reopen", by=there.admin, reason="A typing error")
    saved(there, commitment, wanted)
    assert commitment.lines.first().amount == D("1.00")


def test_a_line_that_was_billed_is_neither_removed_nor_changed():
    """C-1, also where the status would allow it."""
    there = world()
    commitment = there.commitment()
    there.draft(commitment)
    first, second = rows(commitment)
    for wanted in ([first], [first, changed(second, amount=D("0.00"))]):
        with pytest.raises((NotNow, Refused)):
            saved(there, commitment, wanted)
    assert len(rows(commitment)) == 2


def test_standard_people_edit_their_own_drafts_and_nobody_elses():
    there = world()
    someone = person("Stan Dard", there.company)
    set_level(someone, Tool.COMMITMENTS, there.project, Level.STANDARD, by=there.owner)
    own = commitments.enter(
        Commitment(project=there.project, vendor=there.vendor, number="SC-OWN", title="Own"), [], by=someone
    )
    there.cost_code()
    saved(there, own, [new_row()], by=someone)
    assert own.lines.get().description == "Curbs"
    with pytest.raises(NotAllowed):
        saved(there, draft(there), [], by=someone)


def test_somebody_elses_save_is_never_overwritten():
    there = world()
    commitment = draft(there)
    old = commitment.version
    saved(there, commitment, rows(commitment)[:2])
    with pytest.raises(Stale):
        change_schedule(Schedule(commitment), [], version=old, by=there.second_admin)


def test_a_line_of_another_commitment_is_not_smuggled_in():
    """R62."""
    there = world()
    commitment, other = draft(there), draft(there)
    with pytest.raises(Refused, match="not on this commitment"):
        saved(there, commitment, [*rows(commitment), rows(other)[0]])


def test_500_lines_are_saved_in_a_handful_of_statements(django_assert_max_num_queries):
    """F11: three statements write, however many lines change, move, come and go."""
    there = world()
    commitment = draft(there, [there.line(f"Line {number}", "10.00") for number in range(500)])
    *wanted, _ = [changed(row, amount=D("11.00")) for row in reversed(rows(commitment))]
    wanted.append(new_row(amount=D("11.00")))
    with django_assert_max_num_queries(40) as asked:
        saved(there, commitment, wanted)
    writing = [
        query["sql"]
        for query in asked
        if re.match(r'(INSERT INTO|UPDATE|DELETE FROM) "invoicing_schedule', query["sql"])
    ]
    assert len(writing) == 3, writing
    assert len(asked) <= 23
    assert {line.amount for line in commitment.lines.all()} == {D("11.00")}
    assert commitment.lines.first().description == "Line 499"


def test_an_amount_typed_against_quantity_and_price_is_not_dropped_in_silence():
    there = world()
    commitment = draft(there, [there.line("Curbs", "1.00")], accounting_method="unit")
    more = {"quantity": ["3"], "price": ["30"], "amount": ["100.00"]}
    answer = signed_in(there.admin).post(address(commitment), sent(commitment, rows(commitment), **more))
    assert answer.status_code == 422 and "Quantity times unit price is 90.00" in text_of(answer)


def test_what_quantity_and_price_come_to_must_fit_a_line():
    """R56: never a 500."""
    there = world()
    commitment = draft(there, [there.line("Gold", "1.00")], accounting_method="unit")
    more = {"quantity": ["999999999"], "price": ["999999999999"], "amount": [""]}
    answer = signed_in(there.admin).post(address(commitment), sent(commitment, rows(commitment), **more))
    assert answer.status_code == 422 and "more than a line can hold" in text_of(answer)


def test_cost_types_are_told_by_their_names_in_the_preview_and_in_the_timeline():
    there = world()
    commitment = draft(there, [there.line("Curbs", "1.00")])
    [row] = rows(commitment)
    content = as_workbook([changed(row, cost_type=1)], "x")
    assert "<del>Subcontract</del> → <ins>Material</ins>" in text_of(
        uploaded(signed_in(there.admin), commitment, content)
    )
    saved(there, commitment, [changed(row, cost_type=1)])
    page = signed_in(there.admin).get(reverse("commitment", args=[commitment.project.slug, commitment.number]))
    assert "cost type: <del>Subcontract</del> → <ins>Material</ins>" in text_of(page)


# The page


def test_somebody_types_a_schedule_without_scripts():
    there = world()
    there.cost_code("01-100")
    commitment = draft(there, [there.line("Footings", "73600.00")])
    client, [footings] = signed_in(there.admin), rows(commitment)
    data = sent(commitment, [footings, new_row(cost_code="01-100")])
    data["line"][1] = ""
    answer = client.post(address(commitment), data | {"amount": ["$73,600", "(1,250.00)"]})
    assert answer.status_code == 302
    assert [(row.cost_code, row.amount) for row in rows(commitment)] == [
        ("03-100", D("73600.00")),
        ("01-100", D("-1250.00")),
    ]


def test_a_number_typed_before_a_line_puts_it_there_and_a_tick_takes_it_out():
    there = world()
    commitment = draft(there)
    data = sent(commitment, rows(commitment), place=["1", "2", "1"], remove=["1"])
    signed_in(there.admin).post(address(commitment), data)
    assert [row.description for row in rows(commitment)] == ["Embeds", "Footings"]


def test_quantity_times_unit_price_is_the_scheduled_value():
    there = world()
    commitment = draft(there, [there.line("Pipe", "1.00")], accounting_method="unit")
    data = sent(commitment, rows(commitment), quantity=["120.5"], unit=["LF"], price=["18.75"], amount=[""])
    signed_in(there.admin).post(address(commitment), data)
    [row] = rows(commitment)
    assert (row.amount, row.quantity, row.unit, row.unit_price) == (D("2259.38"), D("120.5"), "LF", D("18.75"))


@pytest.mark.parametrize(
    ("cell", "typed", "words"),
    [
        ("code", "99-999", "no cost code of the company"),
        ("code", "", "Choose a cost code"),
        ("description", "", "Say what the line is for"),
        ("description", "x" * 201, "201 characters"),
        ("type", "Magic", "no cost type"),
        ("amount", "12O0", "12O0"),
        ("amount", "", "Type the scheduled value"),
        ("rate", "101", "from 0 to 100"),
        ("quantity", "5", "It goes with"),
    ],
)
def test_what_can_not_be_read_is_said_at_its_cell_and_everything_typed_stays(cell, typed, words):
    there = world()
    commitment = draft(there, [there.line("Footings", "1.00")], accounting_method="unit")
    data = sent(commitment, rows(commitment), description=["Typed anew"])
    answer = signed_in(there.admin).post(address(commitment), data | {cell: [typed]})
    text = text_of(answer)
    assert answer.status_code == 422
    assert words in text and f'href="#{cell}-1"' in text or 'href="#price-1"' in text
    assert "Typed anew" in text or cell == "description"
    assert rows(commitment)[0].description == "Footings"


def test_a_code_that_is_not_used_any_more_stays_where_it_is_and_is_not_chosen_anew():
    there = world()
    commitment = draft(there)
    there.cost_codes["03-100"].is_active = False
    there.cost_codes["03-100"].save()
    client, stored = signed_in(there.admin), rows(commitment)
    assert client.post(address(commitment), sent(commitment, stored, amount=["1", "2", "3"])).status_code == 302
    commitment.refresh_from_db()
    data = sent(commitment, [*rows(commitment), new_row()])
    data["line"][3] = ""
    assert "not used any more" in text_of(client.post(address(commitment), data))


def test_two_tabs_lose_nothing():
    """I-5: cells changed in one tab alone come together; a cell changed in both shows both."""
    there = world()
    commitment = draft(there)
    stored, old = rows(commitment), sent(commitment, rows(commitment))
    saved(there, commitment, [changed(stored[0], amount=D("1.00"), description="Theirs"), *stored[1:], new_row()])
    mine = old | {"amount": ["2.00", "29,002.00", "7.00"]}
    client = signed_in(there.second_admin)
    answer = client.post(address(commitment), mine)
    text = text_of(answer)
    assert answer.status_code == 409
    assert 'value="Theirs"' in text and 'value="2.00"' in text and "take theirs, “1.00”" in text
    assert f"{there.admin.name} saved" in text
    assert 'value="7.00"' in text and 'value="Curbs"' in text, "mine where they changed nothing, and their new line"
    assert rows(commitment)[0].amount == D("1.00"), "nothing was overwritten"
    shown = answer.context["sheet"]
    data = sent(commitment, []) | {"version": answer.context["commitment"].version, "known": old["known"]}
    kept = [row for row in shown.rows if not row.is_blank]
    data |= {"line": [row.key for row in kept], "shown": [row.shown_text for row in kept]}
    data |= {name: [row.texts[name] for row in kept] for name in CELLS}
    assert client.post(address(commitment), data).status_code == 302
    assert [(row.description, row.amount) for row in rows(commitment)] == [
        ("Theirs", D("2.00")),
        ("Slab", D("29002.00")),
        ("Embeds", D("7.00")),
        ("Curbs", D("5.00")),
    ]


def test_theirs_can_be_taken_cell_by_cell_and_what_they_changed_does_not_go_unseen():
    there = world()
    commitment = draft(there)
    stored, client = rows(commitment), signed_in(there.second_admin)
    mine = sent(commitment, stored, amount=["2.00", "3.00", "200.00"], remove=["2"])
    saved(there, commitment, [changed(row, amount=D("9.00")) for row in stored])
    answer = client.post(address(commitment), mine)
    assert "You took it out" in text_of(answer)
    kept = [row for row in answer.context["sheet"].rows if not row.is_blank]
    data = {"version": answer.context["commitment"].version, "known": mine["known"], "end": "1", "theirs": ["0:amount"]}
    data |= {"line": [row.key for row in kept], "shown": [row.shown_text for row in kept]}
    data |= {name: [row.texts[name] for row in kept] for name in CELLS}
    assert client.post(address(commitment), data).status_code == 302
    assert [row.amount for row in rows(commitment)] == [D("9.00"), D("3.00"), D("9.00")]


def test_the_second_to_open_it_is_told_who_was_there_first_and_since_when():
    there = world()
    commitment = draft(there)
    with time_machine.travel(datetime(2031, 5, 6, 15, 4, tzinfo=UTC), tick=False):
        first, second = signed_in(there.admin), signed_in(there.second_admin)
        assert "is editing" not in text_of(first.get(address(commitment)))
        assert "is editing" not in text_of(first.get(address(commitment))), "oneself is nobody else"
    with time_machine.travel(datetime(2031, 5, 6, 15, 24, tzinfo=UTC), tick=False):
        page = text_of(second.get(address(commitment)))
        assert f"{there.admin.name} is editing this schedule of values too" in page
        assert "20 minutes ago" in page and "2031-05-06T" in page
        answer = second.post(address(commitment), sent(commitment, rows(commitment), amount=["x", "2", "3"]))
        assert answer.status_code == 422 and f"{there.admin.name} is editing" in text_of(answer)
        fields = reverse("commitment-edit", args=[commitment.project.slug, commitment.pk])
        assert f"{there.admin.name} is editing" in text_of(second.get(fields))
    with time_machine.travel(datetime(2031, 5, 6, 16, 5, tzinfo=UTC), tick=False):
        assert "is editing" not in text_of(second.get(address(commitment))), "gone after an hour"


def test_whoever_has_saved_is_not_said_to_be_editing():
    there = world()
    commitment, other = draft(there), draft(there)
    first, second = signed_in(there.admin), signed_in(there.second_admin)
    first.get(address(commitment))
    assert "is editing" not in text_of(second.get(address(other)))
    assert f"{there.admin.name} is editing" in text_of(second.get(address(commitment)))
    first.post(address(commitment), sent(commitment, rows(commitment), amount=["1", "2", "3"]))
    assert "is editing" not in text_of(second.get(address(commitment)))


def test_a_cache_that_is_down_costs_the_warning_and_nothing_else(monkeypatch):
    there = world()
    commitment = draft(there)

    def fail(*_, **__):
        raise RedisError

    for name in ("get", "set"):
        monkeypatch.setattr(presence.cache, name, fail)
    assert signed_in(there.admin).get(address(commitment)).status_code == 200


def test_more_lines_than_one_form_may_send_are_refused_before_anybody_types_them_and_nothing_is_lost():
    """F12: over the limit a page that says so, with everything in it; a file of that size as well."""
    there = world()
    commitment = draft(there, [there.line("First", "1.00")])
    client = signed_in(there.admin)
    wanted = [*rows(commitment), *(new_row(description=f"Line {number}") for number in range(MOST_LINES))]
    data = sent(commitment, wanted)
    data["line"] = [data["line"][0], *[""] * MOST_LINES]
    answer = client.post(address(commitment), data)
    assert answer.status_code == 422 and "1,500 lines at most" in text_of(answer) and "Line 1499" in text_of(answer)
    assert f'data-most="{MOST_LINES}"' in text_of(answer)
    assert "1,500 lines at most" in text_of(uploaded(client, commitment, as_workbook(wanted, "x")))
    assert commitment.lines.count() == 1


def test_a_line_somebody_removed_meanwhile_stays_as_a_new_one_and_says_so():
    there = world()
    commitment = draft(there)
    mine = sent(commitment, rows(commitment), amount=["5.00", "6.00", "7.00"])
    saved(there, commitment, rows(commitment)[:2])
    assert "Removed by somebody else" in text_of(signed_in(there.second_admin).post(address(commitment), mine))


def test_more_rows_keep_what_was_typed():
    there = world()
    commitment = draft(there)
    data = sent(commitment, rows(commitment), description=["A", "B", "not saved yet"], then="rows")
    answer = signed_in(there.admin).post(address(commitment), data)
    assert "not saved yet" in text_of(answer) and len(answer.context["sheet"].rows) == 23
    assert rows(commitment)[2].description == "Embeds"


def test_1000_lines_can_be_sent_and_a_form_that_arrives_cut_saves_nothing():
    """F12."""
    there = world()
    commitment = draft(there, [there.line("First", "1.00")])
    wanted = [*rows(commitment), *(new_row(description=f"Line {number}") for number in range(999))]
    data = sent(commitment, wanted)
    data["line"] = [data["line"][0], *[""] * 999]
    client = signed_in(there.admin)
    cut = {name: value for name, value in data.items() if name != "end"}
    assert "did not arrive" in text_of(client.post(address(commitment), cut))
    assert client.post(address(commitment), data).status_code == 302
    assert commitment.lines.count() == 1000


def test_the_longest_schedule_that_can_be_saved_can_also_be_sent():
    """F12: 1,500 lines, each text as long as it may be and nine bytes a letter, every box ticked but the last."""
    there = world()
    commitment = draft(there, [there.line("First", "1.00")], accounting_method="unit")
    words = "€" * 200
    wanted = [*rows(commitment), *(new_row(description=words) for _ in range(MOST_LINES - 1))]
    data = sent(commitment, wanted, place=[str(place) for place in range(1, MOST_LINES + 1)])
    data |= {"line": [data["line"][0], *[""] * (MOST_LINES - 1)], "remove": [str(at) for at in range(1, MOST_LINES)]}
    body = urlencode(data, doseq=True)
    answer = signed_in(there.admin).post(address(commitment), body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 302 and commitment.lines.count() == 1


def test_without_scripts_no_more_rows_are_offered_than_can_be_saved():
    there = world()
    commitment = draft(there, [there.line("First", "1.00")])
    client = signed_in(there.admin)
    for count, shown in ((MOST_LINES - 5, MOST_LINES), (MOST_LINES, MOST_LINES)):
        wanted = [*rows(commitment), *(new_row(description=f"Line {n}") for n in range(count - 1))]
        data = sent(commitment, wanted, then="rows")
        data["line"] = [data["line"][0], *[""] * (count - 1)]
        answer = client.post(address(commitment), data)
        assert len(answer.context["sheet"].rows) == shown and f"Line {count - 2}" in text_of(answer)
    assert answer.status_code == 422 and "1,500 lines at most" in text_of(answer)


def test_the_page_costs_the_same_for_few_and_for_500_lines(django_assert_max_num_queries):
    there = world()
    client = signed_in(there.admin)
    few = draft(there)
    many = draft(there, [there.line(f"Line {number}", "10.00") for number in range(500)])
    for commitment in (few, many):
        with django_assert_max_num_queries(14):
            assert client.get(address(commitment)).status_code == 200


# Excel, out and back (C-2)


def uploaded(client, commitment, content: bytes, name="sov.xlsx"):
    return client.post(address(commitment, "schedule-upload"), {"file": SimpleUploadedFile(name, content)})


def test_out_and_back_unchanged_there_is_nothing_to_change():
    there = world()
    commitment = draft(there)
    client = signed_in(there.admin)
    content = client.get(address(commitment, "schedule-workbook")).content
    assert "Nothing to change" in text_of(uploaded(client, commitment, content))


def test_a_changed_workbook_is_shown_cell_by_cell_and_applied_as_a_whole():
    there = world()
    there.cost_code("16-300")
    commitment = draft(there)
    client = signed_in(there.admin)
    book = openpyxl.load_workbook(io.BytesIO(client.get(address(commitment, "schedule-workbook")).content))
    sheet = book.active
    assert sheet.column_dimensions["A"].hidden
    assert sheet.protection.sheet and sheet["B1"].protection.locked and not sheet["B2"].protection.locked
    sheet["H2"] = 80000.5
    sheet.delete_rows(4)
    sheet.append([None, "16-300", "Subcontract", "Lighting controls", None, None, None, 44000])
    out = io.BytesIO()
    book.save(out)
    page = uploaded(client, commitment, out.getvalue())
    text = text_of(page)
    for words in ("73,600.00", "80,000.50", "Lighting controls", "Embeds", "Apply 3 changes", "153,002.50"):
        assert words in text
    assert commitment.lines.count() == 3, "a preview changes nothing"
    form = {"version": commitment.version, "known": page.context["known"], "end": "1"}
    found = page.context["sheet"].rows
    form |= {"line": [row.key for row in found], "shown": [row.shown_text for row in found]}
    form |= {name: [row.texts[name] for row in found] for name in CELLS}
    assert client.post(address(commitment), form).status_code == 302
    assert [(row.description, row.amount) for row in rows(commitment)] == [
        ("Footings", D("80000.50")),
        ("Slab", D("29002.00")),
        ("Lighting controls", D("44000.00")),
    ]
    again = client.get(address(commitment, "schedule-workbook")).content
    assert "Nothing to change" in text_of(uploaded(client, commitment, again)), "the same file twice"


def test_one_bad_cell_is_named_as_the_spreadsheet_names_it_and_nothing_can_be_applied():
    there = world()
    commitment = draft(there)
    page = uploaded(signed_in(there.admin), commitment, b"Cost code,Description,Amount\n03-100,Slab,12O0\n", "a.csv")
    text = text_of(page)
    assert page.status_code == 422
    assert "C2" in text and "12O0" in text and "Apply" not in text


def test_a_spreadsheet_of_ones_own_finds_lines_by_code_and_description():
    there = world()
    commitment = draft(there)
    file = b"Cost code,Description,Amount\n03-100,Slab,30000\n03-100,Footings,73600\n03-100,Embeds,200\n"
    groups = uploaded(signed_in(there.admin), commitment, file, "own.csv").context["groups"]
    assert [each.row.description for each in groups["changed"]] == ["Slab"]
    assert not groups["new"] and not groups["removed"]


def test_no_text_becomes_a_formula():
    """R100."""
    there = world()
    commitment = draft(there, [NewLine(there.cost_code(), "=1+1", D("1.00")), NewLine(there.cost_code(), "@x", D("1"))])
    sheet = openpyxl.load_workbook(io.BytesIO(as_workbook(rows(commitment), "SOV"))).active
    assert [(cell.value, cell.data_type) for cell in sheet["D"][1:]] == [("=1+1", "s"), ("@x", "s")]


TEXT = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30).map(str.strip).filter(bool)
LINES = st.lists(
    st.tuples(TEXT, st.integers(-(10**11), 10**11), st.one_of(st.none(), st.integers(0, 1000000))), max_size=6
)


@settings(max_examples=8, deadline=None)
@given(LINES)
def test_whatever_a_line_holds_it_comes_back_as_it_went(lines):
    stored = [
        ScheduleRow(
            key=key,
            cost_code="01-100",
            cost_type=4,
            description=text,
            amount=D(cents).scaleb(-2),
            retainage_rate=None if rate is None else D(rate).scaleb(-4),
        )
        for key, (text, cents, rate) in enumerate(lines, 1)
    ] or [new_row(key=1)]
    found = read_schedule("sov.xlsx", as_workbook(stored, "SOV", Origin(1, 1)), 1, stored, Choices({}))
    assert [(row.key, row.texts["description"]) for row in found.rows] == [(str(r.key), r.description) for r in stored]


@pytest.mark.parametrize("name", ["macros.xlsm", "bomb.xlsx", "truncated.xlsx"])
def test_a_hostile_workbook_is_refused_in_words(name):
    """R103; the reader's own tests go through all of them."""
    there = world()
    commitment = draft(there)
    contents = {"macros.xlsm": b"PK\x03\x04 not a zip", "bomb.xlsx": b"\x00" * 1000, "truncated.xlsx": b"PK\x03\x04"}
    answer = uploaded(signed_in(there.admin), commitment, contents[name], name)
    assert answer.status_code == 422
    assert commitment.lines.count() == 3
