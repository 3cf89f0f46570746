"""A layout is data that an ERP Admin corrects without a programmer; one that was used is copied (sage100.md, S6)."""

from dataclasses import replace

import openpyxl
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from erp_integrations import exporting
from erp_integrations.actions import layouts, settings
from erp_integrations.exporting import storing
from erp_integrations.models import ErpSettings, ImportLayout
from erp_integrations.sage100 import canonical
from erp_integrations.sage100.layout import APINV_R1, Column
from tests.astray import astray
from tests.erp_integrations.pages import layout_data, queries, signed_in, text_of
from tests.factories import person

pytestmark = pytest.mark.django_db
R1 = "apinv-r1/1"


@pytest.fixture
def chief(sage):
    someone = person("Cora Chief", sage.company)
    set_level(someone, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    return someone


def page(sage, name: str = "apinv-r1", version: int = 1) -> str:
    return reverse("erp-layout", args=[sage.company.slug, name, version])


def r1(sage) -> ImportLayout:
    return ImportLayout.objects.get(company=sage.company, name="apinv-r1", version=1)


def press(client, sage, button: str, **typed):
    """The editor of apinv-r1 as it stands, with what is typed, and one of its buttons."""
    return client.post(page(sage), layout_data(r1(sage)) | typed | {"then": button})


def columns(layout: ImportLayout, part: str = "header") -> list[str]:
    return [column.title for column in getattr(layout.as_layout(), part)]


def with_title(layout, place: int, title: str):
    changed = replace(layout.header[place - 1], title=title)
    return replace(layout, header=(*layout.header[: place - 1], changed, *layout.header[place:]))


def test_a_column_is_renamed_moved_added_and_set_to_a_constant_with_one_event(sage, chief):
    client = signed_in(chief)
    for button in ("up-detail-20", "add-detail"):
        answer = press(client, sage, button)
        assert answer.status_code == 200 and "Not saved yet" in text_of(answer)
    assert r1(sage).as_layout() == APINV_R1, "only Save stores"
    typed = {"detail-6-title": "Sub", "detail-13-carries": "constant", "detail-13-constant": "WO-1"}
    assert press(client, sage, "save", **typed).status_code == 302
    now = r1(sage).as_layout()
    assert now.detail[5].title == "Sub" and now.detail[12].constant == "WO-1" and now.header == APINV_R1.header
    event = Event.objects.about(r1(sage)).get()
    assert event.by == chief and set(event.changes) == {"detail 6", "detail 13"}
    assert event.changes["detail 13"][1].startswith("Work order: always “WO-1”")


def test_the_next_file_follows_what_was_corrected(sage, chief):
    """Read back from the built workbook."""
    wanted = replace(
        APINV_R1, column_names=True, detail=(*APINV_R1.detail[:16], *APINV_R1.detail[17:], APINV_R1.detail[16])
    )
    wanted = with_title(wanted, 3, "Invoice number of the vendor")
    layouts.change(sage.company, R1, wanted, by=chief, seen=r1(sage).fingerprint)
    batch = sage.built(sage.sent())
    book = openpyxl.load_workbook(storing.path_of(batch.file_key), read_only=True)
    rows = list(book["Import"].iter_rows(values_only=True))
    assert rows[0][2] == "Invoice number of the vendor"
    assert rows[2][:2] == ("APINV", "D") and rows[2][19] == 2310


def test_what_the_makers_template_asks_of_a_detail_row_is_set_on_the_page(sage, chief):
    """sage100.md: the detail row is a reconstruction, so its subcontract number and its decimals are Sage's to say."""
    typed = {
        "detail-8-title": "Subcontract no", "detail-8-carries": "subcontract_number", "detail-11-format": "0.000000",
    }  # fmt: skip
    assert press(signed_in(chief), sage, "save", **typed).status_code == 302
    export = sage.sent()
    batch = sage.built(export)
    book = openpyxl.load_workbook(storing.path_of(batch.file_key), read_only=True)
    header, detail = list(book["Import"].iter_rows(max_row=2))
    assert detail[7].value == header[11].value and detail[7].value
    assert detail[10].number_format == "0.000000" and batch.gross == export.invoice.gross_this_period


def test_a_file_code_of_the_makers_stands_in_both_rows_and_in_the_names_of_files(sage, chief):
    """sage100.md: corrected without a programmer. R110: whoever asks for another, of plain characters only."""
    client = signed_in(chief)
    typed = {name: "APBIL" for name in ("file_code", "header-1-constant", "detail-1-constant")}
    assert press(client, sage, "save", **typed).status_code == 302
    assert Event.objects.about(r1(sage)).get().changes["file code"] == ["APINV", "APBIL"]
    assert 'value="APBIL"' in client.get(page(sage)).content.decode()
    batch = sage.built(sage.sent())
    assert batch.file_name.startswith("DRAFT-EXP-000001_APBIL_")
    bent = replace(r1(sage).as_layout(), file_code="A/../B")
    with pytest.raises(Refused, match="letters"):
        layouts.change(sage.company, R1, bent, by=chief, seen=r1(sage).fingerprint)


def test_a_used_layout_with_another_code_still_makes_files_and_its_editor_says_what_to_mend(sage, chief):
    """S1, S60: as it was stored before the page knew the code. It stays so for good, once used."""
    layout = r1(sage)
    header, detail = ((replace(part[0], constant="APBIL"), *part[1:]) for part in (APINV_R1.header, APINV_R1.detail))
    layout.columns = canonical.to_plain(replace(APINV_R1, header=header, detail=detail))
    layout.save()
    for _ in range(2):
        assert sage.built(sage.sent()).state == "ready"
    settings.change(sage.company, {"closed_days": "2030-07-04"}, by=chief, version=0)
    client = signed_in(chief)
    for answer in (client.get(page(sage)), press(client, sage, "save", **{"header-5-title": "New"})):
        assert "no column of the header is always that" in text_of(answer)
    assert answer.status_code == 422
    with pytest.raises(Refused, match="no column of the header is always that"):
        layouts.say_verified(sage.company, R1, compared_with="Its template", by=chief, seen=r1(sage).fingerprint)
    assert press(client, sage, "save", file_code="APBIL").status_code == 302


def test_a_layout_that_a_file_was_made_after_stays_and_its_next_version_is_made(sage, chief):
    batch = sage.built(sage.sent())
    before = batch.layout.columns
    client = signed_in(chief)
    assert "stays as it is" in text_of(client.get(page(sage)))
    answer = press(client, sage, "save", **{"header-5-title": "Words"})
    assert (answer.status_code, answer.url) == (302, page(sage, version=2))
    old, new = r1(sage), ImportLayout.objects.get(company=sage.company, name="apinv-r1", version=2)
    assert old.columns == before and columns(new)[4] == "Words" and not new.is_verified
    assert ErpSettings.of(sage.company).layout == old, "choosing it is a step of its own"
    settings.change(sage.company, {"layout": new.key}, by=chief, version=0)
    assert sage.built(sage.sent()).layout == new


def test_the_database_refuses_to_change_a_used_layout(sage):
    """Whoever asks it: the file of its batch was made after these columns."""
    sage.accepted()
    used = r1(sage)
    for change in ({"columns": used.columns | {"file_code": "OTHER"}}, {"name": "other"}, {"version": 9}):
        with pytest.raises(DatabaseError), transaction.atomic():
            ImportLayout.objects.filter(pk=used.pk).update(**change)
    ImportLayout.objects.filter(name="apinv-r2").update(name="other")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"header-3-title": ""}, "required"),
        ({"header-3-carries": "nonsense"}, "Choose one from the list"),
        ({"header-3-length": "256"}, "from 0 to 255"),
        ({"header-20-decimals": "two"}, "from 0 to 6"),
        ({"header-19-constant": "0.00"}, "Leave it empty"),
        ({"header-3-carries": "constant", "header-3-constant": "1"}, "no invoice number"),
        ({"header-5-carries": "invoice_number"}, "repeats the source"),
        ({"header-20-format": "0"}, "must be a number written 0.00"),
        ({"file_code": ""}, "1 to 20 letters"),
        ({"file_code": "../AP"}, "1 to 20 letters"),
        ({"file_code": "APBIL"}, "no column of the header is always that"),
        ({"detail-1-constant": "APBIL"}, "the header’s is the file code APINV"),
        ({"detail-1-constant": "x" * 51}, "at most 50"),
        ({"detail-1-constant": "a\u202eb"}, "an invisible character"),
    ],
)
def test_what_can_not_be_used_is_named_by_its_column_and_nothing_typed_is_lost(sage, chief, typed, words):
    """U4; S1, S13, S25 where the layout is corrected."""
    answer = press(signed_in(chief), sage, "save", **typed, **{"header-5-title": "Kept words"})
    assert answer.status_code == 422 and words in text_of(answer)
    assert 'value="Kept words"' in answer.content.decode()
    assert r1(sage).as_layout() == APINV_R1


