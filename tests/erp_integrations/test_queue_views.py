"""Views of the queue that people keep: one's own, or shared by whoever is Admin on ERP Integrations (section 8)."""

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed
from invoicing.actions import saved_views
from invoicing.models import SavedView
from tests.astray import astray
from tests.erp_integrations.pages import queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import sage_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(sage):
    """Admin on ERP Integrations."""
    person = sage.new_approver("Ada Boss")
    set_level(person, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    return person


def save(sage, who, query: str, **typed):
    return signed_in(who).post(f"{reverse('erp-queue-view-save', args=[sage.company.slug])}?{query}", typed)


def delete(sage, who, view):
    return signed_in(who).post(reverse("erp-queue-view-delete", args=[sage.company.slug, view.pk]))


def page(sage, who, **query) -> str:
    return text_of(signed_in(who).get(queue_url(sage.company), query))


def test_what_the_address_of_the_queue_says_is_kept_without_the_place_in_it(sage):
    vendor = sage.sent().invoice.vendor_id  # only a company that has billed is one to narrow by
    query = f"page=2&from=1-1&q=ac+me&tab=posted&age=5&project=999&x=y&vendor={vendor}"
    answer = save(sage, sage.base.staff, query, name="  Old   ones ")
    view = SavedView.objects.get()
    assert (view.name, view.page, view.is_shared, view.project) == ("Old ones", "queue", False, None)
    assert view.query == f"tab=posted&vendor={vendor}&age=5&q=ac+me" and view.company == sage.company
    assert answer.url == f"{queue_url(sage.company)}?{view.query}"
    shown = text_of(signed_in(sage.base.staff).get(answer.url))
    assert 'aria-current="true">Old ones' in shown and "Save this view" not in shown
    event = Event.objects.about(view).get()
    assert (event.verb, event.company, event.project) == ("saved a view of the queue", sage.company, None)


def test_ones_own_is_nobody_elses_and_what_is_shared_all_who_look_here_see(sage, boss):
    save(sage, boss, "tab=failed", name="Mine")
    done = save(sage, boss, "tab=posted", name="For all", is_shared="on")
    assert done.status_code == 302 and SavedView.objects.get(name="For all").is_shared
    told = f"All of the company who see this page see it, in the queue of {sage.company.name}."
    assert [str(each) for each in get_messages(done.wsgi_request)] == [f"“For all” is saved. {told}"]
    seen = page(sage, sage.base.staff)
    assert "For all" in seen and "Mine" not in seen and "Delete a view" not in seen
    mine = SavedView.objects.get(name="Mine")
    assert delete(sage, sage.base.staff, mine).status_code == 404
    assert delete(sage, sage.base.staff, SavedView.objects.get(name="For all")).status_code == 403
    assert delete(sage, boss, mine).status_code == 302
    assert Event.objects.filter(verb="deleted a view of the queue").count() == 1


def test_only_an_admin_on_erp_shares_and_is_offered_to(sage, boss):
    """P-4: sharing is set up, not answered: an approver alone does not."""
    offer = "For all of the company who see this page"
    assert offer in page(sage, boss, tab="posted") and offer not in page(sage, sage.approver, tab="posted")
    answer = save(sage, sage.approver, "tab=posted", name="For all", is_shared="on")
    assert answer.status_code == 403 and "Admin on ERP Integrations" in text_of(answer)
    assert not SavedView.objects.exists()


def test_whose_right_is_gone_by_the_time_it_is_stored_keeps_nothing(sage):
    """R66: looked at again inside the transaction, also of one's own."""
    staff = sage.base.staff
    set_level(staff, Tool.ERP_INTEGRATIONS, sage.company, Level.NONE, by=sage.base.owner)
    with pytest.raises(NotAllowed):
        saved_views.save(sage.company, "Mine", "tab=posted", page=SavedView.Page.QUEUE, by=staff)
    assert not SavedView.objects.exists()


def test_a_view_of_the_queue_is_of_one_company_and_stands_on_no_project_s_page(sage, boss):
    """R93."""
    save(sage, boss, "tab=posted", name="For all", is_shared="on")
    other = sage_world("Harbor Works")
    assert "For all" not in page(other, other.approver)
    assert delete(other, other.approver, SavedView.objects.get()).status_code == 404
    invoices = reverse("invoices", args=[sage.base.project.slug])
    assert "For all" not in text_of(signed_in(sage.base.admin).get(invoices))


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("tab=posted", "", "Give the view a name."),
        ("tab=posted", "a\x00b", "This holds"),
        ("page=3", "Everything", "Filter or sort the list first"),
        ("tab=nonsense&age=999", "Everything", "Filter or sort the list first"),
    ],
)
def test_what_is_no_view_is_refused_on_the_queue_which_goes_on_working(sage, query, name, words):
    """U4, 9.10: at the address of the form every way leads back to the list."""
    sage.sent()
    answer = save(sage, sage.base.staff, query, name=name)
    assert answer.status_code == 422 and words in text_of(answer) and not astray(answer)
    assert f'<form class="toolbar" method="get" action="{queue_url(sage.company)}"' in answer.content.decode()
    assert 'href="?' not in answer.content.decode() and not SavedView.objects.exists()


def test_it_belongs_to_a_project_or_to_a_company_and_a_shared_name_is_there_once(sage, boss):
    save(sage, boss, "tab=posted", name="For all", is_shared="on")
    save(sage, boss, "tab=failed", name="FOR ALL", is_shared="on")
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("FOR ALL", "tab=failed")
    wanted = {"person": boss, "page": "queue", "name": "for all", "query": "tab=posted", "is_shared": True}
    for where in ({}, {"project": sage.base.project, "of_company": sage.company}, {"of_company": sage.company}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedView.objects.create(**wanted, **where)


def test_views_cost_the_queue_one_question(sage, boss):
    """F18."""
    client, counts = signed_in(boss), []
    for number in range(3):
        counts.append(queries(client, queue_url(sage.company), {"tab": "posted"}))
        saved_views.save(sage.company, f"V{number}", "tab=posted", page="queue", is_shared=True, by=boss)
    assert len(set(counts)) == 1 and counts[0] <= 15
