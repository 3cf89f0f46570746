"""The first page and the top bar: what waits for whom, and where each may go."""

from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.ui import figures
from config.waiting.tasks import MOST
from directory.actions import privileges
from directory.actions.grants import set_level
from directory.models import Mail, Membership, Project, VendorChange
from directory.moments import day_in_words
from directory.permissions import Level, Tool
from erp_integrations.actions import exports
from invoicing.actions import billing_periods, commitment_moves, commitments, due_dates, invitations, invoices
from invoicing.models import Commitment, InvoiceType
from tests.erp_integrations.world import fresh, record_number, sage_world
from tests.factories import D, person, world
from tests.invoicing.pages import signed_in

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
    one, two = w.commitment(), w.commitment()
    invitations.invite(period, [one, two], InvoiceType.WORK, by=w.admin)
    waiting = home(w.admin).context["waiting"]
    assert titles(waiting.mine) == [
        f"under_review: Acme Concrete, invoice {review.number}",
        f"approved: Acme Concrete, invoice {approved.number}",
    ]
    assert titles(waiting.others) == [
        f"revise_and_resubmit: Acme Concrete, invoice {back.number}",
        f"pending_owner_approval: Acme Concrete, invoice {held.number}",
        f"invited: Acme Concrete, {one.number}",
        f"invited: Acme Concrete, {two.number}",
    ]
    assert (waiting.count, waiting.count_of_others) == (2, 4)
    since = day_in_words(w.project.today)
    assert f"with Acme Concrete since {since}" in waiting.others[0].words
    assert f"with the owner since {since}" in waiting.others[1].words
    assert f"with Acme Concrete since {since} · written to today" in waiting.others[2].words


def test_what_came_back_to_a_company_without_a_contact_waits_for_the_team_that_names_one():
    """B-5, as the board and the list have it."""
    w = world()
    alone = w.submitted(w.draft(w.commitment(contact=False), by=w.admin), by=w.admin)
    back = invoices.send_back(alone, by=w.second_admin, comment="Photos")
    waiting = home(w.admin).context["waiting"]
    assert titles(waiting.mine) == [f"revise_and_resubmit: Acme Concrete, invoice {back.number}"]
    assert (waiting.mine[0].verb, waiting.others, waiting.count) == ("Name a contact", [], 1)
    commitments.add_contact(back.commitment, w.contact, by=w.admin)
    assert titles(home(w.admin).context["waiting"].others) == titles(waiting.mine)


# Invites without an answer


def asked(w, period=None, *, days=6, **commitment):
    """A commitment invited so many days ago, and the moment that is now."""
    period = period or w.period()
    chosen = w.commitment(**commitment)
    invitations.invite(period, [chosen], InvoiceType.WORK, by=w.admin)
    return chosen, timezone.now() + timedelta(days=days)


def test_each_unanswered_invite_is_a_row_that_reminds_and_says_what_became_of_it():
    """9.1, V-3: written to today, it waits for the subcontractor."""
    w = world()
    period = w.period()
    chosen, later = asked(w, period)
    with time_machine.travel(later):
        page = home(w.admin)
        [task] = page.context["waiting"].mine
        assert (task.title, task.verb) == (f"Acme Concrete, {chosen.number}", "Remind")
        assert "invite not answered for 6 days · due" in task.words
        assert f'action="{task.verb_url}"' in page.content.decode()
        client = Client()
        client.force_login(w.admin)
        answer = client.post(task.verb_url, task.posted, follow=True)
        assert answer.redirect_chain == [("/", 302)]
        assert f"Acme Concrete, {chosen.number} was reminded: {w.contact.email}." in answer.content.decode()
        waiting = answer.context["waiting"]
        assert not waiting.mine and titles(waiting.others) == [f"invited: Acme Concrete, {chosen.number}"]
        again = client.post(task.verb_url, task.posted | {"home": str(period.pk)}, follow=True)
        assert again.redirect_chain == [(f"/?period={period.pk}", 302)]
        assert "was not reminded. They were written to today already." in again.content.decode()
    assert Mail.objects.filter(to=w.contact, text__contains="bill").count() == 2, "the invite and one reminder"


def test_an_invite_whose_time_is_over_needs_more_time_and_not_a_reminder():
    """B-5: a due date of its own counts."""
    w = world()
    period = w.period()
    late, _ = asked(w, period)
    longer, _ = asked(w, period)
    due_dates.extend(period, longer, due_date=period.due_date + timedelta(days=5), reason="Storm", by=w.admin)
    with time_machine.travel(f"{period.due_date + timedelta(days=2)} 18:00Z"):
        verbs = {task.title: task.verb for task in home(w.admin).context["waiting"].mine}
    assert verbs == {f"Acme Concrete, {late.number}": "More time…", f"Acme Concrete, {longer.number}": "Remind"}


