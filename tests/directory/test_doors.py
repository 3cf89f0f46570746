"""The door of every page: who gets in, who is told what is missing, and for whom nothing is there (P-8)."""

import pytest
from django.http import HttpResponse
from django.urls import path

from config.urls import urlpatterns as real_urls
from directory.actions.grants import set_level
from directory.decorators import READ, WRITE, Requires, company_view, project_view, public_view, signed_in_view
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused, Stale
from tests.factories import person, world

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def look(request, project, number):
    return HttpResponse(f"{project.name} {number} {request.access.level(Tool.COMMITMENTS).label}")


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def decide(request, project):
    return HttpResponse("decided")


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def books(request, company):
    return HttpResponse(f"books of {company.name}")


@signed_in_view()
def mine(request):
    return HttpResponse("mine")


@public_view(methods=READ)
def everyone(request):
    return HttpResponse("everyone")


REFUSALS = {"refused": Refused("Enter a number."), "stale": Stale("Dana changed it."), "not-now": NotNow("Too late.")}


@signed_in_view()
def refusing(request, how):
    raise REFUSALS[how]


urlpatterns = [
    path("p/<slug:project>/look/<int:number>/", look),
    path("p/<slug:project>/decide/", decide),
    path("c/<slug:company>/books/", books),
    path("mine/", mine),
    path("everyone/", everyone),
    path("refusing/<slug:how>/", refusing),
    *real_urls,
]


@pytest.fixture
def w():
    return world()


@pytest.fixture
def paths(w):
    return {
        "look": f"/p/{w.project.slug}/look/7/",
        "decide": f"/p/{w.project.slug}/decide/",
        "books": f"/c/{w.company.slug}/books/",
    }


def test_who_holds_the_level_gets_in_with_their_access_read(w, paths, client):
    client.force_login(w.reader)
    assert client.get(paths["look"]).content.decode() == f"{w.project.name} 7 Read Only"
    client.force_login(w.approver)
    assert client.get(paths["books"]).content.decode() == f"books of {w.company.name}"


def test_without_any_level_there_is_nothing_here(w, paths, client):
    """The answer is the same as for a project that does not exist (R61)."""
    for who in (w.contact, w.staff, person("Nia Next"), world("Harbor Works").admin, w.owner):
        client.force_login(who)
        hidden, missing = client.get(paths["look"]), client.get("/p/no-such-project/look/7/")
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert [t.name for t in hidden.templates] == [t.name for t in missing.templates]
    client.force_login(w.admin)
    assert client.get(paths["books"]).status_code == 404


def test_with_too_low_a_level_the_missing_right_and_its_holders_are_named(w, paths, client):
    client.force_login(w.reader)
    answer = client.post(paths["decide"])
    assert answer.status_code == 403
    assert "Admin on Commitments" in answer.content.decode()
    assert "Dana Cole" in answer.content.decode()
    client.force_login(w.staff)
    answer = client.get(paths["books"])
    assert answer.status_code == 403
    assert "Standard on ERP Integrations" in answer.content.decode()


def test_a_stranger_is_asked_to_sign_in_and_comes_back(paths, client):
    for address in (*paths.values(), "/mine/"):
        method = client.post if "decide" in address else client.get
        answer = method(address)
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=")
    assert client.get("/everyone/").content == b"everyone"


def test_another_method_is_refused_before_anything_is_looked_up(w, paths, client, django_assert_max_num_queries):
    client.force_login(w.admin)
    with django_assert_max_num_queries(3):  # the session, the person, and whether a company asks for a second factor
        assert client.get(paths["decide"]).status_code == 405
    for method in (client.post, client.put, client.delete, client.patch):
        assert method(paths["look"]).status_code == 405


def test_the_next_click_after_a_level_is_taken_away_finds_nothing(w, paths, client):
    """R66."""
    client.force_login(w.reader)
    assert client.get(paths["look"]).status_code == 200
    set_level(w.reader, Tool.COMMITMENTS, w.project, Level.NONE, by=w.owner)
    assert client.get(paths["look"]).status_code == 404


def test_the_next_click_after_being_dismissed_asks_to_sign_in(w, paths, client):
    """R67."""
    client.force_login(w.reader)
    w.reader.is_active = False
    w.reader.save()
    assert client.get(paths["look"]).status_code == 302


def test_a_closed_project_is_no_longer_there(w, paths, client):
    w.project.is_active = False
    w.project.save()
    client.force_login(w.admin)
    assert client.get(paths["look"]).status_code == 404


def test_every_door_says_what_it_requires():
    """The access matrix reads it."""
    assert look.requires == Requires(Tool.COMMITMENTS, Level.READ_ONLY, READ)
    assert decide.requires == Requires(Tool.COMMITMENTS, Level.ADMIN, WRITE)
    assert books.requires.tool is Tool.ERP_INTEGRATIONS
    assert mine.requires == Requires()
    assert everyone.requires == Requires(methods=READ, public=True)


@pytest.mark.parametrize(("how", "status"), [("refused", 422), ("stale", 409), ("not-now", 409)])
def test_a_refusal_nobody_caught_becomes_a_page_in_its_words(w, client, how, status):
    client.force_login(w.admin)
    answer = client.get(f"/refusing/{how}/")
    assert answer.status_code == status
    assert REFUSALS[how].message in answer.content.decode()


def test_no_page_of_a_signed_in_person_is_kept_anywhere(w, paths, client):
    """R74."""
    client.force_login(w.admin)
    for address in (paths["look"], "/everyone/", "/mine/", "/nowhere/"):
        assert {"no-store", "private"} <= set(client.get(address)["Cache-Control"].split(", "))
