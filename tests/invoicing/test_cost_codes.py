"""Cost codes of a company: kept by its Directory Admins, used in lines, never lost once used (domain 2)."""

import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from directory.models import Event, Vendor
from directory.refusals import NotAllowed, Refused
from invoicing.actions import change_orders, commitments, cost_codes
from invoicing.actions.cost_codes import ListedCode
from invoicing.actions.schedules import Schedule, change_schedule, rows_of
from invoicing.calculations.schedules import ScheduleRow
from invoicing.models import Commitment, CostCode, CostTypeName, ScheduleLine
from tests.directory.directory_pages import directory_admin
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def ada(w):
    return directory_admin(w)


def at(w, name, *more) -> str:
    return reverse(name, args=[w.company.slug, *more])


def listed(*pairs) -> list[ListedCode]:
    return [ListedCode(row, *pair) for row, pair in enumerate(pairs, 2)]


def take_in(w, *pairs, by) -> int:
    """As whoever has looked at it does."""
    rows = listed(*pairs)
    digest = cost_codes.digest_of(cost_codes.plan(w.company, rows))
    return cost_codes.take_in(w.company, rows, digest=digest, by=by)


def sent(page) -> dict:
    """What the preview's form sends."""
    rows = page.context["listed"]
    return {"plan": page.context["digest"], "code": [r.code for r in rows], "name": [r.name for r in rows]}


def uploaded(client, w, content: bytes):
    return client.post(at(w, "cost-codes-upload"), {"file": SimpleUploadedFile("codes.csv", content)})


def names(w) -> dict[str, str]:
    return dict(CostCode.objects.filter(company=w.company, is_active=True).values_list("code", "name"))


def test_a_directory_admin_adds_and_renames_one(w, ada):
    client = signed_in(ada)
    client.post(at(w, "cost-codes"), {"code": "01-100", "name": "General conditions"})
    code = CostCode.objects.get(code="01-100")
    client.post(at(w, "cost-code", code.pk), {"name": "General requirements", "is_active": "on", "version": 1})
    assert names(w) == {"01-100": "General requirements"}
    assert [event.verb for event in Event.objects.about(code)] == ["changed", "added"]


def test_a_code_is_text_and_is_used_once_whatever_its_case(w, ada):
    """R108."""
    cost_codes.add(w.company, "01-10a", "Leading zero", by=ada)
    with pytest.raises(Refused) as refused:
        cost_codes.add(w.company, "01-10A", "Again", by=ada)
    assert refused.value.field == "code" and names(w) == {"01-10a": "Leading zero"}


def test_below_admin_on_the_directory_nobody_changes_the_list(w):
    for act in (
        lambda: cost_codes.add(w.company, "01-100", "General", by=w.admin),
        lambda: take_in(w, ("01-100", "General"), by=w.admin),
        lambda: cost_codes.change(w.cost_code(), "Other", is_active=False, version=1, by=w.admin),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert list(names(w)) == ["03-100"]


def test_a_code_is_found_by_words_of_it_and_of_its_name(w, ada):
    take_in(w, ("01-100", "General conditions"), ("03-100", "Concrete, general"), by=ada)
    client = signed_in(ada)

    def found(words: str) -> list[str]:
        return [row["code"].code for row in client.get(at(w, "cost-codes"), {"q": words}).context["rows"]]

    assert found("03 GENERAL") == ["03-100"] and found("general") == ["01-100", "03-100"] and found("99") == []
    assert len(found("x" * 61)) == 2, "what makes no sense in an address is left out"


def test_a_code_put_aside_stays_on_its_lines_and_leaves_the_list(w, ada):
    commitment = w.commitment()
    client, code = signed_in(ada), w.cost_code()
    client.post(at(w, "cost-code", code.pk), {"name": code.name, "version": 1})
    assert commitment.lines.first().cost_code == code
    assert client.get(at(w, "cost-codes")).context["rows"] == []
    [row] = client.get(at(w, "cost-codes") + "?standing=inactive").context["rows"]
    assert (row["code"], row["used"]) == (code, 2)


def test_a_list_is_looked_at_then_taken_in_as_a_whole(w, ada):
    w.cost_code("03-100")
    client = signed_in(ada)
    page = uploaded(client, w, b"Cost code,Name\n03-100,Concrete\n01-100,General\n")
    assert "Apply 2 changes" in text_of(page) and list(names(w)) == ["03-100"], "a preview changes nothing"
    client.post(at(w, "cost-codes-apply"), sent(page))
    assert names(w) == {"03-100": "Concrete", "01-100": "General"}
    [event] = Event.objects.about(w.company).filter(verb="took in a list of cost codes")
    assert event.changes == {"01-100": ["", "General"], "03-100": ["Code 03-100", "Concrete"]}
    assert "Nothing to change" in text_of(uploaded(client, w, b"Cost code,Name\n03-100,Concrete\n01-100,General\n"))


def test_a_code_put_aside_comes_back_with_the_list(w, ada):
    code = w.cost_code()
    cost_codes.change(code, code.name, is_active=False, version=1, by=ada)
    take_in(w, (code.code, code.name), by=ada)
    assert list(names(w)) == [code.code]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (b"01-100,\n", "B2"),
        (b",General\n", "A2"),
        (b"01-100,One\n01-100,Other\n", "Row 2 has the same code"),
        (b"%s,Long\n" % (b"9" * 21), "21 characters"),
    ],
)
def test_one_bad_row_stops_all_of_them_and_is_named(w, ada, rows, words):
    """R109."""
    page = uploaded(signed_in(ada), w, b"Cost code,Name\n" + rows)
    assert page.status_code == 422 and words in text_of(page) and not names(w)


