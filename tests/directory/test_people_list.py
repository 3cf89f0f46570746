"""The list of a company's people: who is found by what, which state they are in, and what an empty list says."""

import pytest

from directory.actions import people
from directory.actions.grants import set_level
from directory.models import Person, Vendor
from directory.permissions import Level, Tool
from tests.directory.directory_pages import AtDesk, directory_admin, membership
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def ada(w):
    return AtDesk(w, directory_admin(w))


def names_on(page: str, *names: str) -> set[str]:
    return {name for name in names if name in page}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=dana", {"Dana Cole"}),
        ("?q=LEE+acme", {"Lee Park"}),
        ("?q=concrete", {"Lee Park"}),
        ("?q=foreman", {"Rae Reader"}),
        ("?q=rae.reader", {"Rae Reader"}),
        ("?employer=own", {"Dana Cole", "Rae Reader"}),
        ("?employer=vendors", {"Lee Park"}),
        ("?employer=no-such-thing", {"Dana Cole", "Lee Park", "Rae Reader"}),
        ("?state=no-such-thing&page=x", {"Dana Cole", "Lee Park", "Rae Reader"}),
        ("?approvers=on", set()),
    ],
)
def test_people_are_found_by_name_e_mail_vendor_and_title_and_by_their_employer(w, ada, query, found):
    w.reader.memberships.update(title="Site foreman")
    page = ada.see("company-directory", query=query)
    assert names_on(page, "Dana Cole", "Lee Park", "Rae Reader") == found


def test_accounting_approvers_and_the_people_of_one_vendor_can_be_asked_for(w, ada):
    assert "Sam Ruiz" in ada.see("company-directory", query="?approvers=on")
    bolt = Vendor.objects.create(company=w.company, name="Bolt Electric")
    person("Mia Hart", w.company, bolt)
    page = ada.see("company-directory", query=f"?employer={bolt.pk}")
    assert names_on(page, "Mia Hart", "Lee Park") == {"Mia Hart"}


def test_each_state_has_its_count_and_its_list(w, ada):
    people.deactivate_membership(membership(w.staff, w), by=ada.who, reason="Retired")
    people.add_person(w.company, person("Otto Other", world("Harbor Works").company).email, "Otto", by=ada.who)
    active = ada.see("company-directory")
    assert (
        "Active 6" in active and "Asked to join 1" in active and "Deactivated 1" in active and "Everybody 8" in active
    )
    assert names_on(active, "Kim Chu", "otto.other") == set()
    assert "Kim Chu" in ada.see("company-directory", query="?state=deactivated")
    assert "otto.other" in ada.see("company-directory", query="?state=asked")
    assert names_on(ada.see("company-directory", query="?state=all"), "Kim Chu", "otto.other", "Dana Cole") == {
        "Kim Chu",
        "otto.other",
        "Dana Cole",
    }


def test_a_name_is_not_shown_nor_searched_before_its_owner_has_joined(w, ada):
    """R76: what the login is called elsewhere is none of this company's business."""
    other = person("Otto Secret", world("Harbor Works").company)
    Person.objects.filter(pk=other.pk).update(email="o@harbor.example")
    people.add_person(w.company, "o@harbor.example", "Whoever", by=ada.who)
    place = other.memberships.get(company=w.company)
    pages = [
        ada.see("company-directory", query="?state=all"),
        ada.see("directory-person", place.pk),
        ada.see("directory-person-deactivate", place.pk),
        ada.see("company-events"),
    ]
    assert all("o@harbor.example" in page and "Secret" not in page for page in pages)
    assert "Nobody matches" in ada.see("company-directory", query="?state=all&q=secret")
    assert ada.client.get(ada.address("person-levels", other.pk)).status_code == 404


def test_fifty_stand_on_a_page_and_the_filters_go_along(w, ada):
    for number in range(60):
        person(f"Extra {number:02d}", w.company, w.vendor)
    first = ada.client.get(ada.address("company-directory"), {"employer": "vendors", "q": "extra"}).content.decode()
    assert "1–50 of 60" in first
    assert "employer=vendors" in first and "q=extra" in first and "page=2" in first
    assert "51–60 of 60" in ada.see("company-directory", query="?employer=vendors&q=extra&page=2")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?q=nobody+like+it", "Nobody matches"),
        ("?state=asked", "No question is open"),
        ("?state=declined", "Nobody stayed out"),
        ("?state=deactivated", "Nobody was deactivated"),
    ],
)
def test_an_empty_list_says_what_would_stand_there(ada, query, says):
    assert says in ada.see("company-directory", query=query)


def test_a_reader_looks_and_is_offered_nothing_to_do(w, ada):
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.READ_ONLY, by=w.owner)
    rae, lee = AtDesk(w, w.reader), membership(w.contact, w)
    for page in (rae.see("company-directory"), rae.see("directory-person", lee.pk), rae.see("company-projects")):
        assert names_on(page, "Add person", "Edit", "Move to", "New project", "Settings") == set()
    assert "Add person" in ada.see("company-directory")
    for name in ("edit", "move", "deactivate"):
        assert rae.client.get(rae.address(f"directory-person-{name}", lee.pk)).status_code == 403


def test_the_page_of_a_person_says_what_they_hold_and_what_happened(w, ada):
    page = ada.see("directory-person", membership(w.approver, w).pk)
    assert "Accounting approver" in page and "ERP Integrations Standard" in page and "“Controller”" in page
    assert "granted Can Push to Accounting" in page
    people.edit_person(membership(w.approver, w), "Chief of accounts", by=ada.who)
    assert "Ada Min changed in the directory" in ada.see("directory-person", membership(w.approver, w).pk)


def test_nobody_elses_person_is_found_in_this_directory(w, ada):
    """R61."""
    theirs = world("Harbor Works").admin.memberships.get()
    for name in ("", "-edit", "-move", "-deactivate"):
        assert ada.client.get(ada.address(f"directory-person{name}", theirs.pk)).status_code == 404
    for name in ("edit", "move", "deactivate", "reactivate", "invite"):
        answer = ada.send(f"directory-person-{name}", theirs.pk, title="Mine", reason="Mine", vendor=w.vendor.pk)
        assert answer.status_code == 404
    theirs.refresh_from_db()
    assert (theirs.is_active, theirs.title, theirs.vendor) == (True, "", None)
