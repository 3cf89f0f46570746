"""The accountant report (E-11) and the report of rights that should be in different hands (R86)."""

import csv
import inspect
import io
import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from directory.actions import privileges
from directory.actions.grants import set_level
from directory.actions.permission_templates import create
from directory.models import AccountingPrivilege, Membership, PermissionTemplate
from directory.permissions import Level, Tool
from erp_integrations import exporting, permissions
from erp_integrations.actions import batches, exports, many, results
from erp_integrations.actions.exports import HeaderEdit
from erp_integrations.conflicts import conflicts, twins
from erp_integrations.models import Download, InvoiceExport
from erp_integrations.report import ACTS, Days, accountant_report
from tests.erp_integrations.pages import queries, signed_in, text_of
from tests.erp_integrations.world import record_number, sage_world
from tests.factories import person, world

pytestmark = pytest.mark.django_db


def chief(w):
    """Admin on ERP Integrations, who reads the report."""
    someone = person("Cora Chief", w.company)
    set_level(someone, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.base.owner)
    return someone


def report_url(w, name="erp-report") -> str:
    return reverse(name, args=[w.company.slug])


def counts(w, days: Days | None = None) -> dict[str, dict[str, int]]:
    return {
        holder.person.name: {label: act.count for label, act in holder.columns if act}
        for holder in accountant_report(w.company, days or Days())
    }


@pytest.fixture
def busy(sage):
    """Somebody who did one of everything."""
    max_power = sage.all_rights()
    export = sage.exported()
    batch = export.items.get().batch
    for reason in ("", "The first one was lost"):
        batches.download(batch, Download.Which.XLSX, by=sage.approver, reason=reason)
    exports.confirm(export, by=sage.approver, record_number=record_number())
    exports.reject(sage.sent(), by=sage.approver, reason="No")
    exports.reject(sage.sent(), by=sage.approver, reason="No again")
    exports.void(export, by=max_power, reason="Twice in Sage", sage_holds_it_no_more=True)
    return sage


def test_it_counts_what_each_holder_did(busy):
    assert counts(busy) == {
        "Max Power": {"Voided": 1},
        "Sam Ruiz": {"Accepted": 1, "Rejected": 2, "Recorded in Sage": 1, "Files taken": 2},
    }


def test_a_build_tried_again_is_counted(sage, monkeypatch):
    batch = sage.accepted()

    def broken(*args, **kwargs):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("erp_integrations.exporting.storing.put", broken, raising=False)
        patch.setattr("erp_integrations.exporting.building.storing.keep", broken, raising=False)
        exporting.building.give_up_exhausted(_exhausted(batch))
    batch.refresh_from_db()
    batches.retry(batch, by=sage.approver)
    assert counts(sage)["Sam Ruiz"]["Tried again"] == 1


def _exhausted(batch):
    type(batch).objects.filter(pk=batch.pk).update(
        state="building", lease_token="0" * 32, lease_until=timezone.now() - timedelta(minutes=5), attempts=5
    )
    return type(batch).objects.get(pk=batch.pk)


COUNTED_ONCE = ("Header changed", "Record number entered", "Record number corrected", "Refused by Sage")


def test_it_counts_what_was_corrected_and_what_sage_refused(sage):
    posted, refused, edited, listed = sage.exported(), sage.exported(), sage.sent(), sage.exported()
    exports.confirm(listed, by=sage.approver, record_number="", listed_date=sage.company.today)
    exports.correct_record(listed, by=sage.approver, record_number=record_number())
    exports.confirm(posted, by=sage.approver, record_number=record_number())
    exports.correct_record(posted, by=sage.approver, record_number=record_number(), reason="Slip of the pen")
    results.report_refusal(refused, by=sage.approver, message="No such job")
    exports.change_header(edited, HeaderEdit(description="July concrete"), by=sage.approver)
    counted = counts(sage)[sage.approver.name]
    assert {counted[name] for name in COUNTED_ONCE} == {1}


