"""What lies somewhere, for how long, and who has to act (E-10); approvers hear once of each overdue file (R16)."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from directory.actions.grants import set_level
from directory.models import Mail
from directory.permissions import Level, Tool
from erp_integrations import exporting, tasks
from erp_integrations.actions import batches, exports, settings
from erp_integrations.business_days import business_days_since, last_day_before
from erp_integrations.exporting import building, lost_days
from erp_integrations.models import Download, ErpSettings, ListKind
from erp_integrations.notifications import Alert, _alert
from erp_integrations.overdue import groups
from invoicing.actions import access_lists, closing, commitments, invitations, invoices, reviews
from invoicing.board import standing_in
from invoicing.models import Commitment, InvoiceType
from invoicing.turns import turn_of
from tests.erp_integrations.pages import queries, signed_in, text_of
from tests.erp_integrations.world import fresh, record_number
from tests.factories import person

pytestmark = pytest.mark.django_db
FRIDAY = date(2030, 6, 7)


def on(day: date, hour: int = 12):
    return time_machine.travel(f"{day.isoformat()} {hour}:00-05:00")  # by the clock of the company


def url(sage) -> str:
    return reverse("erp-overdue", args=[sage.company.slug])


def board(sage, by=None) -> dict:
    """{group: what lies there}, of those that hold anything."""
    found = groups(sage.company, by or sage.sender, ["Sam Ruiz"])
    return {group.label: [entry.what for entry in group.entries] for group in found if group.count}


def alerts(sage) -> list[str]:
    return list(
        Mail.objects.filter(dedupe_key__startswith="overdue-").order_by("pk").values_list("headline", flat=True)
    )


@pytest.mark.parametrize(
    "day, passed", [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (7, 5), (8, 5), (10, 6), (14, 10), (21, 15), (-1, 0)]
)
def test_business_days_leave_out_the_weekend(day, passed):
    assert business_days_since(FRIDAY, FRIDAY + timedelta(days=day)) == passed


@pytest.mark.parametrize("back", range(1, 15))
@pytest.mark.parametrize("days", [0, 1, 3, 7])
def test_the_last_day_is_the_latest_with_more_days_since(back, days):
    today = FRIDAY + timedelta(days=back)
    last = last_day_before(today, days)
    assert business_days_since(last, today) > days >= business_days_since(last + timedelta(days=1), today)


MONDAY = FRIDAY + timedelta(days=3)


def test_a_day_on_which_the_office_is_closed_is_no_business_day():
    closed = {FRIDAY, FRIDAY + timedelta(days=1), MONDAY}
    assert business_days_since(FRIDAY, MONDAY, closed) == 0
    assert business_days_since(FRIDAY, MONDAY + timedelta(days=1), closed) == 1
    assert business_days_since(FRIDAY - timedelta(days=1), MONDAY + timedelta(days=1), closed) == 1


@pytest.mark.parametrize("back", range(1, 15))
@pytest.mark.parametrize("days", [0, 1, 3, 7])
def test_both_ways_of_counting_leave_out_the_same_days(back, days):
    closed, today = {FRIDAY, MONDAY, MONDAY + timedelta(days=2)}, FRIDAY + timedelta(days=back)
    last = last_day_before(today, days, closed)
    assert business_days_since(last, today, closed) > days
    assert days >= business_days_since(last + timedelta(days=1), today, closed)


def test_closed_days_put_off_board_and_alert_alike(sage):
    """R16: over a long weekend nobody is told that a file lies there, and no row of the board counts it."""
    with on(FRIDAY):
        batch = sage.built()
        settings.change(sage.company, {"closed_days": MONDAY.isoformat()}, by=chief(sage), version=0)
    with on(MONDAY + timedelta(days=1), 23):
        assert board(sage) == {} and tasks.alert_about_overdue_files() == 0
    with on(MONDAY + timedelta(days=2), 1):
        [group] = [group for group in groups(sage.company, sage.sender, []) if group.count]
        assert [(entry.what, entry.days) for entry in group.entries] == [(batch.key, 2)]
        assert tasks.alert_about_overdue_files() == 1


def chief(sage):
    someone = person("Cora Chief", sage.company)
    set_level(someone, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    return someone


def test_a_file_nobody_downloads_is_overdue_after_one_business_day_and_alerted_once(sage):
    with on(FRIDAY):
        batch = sage.built()
    with on(FRIDAY + timedelta(days=3), 23):  # Monday, the first business day
        assert board(sage) == {} and tasks.alert_about_overdue_files() == 0
    with on(FRIDAY + timedelta(days=4), 1):
        assert board(sage) == {"Accepted, not downloaded": [batch.key]}
        assert tasks.alert_about_overdue_files() == 1 and tasks.alert_about_overdue_files() == 0
    with on(FRIDAY + timedelta(days=30)):
        assert tasks.alert_about_overdue_files() == 0
        assert board(sage) == {"Accepted, not downloaded": [batch.key]}, "it stays until somebody acts"
    assert alerts(sage) == [f"{batch.key} was accepted and nobody has downloaded it"]
    assert Mail.objects.get(dedupe_key__startswith="overdue-").to == sage.approver


def test_nobody_is_told_to_take_a_file_while_a_restore_holds_it(sage):
    """R127: it is not given out; once Sage's list has told what it holds, it is overdue as before."""
    with on(FRIDAY):
        batch = sage.built()
    with on(FRIDAY + timedelta(days=4), 1):
        lost_days.hold(timezone.now() - timedelta(hours=3))
        assert board(sage) == {} and tasks.alert_about_overdue_files() == 0
    with on(FRIDAY + timedelta(days=6), 1):
        sage.load(ListKind.PAYABLE_INVOICES, as_of_date=FRIDAY + timedelta(days=5))
        assert board(sage) == {"Accepted, not downloaded": [batch.key]}
        assert tasks.alert_about_overdue_files() == 1


