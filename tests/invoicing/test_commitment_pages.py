"""A commitment's page: its schedule of values, its invoices, and who bills it."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event, Membership, Vendor
from directory.permissions import Level, Tool, read_access
from directory.refusals import Refused
from invoicing.actions import access_lists, change_orders, commitments, due_dates, invitations
from invoicing.cautions import cautions_about
from invoicing.models import BillingPeriod, Commitment, Invoice, InvoiceLine, InvoiceType
from tests.factories import D, person, world
from tests.invoicing.pages import at, text_of

pytestmark = pytest.mark.django_db


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def address(commitment, name="commitment", *args):
    return reverse(name, args=[commitment.project.slug, commitment.number, *args])


def test_the_schedule_shows_original_lines_and_each_change_order_and_counts_only_approved_ones():
    """N-2, N-11."""
    w = world()
    commitment = w.commitment()
    w.change_order(commitment, [w.line("Deeper footings", "5000.00")])
    change_orders.enter(commitment, "CO-P", "Pending", [w.line("Not yet", "900.00")], by=w.admin)
    page = signed_in(w.admin).get(address(commitment))
    sums = page.context["sums"]
    assert (sums["original"], sums["changes"], sums["to_date"]) == (D("102602.00"), D("5000.00"), D("107602.00"))
    assert [len(group["rows"]) for group in page.context["groups"]] == [2, 1, 1]
    assert "not billable, not in the totals" in page.content.decode()


def test_billed_to_date_is_the_newest_sent_invoice_line_by_line():
    w = world()
    invoice = w.approved(None, {"work_this_period": D("1000.00")}, {"stored_new": D("250.00")})
    page = signed_in(w.admin).get(address(invoice.commitment))
    assert [row["billed"] for row in page.context["groups"][0]["rows"]] == [D("1000.00"), D("250.00")]
    assert page.context["sums"]["left"] == D("101352.00")


def test_an_admin_starts_an_invoice_on_behalf_and_a_reader_is_offered_nothing():
    w = world()
    commitment = w.commitment(is_private=False)
    w.period()
    assert "Start invoice on behalf" in signed_in(w.admin).get(address(commitment)).content.decode()
    assert address(commitment, "invoice-start") not in signed_in(w.reader).get(address(commitment)).content.decode()
    contact = signed_in(w.contact).get(address(commitment)).content.decode()
    assert "Start bill" in contact and "on behalf" not in contact


def test_while_an_invoice_waits_the_page_says_for_whom_instead_of_offering_a_second():
    """I-7, U3."""
    w = world()
    invoice = w.submitted()
    for who, noun in ((w.admin, "Invoice"), (w.contact, "Bill")):
        text = signed_in(who).get(address(invoice.commitment)).content.decode()
        words = f"{noun} 1 ({invoice.number}) waits for the project’s reviewers since"
        assert re.search(rf'<a href="{at(invoice)}">{re.escape(words)} \d+ \w+ \d{{4}}</a>: the next one starts', text)
        assert address(invoice.commitment, "invoice-start") not in text


def test_who_starts_one_all_the_same_is_told_which_waits_for_whom():
    """I-7: of one that came back, the subcontractor's name for the company, and "you" for them."""
    w = world()
    invoice = w.sent_back()
    w.period(date(2030, 7, 1))
    start = address(invoice.commitment, "invoice-start")
    said = signed_in(w.admin).post(start, follow=True).content.decode()
    assert f"Invoice 1 ({invoice.number}) waits for Acme Concrete since" in said
    said = signed_in(w.contact).post(start, follow=True).content.decode()
    assert f"Bill 1 ({invoice.number}) waits for you since" in said and f'href="{at(invoice)}"' in said
    assert invoice.commitment.invoices.count() == 1


# Invoice contacts


def test_naming_a_contact_gives_standard_and_says_so():
    """P-3."""
    w = world()
    commitment = w.commitment(contact=False)
    client = signed_in(w.admin)
    assert "gives them Standard on Commitments" in client.get(address(commitment)).content.decode()
    page = client.post(address(commitment, "commitment-contacts"), {"person": w.contact.pk}, follow=True)
    assert f"Lee Park was given Standard on Commitments of {w.project.name}" in page.content.decode()
    assert read_access(w.contact, w.company, w.project).level(Tool.COMMITMENTS) is Level.STANDARD


def test_naming_somebody_who_has_the_level_claims_nothing_new():
    w = world()
    commitment = w.commitment(contact=False)
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    page = signed_in(w.admin).post(address(commitment, "commitment-contacts"), {"person": w.contact.pk}, follow=True)
    assert "was given" not in page.content.decode()


def test_only_the_vendors_own_people_can_be_chosen():
    w = world()
    commitment = w.commitment(contact=False)
    stranger = person("Stranger", w.company, Vendor.objects.create(company=w.company, name="Bolt Electric"))
    client = signed_in(w.admin)
    assert [p for p in client.get(address(commitment)).context["form"].fields["person"].queryset] == [w.contact]
    for someone in (stranger, w.reader):
        page = client.post(address(commitment, "commitment-contacts"), {"person": someone.pk})
        assert page.status_code == 422
    assert not commitment.invoice_contacts.exists()


