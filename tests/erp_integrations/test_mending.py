"""Whatever stops an invoice leads to the page that mends it, or says whose job it is (E-5, 9.6)."""

import re

import pytest
from django.http import QueryDict

from directory.actions.grants import set_level
from directory.permissions import Level, Tool, read_access
from erp_integrations.exporting.certified import REMEDY
from erp_integrations.mending import where_to_mend
from erp_integrations.sage100.findings import ERROR
from erp_integrations.sage100.rules import RULES, changed_since
from erp_integrations.views.queue import CameFrom
from tests.erp_integrations.pages import at_export, signed_in, text_of
from tests.erp_integrations.sage100.rule_cases import CASES
from tests.erp_integrations.sage100.samples import TODAY, batch, invoice
from tests.erp_integrations.test_building import change_an_amount
from tests.erp_integrations.world import fresh

WHOSE = ("site owner", "ccounting approver", "Accounting enters", "accounting enters", "project team", "ERP Admin")


def has_a_way(finding, company, about) -> bool:
    return where_to_mend(finding, company, about) is not None or any(who in finding.remedy for who in WHOSE)


@pytest.fixture
def waiting(sage):
    return fresh(sage.sent(sage.approved(sage.commitment(is_private=False))))[0]


@pytest.fixture
def chief(sage):
    """Somebody to whom every page opens."""
    person = sage.new_approver("Cora Chief")
    for tool, place in (
        (Tool.ERP_INTEGRATIONS, sage.company),
        (Tool.COMPANY_DIRECTORY, sage.company),
        (Tool.COMMITMENTS, sage.base.project),
    ):
        set_level(person, tool, place, Level.ADMIN, by=sage.base.owner)
    return person


def test_no_error_of_any_rule_is_left_without_a_way(sage, waiting):
    """S1 to S60: every case in which a rule stops a file, with the field and the words it really gives."""
    lost = {
        f"{case}: {finding.remedy}"
        for case in CASES
        for finding in case.findings()
        if finding.rule == case.rule and finding.severity == ERROR
        if not has_a_way(finding, sage.company, waiting.invoice if finding.invoice_id else None)
    }
    assert not lost


def test_every_rule_that_can_stop_a_file_is_among_those_cases():
    """So that a rule that is new can't be forgotten here. S60 has a test of its own."""
    tried = {case.rule for case in CASES if case.severity == ERROR}
    assert {rule.number for rule in RULES if rule.severity == ERROR} - tried == {"S60"}


def test_what_changed_since_the_acceptance_is_up_to_an_approver(sage):
    """S60."""
    changed = [
        *changed_since(batch(invoice(version=3)), batch(invoice(version=4)), TODAY),
        *changed_since(batch(), batch(accounting_date=TODAY), TODAY),
    ]
    assert len(changed) == 2
    for finding in changed:
        assert "accounting approver" in finding.remedy
    assert has_a_way(changed[0], sage.company, None)


@pytest.mark.parametrize("number", range(1, 14))
def test_each_identity_leads_to_the_checks_of_its_invoice(sage, waiting, chief, number):
    """5.5, N-1 to N-13: where expected, found and difference stand side by side."""
    mend = where_to_mend({"rule": f"N-{number}", "field": "SOV-001"}, sage.company, waiting.invoice)
    assert (mend.label, mend.url.partition("?")[2]) == ("See its checks", "show=summary#checks")
    page = signed_in(chief).get(mend.url)
    assert page.status_code == 200 and 'id="checks"' in text_of(page) and f"N-{number}</span>" in text_of(page)
    assert "project team" in REMEDY


def test_a_broken_identity_shows_its_button_to_whoever_may_open_the_invoice(sage, waiting, chief):
    """5.5, P-2: and to nobody else."""
    change_an_amount(sage, waiting)
    button = 'show=summary#checks">See its checks</a>'
    assert button in text_of(signed_in(chief).get(at_export(waiting)))
    page = text_of(signed_in(sage.new_approver("Lou Looker")).get(at_export(waiting)))
    assert re.search(r">N-\d+</span>", page) and button not in page