def verbs_of_an_approver() -> set[str]:
    """Of every move that an approver makes, and of every event that an action records of an export or a batch."""
    moves = {
        way.custom["done"]
        for move in InvoiceExport._meta.get_field("status").get_all_transitions(InvoiceExport)
        for way in [move]
        if way.permission in (permissions.may_answer, permissions.may_void)
    }
    said = [inspect.getsource(module) for module in (exports, batches, results, many)]
    recorded = {verb for text in said for verb in re.findall(r'(?:Event\.objects\.\w+|_event)\(\s*"([^"]+)"', text)}
    return moves | recorded


def test_every_act_of_an_approver_is_in_it():
    """E-11: an act that is added has its column."""
    assert verbs_of_an_approver() == set(ACTS)


def test_it_counts_only_the_days_that_are_asked_for_in_the_companys_zone(busy):
    today = busy.company.today
    assert counts(busy, Days(first=today, last=today)) == counts(busy)
    none = {"Max Power": {}, "Sam Ruiz": {}}
    assert counts(busy, Days(last=today - timedelta(days=1))) == none
    assert counts(busy, Days(first=today + timedelta(days=1))) == none


def test_it_tells_who_gave_and_took_every_grant_and_why(sage, client):
    first = AccountingPrivilege.objects.get(person=sage.approver)
    privileges.withdraw(first, by=sage.base.owner, reason="Long holiday")
    privileges.grant(sage.approver, sage.company, by=sage.base.owner, reason="Back again")
    page = text_of(signed_in(chief(sage)).get(report_url(sage)))
    for words in ("Sam Ruiz", "Controller", "Long holiday", "Back again", "Site Owner", "Withdrawn", "Live"):
        assert words in page, words


def test_links_lead_to_what_was_done_last(busy):
    page = signed_in(chief(busy)).get(report_url(busy)).content.decode()
    for holder in accountant_report(busy.company, Days()):
        for act in holder.acts.values():
            assert f'href="{act.url}"' in page
            assert signed_in(busy.approver).get(act.url).status_code == 200


def test_another_companys_people_and_acts_are_not_in_it(busy):
    other = sage_world("Other Builders")
    privileges.grant(other.base.staff, other.company, by=other.base.owner, reason="Elsewhere")
    other.exported()
    assert set(counts(busy)) == {"Max Power", "Sam Ruiz"}
    assert counts(other) == {"Kim Chu": {}, "Sam Ruiz": {"Accepted": 1}}


