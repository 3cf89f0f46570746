"""The documented order of ledger accounts, and Sage's payment terms."""

from datetime import date

import pytest

from erp_integrations.sage100.accounts import offered, resolve, why_not
from erp_integrations.sage100.facts import AccountChoice, CostTypeAccount, JobAccount
from erp_integrations.sage100.lists import Job, LedgerAccount, Vendor
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.terms import date_by_terms
from tests.erp_integrations.sage100.samples import batch, invoice, line, sage_lists, settings, with_record

LISTS = sage_lists()
TWINS = with_record(LISTS, "ledger_accounts", LedgerAccount(number="5041", name="Twin", type=13, cost_type=4))


def choice(number):
    return AccountChoice(number=number)


def everything():
    """Lists and settings in which each step of the order has an answer of its own."""
    lists = with_record(LISTS, "jobs", Job(number="2026014", name="Pier 9", ledger_account="2"))
    lists = with_record(lists, "vendors", Vendor(number="20145", name="Delta", ledger_account="3"))
    return lists, settings(subcontract_account=choice("5"), purchase_order_account=choice("6"))


def test_a_setting_offers_the_expense_accounts_that_are_not_inactive_and_takes_those():
    """S31: 13 is direct expense; blank whether it is active only warns."""
    lists = LISTS
    for number, changed in {"1": {"is_active": False}, "2": {"is_active": None}, "3": {"type": 16}}.items():
        account = LedgerAccount(**{"number": number, "name": "x", "type": 13} | changed)
        lists = with_record(lists, "ledger_accounts", account)
    numbers = {each.number for each in offered(lists)}
    assert numbers & {"1", "2", "3", "5040"} == {"2", "5040"}
    taken = {number: why_not(lists, number, "")[0] for number in ("1", "2", "3", "5040", "9999")}
    assert taken == {"1": "account", "2": "", "3": "account", "5040": "", "9999": "account"}


def test_the_lines_own_account_comes_first():
    lists, chosen = everything()
    found = resolve(line(1, line_account=choice("1")), invoice(), chosen, lists)
    assert (found.account.number, found.by) == ("1", "line override")


def test_then_the_jobs_then_the_vendors_then_the_cost_types_then_the_companys():
    lists, chosen = everything()
    assert resolve(line(1), invoice(), chosen, lists).account.number == "2"
    assert resolve(line(1), invoice(job_number="2026015"), chosen, lists).account.number == "3"
    elsewhere = invoice(job_number="2026015", vendor_number="20146")
    assert resolve(line(1), elsewhere, chosen, lists).account.number == "5040"
    assert resolve(line(1, cost_type=5), elsewhere, chosen, lists).account.number == "5"
    order = invoice(job_number="2026015", vendor_number="20146", commitment_kind="purchase_order")
    assert resolve(line(1, cost_type=5), order, chosen, lists).account.number == "6"


def test_the_settings_for_a_job_and_a_cost_type_go_before_sages():
    lists, _ = everything()
    chosen = settings(
        job_accounts=(JobAccount(job_number="2026014", account=choice("22")),),
        cost_type_accounts=(CostTypeAccount(cost_type=4, account=choice("44")),),
    )
    assert resolve(line(1), invoice(), chosen, lists).account.number == "22"
    elsewhere = invoice(job_number="2026015", vendor_number="20146")
    assert resolve(line(1), elsewhere, chosen, lists).account.number == "44"


def test_two_accounts_for_a_cost_type_are_no_answer_and_nothing_is_guessed():
    assert resolve(line(1), invoice(), settings(subcontract_account=choice("5")), TWINS).by == "company default"
    none = resolve(line(1), invoice(), settings(subcontract_account=None), TWINS)
    assert none.account is None
    assert none.how.endswith("no company default")


def test_the_search_is_told_step_by_step():
    found = resolve(line(1), invoice(), settings(), LISTS)
    assert found.how == (
        "no line override; no job override; no vendor default; the cost type's only account gives 5040"
    )


@pytest.mark.parametrize(
    ("terms", "invoice_date", "expected"),
    [
        ("30DY", date(2026, 6, 30), date(2026, 7, 30)),
        ("0DY", date(2026, 6, 30), date(2026, 6, 30)),
        ("02MO", date(2026, 12, 31), date(2027, 2, 28)),
        ("01mo", date(2026, 1, 15), date(2026, 2, 15)),
        ("25TH", date(2026, 6, 1), date(2026, 7, 25)),
        ("25TH", date(2026, 12, 31), date(2027, 1, 25)),
        ("31ST", date(2026, 1, 31), date(2026, 2, 28)),
        ("", date(2026, 6, 30), None),
    ],
)
def test_terms_lead_to_a_day(terms, invoice_date, expected):
    assert date_by_terms(terms, invoice_date) == expected


@pytest.mark.parametrize("terms", ["NET30", "30", "DY", "00TH", "32TH", "-5DY", "3０DY"])
def test_unreadable_terms_are_refused_not_guessed(terms):
    with pytest.raises(ValueError, match="terms"):
        date_by_terms(terms, date(2026, 6, 30))


def header(**changed):
    lists = with_record(LISTS, "vendors", Vendor(**{"number": "20145", "name": "Delta"} | changed))
    return build_rows(batch(), lists).rows[0]


def test_the_vendors_terms_go_before_the_companys_and_without_discount_terms_the_due_date_serves():
    row = header(due_terms="25TH")
    assert [row.text("due_date"), row.text("discount_date")] == ["2026-07-25", "2026-07-25"]
    assert header(due_terms="25TH", discount_terms="10DY").text("discount_date") == "2026-07-10"
    assert "company's default" in header().cell("due_date").how


def test_the_approvers_dates_and_words_go_before_everything():
    facts = batch(invoice(due_date=date(2026, 8, 1), discount_date=date(2026, 7, 5), description="Concrete, June"))
    row = build_rows(facts, LISTS).rows[0]
    texts = [row.text(source) for source in ("due_date", "discount_date", "description")]
    assert texts == ["2026-08-01", "2026-07-05", "Concrete, June"]


def test_a_vendor_can_force_review():
    assert header().text("status") == "1"
    assert header(default_status=2).text("status") == "2"
    assert header(default_status=4).text("status") == "1"


def test_the_notes_name_link_approver_and_day_on_one_line():
    facts = batch(invoice(invoice_link="https://bills.example/1", approved_by="Dana\nReed"))
    notes = build_rows(facts, LISTS).rows[0].text("notes")
    assert notes == "https://bills.example/1; Approved by Dana Reed; Accepted 2026-07-02"