@pytest.mark.parametrize(
    ("rule", "field", "where"),
    [
        ("S5", "Due date", "/erp/queue/"),
        ("S6", "File name", "/erp/layouts/"),
        ("S7", "Net", "?show=summary#checks"),
        ("S42", "Gross", "?show=summary#checks"),
        ("S13", "Description", "#header-title"),
        ("S22", "Due date", "#header-title"),
        ("S26", "User defined", "/commitments/"),
        ("S38", "Lines", "/invoices/"),
        ("S43", "Ledger account", "/erp/links/lines/"),
        ("S44", "User defined", "/commitments/"),
        ("S55", "Status", "/invoices/"),
        ("S57", "Vendor no", "/erp/links/vendors/"),
        ("S57", "Invoice no", "/invoices/"),
        ("S58", "Phase no", "/erp/links/jobs/"),
        ("S58", "Invoice no", "/invoices/"),
        ("S58", "Reference no", "#header-title"),
    ],
)
def test_the_page_that_it_leads_to_is_there(sage, waiting, chief, rule, field, where):
    mend = where_to_mend({"rule": rule, "field": field}, sage.company, waiting.invoice)
    page = signed_in(chief).get(mend.url)
    assert where in mend.url and page.status_code == 200
    anchor = mend.url.partition("#")[2]
    assert not anchor or f'id="{anchor}"' in text_of(page)
    assert mend.is_for(read_access(chief, sage.company, sage.base.project))


@pytest.mark.parametrize(
    ("rule", "field", "more"),
    [
        ("S13", "Description", "?tab=failed&q=ac#header-title"),
        ("S12", "Vendor no", "?export={pk}&list=tab%3Dfailed%26q%3Dac"),
        ("S29", "Vendor no", "?export={pk}&list=tab%3Dfailed%26q%3Dac"),
        ("S7", "Net", "?show=summary#checks"),
        ("S6", "File name", ""),
    ],
)
def test_from_a_narrowed_list_its_page_knows_the_way_back_there(sage, waiting, chief, rule, field, more):
    """9.6; what no page of accounting mends needs none."""
    listed = CameFrom.told(QueryDict("tab=failed&q=ac"), sage.company)
    mend = where_to_mend({"rule": rule, "field": field}, sage.company, waiting.invoice)
    address = mend.opened_from(listed)
    assert address == mend.url.partition("#")[0].partition("?")[0] + more.format(pk=waiting.pk)
    assert signed_in(chief).get(address).status_code == 200
    assert mend.opened_from(CameFrom.told(QueryDict(""), sage.company)) == mend.url


@pytest.mark.parametrize(("rule", "field"), [("S38", "Price"), ("S44", "Rows"), ("S55", "Accepted by"), ("S2", "Rows")])
def test_what_only_a_new_file_or_another_person_mends_has_no_page(sage, waiting, rule, field):
    assert where_to_mend({"rule": rule, "field": field}, sage.company, waiting.invoice) is None


def test_the_header_is_changed_only_while_it_waits_for_an_answer(sage, waiting):
    """S13: of what was never sent or is in a file, accounting has no form."""
    told = {"rule": "S13", "field": "Description"}
    assert where_to_mend(told, sage.company, waiting.invoice)
    sage.accepted(waiting)
    assert where_to_mend(told, sage.company, fresh(waiting)[0].invoice) is None
    assert where_to_mend(told, sage.company, sage.approved()) is None


@pytest.mark.parametrize("rule", ["S8", "S53"])
def test_which_company_it_is_and_whether_it_is_canadian_is_said_in_the_settings(sage, waiting, chief, rule):
    mend = where_to_mend({"rule": rule, "field": "Company"}, sage.company, waiting.invoice)
    assert mend.label == "Open the settings" and signed_in(chief).get(mend.url).status_code == 200