def test_the_csv_has_every_grant_and_the_counts_once(busy):
    first = AccountingPrivilege.objects.get(person=busy.approver)
    privileges.withdraw(first, by=busy.base.owner, reason="Holiday")
    privileges.grant(busy.approver, busy.company, by=busy.base.owner, reason="=HYPERLINK(1)")
    answer = signed_in(chief(busy)).get(report_url(busy, "erp-report-csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [(row["Name"], row["State"], row["Rejected"]) for row in rows] == [
        ("Max Power", "Live", "0"),
        ("Sam Ruiz", "Live", "2"),
        ("Sam Ruiz", "Withdrawn", None),
    ]
    assert rows[1]["Why granted"] == "'=HYPERLINK(1)", "no formula"
    assert rows[2]["Why withdrawn"] == "Holiday"


def test_nonsense_in_the_address_bounds_nothing(busy):
    client = signed_in(chief(busy))
    for query in ("?first=yesterday", "?last=9999-12-31", "?first=0001-01-01"):
        assert client.get(report_url(busy) + query).status_code == 200
        assert client.get(report_url(busy, "erp-report-csv") + query).status_code == 200


def test_the_report_costs_the_same_for_many(busy):
    client = signed_in(chief(busy))
    few = queries(client, report_url(busy))
    for number in range(4):
        someone = busy.new_approver(f"Approver {number}")
        exports.reject(busy.sent(), by=someone, reason="No")
        set_level(someone, Tool.COMPANY_DIRECTORY, busy.company, Level.ADMIN, by=busy.base.owner)
    assert queries(client, report_url(busy)) <= few


# Rights that should be in different hands


def told(company) -> list[str]:
    return [
        f"{found.person.name} {found.rule.first.value} and {found.rule.second.value}: {'; '.join(found.grounds)}"
        for found in conflicts(company, everybody(company), AccountingPrivilege.objects.live().of(company))
    ]


def everybody(company):
    return list(Membership.objects.in_order_of_employer(company))


def test_the_usual_team_has_no_conflict():
    assert told(world().company) == []


@time_machine.travel("2030-05-06T15:00:00Z", tick=True)
def test_every_conflict_is_told_with_the_grants_that_cause_it():
    """The golden report of R86."""
    w = world()
    company, project, by = w.company, w.project, w.owner
    type(project).objects.filter(pk=project.pk).update(name="Riverside Tower")
    set_level(w.approver, Tool.COMPANY_DIRECTORY, company, Level.ADMIN, by=by)
    set_level(w.admin, Tool.COMPANY_DIRECTORY, company, Level.ADMIN, by=by)
    template = create(company, "Project leads", by=w.admin)
    set_level(template.group, Tool.COMMITMENTS, project, Level.ADMIN, by=by)
    lead = person("Lea Lead", company)
    template.group.user_set.add(lead, w.contact)
    privileges.grant(lead, company, by=by, reason="Both hats")
    set_level(lead, Tool.ERP_INTEGRATIONS, company, Level.STANDARD, by=by)
    idle = person("Ida Idle", company)  # the privilege without a level accepts nothing
    privileges.grant(idle, company, by=by, reason="Later")
    set_level(idle, Tool.COMPANY_DIRECTORY, company, Level.ADMIN, by=by)
    assert told(company) == [
        "Sam Ruiz keeps vendors and people and accepts for accounting: Admin on Directory, given to them; "
        "Can Push to Accounting, granted by Site Owner on 2030-05-06; Standard on ERP Integrations, given to them",
        "Lea Lead approves for projects and accepts for accounting: "
        "Admin on Commitments of Riverside Tower, through the template Project leads; "
        "Can Push to Accounting, granted by Site Owner on 2030-05-06; Standard on ERP Integrations, given to them",
        "Dana Cole keeps vendors and people and approves for projects: Admin on Directory, given to them; "
        "Admin on Commitments of Riverside Tower, given to them",
    ]


def test_a_right_taken_away_ends_the_conflict_and_so_does_leaving():
    w = world()
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    set_level(w.approver, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    assert len(told(w.company)) == 2
    set_level(w.admin, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    assert len(told(w.company)) == 1
    privileges.withdraw(AccountingPrivilege.objects.get(person=w.approver), by=w.owner, reason="Apart")
    assert told(w.company) == []
    assert not PermissionTemplate.objects.exists()


def test_the_page_shows_conflicts_beside_the_report(sage):
    set_level(sage.approver, Tool.COMPANY_DIRECTORY, sage.company, Level.ADMIN, by=sage.base.owner)
    page = text_of(signed_in(chief(sage)).get(report_url(sage)))
    assert "Keeps vendors and people and accepts for accounting" in page
    assert "Admin on Directory, given to them" in page


def test_logins_that_may_be_one_person_are_pointed_out(sage, client):
    """R79: the same name, or one mailbox with a tag, of the company's own people or of one and a vendor's."""
    company = sage.company
    first, second = person("Dana  Doubled", company), person("dana doubled", company)
    first.email, second.email = "dd@cascade.example", "DD+2@cascade.example"
    first.save()
    second.save()
    biller, left = person("Dana Doubled", company, sage.base.vendor), person("Dana Doubled", company)
    left.memberships.update(is_active=False)
    for _ in range(2):
        person("Vic Vendor", company, sage.base.vendor)
    assert [(set(each.people), each.because) for each in twins(everybody(company))] == [
        ({first, second, biller}, "the same name"),
        ({first, second}, "the same mailbox"),
    ], "two of a vendor's people with one name are no affair of the report's"
    set_level(sage.base.staff, Tool.ERP_INTEGRATIONS, company, Level.ADMIN, by=sage.base.owner)
    client.force_login(sage.base.staff)
    page = client.get(reverse("erp-report", args=[company.slug])).content.decode()
    assert "Logins that may be one person" in page and "DD+2@cascade.example" in page