def test_an_invite_that_waits_for_an_earlier_bill_or_for_a_contact_asks_nobody_to_remind():
    """I-7: the earlier bill itself is listed."""
    w = world()
    early = w.commitment()
    review = w.submitted(w.draft(early, w.period()), number="R-1")
    period = w.period(date(2030, 7, 1))
    invitations.invite(period, [early], InvoiceType.WORK, by=w.admin)
    lonely, later = asked(w, period)
    lonely.invoice_contacts.all().delete()
    with time_machine.travel(later):
        assert titles(home(w.admin).context["waiting"].mine) == [
            f"under_review: Acme Concrete, invoice {review.number}"
        ]


def test_more_than_a_page_of_invites_are_counted_whole():
    w = world()
    period = w.period()
    for _ in range(MOST + 2):
        _, later = asked(w, period)
    with time_machine.travel(later):
        waiting = home(w.admin).context["waiting"]
    assert (len(waiting.mine), waiting.count) == (MOST, MOST + 2)


# One period


def test_a_period_is_chosen_in_the_head_and_kept_in_the_address():
    """9.1: without scripts; what is of no period, or of another, stands on the page of all."""
    w = world()
    june = w.submitted(w.draft(w.commitment(), w.period()), number="J-1")
    july = w.submitted(w.draft(w.commitment(), w.period(date(2030, 7, 1))), number="J-2")
    client = Client()
    client.force_login(w.admin)
    whole = client.get("/")
    assert whole.context["waiting"].count == 2 and whole.context["choice"].label == f"{w.project.name} · all periods"
    page = client.get("/", {"period": june.billing_period_id})
    assert titles(page.context["waiting"].mine) == [f"under_review: Acme Concrete, invoice {june.number}"]
    assert page.context["choice"].label == f"{w.project.name} · June 2030"
    text = page.content.decode()
    for period in (june.billing_period_id, july.billing_period_id):
        assert f'href="/?period={period}"' in text
    [card] = page.context["cards"]
    assert (card.period, card.progress.billed, card.progress.expected) == (june.billing_period, 1, 1)
    assert "Period progress" in text and "1 of 1 billed" in text


def test_another_companys_period_can_not_be_looked_at():
    w, other = world(), world("Other Builders")
    theirs = other.period()
    for named in (theirs.pk, "0", "x", "9" * 30, "²"):
        client = Client()
        client.force_login(w.admin)
        page = client.get("/", {"period": named})
        assert page.status_code == 200 and page.context["choice"].chosen is None
        assert other.project.name not in page.content.decode()


def test_the_page_of_one_project_says_what_is_billed_of_its_contracts():
    """9.1: billed of planned; only to those who may see every commitment."""
    w = world()
    w.submitted(w.draft(w.commitment(), w.period()), {"work_this_period": D("900.00")})
    page = home(w.admin)
    totals = page.context["totals"]
    assert totals["billed"] == D("900.00") and totals["contract"] > totals["billed"]
    assert f'of <span class="n">{figures.money(totals["contract"])}</span> in contracts' in page.content.decode()
    assert home(w.reader).context["totals"] is None


def test_the_period_of_each_project_is_drawn_as_far_as_it_is_billed():
    w = world()
    period = w.period()
    w.submitted(w.draft(w.commitment(), period))
    w.commitment()
    [card] = home(w.admin).context["cards"]
    assert (card.progress.billed, card.progress.expected) == (1, 2)


def test_a_card_counts_as_the_board_of_its_period_does():
    """One that declined and ended since is no one less, and one that was billed before it ended is still there."""
    w = world()
    period, billed, declined, waits = w.period(), w.commitment(), w.commitment(), w.commitment()
    w.approved(w.draft(billed, period))
    [sent] = invitations.invite(period, [declined], InvoiceType.WORK, by=w.admin)
    invitations.answer(sent.invitation, False, "No work", by=w.contact)
    for each in (billed, declined):
        commitment_moves.move(Commitment.objects.get(pk=each.pk), "terminate", by=w.admin, reason="Left the site")
    board = signed_in(w.admin).get(reverse("period", args=[w.project.slug, period.pk])).context["progress"]
    [card] = home(w.admin).context["cards"]
    assert card.progress == board and (board.billed, board.expected) == (1, 2)
    assert waits.is_billable


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


def test_an_accounting_approver_is_told_of_what_they_rejected_and_got_again():
    """9.1."""
    w = sage_world()
    export = w.sent()
    exports.reject(export, reason="No vendor number", by=w.approver)
    assert not home(w.approver).context["waiting"].mine
    exports.send([export.invoice], by=w.base.admin)
    [task] = home(w.approver).context["waiting"].mine
    assert task.words.endswith("1 of them you rejected before")


def test_whoever_uploads_and_links_is_told_what_is_missing_before_invoices_can_go():
    """6.1: one row for the lists and one for the links, each with its page; staff who only look get none."""
    w = world()
    w.commitment()
    mine = home(w.approver).context["waiting"].mine
    assert titles(mine) == ["gap: 7 Sage lists missing", "gap: 5 links to Sage missing"]
    assert [task.url for task in mine] == [reverse(name, args=[w.company.slug]) for name in ("erp-lists", "erp-links")]
    assert mine[1].words.endswith("1 vendor, 1 project, 1 cost code, 1 cost type, 1 commitment")
    assert not home(w.staff).context["waiting"].mine
    done = sage_world()
    done.commitment()
    assert not home(done.approver).context["waiting"].mine