def test_what_is_wrong_with_the_file_code_stands_at_its_box_and_is_read_with_it(sage, chief):
    """U4."""
    client = signed_in(chief)
    assert "file_code_error" not in client.get(page(sage)).content.decode()
    answer = press(client, sage, "save", file_code="../AP").content.decode()
    assert 'aria-describedby="file_code_helptext file_code_error" aria-invalid="true"' in answer
    assert '<ul class="errorlist" id="file_code_error"><li>The file code takes 1 to 20 letters' in answer


def test_a_removed_column_that_sage_needs_is_missed_by_name(sage, chief):
    shown = press(signed_in(chief), sage, "remove-header-4")
    assert shown.content.decode().count('aria-label="Title of H') == 24
    wanted = replace(APINV_R1, header=(*APINV_R1.header[:3], *APINV_R1.header[4:]))
    with pytest.raises(Refused, match="The header has no vendor number"):
        layouts.change(sage.company, R1, wanted, by=chief, seen=r1(sage).fingerprint)


@pytest.mark.parametrize(("button", "count"), [("remove-header-15", 24), ("add-header", 26)])
def test_the_header_keeps_its_25_columns(sage, chief, button, count):
    """S1: the import reads them by their places, so that every sending under such a layout would stop."""
    client = signed_in(chief)
    as_left = press(client, sage, button).context["sheet"].parts["header"]
    typed = {row.inputs[name]: row.cells[name] for row in as_left for name in row.NAMES}
    typed |= {"header-count": str(count), "header-26-title": "Extra"}
    answer = press(client, sage, "save", **typed)
    assert answer.status_code == 422 and r1(sage).as_layout() == APINV_R1
    assert f"The header has {count} columns; the import takes 25" in text_of(answer)
    empty = {"header-15-carries": "constant", "header-15-constant": "", "header-15-required": ""}
    assert press(client, sage, "save", **empty).status_code == 302
    assert sage.built(sage.sent()).state == "ready", "what the words advise"