def test_a_downloaded_file_is_overdue_after_three_until_every_invoice_is_confirmed(sage):
    with on(FRIDAY):
        first, second = sage.sent(), sage.sent()
        batch = sage.built(first, second)
        batches.download(batch, Download.Which.XLSX, by=sage.base.staff)
    with on(FRIDAY + timedelta(days=5)):  # Wednesday, the third
        assert board(sage) == {} and tasks.alert_about_overdue_files() == 0
    with on(FRIDAY + timedelta(days=6)):
        assert board(sage) == {"Downloaded, not confirmed": [batch.key]}
        assert tasks.alert_about_overdue_files() == 1
        exports.confirm(fresh(first)[0], by=sage.approver, record_number=record_number())
        [entry] = groups(sage.company, sage.sender, [])[-1].entries
        assert "1 invoice" in entry.where and entry.days == 4
        exports.confirm(fresh(second)[0], by=sage.approver, record_number=record_number())
        assert board(sage) == {} and tasks.alert_about_overdue_files() == 0
    assert alerts(sage) == [f"{batch.key} was downloaded and is not confirmed in Sage"]


def test_two_beats_at_once_alert_once(sage, monkeypatch):
    """The second looked before the first had written: the database keeps the second mail out."""
    with on(FRIDAY):
        batch = sage.built()
    batch.open_count, batch.open_gross = 1, 1000
    words = Alert("download", "was not taken", "Take it.")
    assert _alert(batch, sage.approver, words)

    class Nothing:
        def exists(self):
            return False

    monkeypatch.setattr(Mail.objects, "filter", lambda **_: Nothing())
    assert not _alert(batch, sage.approver, words)
    monkeypatch.undo()
    assert len(alerts(sage)) == 1