def test_what_was_changed_on_the_way_is_refused_all_the_same(w, ada):
    answer = signed_in(ada).post(at(w, "cost-codes-apply"), {"code": ["01-100", ""], "name": ["Good", "Bad"]})
    assert answer.status_code == 422 and not names(w)


def test_the_list_costs_the_same_for_few_and_many(w, ada, django_assert_max_num_queries):
    client = signed_in(ada)
    for count in (2, 500):
        take_in(w, *((f"{n:04}", f"Code {n}") for n in range(count)), by=ada)
        with django_assert_max_num_queries(14):
            assert client.get(at(w, "cost-codes")).status_code == 200


def test_the_database_keeps_one_code_whatever_its_case(w):
    CostCode.objects.create(company=w.company, code="01-10a", name="One")
    with pytest.raises(IntegrityError), transaction.atomic():
        CostCode.objects.create(company=w.company, code="01-10A", name="Other")
    CostCode.objects.create(company=world().company, code="01-10A", name="Another company's")


def test_a_list_does_what_was_looked_at_or_is_looked_at_again(w, ada):
    """The codes changed between the preview and the button."""
    client, code = signed_in(ada), w.cost_code("03-100")
    looked_at = sent(uploaded(client, w, b"Cost code,Name\n03-100,Concrete\n"))
    cost_codes.change(code, "Concrete work", is_active=True, version=1, by=ada)
    answer = client.post(at(w, "cost-codes-apply"), looked_at)
    page = text_of(answer)
    assert answer.status_code == 409 and names(w) == {"03-100": "Concrete work"}
    assert "<del>Concrete work</del> → <ins>Concrete</ins>" in page and "changed since you looked" in page
    client.post(at(w, "cost-codes-apply"), sent(answer))
    assert names(w) == {"03-100": "Concrete"}


def test_a_list_longer_than_a_form_can_send_is_refused_before_anybody_looks_at_it(w, ada):
    rows = b"".join(b"%d,Code\n" % number for number in range(cost_codes.MOST_CODES + 1))
    page = uploaded(signed_in(ada), w, b"Cost code,Name\n" + rows)
    assert page.status_code == 422 and "It has 15,001 rows" in text_of(page)


# In lines, whoever asks and however


def test_no_line_takes_a_code_that_was_put_aside_or_is_another_companys(w, ada):
    aside, foreign = w.cost_code("01-100"), world().cost_code("02-200")
    line = w.line("Curbs", "5.00", code="01-100")
    cost_codes.change(aside, aside.name, is_active=False, version=1, by=ada)
    made = w.commitment()
    for lines in ([line], [w.line("Slab", "1.00"), dataclasses.replace(line, cost_code=foreign)]):
        with pytest.raises(Refused, match="no cost code in use") as refused:
            change_orders.enter(made, "CO-1", "Curbs", lines, by=w.admin)
        assert refused.value.field == f"rows[{len(lines) - 1}].cost_code"
        with pytest.raises(Refused, match="no cost code in use"):
            new = Commitment(project=w.project, vendor=w.vendor, number="SC-X", title="X")
            commitments.enter(new, lines, by=w.admin)
    assert not made.change_orders.exists() and not Commitment.objects.filter(number="SC-X").exists()