def test_somebody_who_left_the_vendor_is_not_offered():
    w = world()
    commitment = w.commitment(contact=False)
    Membership.objects.filter(person=w.contact).update(is_active=False)
    assert not signed_in(w.admin).get(address(commitment)).context["candidates"]


def test_who_named_a_contact_and_when_stands_beside_them_for_the_company_alone():
    w = world()
    with time_machine.travel(datetime(2030, 6, 5, 17, 0, tzinfo=UTC)):
        commitment = w.commitment()
        seen = {who: text_of(signed_in(who).get(address(commitment))) for who in (w.admin, w.contact)}
    said = re.sub(r"<[^>]+>", "", seen[w.admin])
    assert f"{w.contact.email}added by {w.admin.name} on 5 Jun 2030" in said
    assert "added by" not in seen[w.contact]


def test_removing_a_contact_asks_first_and_then_hides_the_commitment_from_them():
    w = world()
    commitment = w.commitment()
    contact = commitment.invoice_contacts.get()
    remove = address(commitment, "commitment-contact-remove", contact.pk)
    client = signed_in(w.admin)
    assert "Remove Lee Park" in client.get(remove).content.decode()
    assert commitment.invoice_contacts.exists()
    assert client.post(remove).status_code == 302
    assert signed_in(w.contact).get(address(commitment)).status_code == 404


def test_contacts_are_named_and_removed_by_admins_only():
    w = world()
    commitment = w.commitment(is_private=False)
    contact = commitment.invoice_contacts.get()
    client = signed_in(w.reader)
    for target in (
        address(commitment, "commitment-contacts"),
        address(commitment, "commitment-contact-remove", contact.pk),
    ):
        page = client.post(target, {"person": w.contact.pk})
        assert page.status_code == 403
        assert "Admin on Commitments" in page.content.decode()
    assert commitment.invoice_contacts.exists()


def test_an_external_person_with_admin_administers_nothing():
    """P-1: a level only decides what they may do with what is theirs, and never makes them the project's own."""
    w = world()
    commitment = w.commitment()
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)
    page = signed_in(w.contact).post(address(commitment, "commitment-contacts"), {"person": w.contact.pk})
    assert page.status_code == 403


MOST_QUERIES = 15  # F18


