"""What a company asks of an approval besides the machine: other hands, two people, papers (P-7, R78, R80, R84, R85)."""

from datetime import date

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from directory.models import Event, Policy
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import amounts, approvals, attachments, deleting, invoices, reviews
from invoicing.models import Invoice, InvoiceStatus
from invoicing.safeguards import missing_papers
from tests.factories import D, world
from tests.invoicing.pages import looked_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def set_company(w, **values):
    type(w.company).objects.filter(pk=w.company.pk).update(**values)
    w.company.refresh_from_db()


def allow(invoice, amount: str, by):
    line = invoice.lines.first()
    entry = {line.pk: {"work_this_period": D(amount), "allowed_reason": "As measured"}}
    return amounts.save_lines(invoice, entry, by=by, version=invoice.version)


def finish_page(client, invoice, **typed):
    place = [invoice.project.slug, invoice.commitment.number, invoice.position]
    url = reverse("review-finish", args=place)
    return client.post(url, looked_at(invoice) | typed) if typed else client.get(url)


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


# Whoever allowed more than was claimed (R80)


def test_whoever_allows_more_than_was_claimed_does_not_approve_it_and_somebody_else_does(w):
    invoice = allow(w.submitted(), "1500.00", w.admin)
    with pytest.raises(NotNow, match="allowed more than was claimed"):
        invoices.approve(invoice, by=w.admin)
    assert invoices.approve(invoice, by=w.second_admin).status == InvoiceStatus.APPROVED


def test_whoever_allows_less_may_approve_it_too(w):
    invoice = allow(w.submitted(), "900.00", w.admin)
    assert invoices.approve(invoice, by=w.admin).status == InvoiceStatus.APPROVED


def test_a_line_raised_and_another_lowered_by_as_much_is_still_raised(w):
    commitment = w.commitment()
    invoice = w.submitted(w.draft(commitment), {"work_this_period": D("1000.00")}, {"work_this_period": D("1000.00")})
    first, second = invoice.lines.all()
    entries = {
        line.pk: {"work_this_period": D(amount), "allowed_reason": "As measured"}
        for line, amount in ((first, "1400.00"), (second, "600.00"))
    }
    invoice = amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)
    with pytest.raises(NotNow, match="allowed more than was claimed"):
        invoices.approve(invoice, by=w.admin)


def test_holding_less_retainage_than_claimed_pays_more_and_needs_other_hands(w):
    invoice = w.submitted()
    entry = {
        invoice.lines.first().pk: {
            "work_retainage": D("0.00"),
            "work_retainage_is_typed": True,
            "allowed_reason": "Agreed",
        }
    }
    invoice = amounts.save_lines(invoice, entry, by=w.admin, version=invoice.version)
    with pytest.raises(NotNow, match="allowed more than was claimed"):
        invoices.approve(invoice, by=w.admin)


@pytest.mark.parametrize("held", ["work_retainage", "stored_retainage"])
def test_a_cut_elsewhere_does_not_hide_that_less_is_held_on_a_line(w, held):
    """R80: what one line pays more is not made good by what another pays less."""
    figures = {"work_this_period": D("1000.00"), "stored_new": D("1000.00")}
    invoice = w.submitted(w.draft(w.commitment(bills_stored_materials=True)), figures, figures)
    first, second = invoice.lines.all()
    entries = {
        first.pk: {"work_this_period": D("800.00"), "allowed_reason": "As measured"},
        second.pk: {held: D("0.00"), f"{held}_is_typed": True, "allowed_reason": "Agreed"},
    }
    invoice = amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)
    with pytest.raises(NotNow, match="allowed more than was claimed"):
        invoices.approve(invoice, by=w.admin)
    assert invoices.approve(invoice, by=w.second_admin).status == InvoiceStatus.APPROVED


def test_less_work_with_less_held_of_it_is_no_raise(w):
    """The retainage follows the cut; the line pays less."""
    figures = {"work_this_period": D("1000.00"), "stored_new": D("1000.00")}
    invoice = w.submitted(w.draft(w.commitment(bills_stored_materials=True)), figures)
    entry = {"work_this_period": D("800.00"), "stored_new": D("500.00"), "allowed_reason": "As measured"}
    entries = {invoice.lines.first().pk: entry}
    invoice = amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)
    assert invoices.approve(invoice, by=w.admin).status == InvoiceStatus.APPROVED