def test_a_line_keeps_a_code_that_was_put_aside_and_no_other_line_takes_it(w, ada):
    code = w.cost_code()
    other = w.cost_code("01-100")
    made = w.commitment(lines=[w.line("Footings", "1.00"), w.line("Slab", "2.00", code=other.code)], moves=())
    cost_codes.change(code, code.name, is_active=False, version=1, by=ada)
    made.refresh_from_db()
    first, second = rows_of(Schedule(made).lines)
    dearer = dataclasses.replace(first, amount=D("9.00"))
    change_schedule(Schedule(made), [dearer, second], version=made.version, by=w.admin)
    made.refresh_from_db()
    for wanted in ([dearer, dataclasses.replace(second, cost_code=code.code)], [dearer, second, new_row(code.code)]):
        with pytest.raises(Refused) as refused:
            change_schedule(Schedule(made), wanted, version=made.version, by=w.admin)
        assert refused.value.field == f"rows[{1 if len(wanted) == 2 else 2}].cost_code"
    assert [line.amount for line in made.lines.all()] == [D("9.00"), D("2.00")]


def new_row(code: str) -> ScheduleRow:
    return ScheduleRow(cost_code=code, cost_type=4, description="Curbs", amount=D("5.00"))


# Cost types of one's own


def type_names(**typed) -> dict:
    """What the form sends that was opened while none had a name."""
    return {f"initial-type_{n}": "" for n in range(6, 10)} | {f"type_{n}": "" for n in range(6, 10)} | typed


def own_names(w) -> dict[int, str]:
    return dict(CostTypeName.objects.filter(company=w.company).values_list("cost_type", "name"))


def press(client, answer, name: str):
    """Send the form of a page that came back as it stands."""
    form = answer.context["type_form"]
    data = {field.html_name: field.value() or "" for field in form}
    initial = {field.html_initial_name: form.data.get(field.html_initial_name, "") for field in form}
    return client.post(answer.request["PATH_INFO"], data | initial)


def test_a_company_names_its_own_cost_types_and_reads_them_wherever_lines_are(w, ada):
    client, staff = signed_in(ada), signed_in(w.admin)
    made = w.commitment(moves=(), contact=False)
    order = change_orders.enter(made, "CO-1", "Canopy", [w.line("Canopy", "1.00")], by=w.admin)
    ScheduleLine.objects.filter(commitment=made).update(cost_type=7)
    client.post(at(w, "cost-types"), type_names(type_7="Permits and fees"))
    [event] = Event.objects.about(w.company).filter(verb="named its cost types")
    assert event.changes == {"cost type 7": ["User-defined 7", "Permits and fees"]}
    place = [w.project.slug, made.number]
    pages = [reverse("commitment", args=place), reverse("schedule", args=place)]
    pages.append(reverse("change-order", args=[*place, order.pk]))
    for page in (*pages, at(w, "cost-codes")):
        asked = client if page == at(w, "cost-codes") else staff
        assert "Permits and fees" in text_of(asked.get(page)) and "User-defined 7" not in text_of(asked.get(page))
    book = openpyxl.load_workbook(io.BytesIO(staff.get(reverse("schedule-workbook", args=place)).content)).active
    assert book["C2"].value == "Permits and fees"
    assert "Permits and fees" in book.data_validations.dataValidation[0].formula1


@pytest.mark.parametrize("typed", ["Permits", "PERMITS", "7", "User-defined 7"])
def test_a_type_is_understood_by_its_number_its_name_and_its_plain_name(w, ada, typed):
    cost_codes.name_types(w.company, {7: "Permits"}, by=ada)
    w.cost_code()
    made = w.commitment(lines=[w.line("Footings", "1.00")], moves=(), contact=False)
    file = SimpleUploadedFile("sov.csv", f"Cost code,Description,Type,Amount\n03-100,Footings,{typed},1.00\n".encode())
    page = signed_in(w.admin).post(reverse("schedule-upload", args=[w.project.slug, made.number]), {"file": file})
    assert "<del>Subcontract</del> → <ins>Permits</ins>" in text_of(page)
    [row] = rows_of(Schedule(made).lines)
    made.refresh_from_db()
    wanted = [dataclasses.replace(row, cost_type=7)]
    change_schedule(Schedule(made), wanted, version=made.version, by=w.admin)
    page = signed_in(w.admin).get(reverse("commitment", args=[w.project.slug, made.number]))
    assert "cost type: <del>Subcontract</del> → <ins>7 Permits</ins>" in text_of(page)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Labor", "Another cost type is called Labor"),
        ("user-defined 8", "Another cost type is called"),
        ("Permits, fees", "no comma"),
        ("12", "Use letters"),
        ("x" * 31, "30"),
        ("Taken", "Another cost type is called Taken"),
    ],
)
def test_a_name_that_means_two_types_or_can_not_stand_in_a_list_is_refused_at_its_field(w, ada, name, words):
    cost_codes.name_types(w.company, {6: "Taken"}, by=ada)
    answer = signed_in(ada).post(at(w, "cost-types"), type_names(type_7=name))
    assert answer.status_code == 422 and words in text_of(answer) and f'value="{name}"' in text_of(answer)
    assert [each.name for each in CostTypeName.objects.filter(company=w.company)] == ["Taken"]


