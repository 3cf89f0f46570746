"""A number that looks like another one of the vendor's is looked at twice: by who sends and by who approves (R19)."""

from dataclasses import replace

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

from directory.actions.grants import set_level
from directory.models import Event, Project, Vendor
from directory.permissions import Level, Tool
from invoicing.actions import deleting, invoices
from invoicing.models import Invoice
from invoicing.numbers import look_alikes
from tests.factories import World, world
from tests.invoicing.pages import at, signed_in, text_of

NAME = "Look-alike number"


@pytest.fixture
def w(db):
    return world()


def page(who, invoice) -> str:
    return text_of(signed_in(who).get(at(invoice, "invoice-send")))


def send(who, invoice, **more):
    return signed_in(who).post(at(invoice, "invoice-send"), {"version": str(invoice.version)} | more)


def elsewhere(w: World) -> World:
    """Another project of the company, with the same people and the same vendor."""
    project = Project.objects.create(company=w.company, name="Harbor", number="P-9", slug=f"harbor-{w.project.pk}")
    for who, level in ((w.admin, Level.ADMIN), (w.second_admin, Level.ADMIN), (w.contact, Level.STANDARD)):
        set_level(who, Tool.COMMITMENTS, project, level, by=w.owner)
    return replace(w, project=project)


def test_the_sender_is_asked_whether_it_is_the_same_bill(w):
    sent = w.submitted(number="INV-12")
    bill = w.entered(w.draft(w.commitment()), number="INV 0012")
    day = w.project.day_of(sent.submitted_at)
    asked = f"The number INV 0012 looks like INV-12, sent {day.day} {day:%b %Y} for 900.00: is it the same bill?"
    assert asked in page(w.contact, bill)
    assert f"Tick each check below that you have seen: {NAME}" in text_of(send(w.contact, bill))
    assert Invoice.objects.get(pk=bill.pk).status == Invoice.Status.DRAFT
    assert send(w.contact, bill, seen=[NAME]).status_code == 302
    assert Event.objects.about(bill).first().changes["warnings seen"] == ["", NAME]
    finish = text_of(signed_in(w.second_admin).get(at(bill, "review-finish")))
    assert asked in finish, "whoever approves should have seen it, too"


def test_several_are_named_in_the_order_in_which_they_were_sent(w):
    for number in ("INV-12", "INV.12"):
        w.submitted(w.draft(w.commitment()), number=number)
    bill = w.entered(w.draft(w.commitment()), number="inv 12")
    said = page(w.contact, bill)
    assert 0 < said.index("looks like INV-12, sent") < said.index("for 900.00, and INV.12, sent")


@pytest.mark.parametrize("number", ["INV-120", "INV-21", "BILL-12"])
def test_another_number_is_no_matter(w, number):
    w.submitted(number="INV-12")
    bill = w.entered(w.draft(w.commitment()), number=number)
    assert "is it the same bill" not in page(w.contact, bill) and send(w.contact, bill).status_code == 302


def test_the_same_number_is_refused_as_ever(w):
    """I-6: no tick helps."""
    w.submitted(number="INV-12")
    bill = w.entered(w.draft(w.commitment()), number="inv-12")
    said = page(w.contact, bill)
    assert "has the number inv-12 already" in said and "is it the same bill" not in said
    assert send(w.contact, bill, seen=[NAME]).status_code == 422


def test_neither_a_draft_nor_a_deleted_bill_nor_another_vendors_holds_a_number(w):
    w.entered(w.draft(w.commitment()), number="INV/12")
    bill = w.entered(w.draft(w.commitment()), number="INV 12")
    assert look_alikes(bill) == []
    other = w.submitted(w.draft(w.commitment()), number="INV-12")
    assert look_alikes(bill) == [other]
    deleting.delete(other, reason="Twice", by=w.admin)
    assert look_alikes(bill) == []
    deleting.restore(other, by=w.admin)
    assert look_alikes(bill) == [other]
    Invoice.objects.filter(pk=other.pk).update(vendor=Vendor.objects.create(company=w.company, name="Bolt Electric"))
    assert look_alikes(bill) == []


def test_a_bill_that_comes_again_is_no_look_alike_of_itself(w):
    bill = w.sent_back()
    assert Invoice.objects.get(pk=bill.pk).bare_number
    assert look_alikes(w.entered(bill, number=bill.number.replace("-", " "))) == []