def test_staff_see_a_file_until_it_is_downloaded_and_the_approver_until_sage_has_it():
    w = sage_world()
    batch = w.exported().items.get().batch
    assert titles(home(w.base.staff).context["waiting"].mine) == [f"ready: Import file {batch.key}"]
    client = Client()
    client.force_login(w.base.staff)
    client.get(reverse("erp-download", args=[w.company.slug, batch.number, "xlsx"]))
    theirs, hers = home(w.base.staff).context["waiting"], home(w.approver).context["waiting"]
    assert not theirs.mine
    assert titles(hers.mine) == titles(theirs.others) == [f"downloaded: Import file {batch.key}"]
    assert (hers.mine[0].verb, theirs.others[0].verb) == ("Confirm", ""), "nobody is offered what is not theirs to do"


def test_a_file_that_nobody_took_waits_no_more_once_all_of_it_is_confirmed():
    """9.1, E-3: it was keyed by hand, or taken in days that a restore has lost; to import it would double it."""
    w = sage_world()
    exports.confirm(*fresh(w.exported()), by=w.approver, record_number=record_number())
    assert not home(w.base.staff).context["waiting"].mine


def test_a_file_whose_rest_is_posted_waits_no_more_though_what_left_it_stands_in_the_next():
    """9.1: whatever waits is confirmed in the file that it stands in now."""
    w = sage_world()
    posted, moved = w.sent(), w.sent()
    batch = w.built(posted, moved)
    signed_in(w.base.staff).get(reverse("erp-download", args=[w.company.slug, batch.number, "xlsx"]))
    exports.confirm(*fresh(posted), by=w.approver, record_number=record_number())
    exports.void(*fresh(moved), by=w.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    w.exported(moved.invoice)
    waiting = home(w.approver).context["waiting"]
    assert titles([*waiting.mine, *waiting.others]) == ["ready: Import file EXP-000002"]


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
    with django_assert_max_num_queries(27) as few:
        client.get("/")
    for _ in range(5):
        w.submitted(w.draft(w.commitment(), period))
    other = Project.objects.create(company=w.company, name="Second", number="X-2", slug="second")
    set_level(w.admin, Tool.COMMITMENTS, other, Level.ADMIN, by=w.owner)
    with django_assert_max_num_queries(len(few)):
        client.get("/")


def test_of_many_projects_those_whose_bills_are_due_first_are_shown():
    w = world()
    for number in range(15):
        project = Project.objects.create(
            company=w.company, name=f"Tower {number:02}", number=f"T-{number}", slug=f"tower-{number}"
        )
        set_level(w.admin, Tool.COMMITMENTS, project, Level.ADMIN, by=w.owner)
        if number > 11:
            day = date(2030, 6, 28 - number)
            billing_periods.open_period(project, date(2030, 6, 1), date(2030, 6, 28), day, by=w.admin)
    page = home(w.admin)
    names = [card.project.name for card in page.context["cards"]]
    assert names[:3] == ["Tower 14", "Tower 13", "Tower 12"] and len(names) == 12
    assert page.context["cards"][0].progress is not None
    assert f'href="{reverse("projects")}"' in page.content.decode() and "All 16 projects" in page.content.decode()


# What is not there


def test_a_page_that_is_not_there_offers_to_look_for_a_project_and_tells_nothing(settings):
    """9.10: the same words for what exists and is not theirs."""
    settings.DEBUG = False
    w, other = world(), world("Other Builders")
    client = Client()
    client.force_login(w.admin)
    pages = [client.get(f"/p/{slug}/invoices/") for slug in (other.project.slug, "nothing-like-it")]
    assert [page.status_code for page in pages] == [404, 404]
    for page in pages:
        text = page.content.decode()
        assert f'action="{reverse("projects")}"' in text and 'name="q"' in text and other.project.name not in text
    assert 'name="q"' not in Client().get("/nothing-like-it/").content.decode()
    client.force_login(w.staff)
    assert 'name="q"' not in client.get("/nothing-like-it/").content.decode()


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
    other = Project.objects.create(company=w.company, name="Second", number="X-2", slug="second")
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
    Project.objects.create(company=w.company, name="Nobody's", number="X-3", slug="nobodys")
    client = Client()
    client.force_login(w.admin)

    def listed(words: str = "") -> list[str]:
        return [each.slug for each in client.get(reverse("projects"), {"q": words}).context["projects"]]

    assert set(listed()) == {w.project.slug, "second"}
    assert listed("x-77") == listed("seco") == ["second"] and listed("nobody") == []
    assert "No project matches" in client.get(reverse("projects"), {"q": "x" * 20}).content.decode()
    client.force_login(w.staff)
    assert "No project opens for you yet" in client.get(reverse("projects")).content.decode()