def test_an_emptied_name_becomes_plain_again_and_what_one_did_not_touch_stays(w, ada):
    cost_codes.name_types(w.company, {6: "Permits", 7: "Bonds"}, by=ada)
    typed = type_names(type_7="Bonds") | {"initial-type_6": "Permits", "initial-type_7": "Bonds"}
    cost_codes.name_types(w.company, {7: "Bonds and insurance"}, by=ada)  # by somebody else, meanwhile
    signed_in(ada).post(at(w, "cost-types"), typed)
    assert [each.name for each in CostTypeName.objects.filter(company=w.company)] == ["Bonds and insurance"]


def test_two_admins_who_name_one_type_see_both_names_and_lose_nothing(w, ada):
    """I-5. Each name is its own version: two types can be named at once."""
    client, page = signed_in(ada), at(w, "cost-types")
    opened = type_names(type_6="Fees", type_7="Bonds and fees")
    cost_codes.name_types(w.company, {7: "Bonds", 8: "Permits"}, by=ada)  # by somebody else, meanwhile
    answer = client.post(page, opened)
    text = text_of(answer)
    assert answer.status_code == 409 and "Somebody saved the names of cost types while you had them open" in text
    assert 'data-label="Stored now">Bonds<' in text and "<strong>Bonds and fees</strong>" in text
    assert 'value="Bonds and fees"' in text and "Save on top of theirs" in text and 'value="Permits"' in text
    assert 'name="initial-type_7" value="Bonds"' in text and own_names(w) == {7: "Bonds", 8: "Permits"}
    assert press(client, answer, "cost-types").status_code == 302
    assert own_names(w) == {6: "Fees", 7: "Bonds and fees", 8: "Permits"}
    assert client.post(page, type_names(type_7="Bonds and fees")).status_code == 302, "they named it the same"
    assert client.post(page, type_names(type_9="Ours")).status_code == 302, "theirs were other types"
    emptied = type_names() | {"initial-type_6": "Fines"}
    assert client.post(page, emptied).status_code == 409, "an emptied name is a name, too"


def test_below_admin_on_the_directory_nobody_names_them(w):
    with pytest.raises(NotAllowed):
        cost_codes.name_types(w.company, {6: "Permits"}, by=w.admin)


def test_two_admins_who_edit_one_code_see_both_versions_and_lose_nothing(w, ada):
    """I-5. A list that was taken in counts as a save, too."""
    code, client = w.cost_code(), signed_in(ada)
    page = at(w, "cost-code", code.pk)
    assert 'name="version" value="1"' in text_of(client.get(page))
    cost_codes.change(code, "Concrete", is_active=True, version=1, by=ada)
    typed = {"name": "Concrete work", "is_active": "on", "version": 1}
    answer = client.post(page, typed)
    text = text_of(answer)
    assert answer.status_code == 409 and "Somebody saved this cost code while you had it open" in text
    assert 'data-label="Stored now">Concrete<' in text and "<strong>Concrete work</strong>" in text
    assert 'value="Concrete work"' in text and 'name="version" value="2"' in text
    assert names(w) == {code.code: "Concrete"}
    assert client.post(page, typed | {"version": 2}).status_code == 302
    assert names(w) == {code.code: "Concrete work"}
    take_in(w, (code.code, "Cast concrete"), by=ada)
    assert client.post(page, typed | {"version": 3}).status_code == 409
    assert names(w) == {code.code: "Cast concrete"}
    for wrong in ("", "x", "9" * 30):
        assert client.post(page, typed | {"version": wrong}).status_code == 422


# Two at once


def _enter_a_vendor(company) -> None:
    """By somebody else, who waits a second at most."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        Vendor.objects.create(company=company, name="Bolt Electric")
    finally:
        connection.close()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite the transaction itself is the lock")
@pytest.mark.parametrize("verb", ["add", "change", "take in", "name types"])
@pytest.mark.django_db(transaction=True)
def test_whoever_works_on_cost_codes_keeps_nobody_from_entering_what_belongs_to_the_company(verb):
    """R45: an insert looks up its company by the key, which no cost code changes."""
    w = world()
    ada, code = directory_admin(w), w.cost_code()
    verbs = {
        "add": lambda: cost_codes.add(w.company, "09-900", "Painting", by=ada),
        "change": lambda: cost_codes.change(code, "Concrete work", is_active=True, version=code.version, by=ada),
        "take in": lambda: take_in(w, ("09-900", "Painting"), by=ada),
        "name types": lambda: cost_codes.name_types(w.company, {6: "Fuel"}, by=ada),
    }
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        verbs[verb]()
        pool.submit(_enter_a_vendor, w.company).result()
    assert w.company.vendors.filter(name="Bolt Electric").exists()
