"""Views of the invoices and of the board: one's own, or shared with the project by an Admin (sections 8 and 9.2)."""

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from invoicing.actions import saved_views
from invoicing.models import SavedView
from tests.factories import world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def save(w, query: str, who=None, **typed):
    return signed_in(who or w.admin).post(f"{reverse('invoices-view-save', args=[w.project.slug])}?{query}", typed)


def delete(w, view, who):
    return signed_in(who).post(reverse("invoices-view-delete", args=[w.project.slug, view.pk]))


def page(w, who=None, **query) -> str:
    return text_of(signed_in(who or w.admin).get(reverse("invoices", args=[w.project.slug]), query))


def test_what_the_address_of_the_invoices_says_is_kept_without_the_place_in_it(w):
    period = w.period()
    answer = save(w, f"sort=-net&status=under_review&period={period.pk}&q=ac+me&after=3~1&x=y", name="  Big   ones ")
    view = SavedView.objects.get()
    assert (view.name, view.page, view.is_shared) == ("Big ones", "invoices", False)
    assert view.query == f"status=under_review&period={period.pk}&q=ac+me&sort=-net"
    assert answer.url == f"{reverse('invoices', args=[w.project.slug])}?{view.query}"
    shown = signed_in(w.admin).get(answer.url).content.decode()
    assert 'aria-current="true">Big ones' in shown and "Save this view" not in shown
    assert Event.objects.about(view).get().verb == "saved a view of the invoices"


def test_ones_own_view_is_nobody_elses(w):
    save(w, "sort=-net", name="Mine")
    assert "Mine" in page(w) and "Mine" not in page(w, w.second_admin)
    assert delete(w, SavedView.objects.get(), w.second_admin).status_code == 404


def test_a_view_of_the_invoices_is_not_offered_on_the_board_nor_the_other_way_round(w):
    period = w.period()
    save(w, "sort=-net", name="By amount")
    saved_views.save(w.project, "Silent", "state=invited", by=w.admin)
    board = text_of(signed_in(w.admin).get(reverse("period", args=[w.project.slug, period.pk])))
    assert "Silent" in board and "By amount" not in board
    assert "Silent" not in page(w)
    silent = SavedView.objects.get(name="Silent")
    assert delete(w, silent, w.admin).status_code == 404


def test_what_an_admin_shares_every_colleague_who_looks_there_sees_and_no_vendor(w):
    w.commitment()
    set_level(w.staff, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.admin)
    answer = save(w, "sort=-net", name="Watch Acme", is_shared="on")
    assert answer.status_code == 302
    told = f"All of the company who see this page see it, in {w.project.name}."
    assert [str(each) for each in get_messages(answer.wsgi_request)] == [f"“Watch Acme” is saved. {told}"]
    assert "Watch Acme" in page(w, w.second_admin) and "Watch Acme" in page(w, w.staff)
    assert "Watch Acme" not in page(w, w.contact)
    set_level(w.staff, Tool.COMMITMENTS, w.project, Level.NONE, by=w.admin)
    assert signed_in(w.staff).get(reverse("invoices", args=[w.project.slug])).status_code == 404


def test_the_board_shares_views_too(w):
    period = w.period()
    address = reverse("board-view-save", args=[w.project.slug, period.pk])
    signed_in(w.admin).post(f"{address}?state=invited", {"name": "Silent ones", "is_shared": "on"})
    here = reverse("period", args=[w.project.slug, period.pk])
    assert "Silent ones" in text_of(signed_in(w.second_admin).get(here))


def test_only_an_admin_shares_and_is_offered_to(w):
    set_level(w.staff, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.admin)
    assert "For all of the company who see this page" in page(w, sort="-net")
    assert "For all of the company who see this page" not in page(w, w.staff, sort="-net")
    answer = save(w, "sort=-net", w.staff, name="For all", is_shared="on")
    assert answer.status_code == 403 and "Admin on Commitments" in text_of(answer)
    assert not SavedView.objects.exists()


def test_any_admin_changes_and_deletes_what_is_shared_and_nobody_else(w):
    set_level(w.staff, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.admin)
    save(w, "sort=-net", name="For all", is_shared="on")
    save(w, "sort=net", w.second_admin, name="FOR ALL", is_shared="on")
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("FOR ALL", "sort=net")
    assert "Delete a view" in page(w) and "Delete a view" not in page(w, w.staff)
    assert delete(w, view, w.staff).status_code == 403
    assert delete(w, view, w.second_admin).status_code == 302
    assert not SavedView.objects.exists()


def test_ones_own_and_a_shared_view_may_have_the_same_name(w):
    save(w, "sort=-net", name="Mine")
    save(w, "sort=net", name="Mine", is_shared="on")
    assert SavedView.objects.count() == 2


def test_two_shared_views_of_one_name_are_never_stored(w):
    save(w, "sort=-net", name="For all", is_shared="on")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(
            project=w.project, person=w.second_admin, page="invoices", is_shared=True, name="for ALL", query="sort=net"
        )


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("sort=-net", "", "Give the view a name."),
        ("sort=-net", "a\x00b", "This holds"),
        ("", "Everything", "Filter or sort the list first"),
        ("status=nonsense&period=999", "Everything", "Filter or sort the list first"),
    ],
)
def test_what_is_no_view_is_refused_on_the_list_which_goes_on_working(w, query, name, words):
    answer = save(w, query, name=name)
    assert answer.status_code == 422 and words in text_of(answer)
    here = reverse("invoices", args=[w.project.slug])
    assert f'<form class="toolbar" method="get" action="{here}"' in answer.content.decode()
    assert 'href="?' not in answer.content.decode()
    assert not SavedView.objects.exists()
