"""I-6: a number that Sage holds for this vendor is refused when the bill is sent, while its sender still has it."""

from datetime import date

import pytest

from directory.models import Vendor
from directory.refusals import NotNow, Refused
from erp_integrations.actions import links
from erp_integrations.known_numbers import held_in_sage
from erp_integrations.models import ListKind, VendorLink
from erp_integrations.sage100.rules.header import number_faults
from invoicing.actions import deleting, invoices
from invoicing.models import Invoice
from invoicing.numbers import check_number
from tests.erp_integrations.pages import signed_in, text_of
from tests.erp_integrations.world import VENDOR, sage_world
from tests.invoicing.pages import at

OTHER = "30777"


def listed(sage, *numbers: str, vendor: str = VENDOR, day: date = date(2030, 6, 1)):
    rows = [{"vendor_number": vendor, "invoice_number": number} for number in numbers]
    return sage.load(ListKind.PAYABLE_INVOICES, *rows, as_of_date=day)


@pytest.fixture
def bill(sage) -> Invoice:
    return sage.base.entered(sage.base.draft(sage.base.commitment()), number="inv-7")


def send(sage, bill: Invoice) -> Invoice:
    return invoices.submit(Invoice.objects.get(pk=bill.pk), by=sage.base.contact)


def test_a_number_that_sage_holds_is_refused_with_what_it_holds_and_what_to_do(sage, bill):
    listed(sage, "OTHER-1", " INV-7 ", day=date(2030, 6, 14))
    with pytest.raises(Refused) as refused:
        send(sage, bill)
    assert refused.value.field == "number"
    assert "Sage holds invoice INV-7 of Acme Concrete already, by its list of Fri 14 Jun 2030" in refused.value.message
    assert "Give this bill its own number" in refused.value.message
    bill.refresh_from_db()
    assert bill.status == "draft" and not bill.number_key, "nothing is reserved"


def test_the_page_leads_to_the_field_and_another_number_goes_through(sage, bill):
    listed(sage, "INV-7")
    lee = signed_in(sage.base.contact)
    page = text_of(lee.get(at(bill, "invoice-send")))
    assert "Sage holds invoice INV-7" in page and "1 thing to mend first" in page, "said before sending is tried (9.4)"
    answer = lee.post(at(bill, "invoice-send"), {"version": bill.version})
    assert answer.status_code == 422 or answer.status_code == 409
    assert "Sage holds invoice INV-7" in text_of(answer) and "#id_number" in answer.content.decode()
    bill = sage.base.entered(bill, number="INV-8")
    assert send(sage, bill).status == "under_review"


def test_an_admin_on_behalf_is_refused_too(sage, bill):
    listed(sage, "INV-7")
    with pytest.raises(Refused, match="Sage holds invoice INV-7"):
        invoices.submit(bill, by=sage.sender)


def test_the_list_first_and_the_link_later(sage, bill):
    VendorLink.objects.all().delete()
    listed(sage, "INV-7")
    draft = sage.base.entered(sage.base.draft(sage.base.commitment()), number="INV-9")
    assert send(sage, draft).status == "under_review", "nobody said yet whose numbers these are"
    links.make(VendorLink(company=sage.company, vendor=sage.base.vendor, number=VENDOR))
    with pytest.raises(Refused, match="Sage holds invoice INV-7"):
        send(sage, bill)


def test_the_link_first_and_the_list_later(sage, bill):
    assert VendorLink.objects.exists()
    listed(sage, "INV-7")
    with pytest.raises(Refused, match="Sage holds invoice INV-7"):
        send(sage, bill)


def test_only_the_newest_list_counts(sage, bill):
    listed(sage, "INV-7")
    with pytest.raises(Refused):
        send(sage, bill)
    listed(sage, "INV-6", day=date(2030, 6, 15))
    assert send(sage, bill).status == "under_review"


def test_a_newer_list_can_also_take_a_number(sage, bill):
    listed(sage, "INV-6")
    listed(sage, "INV-6", "INV-7", day=date(2030, 6, 15))
    with pytest.raises(Refused, match="by its list of Sat 15 Jun 2030"):
        send(sage, bill)


def test_another_vendors_number_is_no_hindrance(sage, bill):
    listed(sage, "INV-7", vendor=OTHER)
    other = Vendor.objects.create(company=sage.company, name="Bolt Electric")
    links.make(VendorLink(company=sage.company, vendor=other, number=OTHER))
    assert send(sage, bill).status == "under_review"


@pytest.mark.parametrize("statuses, is_held", [([5], False), ([5, 1], True), ([4, 5], True)])
def test_what_sage_keeps_as_void_takes_no_number(sage, bill, statuses, is_held):
    rows = [{"vendor_number": VENDOR, "invoice_number": "INV-7", "status": status} for status in statuses]
    sage.load(ListKind.PAYABLE_INVOICES, *rows)
    assert bool(held_in_sage(sage.base.vendor, "inv-7")) == is_held


def test_another_companys_list_is_no_hindrance(sage, bill):
    elsewhere = sage_world("Harbor Works")
    listed(elsewhere, "INV-7")
    assert send(sage, bill).status == "under_review"


@pytest.mark.parametrize("number", [*(f"INV{sign}7" for sign in ",\"'\t\r\n"), 21 * "7"])
def test_what_sage_would_not_take_is_refused_when_the_bill_is_sent(number):
    """S10 and I-6 know the same signs and the same length."""
    with pytest.raises(Refused):
        check_number(number)
    assert number_faults(number)
    assert number_faults(20 * "7") == () == (check_number(20 * "7") or ())


def test_without_any_list_nothing_is_refused(sage, bill):
    sage.company.sage_lists.filter(kind=ListKind.PAYABLE_INVOICES).delete()
    assert send(sage, bill).status == "under_review"


def test_a_question_asks_twice_however_long_the_list(sage, bill, django_assert_num_queries):
    listed(sage, *(f"INV-{n}" for n in range(2000)))
    assert held_in_sage(sage.base.vendor, "inv-7")
    with django_assert_num_queries(2):
        assert held_in_sage(sage.base.vendor, "inv-1999")


@pytest.mark.parametrize(("ends", "comes_back"), [("under_review", False), ("revise_and_resubmit", True)])
def test_a_deleted_bill_comes_back_under_a_number_that_sage_holds_only_where_it_is_sent_again(
    sage, bill, ends, comes_back
):
    """I-3, I-6: whoever reviews can't change the number; whoever revises is asked when they send."""
    bill = send(sage, bill)
    if ends == "revise_and_resubmit":
        bill = invoices.send_back(bill, by=sage.base.admin, comment="Look again")
    deleted = deleting.delete(bill, by=sage.base.admin, reason="Wrong commitment")
    listed(sage, "INV-7")
    if comes_back:
        assert deleting.restore(deleted, by=sage.base.admin).status == ends
        return
    with pytest.raises(NotNow, match="Sage holds invoice INV-7 .*This one stays deleted: make it anew"):
        deleting.restore(deleted, by=sage.base.admin)
    assert Invoice.objects.get(pk=bill.pk).deleted_at
