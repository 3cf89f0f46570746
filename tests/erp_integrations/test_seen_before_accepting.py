"""I-5: an approver accepts what the confirmation showed, or looks again; nothing goes into a file that nobody saw."""

import pytest

from directory.actions import grants
from directory.permissions import Level, Tool
from erp_integrations.actions import layouts
from erp_integrations.models import CostCodeLink, ErpSettings, ExportBatch, ListKind
from erp_integrations.sage100.layout import APINV_R1
from tests.erp_integrations.pages import accept_data, boxes, queue_url, signed_in, text_of
from tests.erp_integrations.test_layouts import R1, r1, with_title
from tests.erp_integrations.test_releases import with_release
from tests.erp_integrations.world import ACCOUNT, CODE, VENDOR
from tests.factories import person

OTHER_ACCOUNT, OTHER_CODE = "5050", "2320.000"


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


@pytest.fixture
def url(sage) -> str:
    return queue_url(sage.company, "accept/")


def asked(client, url, *some):
    return client.get(url, {"export": [export.pk for export in some]})


def another_account(sage) -> None:
    ErpSettings.objects.filter(company=sage.company).update(subcontract_account=OTHER_ACCOUNT)


def newer_terms(sage) -> None:
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": sage.base.vendor.name, "due_terms": "45DY"})


def another_layout(sage) -> None:
    chief = person("Cora Chief", sage.company)
    grants.set_level(chief, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    layouts.change(sage.company, R1, with_title(APINV_R1, 5, "Other"), by=chief, seen=r1(sage).fingerprint)


def linked_anew(sage) -> None:
    CostCodeLink.objects.filter(company=sage.company).update(code=OTHER_CODE)


CHANGES = (another_account, newer_terms, another_layout, linked_anew)


def with_others(sage) -> None:
    """A second account and a second cost code that Sage takes as well."""
    accounts = ({"number": number, "name": "Subcontracts", "type": 13} for number in (ACCOUNT, OTHER_ACCOUNT))
    sage.load(ListKind.LEDGER_ACCOUNTS, *accounts)
    sage.load(ListKind.COST_CODES, *({"code": code, "name": "Concrete"} for code in (CODE, OTHER_CODE)))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_the_file_would_say_otherwise_is_looked_at_first(sage, client, url, change):
    """I-5, E-5: an account, newer terms, a layout, a link; its page comes again, with what was ticked."""
    with_others(sage)
    export = sage.sent()
    page = asked(client, url, export)
    change(sage)
    answer = client.post(url, accept_data(page, export))
    assert answer.status_code == 409 and "while you looked at it" in text_of(answer)
    assert str(export.invoice) in answer.context["refused"].message
    assert not ExportBatch.objects.exists()
    unchanged = [group for group in answer.context["warnings"] if group.keys in boxes(page)]
    assert all(group.is_ticked for group in unchanged)
    assert client.post(url, accept_data(answer, export)).status_code == 302


def test_a_release_that_went_to_another_bill_is_looked_at_first(sage, client, url):
    """I-5, S51: a colleague's file took what the oldest bill held."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    second = sage.exported(sage.approved(commitment))
    theirs, mine = (sage.sent(with_release(sage, commitment, amount)) for amount in ("100.00", "40.00"))
    page = asked(client, url, mine)
    sage.built(theirs)
    answer = client.post(url, accept_data(page, mine))
    assert answer.status_code == 409 and ExportBatch.objects.filter(state="pending").count() == 0
    assert [each.invoice_number for each in answer.context["releases"]] == [second.invoice.number]
    assert client.post(url, accept_data(answer, mine)).status_code == 302


def test_several_that_changed_are_told_of_in_one_sentence(sage, client, url):
    with_others(sage)
    some = [sage.sent() for _ in range(3)]
    page = asked(client, url, *some)
    another_account(sage)
    answer = client.post(url, accept_data(page, *some))
    assert answer.status_code == 409 and "and 2 more" in answer.context["refused"].message


def test_a_colleagues_batch_that_only_takes_the_next_number_is_no_change(sage, client, url):
    """I-5: the key, the day and the address of a link are no part of what was looked at."""
    mine, theirs = sage.sent(), sage.sent()
    page = asked(client, url, mine)
    sage.accepted(theirs)
    assert client.post(url, accept_data(page, mine)).status_code == 302
    assert ExportBatch.objects.get(items__invoice_export=mine).number == 2


def test_the_day_that_is_chosen_on_the_page_itself_is_no_change(sage, client, url):
    export = sage.sent()
    data = accept_data(asked(client, url, export), export) | {"accounting_date": "2030-06-20"}
    assert client.post(url, data).status_code == 302