def test_a_file_whose_invoices_were_voided_is_not_waited_for(sage):
    with on(FRIDAY):
        export = sage.exported()
        exports.void(export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    with on(FRIDAY + timedelta(days=20)):
        assert not {"Accepted, not downloaded", "Downloaded, not confirmed"} & set(board(sage))
        assert tasks.alert_about_overdue_files() == 0


def test_a_file_that_failed_waits_too(sage):
    with on(FRIDAY):
        batch = sage.accepted()
    with on(FRIDAY + timedelta(days=4)):
        assert board(sage) == {"Accepted, not downloaded": [batch.key]}


def test_nobody_is_asked_to_download_what_is_not_built(sage):
    """R16: the mail says that it waits, then that it could not be built, and only of a file that it can be taken."""
    with on(FRIDAY):
        batch = sage.accepted()
    with on(FRIDAY + timedelta(days=4)):
        assert tasks.alert_about_overdue_files() == 1
        building.give_up(building.claim(batch.pk), "The vendor is inactive")
        assert tasks.alert_about_overdue_files() == 1
    mails = list(Mail.objects.filter(dedupe_key__startswith="overdue-").order_by("pk"))
    assert [mail.headline for mail in mails] == [
        f"{batch.key} was accepted and its file is not built yet",
        f"{batch.key} was accepted and its file could not be built",
    ]
    assert "built by itself" in mails[0].text and "try again, or reject its invoices" in mails[1].text
    assert not any("Download it" in mail.text for mail in mails)
    with on(FRIDAY + timedelta(days=4)):
        batches.retry(batch, by=sage.approver)
        exporting.build(batch.pk)
    with on(FRIDAY + timedelta(days=6)):
        assert tasks.alert_about_overdue_files() == 1
    assert alerts(sage)[2:] == [f"{batch.key} was accepted and nobody has downloaded it"]


def test_whom_an_older_program_told_of_a_failed_file_is_asked_to_download_it_once_it_is_built(sage):
    """R16: it told of every file in the same name, whether or not there was anything to download."""
    with on(FRIDAY):
        batch = sage.accepted()
        assert _alert(batch, sage.approver, Alert("download", "could not be built", "Try again."))
        exporting.build(batch.pk)
    with on(FRIDAY + timedelta(days=4)):
        assert tasks.alert_about_overdue_files() == 1 and tasks.alert_about_overdue_files() == 0
    assert alerts(sage)[1:] == [f"{batch.key} was accepted and nobody has downloaded it"]


def test_what_waits_in_the_queue_with_projects_and_with_vendors(sage):
    sent, approved, silent = sage.sent(), sage.approved(), sage.commitment(is_private=False)
    period = sage.base.project.billing_periods.get(status="open")
    invitations.invite(period, [silent], InvoiceType.WORK, by=sage.base.admin)
    found = board(sage)
    assert set(found) == {"Invited and silent", "Approved, not sent", "Sent, not answered"}
    assert [what.partition(",")[0] for what in found["Invited and silent"]] == [silent.number]
    assert found["Approved, not sent"] == [f"{approved.number}, {approved.commitment.number}"]
    assert found["Sent, not answered"] == [f"{sent.invoice.number}, {sent.invoice.commitment.number}"]


def test_what_a_project_has_is_shown_to_those_who_see_it_there(sage):
    """P-2: a private commitment is no business of somebody outside its access list."""
    hidden = sage.approved()
    assert hidden.commitment.is_private
    someone = person("Ada Account", sage.company)
    set_level(someone, Tool.ERP_INTEGRATIONS, sage.company, Level.READ_ONLY, by=sage.base.owner)
    assert board(sage, someone) == {}
    set_level(someone, Tool.COMMITMENTS, sage.base.project, Level.READ_ONLY, by=sage.base.owner)
    assert board(sage, someone) == {}
    access_lists.add_person(hidden.commitment, someone, by=sage.base.admin)
    assert set(board(sage, someone)) == {"Approved, not sent"}


def test_the_page_names_who_must_act_and_asks_as_much_for_many_as_for_one(sage):
    with on(FRIDAY):
        sage.built()
        sage.sent()
        batches.download(sage.built(), Download.Which.XLSX, by=sage.base.staff)
        client = signed_in(sage.sender)
        set_level(sage.sender, Tool.ERP_INTEGRATIONS, sage.company, Level.READ_ONLY, by=sage.base.owner)
        for _ in range(2):
            sage.approved(), sage.sent()
    with on(FRIDAY + timedelta(days=7)):
        client = signed_in(sage.sender)
        page = text_of(client.get(url(sage)))
        assert "Sam Ruiz" in page and "An invoice administrator of the project" in page
        assert page.count("Oldest, in days") > 1
        assert queries(client, url(sage)) <= 15


def test_an_empty_board_says_of_what_and_nothing_that_is_not_so(sage):
    """A file that was built a moment ago is neither taken nor confirmed; a reader may see no project (P-2)."""
    sage.built()
    page = text_of(signed_in(sage.base.staff).get(url(sage)))
    assert "Nothing lies here" in page and "Of the projects that you see" in page
    assert "no file has waited for more than 1 business day" in page and "every file taken" not in page


@pytest.mark.parametrize(
    "sendable, shown", [("approvals", True), ("approved_only", False), ("with_pending", True), (None, True)]
)
def test_what_the_company_never_sends_is_not_waited_for(sage, sendable, shown):
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    reviews.approve_the_rest(invoice, by=sage.base.admin)
    invoices.approve_as_noted(invoice, comment="Send photos", by=sage.base.admin)
    if sendable:
        ErpSettings.objects.update(sendable=sendable)
    else:
        ErpSettings.objects.all().delete()
    assert ("Approved, not sent" in board(sage)) == shown
    client = signed_in(sage.base.admin)
    send = reverse("invoice-erp-send", args=[sage.base.project.slug, invoice.commitment.number, invoice.position])
    assert (send in text_of(client.get("/"))) == shown
    listed = client.get(reverse("invoices", args=[sage.base.project.slug]))
    [row] = listed.context["page"].rows
    [commitment] = standing_in(invoice.billing_period, Commitment.objects.filter(pk=invoice.commitment_id))
    assert ("<span>Not sent</span>" in text_of(listed)) == shown
    assert turn_of(row, sage.base.project) == commitment.turn == ("team" if shown else "nobody")


def test_what_a_company_sends_while_the_owner_decides_is_the_project_teams_to_send(sage):
    ErpSettings.objects.update(sendable="with_pending")
    invoice = sage.base.submitted(sage.base.draft(sage.commitment()))
    reviews.approve_the_rest(invoice, by=sage.base.admin)
    invoices.hold_for_owner(invoice, by=sage.base.admin)
    send = reverse("invoice-erp-send", args=[sage.base.project.slug, invoice.commitment.number, invoice.position])
    assert send in text_of(signed_in(sage.base.admin).get("/"))


def test_an_invite_behind_a_bill_that_waits_is_not_silent(sage):
    """V-3, E-10: its contacts can't answer before the earlier bill is approved, nor can anybody when none are left."""
    waits, alone = sage.base.submitted(sage.base.draft(sage.commitment())), sage.commitment()
    june = sage.base.project.billing_periods.get(status="open")
    closing.close_and_settle(june, {}, by=sage.base.admin)
    july = sage.base.period(date(2030, 7, 1))
    invitations.invite(july, [waits.commitment, alone], InvoiceType.WORK, by=sage.base.admin)
    assert [what.partition(",")[0] for what in board(sage)["Invited and silent"]] == [alone.number]
    commitments.remove_contact(alone.invoice_contacts.get(), by=sage.base.admin)
    assert "Invited and silent" not in board(sage)