@pytest.mark.parametrize("who", ["admin", "reader", "contact"])
def test_the_page_of_a_long_commitment_asks_no_more_queries(django_assert_max_num_queries, who):
    """10 lines with one invoice and one change order, 500 lines with 50 of each; all there can be beside them."""
    w = world()
    person("Una Contact", w.company, w.vendor)
    set_level(w.staff, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    few = w.commitment([w.line(f"Line {n}", "2000.00") for n in range(10)], number="SC-0000")
    many = w.commitment([w.line(f"Line {n}", "2000.00") for n in range(500)], number="SC-00")
    w.commitment(number="SC-000", contact=False)
    for commitment, count in ((few, 1), (many, 50)):
        commitments.add_contact(commitment, person("Ira Contact", w.company, w.vendor), by=w.admin)
        access_lists.add_person(commitment, w.reader, by=w.admin)
        file = SimpleUploadedFile("contract.pdf", b"%PDF-1.7 contract")
        signed_in(w.admin).post(address(commitment, "commitment-attach"), {"file": file})
        for position in range(1, 4):
            commitment.scale_steps.create(position=position, rate=D(10 - position), until_percent=D(position))
        for _ in range(count):
            w.change_order(commitment, [w.line("Extra", "100.00")])
        bill_often(w, commitment, count)
    client, short, long = signed_in(getattr(w, who)), address(few), address(many)
    with django_assert_max_num_queries(MOST_QUERIES) as asked:
        page = client.get(short)
    assert len(page.context["bills"]) == 1 and page.context["deadlines"]
    with django_assert_max_num_queries(len(asked)):
        page = client.get(long)
    assert [bill.position for bill in page.context["bills"]] == list(range(50, 0, -1))


def bill_often(w, commitment, count: int) -> None:
    """One invoice by doing, the others by rows: fifty with 500 lines each would take minutes."""
    draft = w.draft(commitment)
    lines, previous = list(draft.lines.all()), w.approved(draft, {"work_this_period": D("100.00")})
    for position in range(2, count + 1):
        month = date(1995 + position, 1, 1)
        period = BillingPeriod.objects.create(
            project=w.project, start_date=month, end_date=month, due_date=month, status="closed"
        )
        made = Invoice(commitment=commitment, vendor=w.vendor, billing_period=period, position=position)
        made.previous, made.created_by, made.listed_in = previous, w.admin, w.project
        for name in ("period_start_date", "period_end_date", "due_date", "billing_date"):
            setattr(made, name, month)
        made.save()
        for line in lines:
            line.pk, line.invoice = None, made
        InvoiceLine.objects.bulk_create(lines)
        previous = made


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL rather reads a table of three rows as a whole")
def test_numbers_that_read_alike_are_found_by_an_index(django_assert_num_queries):
    w = world()
    for number in ("SC-014", "SC-0014", "SC-140", "SC-15"):
        w.commitment(number=number, contact=False)
    alike = Commitment.objects.with_number_like("sc.14").filter(company=w.company)
    assert [each.number for each in alike.order_by("number")] == ["SC-0014", "SC-014", "SC-140"]
    assert "commitments_that_read_alike" in alike.explain()
    access, commitment = read_access(w.admin, w.company, w.project), Commitment.objects.with_context().last()
    with django_assert_num_queries(1):
        assert not cautions_about(commitment, access)


# Who of the company sees a private one


def test_an_admin_lets_a_colleague_see_a_private_commitment_and_takes_that_back():
    """P-2."""
    w = world()
    commitment = w.commitment(contact=False)
    reader, client = signed_in(w.reader), signed_in(w.admin)
    assert reader.get(address(commitment)).status_code == 404
    page = client.get(address(commitment))
    assert list(page.context["access_form"].fields["colleague"].queryset) == [w.reader]  # neither Admins nor contacts
    page = client.post(address(commitment, "commitment-access"), {"colleague": w.reader.pk}, follow=True)
    assert "Rae Reader sees" in page.content.decode()
    assert reader.get(address(commitment)).status_code == 200
    client.post(address(commitment, "commitment-access-remove", w.reader.pk))
    assert reader.get(address(commitment)).status_code == 404
    verbs = list(Event.objects.about(commitment).values_list("verb", flat=True)[:2])
    assert verbs == ["removed from the access list", "added to the access list"]


def test_the_access_list_takes_neither_vendors_people_nor_those_without_a_level():
    w = world()
    commitment = w.commitment()
    client = signed_in(w.admin)
    for someone in (w.contact, w.staff, world("Other").admin):
        assert client.post(address(commitment, "commitment-access"), {"colleague": someone.pk}).status_code == 422
        with pytest.raises(Refused):
            access_lists.add_person(commitment, someone, by=w.admin)
    assert client.post(address(commitment, "commitment-access-remove", w.contact.pk)).status_code == 404
    with pytest.raises(Refused, match="invoice contact"):
        access_lists.remove_person(commitment, w.contact, by=w.admin)
    assert "Access list" not in signed_in(w.contact).get(address(commitment)).content.decode()


# Its files


def test_a_contract_is_attached_by_the_company_and_downloaded_by_whoever_sees_the_commitment():
    w = world()
    commitment = w.commitment(is_private=False)
    bring = lambda who, name="contract.pdf", content=b"%PDF-1.7 contract": signed_in(who).post(  # noqa: E731
        address(commitment, "commitment-attach"), {"file": SimpleUploadedFile(name, content)}
    )
    assert bring(w.admin).status_code == 302
    for who, code in ((w.reader, 403), (w.contact, 403), (w.owner, 404)):
        assert bring(who).status_code == code
    page = bring(w.admin, "contract.exe", b"MZ")
    assert page.status_code == 422 and page.content.decode().count("is not one of") == 2
    file = commitment.attachments.get()
    answer = signed_in(w.contact).get(address(commitment, "commitment-attachment", file.pk))
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 contract"
    assert answer["Content-Type"] == "application/octet-stream" and answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"] and "no-store" in answer["Cache-Control"]
    event = Event.objects.about(commitment).first()
    assert (event.verb, event.by, event.changes) == ("downloaded a file", w.contact, {"file": ["", "contract.pdf"]})
    other = w.commitment()
    assert signed_in(w.contact).get(address(other, "commitment-attachment", file.pk)).status_code == 404


def test_what_was_mailed_about_a_commitment_stands_on_a_page_of_its_own():
    """Section 7: invites, reminders, more time; a contact finds what went to them, not to a colleague."""
    w = world()
    period, commitment, other = w.period(), w.commitment(), w.commitment()
    mia = person("Mia Hill", w.company, w.vendor)
    commitments.add_contact(commitment, mia, by=w.admin)
    invitations.invite(period, [commitment, other], InvoiceType.WORK, by=w.admin)
    due_dates.extend(period, commitment, date(2030, 7, 5), by=w.admin, reason="Storm")
    page = address(commitment, "commitment-mails")
    assert page in signed_in(w.admin).get(address(commitment)).content.decode()
    told = text_of(signed_in(w.admin).get(page))
    assert told.count("send your June 2030 bill") == 2 and "You have until Fri 5 Jul" in told
    assert "Mia Hill" in told and "Lee Park" in told
    theirs = text_of(signed_in(mia).get(page))
    assert theirs.count("send your June 2030 bill") == 1 and "Lee Park" not in theirs