def test_two_who_change_it_at_once_lose_nothing(sage, chief):
    """I-5."""
    seen = r1(sage).fingerprint
    layouts.change(sage.company, R1, with_title(APINV_R1, 5, "Theirs"), by=chief, seen=seen)
    with pytest.raises(Stale):
        layouts.change(sage.company, R1, with_title(APINV_R1, 5, "Mine"), by=chief, seen=seen)
    answer = press(signed_in(chief), sage, "save", **{"seen": seen, "header-5-title": "Mine"})
    assert answer.status_code == 409 and 'value="Mine"' in answer.content.decode()
    assert columns(r1(sage))[4] == "Theirs"


def test_only_a_verified_layout_makes_files_that_are_no_drafts(sage, chief):
    """S6: and whoever says so says what it was compared with."""
    client, verify = signed_in(chief), reverse("erp-layout-verify", args=[sage.company.slug, "apinv-r1", 1])
    assert sage.built(sage.sent()).file_name.startswith("DRAFT-")
    typed = {"seen": r1(sage).fingerprint, "compared_with": "APINV.xlsx of 12 May"}
    assert client.post(verify, typed | {"compared_with": ""}).status_code == 422
    answer = client.post(verify, typed | {"seen": "0" * 64})
    assert answer.status_code == 422 and "while you compared it" in text_of(answer) and not r1(sage).is_verified
    assert client.post(verify, typed).status_code == 302
    assert Event.objects.about(r1(sage)).first().changes["compared with"] == ["", "APINV.xlsx of 12 May"]
    assert not sage.built(sage.sent()).file_name.startswith("DRAFT-")
    assert client.post(verify, typed | {"seen": r1(sage).fingerprint}).status_code == 422
    client.post(reverse("erp-layout-unverify", args=[sage.company.slug, "apinv-r1", 1]))
    assert not r1(sage).is_verified
    with pytest.raises(NotNow):
        layouts.take_back_verified(sage.company, R1, by=chief)


