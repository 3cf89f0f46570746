"""How a company exports to Sage, as its ERP Admin sets it (sage100.md 3 and 5)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, Refused, Stale
from erp_integrations.actions import exports, settings
from erp_integrations.models import ErpSettings, ImportLayout, ListKind
from erp_integrations.sage100.layout import PLACES
from tests.erp_integrations.pages import queries, signed_in, text_of
from tests.erp_integrations.world import ACCOUNT, fresh
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(sage):
    someone = person("Cora Chief", sage.company)
    set_level(someone, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    return someone


def page(company) -> str:
    return reverse("erp-settings", args=[company.slug])


def typed(**other) -> dict:
    return {
        "version": "0",
        "sage_company_name": "Cascade Builders",
        "layout": "apinv-r1/1",
        "sendable": "approvals",
        "default_status": "1",
        "terms_days": "30",
        "subcontract_account": ACCOUNT,
        "over_remaining": "warning",
    } | other


def test_closed_days_are_kept_in_order_and_each_once(sage, chief):
    data = typed(closed_days="2026-12-25\r\n\r\n 2026-11-26 \r\n2026-12-25")
    assert signed_in(chief).post(page(sage.company), data).status_code == 302
    found = ErpSettings.objects.get(company=sage.company)
    assert found.closed_days == "2026-11-26\n2026-12-25"
    assert Event.objects.about(found).get().changes["closed_days"] == ["", "2026-11-26, 2026-12-25"]
    assert "2026-11-26\n2026-12-25</textarea>" in signed_in(chief).get(page(sage.company)).content.decode()


@pytest.mark.parametrize("line", ["25.12.2026", "2026-02-30", "20261225", "2026-W52-5", "Christmas", "２０２６-12-25"])
def test_a_line_that_is_no_day_is_named_and_what_was_typed_stays(sage, chief, line):
    answer = signed_in(chief).post(page(sage.company), typed(closed_days=f"2026-12-25\n\n{line}\nso"))
    assert answer.status_code == 422
    assert "Line 3: " in text_of(answer) and line in text_of(answer) and "Line 4: “so” is no date" in text_of(answer)
    assert not ErpSettings.objects.filter(company=sage.company).exclude(closed_days="").exists()


def test_no_action_keeps_closed_days_that_are_none(sage, chief):
    with pytest.raises(Refused, match="Line 1") as refused:
        settings.change(sage.company, {"closed_days": "tomorrow"}, by=chief, version=0)
    assert refused.value.field == "closed_days"


def test_an_erp_admin_sets_everything_at_once_with_one_event_of_old_and_new(sage, chief):
    data = typed(layout="apinv-r2/1", sendable="approved_only", default_status="2", terms_days="45", is_canadian="on")
    assert signed_in(chief).post(page(sage.company), data).status_code == 302
    found = ErpSettings.objects.get(company=sage.company)
    assert (found.layout.name, found.sendable, found.default_status, found.terms_days) == (
        "apinv-r2",
        "approved_only",
        2,
        45,
    )
    assert found.is_canadian and not found.tax_is_inside_amounts
    event = Event.objects.about(found).get()
    assert event.by == chief and event.changes["terms_days"] == ["30", "45"]
    words = text_of(signed_in(chief).get(page(sage.company)))
    assert "Approved only" in words and "45" in words and "apinv-r2" in words


def test_what_is_set_decides_what_the_next_file_says(sage, chief):
    """The same code reads it for the dry run, at send, at accept and at build (E-5)."""
    export = sage.sent()
    settings.change(sage.company, {"default_status": 2, "terms_days": 10}, by=chief, version=0)
    header = exports.preview(fresh(export)).rows.rows[0]
    due = export.invoice.billing_date + timedelta(days=30)  # the vendor's own terms go before the company's
    assert [header.cells[PLACES[name]].text for name in ("status", "due_date")] == ["2", due.isoformat()]


def test_a_canadian_company_can_send_nothing_and_is_told_why(sage, chief):
    """S53."""
    invoice = sage.approved()
    settings.change(sage.company, {"is_canadian": True}, by=chief, version=0)
    with pytest.raises(Refused, match="Canadian"):
        exports.send_one(invoice, by=sage.sender)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sage_company_name", "", "required"),
        ("sage_company_name", "Cas\u202ecade", "an invisible character"),
        ("layout", "apinv-r9/1", "not one of the available choices"),
        ("sendable", "all", "not one of the available choices"),
        ("default_status", "4", "not one of the available choices"),
        ("terms_days", "366", "less than or equal to 365"),
        ("subcontract_account", "50-40", "record numbers are digits"),
        ("subcontract_account", "5041", "not in Sage’s list of ledger accounts"),
        ("purchase_order_account", "1200", "of type 1"),
        ("purchase_order_account", "1200", "Use an active expense account (13, or 3 for a job that posts to WIP)."),
        ("purchase_order_account", "5090", "is inactive in Sage"),
        ("purchase_order_sub_account", "1", "takes no sub-account"),
        ("over_remaining", "ignore", "not one of the available choices"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field_and_the_rest_stays_typed(sage, chief, field, value, words):
    """U4, U5; S31 and S32 where the setting is made."""
    sage.load(
        ListKind.LEDGER_ACCOUNTS,
        {"number": ACCOUNT, "name": "Subcontracts", "type": 13},
        {"number": "1200", "name": "Cash", "type": 1},
        {"number": "5090", "name": "Old", "type": 13, "is_active": "no"},
    )
    data = typed(tax_is_inside_amounts="on", purchase_order_account=ACCOUNT) | {field: value}
    answer = signed_in(chief).post(page(sage.company), data)
    assert answer.status_code == 422 and words in text_of(answer)
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["tax_is_inside_amounts"].value() is True
    assert not Event.objects.filter(verb="changed the ERP settings").exists()


def test_a_sub_account_is_asked_for_exactly_where_sage_needs_one(sage, chief):
    sage.load(
        ListKind.LEDGER_ACCOUNTS,
        {"number": ACCOUNT, "name": "Subs", "type": 13, "needs_sub_account": "yes", "sub_accounts": "10; 20"},
    )
    for typed_sub, words in (("", "needs a sub-account"), ("30", "has no sub-account 30")):
        answer = signed_in(chief).post(page(sage.company), typed(subcontract_sub_account=typed_sub))
        assert answer.status_code == 422 and words in text_of(answer), typed_sub
    assert signed_in(chief).post(page(sage.company), typed(subcontract_sub_account="20")).status_code == 302
    alone = typed(subcontract_account="", subcontract_sub_account="20")
    answer = signed_in(chief).post(page(sage.company), alone | {"version": "1"})
    assert answer.status_code == 422 and "Give the ledger account" in text_of(answer)


def test_two_who_save_at_once_see_both_versions_and_nothing_is_lost(sage, chief):
    """I-5."""
    settings.change(sage.company, {"terms_days": 14}, by=chief, version=0)
    answer = signed_in(chief).post(page(sage.company), typed(terms_days="60"))
    assert answer.status_code == 409 and "Somebody saved these settings" in text_of(answer)
    assert ErpSettings.objects.get().terms_days == 14
    again = typed(terms_days="60", version="1")
    assert signed_in(chief).post(page(sage.company), again).status_code == 302
    assert ErpSettings.objects.get().terms_days == 60


def test_saving_what_is_set_already_writes_nothing(sage, chief):
    signed_in(chief).post(page(sage.company), typed())
    assert not Event.objects.filter(verb="changed the ERP settings").exists()


def test_a_company_that_has_set_nothing_is_shown_what_it_begins_with_and_nothing_is_written():
    w = world()
    someone = person("Cora Chief", w.company)
    set_level(someone, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.owner)
    words = text_of(signed_in(someone).get(page(w.company)))
    assert "apinv-r1 version 1 (not verified)" in words and "was not uploaded yet" in words
    assert not ErpSettings.objects.exists() and not ImportLayout.objects.exists()
    data = typed(layout="apinv-r2/1", subcontract_account="5040")
    assert signed_in(someone).post(page(w.company), data).status_code == 302
    assert ErpSettings.objects.get().layout.name == "apinv-r2"


def test_whoever_lacks_the_level_changes_nothing_by_the_action_either(sage, chief):
    for by in (sage.approver, sage.base.owner, sage.base.contact):
        with pytest.raises(NotAllowed):
            settings.change(sage.company, {"terms_days": 1}, by=by, version=0)
    with pytest.raises(Stale):
        settings.change(sage.company, {"terms_days": 1}, by=chief, version=7)


def test_the_page_asks_as_often_for_a_long_list_of_accounts(sage, chief):
    client = signed_in(chief)
    few = queries(client, page(sage.company))
    sage.load(ListKind.LEDGER_ACCOUNTS, *({"number": 5000 + n, "name": f"Account {n}", "type": 13} for n in range(300)))
    assert queries(client, page(sage.company)) == few <= 15
