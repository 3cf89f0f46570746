"""Cost codes of a company: kept by its Directory Admins, used in lines, never lost once used (domain 2)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from directory.models import Event
from directory.refusals import NotAllowed, Refused
from invoicing.actions import cost_codes
from invoicing.actions.cost_codes import ListedCode
from invoicing.models import CostCode
from tests.directory.directory_pages import directory_admin
from tests.factories import world
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


def uploaded(client, w, content: bytes):
    return client.post(at(w, "cost-codes-upload"), {"file": SimpleUploadedFile("codes.csv", content)})


def names(w) -> dict[str, str]:
    return dict(CostCode.objects.filter(company=w.company, is_active=True).values_list("code", "name"))


def test_a_directory_admin_adds_and_renames_one(w, ada):
    client = signed_in(ada)
    client.post(at(w, "cost-codes"), {"code": "01-100", "name": "General conditions"})
    code = CostCode.objects.get(code="01-100")
    client.post(at(w, "cost-code", code.pk), {"name": "General requirements", "is_active": "on"})
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
        lambda: cost_codes.take_in(w.company, listed(("01-100", "General")), by=w.admin),
        lambda: cost_codes.change(w.cost_code(), "Other", is_active=False, by=w.admin),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert list(names(w)) == ["03-100"]


def test_a_code_put_aside_stays_on_its_lines_and_leaves_the_list(w, ada):
    commitment = w.commitment()
    client, code = signed_in(ada), w.cost_code()
    client.post(at(w, "cost-code", code.pk), {"name": code.name})
    assert commitment.lines.first().cost_code == code
    assert client.get(at(w, "cost-codes")).context["rows"] == []
    [row] = client.get(at(w, "cost-codes") + "?standing=inactive").context["rows"]
    assert (row["code"], row["used"]) == (code, 2)


def test_a_list_is_looked_at_then_taken_in_as_a_whole(w, ada):
    w.cost_code("03-100")
    client = signed_in(ada)
    page = uploaded(client, w, b"Cost code,Name\n03-100,Concrete\n01-100,General\n")
    assert "Apply 2 changes" in text_of(page) and list(names(w)) == ["03-100"], "a preview changes nothing"
    rows = page.context["listed"]
    client.post(at(w, "cost-codes-apply"), {"code": [r.code for r in rows], "name": [r.name for r in rows]})
    assert names(w) == {"03-100": "Concrete", "01-100": "General"}
    [event] = Event.objects.about(w.company).filter(verb="took in a list of cost codes")
    assert event.changes == {"01-100": ["", "General"], "03-100": ["Code 03-100", "Concrete"]}
    assert "Nothing to change" in text_of(uploaded(client, w, b"Cost code,Name\n03-100,Concrete\n01-100,General\n"))


def test_a_code_put_aside_comes_back_with_the_list(w, ada):
    code = w.cost_code()
    cost_codes.change(code, code.name, is_active=False, by=ada)
    cost_codes.take_in(w.company, listed((code.code, code.name)), by=ada)
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
        cost_codes.take_in(w.company, listed(*((f"{n:04}", f"Code {n}") for n in range(count))), by=ada)
        with django_assert_max_num_queries(13):
            assert client.get(at(w, "cost-codes")).status_code == 200