def test_a_new_claim_of_the_same_amount_clears_the_one_who_raised_it_before(w):
    invoice = allow(w.submitted(), "1500.00", w.admin)
    invoice = invoices.send_back(invoice, by=w.admin, comment="Claim it yourself")
    invoice = invoices.submit(invoice, by=w.contact)
    assert invoices.approve(invoice, by=w.admin).status == InvoiceStatus.APPROVED


def test_with_the_setting_off_the_raiser_approves_and_that_stays_visible(w):
    set_company(w, separate_raiser_and_approver=False)
    invoice = invoices.approve(allow(w.submitted(), "1500.00", w.admin), by=w.admin)
    assert invoice.duties_waived


def test_the_page_says_who_can_approve_what_one_has_raised(w):
    invoice = allow(w.submitted(), "1500.00", w.admin)
    text = finish_page(signed_in(w.admin), invoice).content.decode()
    assert "You allowed more than was claimed" in text and "Ola Berg" in text
    assert 'value="approve"' not in text


# Two people above a limit (R84)


def test_above_the_limit_the_first_approval_moves_nothing_and_the_second_approves(w):
    set_company(w, second_approval_above=D("800.00"))
    invoice = w.submitted()  # 900.00 due
    with pytest.raises(NotNow, match="two people approve"):
        invoices.approve(invoice, by=w.admin)
    first = signed_in(w.admin)
    text = finish_page(first, invoice).content.decode()
    assert "Give the first approval" in text and 'value="approve"' not in text
    answer = finish_page(first, invoice, decision="endorse", comment="Measured on site")
    assert answer.status_code == 302
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.UNDER_REVIEW
    assert "You gave the first approval" in finish_page(first, invoice).content.decode()
    with pytest.raises(NotNow, match="another Admin gives the second"):
        invoices.approve(invoice, by=w.admin)
    assert "Measured on site" in finish_page(signed_in(w.second_admin), invoice).content.decode()
    assert invoices.approve(invoice, by=w.second_admin).status == InvoiceStatus.APPROVED
    assert Event.objects.about(invoice).filter(verb="gave the first approval", by=w.admin).count() == 1


def test_exactly_the_limit_needs_one_approval(w):
    set_company(w, second_approval_above=D("900.00"))
    assert invoices.approve(w.submitted(), by=w.admin).status == InvoiceStatus.APPROVED


def test_two_invoices_of_one_vendor_in_a_period_count_together(w):
    """Splitting one payment in two changes nothing."""
    set_company(w, second_approval_above=D("1500.00"))
    w.submitted(w.draft(w.commitment()))
    second = w.submitted(w.draft(w.commitment()))
    with pytest.raises(NotNow, match="two people approve"):
        invoices.approve(second, by=w.admin)


def test_an_amount_changed_since_voids_the_first_approval(w):
    set_company(w, second_approval_above=D("100.00"))
    invoice = w.submitted()
    approvals.endorse(invoice, by=w.admin)
    invoice = allow(invoice, "900.00", w.admin)
    with pytest.raises(NotNow, match="Give the first approval"):
        invoices.approve(invoice, by=w.second_admin)


def test_the_first_approval_is_given_once_and_only_by_an_admin_who_did_not_submit(w):
    set_company(w, second_approval_above=D("100.00"))
    invoice = w.submitted()
    with pytest.raises(NotAllowed):
        approvals.endorse(invoice, by=w.contact)
    approvals.endorse(invoice, by=w.admin)
    with pytest.raises(NotNow, match="gave the first approval already"):
        approvals.endorse(invoice, by=w.second_admin)
    on_behalf = w.submitted(w.draft(w.commitment(), by=w.admin), by=w.admin)
    with pytest.raises(NotNow, match="You submitted"):
        approvals.endorse(on_behalf, by=w.admin)


def test_what_was_deleted_takes_no_first_approval(w):
    set_company(w, second_approval_above=D("100.00"))
    invoice = deleting.delete(w.submitted(), reason="Twice", by=w.admin)
    with pytest.raises(NotNow, match="It was deleted"):
        approvals.endorse(invoice, by=w.admin)


def test_where_one_approval_is_enough_there_is_no_first_of_two(w):
    with pytest.raises(NotNow, match="One approval is enough"):
        approvals.endorse(w.submitted(), by=w.admin)


# Papers (R85)