def test_a_draft_that_was_sent_once_and_withdrawn_holds_no_number_either(w):
    other = w.submitted(w.draft(w.commitment()), number="INV-12")
    bill = w.entered(w.draft(w.commitment()), number="INV 12")
    assert look_alikes(bill) == [other]
    invoices.withdraw(other, by=w.contact)
    assert look_alikes(bill) == []
    sent = invoices.submit(bill, by=w.contact)
    assert look_alikes(Invoice.objects.get(pk=other.pk)) == [sent], "it is compared when it is sent again"


def test_one_that_came_back_is_found_by_the_number_that_it_has_by_now(w):
    back = w.sent_back(w.entered(number="INV-12"))
    back = w.entered(back, number="77-9")
    bill = w.entered(w.draft(w.commitment()), number="779")
    assert look_alikes(bill) == [back]
    assert look_alikes(w.entered(bill, number="INV 12")) == []


def test_a_contact_reads_of_no_bill_on_whose_commitment_they_are_no_contact(w):
    """P-1: that there is one is all they hear, also where the number is the very same (I-6)."""
    theirs = w.commitment()
    w.submitted(w.draft(theirs), number="INV-12")
    theirs.invoice_contacts.all().delete()
    bill = w.entered(w.draft(w.commitment()), number="INV 12")
    said = page(w.contact, bill)
    assert "looks like that of another bill of this vendor" in said and "900.00: is it" not in said
    same = w.entered(w.draft(w.commitment()), number="inv-12")
    said = page(w.contact, same)
    assert f"Another bill of {same.vendor} has the number inv-12 already" in said and theirs.number not in said


def test_what_stands_in_another_project_is_named_to_its_contact_and_to_nobody_who_cannot_see_it(w):
    """P-1, P-2: an Admin of this project hears that there is one; who bills both knows both."""
    there = elsewhere(w)
    there.submitted(number="INV-12")
    bill = w.entered(w.draft(), number="INV 12")
    assert "looks like INV-12, sent" in page(w.contact, bill)
    said = page(w.admin, bill)
    assert "The number INV 12 looks like that of another bill of this vendor: is it the same bill?" in said
    assert "INV-12" not in said
    assert send(w.admin, bill).status_code == 422
    assert send(w.admin, bill, seen=[NAME]).status_code == 302


def test_looking_for_them_asks_once_however_many_the_vendor_has_sent(w):
    """F16: found by an index, and nothing is asked for a bill that has no number."""
    bill = w.entered(w.draft(w.commitment()), number="INV 12")
    for number in ("INV-12", "INV.12", "INV-13", "INV-120"):
        w.submitted(w.draft(w.commitment()), number=number)
    with CaptureQueriesContext(connection) as asked:
        assert [each.number for each in look_alikes(bill)] == ["INV-12", "INV.12"]
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as asked:
        assert look_alikes(Invoice(vendor_id=bill.vendor_id)) == []
    assert len(asked) == 0


def test_the_page_before_sending_asks_as_often_for_many_look_alikes_as_for_one(w):
    counts, client = [], signed_in(w.admin)
    bill = w.entered(w.draft(w.commitment()), number="INV 12")
    for number in ("INV-12", "INV.12", "INV#12", "INV/12"):
        w.submitted(w.draft(w.commitment()), number=number)
        with CaptureQueriesContext(connection) as asked:
            assert "looks like INV-12, sent" in text_of(client.get(at(bill, "invoice-send")))
        counts.append(len(asked))
    assert len(set(counts)) == 1, counts


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_before_is_found_after_the_migration():
    """R128, 0038: each bill that has reserved a number, a deleted one too; a draft has none yet."""
    w = world()
    sent = [w.submitted(w.draft(w.commitment()), number=number) for number in ("INV-0012", "00700", "000")]
    deleted = deleting.delete(w.submitted(w.draft(w.commitment()), number="INV-0012-A"), reason="Twice", by=w.admin)
    draft = w.entered(w.draft(w.commitment()), number="INV 12")
    kept = dict(Invoice.objects.values_list("pk", "bare_number"))
    assert [kept[each.pk] for each in (*sent, deleted, draft)] == ["inv12", "7", "0", "inv12a", None]
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("invoicing", "0036_the_retainage_rule_of_an_invoice")])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert dict(Invoice.objects.values_list("pk", "bare_number")) == kept
    assert look_alikes(draft) == [sent[0]]
    for wrong in ({"status": "approved"}, {"listed_in": elsewhere(w).project}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Invoice.objects.filter(pk=draft.pk).update(**wrong)  # the triggers are still there
