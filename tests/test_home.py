"""The first page and the top bar: what waits for whom, and where each may go."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.actions import privileges
from directory.actions.grants import set_level
from directory.models import Membership, Project, VendorChange
from directory.permissions import Level, Tool
from invoicing.actions import invitations, invoices
from invoicing.models import InvoiceType
from tests.erp_integrations.world import sage_world
from tests.factories import person, world

pytestmark = pytest.mark.django_db


def home(who):
    client = Client()
    client.force_login(who)
    return client.get("/")


def titles(tasks) -> list[str]:
    return [f"{task.state}: {task.title}" for task in tasks]


def labels(page) -> list[str]:
    return [link["label"] for link in page.context["navigation"]]


# Who has not signed in, or has nothing yet


def test_a_visitor_sees_both_workflows_in_their_order_and_the_way_in():
    text = Client().get("/").content.decode()
    steps = ["Open a period", "Invite to bill", "Answer", "Bill", "Review", "Approve", "Send to ERP", "File is built"]
    places = [text.index(f"</svg>{step}</span>") for step in [*steps, "Download", "Posted in Sage"]]
    assert places == sorted(places)
    assert reverse("account_login") in text


def test_a_demo_visitor_signs_in_with_one_click():
    w = world()
    client = Client()
    text = client.get("/").content.decode()
    assert w.admin.email in text and "csrfmiddlewaretoken" in text
    client.post(reverse("demo-sign-in"), {"email": w.admin.email})
    assert "Hello, Dana" in client.get("/").content.decode()


def test_outside_a_demo_nobody_is_offered(settings):
    settings.DEMO = False
    w = world()
    assert w.admin.email not in Client().get("/").content.decode()


def test_somebody_without_a_role_is_told_who_gives_one():
    w = world()
    assert "You hold no role yet" in home(person("Nora New", w.company)).content.decode()


def test_a_contacts_home_is_their_bills():
    assert home(world().contact).url == reverse("bills")


# What needs whom


def test_a_project_admin_sees_what_to_review_first_then_what_to_send_and_what_others_have():
    w = world()
    period = w.period()
    review = w.submitted(w.draft(w.commitment(), period), number="R-1")
    approved = w.approved(w.draft(w.commitment(), period), number="A-1")
    back = w.sent_back(w.draft(w.commitment(), period))
    held = invoices.hold_for_owner(w.submitted(w.draft(w.commitment(), period)), by=w.admin)
    invitations.invite(period, [w.commitment(), w.commitment()], InvoiceType.WORK, by=w.admin)
    waiting = home(w.admin).context["waiting"]
    assert titles(waiting.mine) == [
        f"under_review: Acme Concrete, invoice {review.number}",
        f"approved: Acme Concrete, invoice {approved.number}",
    ]
    assert titles(waiting.others) == [
        f"revise_and_resubmit: Acme Concrete, invoice {back.number}",
        f"pending_owner_approval: Acme Concrete, invoice {held.number}",
        "invited: 2 invites without an answer",
    ]
    assert waiting.count == 2


def test_the_period_of_each_project_is_drawn_as_far_as_it_is_billed():
    w = world()
    period = w.period()
    w.submitted(w.draft(w.commitment(), period))
    w.commitment()
    [card] = home(w.admin).context["cards"]
    assert (card.progress.billed, card.progress.expected) == (1, 2)


def test_a_reader_is_shown_no_progress_of_what_they_may_not_see():
    w = world()
    w.submitted(w.draft(w.commitment()))
    page = home(w.reader)
    [card] = page.context["cards"]
    assert card.period and card.progress is None
    assert not page.context["waiting"].mine and not page.context["waiting"].others


def test_an_accounting_approver_sees_how_many_wait_and_their_sum():
    w = sage_world()
    export = w.sent()
    waiting = home(w.approver).context["waiting"]
    assert titles(waiting.mine) == ["ready_to_export: 1 invoice to accept or reject"]
    assert waiting.mine[0].amount == export.invoice.current_payment_due
    assert not home(w.base.staff).context["waiting"].mine


def test_staff_see_a_file_until_it_is_downloaded_and_the_approver_until_sage_has_it():
    w = sage_world()
    batch = w.exported().items.get().batch
    assert titles(home(w.base.staff).context["waiting"].mine) == [f"ready: Import file {batch.key}"]
    client = Client()
    client.force_login(w.base.staff)
    client.get(reverse("erp-download", args=[w.company.slug, batch.number, "xlsx"]))
    assert not home(w.base.staff).context["waiting"].mine
    assert titles(home(w.approver).context["waiting"].mine) == [f"downloaded: Import file {batch.key}"]


def test_the_site_owner_sees_set_up_gaps_and_no_work():
    """A superuser holds nothing by being one."""
    w = world()
    w.submitted()
    w.commitment(contact=False)
    page = home(w.owner)
    assert not page.context["cards"]
    assert {task.verb for task in page.context["waiting"].mine} == {"Open"}
    assert "1 vendor with no Sage vendor number" in page.content.decode()


def directory_admin(w, name="Ola Berg"):
    someone = person(name, w.company)
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    return someone


def test_the_site_owner_answers_requests_first_and_is_told_what_was_granted_this_month():
    w = world()
    privileges.ask(w.staff, w.company, by=directory_admin(w), reason="Covers for Sam")
    waiting = home(w.owner).context["waiting"]
    first = waiting.mine[0]
    assert (first.title, first.verb) == ("Can Push to Accounting for Kim Chu", "Answer")
    assert "Ola Berg: “Covers for Sam”" in first.words
    assert titles(waiting.lately) == ["granted: Sam Ruiz can push to accounting"]
    with time_machine.travel(timezone.now() + timedelta(days=32)):
        assert not home(w.owner).context["waiting"].lately


def test_a_directory_admin_sees_whom_the_site_owner_and_new_people_keep_waiting():
    w = world()
    admin = directory_admin(w)
    privileges.ask(w.staff, w.company, by=admin, reason="Covers for Sam")
    silent = person("Sid Silent")
    Membership.objects.create(
        company=w.company, person=silent, is_active=False, joined_at=None, asked_at=timezone.now()
    )
    waiting = home(admin).context["waiting"]
    assert titles(waiting.others) == [
        f"asked: {silent.email} has not answered",
        "waiting: Can Push to Accounting for Kim Chu",
    ]
    assert not home(w.admin).context["waiting"].others, "nobody else is told"


def test_a_change_of_a_vendor_needs_the_directory_admin_who_did_not_ask_for_it():
    """R81."""
    w = world()
    one, two = directory_admin(w), directory_admin(w, "Theo Two")
    VendorChange.objects.create(
        vendor=w.vendor, changes={"email": ["", "new@acme.example"]}, reason="Moved", asked_by=one
    )
    mine, theirs = home(one).context["waiting"], home(two).context["waiting"]
    assert theirs.mine[0].verb_url == reverse("vendor", args=[w.company.slug, w.vendor.pk])
    assert titles(theirs.mine) == ["waiting: Changed details of Acme Concrete wait for a call"]
    assert not mine.mine and titles(mine.others) == ["waiting: Changed details of Acme Concrete"]
    assert not home(w.admin).context["waiting"].mine


def test_another_companys_work_is_on_nobody_elses_home():
    w, other = world(), world("Other Builders")
    other.submitted()
    page = home(w.admin)
    assert not page.context["waiting"].mine and other.project.name not in page.content.decode()


def test_the_number_of_queries_does_not_grow(django_assert_max_num_queries):
    w = world()
    period = w.period()
    w.submitted(w.draft(w.commitment(), period))
    client = Client()
    client.force_login(w.admin)
    with django_assert_max_num_queries(34) as few:
        client.get("/")
    for _ in range(5):
        w.submitted(w.draft(w.commitment(), period))
    other = Project.objects.create(company=w.company, name="Second", number="P-2", slug="second")
    set_level(w.admin, Tool.COMMITMENTS, other, Level.ADMIN, by=w.owner)
    with django_assert_max_num_queries(len(few)):
        client.get("/")


# The top bar


def test_the_bar_offers_what_each_may_open():
    w = world()
    assert labels(home(w.admin)) == ["Home", "Invoices", "Commitments", "Billing periods"]
    assert labels(home(w.staff)) == ["Home", "ERP"]
    client = Client()
    client.force_login(w.contact)
    assert labels(client.get(reverse("bills"))) == ["My bills"]


def test_with_several_projects_the_bar_follows_the_one_in_the_address():
    w = world()
    other = Project.objects.create(company=w.company, name="Second", number="P-2", slug="second")
    set_level(w.admin, Tool.COMMITMENTS, other, Level.ADMIN, by=w.owner)
    assert labels(home(w.admin)) == ["Home"]
    client = Client()
    client.force_login(w.admin)
    page = client.get(reverse("periods", args=["second"]))
    assert [link["url"] for link in page.context["navigation"] if link["current"]] == ["/p/second/periods/"]
    assert f'hx-get="{reverse("projects")}"' in page.content.decode() and "/p/test/" not in page.content.decode()


def test_the_menu_of_projects_is_a_page_of_those_that_open():
    """By name or number; it is asked for when the menu opens, so that no other page carries hundreds of names."""
    w = world()
    other = Project.objects.create(company=w.company, name="Second", number="X-77", slug="second")
    set_level(w.admin, Tool.COMMITMENTS, other, Level.ADMIN, by=w.owner)
    Project.objects.create(company=w.company, name="Nobody's", number="P-3", slug="nobodys")
    client = Client()
    client.force_login(w.admin)

    def listed(words: str = "") -> list[str]:
        return [each.slug for each in client.get(reverse("projects"), {"q": words}).context["projects"]]

    assert set(listed()) == {w.project.slug, "second"}
    assert listed("x-77") == listed("seco") == ["second"] and listed("nobody") == []
    assert "No project matches" in client.get(reverse("projects"), {"q": "x" * 20}).content.decode()
    client.force_login(w.staff)
    assert "No project opens for you yet" in client.get(reverse("projects")).content.decode()