def test_expired_insurance_is_pointed_out_and_noted_with_the_approval(w):
    w.vendor.insurance_expires_date = date(2020, 1, 31)
    w.vendor.save()
    invoice = w.submitted()
    assert "expired on 2020-01-31" in finish_page(signed_in(w.admin), invoice).content.decode()
    invoices.approve(invoice, by=w.admin)
    assert Event.objects.about(invoice).get(verb="approved").changes == {"papers missing": ["", "insurance"]}


def test_an_insurance_holds_until_the_end_of_its_last_day_where_the_company_is(w):
    """As the directory and accounting have it, wherever the project is."""
    w.company.time_zone, w.project.time_zone = "America/New_York", "America/Los_Angeles"
    w.company.save()
    w.project.save()
    w.vendor.insurance_expires_date = date(2030, 6, 30)
    w.vendor.save()
    invoice = w.submitted()
    for moment, names in (("2030-07-01 03:00Z", []), ("2030-07-01 05:00Z", ["insurance"])):  # 11 p.m., 1 a.m.
        with time_machine.travel(moment):
            assert [paper.name for paper in missing_papers(Invoice.objects.get(pk=invoice.pk))] == names


PAPERS = {
    "insurance": ({"insurance_policy": Policy.BLOCK}, {"insurance_expires_date": date(2020, 1, 31)}),
    "workers' compensation": ({"workers_comp_policy": Policy.BLOCK}, {"needs_workers_comp": True}),
    "lien waiver": ({"lien_waiver_policy": Policy.BLOCK}, {}),
}


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_the_company_insists_on_blocks_until_an_admin_says_why_it_goes_ahead(w, paper):
    settings, of_vendor = PAPERS[paper]
    set_company(w, **settings)
    type(w.vendor).objects.filter(pk=w.vendor.pk).update(**of_vendor)
    invoice = w.submitted()
    client = signed_in(w.admin)
    answer = finish_page(client, invoice, decision="approve")
    assert answer.status_code == 422 and "say why it goes ahead" in answer.content.decode()
    answer = finish_page(client, invoice, decision="approve", goes_ahead_because="The owner agreed by phone")
    assert answer.status_code == 302
    event = Event.objects.about(invoice).get(verb="approved")
    assert event.changes["papers missing"] == ["", paper]
    assert event.changes["went ahead because"] == ["", "The owner agreed by phone"]


def test_an_attached_lien_waiver_is_enough(w):
    set_company(w, lien_waiver_policy=Policy.BLOCK)
    invoice = w.submitted()
    with pytest.raises(Refused, match="No lien waiver"):
        invoices.approve(invoice, by=w.admin)
    attachments.attach(invoice, "photo.pdf", b"%PDF-1.4", by=w.contact)
    with pytest.raises(Refused, match="No lien waiver"):
        invoices.approve(invoice, by=w.admin)
    attachments.attach(invoice, "waiver.pdf", b"%PDF-1.4", by=w.contact, is_lien_waiver=True)
    assert invoices.approve(invoice, by=w.admin).status == InvoiceStatus.APPROVED


def test_a_paper_the_company_ignores_is_not_mentioned(w):
    set_company(w, insurance_policy=Policy.IGNORE)
    w.vendor.insurance_expires_date = date(2020, 1, 31)
    w.vendor.save()
    invoice = w.submitted()
    assert "expired" not in finish_page(signed_in(w.admin), invoice).content.decode()
    reviews.approve_the_rest(invoice, by=w.admin)
    invoices.approve(invoice, by=w.admin)
    assert Event.objects.about(invoice).get(verb="approved").changes == {}


# Who brought the claim about


def test_whoever_submitted_it_before_it_came_back_does_not_approve_it(w):
    """P-7, R78: whoever pressed Send last."""
    first = w.submitted(w.draft(), by=w.admin)
    back = invoices.send_back(first, by=w.second_admin, comment="See the plans")
    again = invoices.submit(back, by=w.contact)
    with pytest.raises(NotNow, match="You submitted this invoice"):
        invoices.approve(again, by=w.admin)
    assert invoices.approve(again, by=w.second_admin).is_certified


def test_whoever_started_it_does_not_approve_what_somebody_else_sent(w):
    """R78: creator ≠ approver; the company's setting counts here too, and the invoice says so."""
    started = w.submitted(w.draft(by=w.admin))
    with pytest.raises(NotNow, match="You started this invoice"):
        invoices.approve(started, by=w.admin)
    w.company.separate_submitter_and_approver = False
    w.company.save()
    assert invoices.approve(Invoice.objects.with_context().get(pk=started.pk), by=w.admin).duties_waived
