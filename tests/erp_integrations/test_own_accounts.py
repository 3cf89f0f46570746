"""A job, a cost type or one line has a ledger account of its own, which goes before all others (S30)."""

import pytest
from django.urls import reverse

from directory.models import Event, Project
from directory.refusals import NotAllowed, NotNow, Stale
from erp_integrations.actions import exports, links
from erp_integrations.models import CostTypeLink, LineLink, ListKind, ProjectLink
from erp_integrations.pairing import COST_TYPES, JOBS, LINES, PAIRS
from invoicing.models import CostType
from tests.erp_integrations.pages import signed_in, text_of
from tests.erp_integrations.world import ACCOUNT, JOB, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(sage):
    sage.load(
        ListKind.LEDGER_ACCOUNTS,
        {"number": ACCOUNT, "name": "Subcontracts", "type": 13},
        {"number": "5050", "name": "Concrete", "type": 13},
        {"number": "5060", "name": "Footings", "type": 13},
        {"number": "1200", "name": "Cash", "type": 1},
    )
    return sage.sent()


def page(sage, pair: str, pk: int, name: str = "erp-link-account") -> str:
    return reverse(name, args=[sage.company.slug, pair, pk])


def accounts(export) -> list[str]:
    rows = exports.preview(fresh(export)).rows.rows
    return [row.text("ledger_account") for row in rows if row.line_type == "D"]


def test_the_line_goes_before_the_job_and_the_job_before_the_company(sage, waiting):
    client, line = signed_in(sage.approver), waiting.invoice.lines.first().schedule_line
    assert accounts(waiting)[0] == ACCOUNT
    assert client.post(page(sage, "jobs", sage.base.project.pk), {"account": "5050"}).status_code == 302
    assert accounts(waiting)[0] == "5050"
    assert client.post(page(sage, "lines", line.pk), {"account": "5060"}).status_code == 302
    assert accounts(waiting)[0] == "5060"
    assert LineLink.objects.get().line_reference == "", "it needs no link of the line"
    shown = text_of(client.get(page(sage, "lines", line.pk, "erp-link")))
    assert "Ledger account of its own" in shown and 'value="5060"' in shown
    client.post(page(sage, "lines", line.pk), {"account": "", "was": "5060"})
    assert accounts(waiting)[0] == "5050"
    event = Event.objects.filter(verb="set the ledger account").first()
    assert event.changes["ledger account"] == ["5060", ""] and event.by == sage.approver


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"account": "50-40"}, "record numbers are digits"),
        ({"account": "9999"}, "not in Sage’s list"),
        ({"account": "1200"}, "of type 1"),
        ({"account": "5050", "sub_account": "3"}, "takes no sub-account"),
        ({"sub_account": "3"}, "Give the ledger account"),
        ({"account": "5050", "was": "5060"}, "meanwhile"),
    ],
)
def test_an_account_that_no_line_may_go_to_is_refused_in_words(sage, waiting, typed, words):
    answer = signed_in(sage.approver).post(page(sage, "jobs", sage.base.project.pk), typed)
    assert answer.status_code in (409, 422) and words in text_of(answer)
    assert all(f'value="{text}"' in answer.content.decode() for name, text in typed.items() if name != "was")
    assert accounts(waiting)[0] == ACCOUNT


def test_what_has_no_account_of_its_own_or_no_link_yet_is_turned_away(sage, waiting):
    client = signed_in(sage.approver)
    assert client.post(page(sage, "vendors", sage.base.vendor.pk), {"account": "5050"}).status_code == 404
    links.unlink(JOBS, sage.company, sage.base.project, by=sage.approver, was=sage.base.project.sage_link.job_number)
    sage.base.project.refresh_from_db()
    with pytest.raises(NotNow, match="Link it first"):
        links.set_account(JOBS, sage.company, sage.base.project, account="5050", sub_account="", by=sage.approver)
    line = waiting.invoice.lines.first().schedule_line
    with pytest.raises(Stale):
        links.set_account(LINES, sage.company, line, account="5050", sub_account="", by=sage.approver, was="1")
    with pytest.raises(NotAllowed):
        links.set_account(LINES, sage.company, line, account="5050", sub_account="", by=sage.base.contact)


def on_its_own_account(sage, pair: str) -> tuple:
    """(ours, what it is linked to) of one that has ledger account 5050 of its own."""
    if pair == "jobs":
        ProjectLink.objects.update(account="5050")
        return sage.base.project, JOB
    CostTypeLink.objects.update(account="5050")
    return COST_TYPES.get(sage.company, CostType.SUBCONTRACT), "4"


@pytest.mark.parametrize(("slug", "rule"), [("jobs", "S55"), ("cost-types", "S34")])
def test_the_account_stays_where_the_link_goes_and_counts_again_once_linked_anew(sage, waiting, slug, rule):
    """Nothing would say that it is gone: the next bill would just be booked elsewhere."""
    pair, client, (item, key) = PAIRS[slug], signed_in(sage.approver), on_its_own_account(sage, slug)
    before = accounts(waiting)
    said = text_of(client.get(page(sage, slug, item.pk, "erp-unlink")))
    assert "Its own ledger account 5050 stays, and counts again once it is linked anew" in said
    assert client.post(page(sage, slug, item.pk, "erp-unlink"), {"was": key}).status_code == 302
    assert rule in sage.rules_of(waiting), "it is linked to nothing"
    assert pair.standing(sage.company).gaps == 1
    assert item.pk in [each.pk for each in pair.found(sage.company, "gaps", "")]
    assert item.pk in [each.ours.pk for each in pair.matches(sage.company, pair.lists(sage.company))]
    shown = text_of(client.get(page(sage, slug, item.pk, "erp-link")))
    assert "Not linked to a" in shown and 'value="5050"' in shown
    assert client.post(page(sage, slug, item.pk, "erp-link"), {"key": key, "was": ""}).status_code == 302
    assert accounts(waiting) == before and "5050" in before


def test_what_is_linked_to_nothing_is_in_nobodys_way(sage, waiting):
    """Two projects and two cost types that keep an account, none of them linked."""
    other = Project.objects.create(company=sage.company, name="Annex", number="A", slug="annex")
    ProjectLink.objects.create(company=sage.company, project=other, job_number="7", account="5060")
    CostTypeLink.objects.create(company=sage.company, cost_type=CostType.LABOR, number=2, account="5060")
    ProjectLink.objects.update(account="5050")
    CostTypeLink.objects.update(account="5050")
    for project, key in ((other, "7"), (sage.base.project, JOB)):
        links.unlink(JOBS, sage.company, project, by=sage.approver, was=key)
    for kind, key in ((CostType.LABOR, "2"), (CostType.SUBCONTRACT, "4")):
        links.unlink(COST_TYPES, sage.company, COST_TYPES.get(sage.company, kind), by=sage.approver, was=key)
    assert sage.rules_of(waiting) >= {"S55", "S34"}
    assert str(ProjectLink.objects.get(project=other)) == "Annex is linked to no Sage job"
    project = JOBS.get(sage.company, sage.base.project.pk)
    links.set_account(JOBS, sage.company, project, account="", sub_account="", by=sage.approver, was="5050")
    assert [link.account for link in ProjectLink.objects.order_by("pk")] == ["", "5050"], "taken away while unlinked"