def test_the_page_of_a_file_says_draft_as_long_as_its_own_name_does(sage, chief):
    """S6: whatever is said of the layout once the file is made."""

    def says_draft(batch) -> bool:
        shown = text_of(signed_in(sage.approver).get(reverse("erp-batch", args=[sage.company.slug, batch.number])))
        return {"Draft layout" in shown, "A draft: its layout" in shown, "(not verified)" in shown} == {True}

    draft = sage.built(sage.sent())
    layouts.say_verified(sage.company, R1, compared_with="Its template", by=chief, seen=r1(sage).fingerprint)
    real = sage.built(sage.sent())
    assert draft.file_name.startswith("DRAFT-") and says_draft(draft)
    layouts.take_back_verified(sage.company, R1, by=chief)
    assert not real.file_name.startswith("DRAFT-") and not says_draft(real)


def test_what_is_changed_is_not_verified_any_more(sage, chief):
    layouts.say_verified(sage.company, R1, compared_with="Its template", by=chief, seen=r1(sage).fingerprint)
    layouts.change(sage.company, R1, with_title(r1(sage).as_layout(), 5, "Other"), by=chief, seen=r1(sage).fingerprint)
    assert not r1(sage).is_verified


def test_a_copy_has_a_name_of_its_own(sage, chief):
    client, copy = signed_in(chief), reverse("erp-layout-copy", args=[sage.company.slug, "apinv-r2", 1])
    for name, words in (("", "required"), ("Ours!", "small letters"), ("apinv-r1", "already")):
        answer = client.post(copy, {"name": name})
        assert answer.status_code == 422 and words in text_of(answer), name
    assert client.post(copy, {"name": "apinv-ours"}).status_code == 302
    made = ImportLayout.objects.get(name="apinv-ours")
    assert (made.version, made.is_verified, len(columns(made, "detail"))) == (1, False, 19)


@pytest.mark.parametrize("refused", ["erp-layout-copy", "erp-layout-verify"])
def test_after_a_refused_copy_or_verify_the_editor_saves_what_is_typed_then(sage, chief, refused):
    client = signed_in(chief)
    answer = client.post(reverse(refused, args=[sage.company.slug, "apinv-r1", 1]), {})
    assert answer.status_code == 422 and not astray(answer)
    assert f'<form id="layout" method="post" action="{page(sage)}"' in answer.content.decode()
    typed = press(client, sage, "add-detail")
    assert f'<a href="{page(sage)}">Drop what is not saved</a>' in typed.content.decode()


def test_a_batch_accepted_under_a_layout_is_built_by_it_whatever_changed_since(sage, chief):
    """S60, E-2: what was accepted is what is built, or nothing is."""
    batch = sage.accepted()
    new = layouts.change(sage.company, R1, with_title(APINV_R1, 5, "Other"), by=chief, seen=r1(sage).fingerprint)
    assert new.version == 2
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.has_file and columns(batch.layout)[4] == "Description"


def test_whoever_lacks_the_level_changes_nothing_by_the_action_either(sage):
    seen = r1(sage).fingerprint
    for by in (sage.approver, sage.base.owner, sage.base.contact):
        with pytest.raises(NotAllowed):
            layouts.change(sage.company, R1, with_title(APINV_R1, 5, "X"), by=by, seen=seen)
        with pytest.raises(NotAllowed):
            layouts.copy(sage.company, R1, name="mine", by=by)
        with pytest.raises(NotAllowed):
            layouts.say_verified(sage.company, R1, compared_with="x", by=by, seen=seen)


def test_the_editor_shows_the_columns_on_an_invoice_that_is_on_its_way(sage, chief):
    sage.sent()
    client = signed_in(chief)
    assert "As it would stand in the file" in text_of(client.get(page(sage)))
    typed = {"header-15-carries": "constant", "header-15-constant": "DOCK 7"}
    answer = press(client, sage, "look", **typed)
    assert "DOCK 7" in text_of(answer) and r1(sage).as_layout() == APINV_R1
    assert queries(client, page(sage)) <= 15
    assert queries(client, reverse("erp-layouts", args=[sage.company.slug])) <= 15


def test_a_column_that_carries_what_no_row_has_is_no_layout():
    strange = replace(APINV_R1, header=(*APINV_R1.header, Column(title="Odd", source="odd")))
    assert [fault.place for fault in strange.faults()] == [26, 0]
