"""Deleting the newest invoice and bringing it back (I-3): who may, what becomes of it, and what stands against it."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from directory.models import Event, Mail, Membership
from directory.refusals import NotNow, Refused
from invoicing.actions import amounts, attachments, commitment_moves, deleting, invoices, reviews
from invoicing.calculations import identities
from invoicing.models import Invoice, Verdict
from invoicing.proof import identities_of
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def press(person, invoice: Invoice, **typed):
    data = {"version": invoice.version, "reason": "", **typed}
    return signed_in(person).post(at(invoice, "invoice-delete"), data)


def bring_back(person, invoice: Invoice):
    commitment = invoice.commitment
    return signed_in(person).post(
        reverse("invoice-restore", args=[commitment.project.slug, commitment.number, invoice.pk]), follow=True
    )


def test_a_contact_deletes_a_draft_that_was_never_sent_and_starts_anew(w):
    draft = w.draft()
    assert "Delete…" in text_of(signed_in(w.contact).get(at(draft)))
    assert press(w.contact, draft).status_code == 302
    assert not Invoice.objects.live().exists() and Invoice.objects.get().deleted_at
    assert Event.objects.filter(verb="deleted", by=w.contact).exists()
    assert signed_in(w.contact).get(at(draft)).status_code == 404
    assert w.draft(draft.commitment, draft.billing_period).position == 1


def test_a_contact_deletes_nothing_that_was_sent(w):
    back = w.sent_back()
    page = signed_in(w.contact).get(at(back))
    assert "Delete…" not in text_of(page)
    assert "Ask the project team" in text_of(press(w.contact, back)) and Invoice.objects.live().count() == 1


def test_an_admin_says_why_and_the_contacts_are_told(w):
    sent = w.submitted()
    answer = press(w.admin, sent)
    assert answer.status_code == 422 and "Say why it is deleted" in text_of(answer)
    told = press(w.admin, sent, reason="Wrong commitment").wsgi_request
    assert f"{w.contact.name} ({w.contact.email}) gets a mail." in str(*get_messages(told))
    mail = Mail.objects.about(sent).filter(to=w.contact).latest("pk")
    assert "Wrong commitment" in mail.text and mail.reply_to == w.admin.email


def test_nobody_is_said_to_be_told_where_nobody_is(w):
    sent = w.submitted()
    Membership.objects.filter(person=w.contact).update(is_active=False)
    answer = press(w.admin, sent, reason="Wrong commitment").wsgi_request
    assert "Nobody gets a mail: the commitment has no invoice contact." in str(*get_messages(answer))


def test_only_the_newest_that_is_not_approved_is_deleted(w):
    first = w.approved()
    assert "Reopen its review first" in text_of(press(w.admin, first, reason="x"))
    w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    assert "Only the newest can change" in text_of(press(w.admin, first, reason="x"))
    assert Invoice.objects.live().count() == 2


def test_what_was_sent_to_accounting_is_not_deleted(w):
    sent = w.submitted()
    invoices.lock(sent)
    with pytest.raises(NotNow, match="Take it back first"):
        deleting.delete(sent, reason="x", by=w.admin)


def test_somebody_else_changed_it_in_between(w):
    """I-5."""
    draft = w.draft()
    answer = press(w.admin, draft, version=draft.version - 1, reason="x")
    assert answer.status_code == 409 and "Somebody changed this invoice" in text_of(answer)
    assert Invoice.objects.live().exists()


def test_an_admin_brings_it_back_as_it_was_and_the_next_one_goes_on_from_it(w):
    first = w.approved(None, {"work_this_period": D("100.00")})
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    second = w.entered(second, {"work_this_period": D("50.00")}, number="B-2")
    press(w.admin, second, reason="By mistake")
    board = text_of(signed_in(w.admin).get(reverse("commitment", args=[w.project.slug, first.commitment.number])))
    assert "number B-2, for July 2030 was deleted by Dana Cole" in board and "“By mistake”" in board
    assert "is back as it was" in text_of(bring_back(w.admin, second))
    second.refresh_from_db()
    assert second.deleted_at is None and second.previous == first and second.previous_certificates == D("90.00")
    assert second.total_completed_and_stored == D("150.00")
    assert Event.objects.filter(verb="restored").count() == 1
    bring_back(w.admin, second)  # a second click
    assert Event.objects.filter(verb="restored").count() == 1


def test_it_stays_deleted_once_its_place_is_taken(w):
    draft = w.draft()
    press(w.admin, draft, reason="Anew")
    w.draft(draft.commitment, draft.billing_period)
    answer = bring_back(w.admin, draft)
    assert answer.status_code == 409 and "was made anew" in text_of(answer)
    shown = signed_in(w.admin).get(reverse("commitment", args=[w.project.slug, draft.commitment.number]))
    assert "Bring it back" not in text_of(shown)


def test_it_stays_deleted_while_another_bill_has_its_number(w):
    """I-6."""
    first = w.submitted(number="A-1")
    press(w.admin, first, reason="Anew")
    w.submitted(w.draft(w.commitment(), first.billing_period), number="a-1")
    with pytest.raises(Refused, match="has the number A-1 by now"):
        deleting.restore(first, by=w.admin)


def test_nobody_but_an_admin_brings_one_back(w):
    draft = w.draft()
    press(w.contact, draft)
    assert bring_back(w.contact, draft).status_code in (403, 404)
    assert bring_back(w.reader, draft).status_code == 403
    commitment = draft.commitment
    nowhere = reverse("invoice-restore", args=[commitment.project.slug, commitment.number, draft.pk + 1])
    assert signed_in(w.admin).post(nowhere).status_code == 404
    assert Client().post(nowhere).status_code in (302, 404)


def test_a_deleted_number_is_free_again(w):
    """I-6."""
    first = w.submitted(number="A-1")
    press(w.admin, first, reason="Twice")
    assert w.submitted(w.draft(w.commitment(), first.billing_period), number="A-1").number == "A-1"


def test_nothing_more_happens_to_an_invoice_that_was_deleted_a_moment_ago(w):
    """I-3: whoever still has its page open is told."""
    sent = w.submitted()
    line = sent.lines.first()
    deleting.delete(sent, reason="Twice", by=w.admin)
    acts = (
        lambda: reviews.decide(line, Verdict.APPROVED, by=w.admin),
        lambda: amounts.take_up_change_orders(sent, by=w.admin),
        lambda: attachments.attach(sent, "proof.pdf", b"%PDF-1.4", by=w.contact),
    )
    for act in acts:
        with pytest.raises(NotNow, match="It was deleted meanwhile"):
            act()


def test_nothing_is_brought_back_to_a_commitment_that_has_ended(w):
    draft = deleting.delete(w.draft(), reason="Anew", by=w.admin)
    commitment_moves.move(draft.commitment, "terminate", by=w.admin, reason="Agreed")
    with pytest.raises(NotNow, match="is Terminated. Only .* is billed. Its deleted invoice stays deleted"):
        deleting.restore(draft, by=w.admin)


# What the invoice before it became meanwhile


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def changed_meanwhile(w, second: Invoice, figures: dict) -> Invoice:
    """The first of two, reopened, changed and approved again while the second is deleted."""
    deleting.delete(fresh(second), reason="By mistake", by=w.admin)
    first = invoices.reopen(fresh(second.commitment.invoices.get(position=1)), reason="Wrong amount", by=w.admin)
    line = first.lines.first()
    first = amounts.save_lines(first, {line.pk: figures}, by=w.admin, version=first.version)
    reviews.approve_the_rest(first, by=w.second_admin)
    return invoices.approve(fresh(first), by=w.second_admin)


def test_what_comes_back_goes_on_from_what_the_invoice_before_it_is_now(w):
    """N-1, N-6, N-7: its previous amounts are taken anew, and one event says which; so it can be sent."""
    first = w.approved()
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    second = w.entered(second, {"work_this_period": D("500.00")})
    first = changed_meanwhile(w, second, {"work_this_period": D("900.00"), "allowed_reason": "Not all of it"})
    assert "taken anew from invoice 1" in text_of(bring_back(w.admin, second))
    second = fresh(second)
    assert second.previous_certificates == first.earned_less_retainage == D("810.00")
    assert second.total_completed_and_stored == D("1400.00") and second.current_payment_due == D("450.00")
    [told] = Event.objects.about(second).filter(verb="restored")
    assert told.changes["previous certificates"] == ["900.00", "810.00"]
    key = second.lines.first().schedule_line.key
    assert told.changes[f"{key} work previous"] == ["1000.00", "900.00"]
    assert not identities.errors(identities_of(second))
    reviews.approve_the_rest(invoices.submit(second, by=w.contact), by=w.admin)
    assert invoices.approve(fresh(second), by=w.admin).is_certified


def test_it_stays_deleted_while_the_invoice_before_it_is_open_again(w):
    """I-3, I-7: it goes on from an approved one."""
    first = w.approved()
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    deleting.delete(fresh(second), reason="By mistake", by=w.admin)
    invoices.reopen(fresh(first), reason="Wrong amount", by=w.admin)
    with pytest.raises(NotNow, match="Invoice 1 is Under Review. Approve it first"):
        deleting.restore(fresh(second), by=w.admin)


@pytest.mark.parametrize(("typed", "held"), [({}, "15.00"), ({"stored_retainage": D("12.00")}, "12.00")])
def test_retainage_that_was_typed_on_stored_material_is_as_it_was_and_worked_out_else(w, typed, held):
    """N-1, N-5: the first one's material becomes less while the second is deleted."""
    first = w.approved(None, {"stored_new": D("200.00")})
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    w.entered(second, typed and {**typed, "stored_retainage_is_typed": True}, by=w.admin)
    changed_meanwhile(w, second, {"stored_new": D("150.00"), "allowed_reason": "Not all of it"})
    line = deleting.restore(fresh(second), by=w.admin).lines.first()
    assert (line.stored_previous, line.stored_retainage_previous) == (D("150.00"), D("15.00"))
    assert (line.stored_retainage, line.stored_retainage_is_typed) == (D(held), bool(typed))


def test_of_a_sent_one_only_the_lines_that_are_others_are_open_again(w):
    """I-8: what was decided on other previous amounts is looked at again."""
    first = w.approved(None, {"work_this_period": D("1000.00")}, {"work_this_period": D("1000.00")})
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    second = w.submitted(second, {"work_this_period": D("500.00")}, {"work_this_period": D("500.00")})
    reviews.approve_the_rest(second, by=w.admin)
    changed_meanwhile(w, second, {"work_this_period": D("900.00"), "allowed_reason": "Not all of it"})
    second = deleting.restore(fresh(second), by=w.admin)
    assert [line.verdict for line in second.lines.order_by("pk")] == [Verdict.NONE, Verdict.APPROVED]
    assert not identities.errors(identities_of(fresh(second)))


def test_a_line_that_the_invoice_before_it_took_up_meanwhile_comes_along(w):
    first = w.approved()
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    deleting.delete(fresh(second), reason="By mistake", by=w.admin)
    first = invoices.reopen(fresh(first), reason="The change order is missing", by=w.admin)
    w.change_order(first.commitment, [w.line("Extra work", "200.00")])
    first = amounts.take_up_change_orders(first, by=w.admin)
    extra = first.lines.get(schedule_line__description="Extra work")
    amounts.save_lines(first, {extra.pk: {"work_this_period": D("200.00")}}, by=w.admin, version=first.version)
    reviews.approve_the_rest(fresh(first), by=w.second_admin)
    invoices.approve_as_noted(fresh(first), by=w.second_admin, comment="With the change order")
    second = deleting.restore(fresh(second), by=w.admin)
    assert second.lines.get(schedule_line__description="Extra work").work_previous == D("200.00")
    assert not identities.errors(identities_of(fresh(second)))


def test_nothing_is_said_to_be_taken_anew_where_nothing_changed(w):
    first = w.approved()
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    deleting.delete(fresh(second), reason="By mistake", by=w.admin)
    assert "taken anew" not in text_of(bring_back(w.admin, second))
    assert not Event.objects.about(second).get(verb="restored").changes


def test_the_remedy_that_a_stale_previous_amount_names_is_one(w):
    """N-1: what the sentence says to do mends it."""
    first = w.approved()
    second = w.draft(first.commitment, w.period(first.period_start_date.replace(month=7)))
    second.lines.filter(work_previous=D("1000.00")).update(work_previous=D("900.00"))
    [said] = [each for each in identities.errors(identities_of(fresh(second))) if each.number == "N-1"]
    assert "delete this invoice and bring it back" in said.sentence
    deleting.delete(fresh(second), reason="Its previous amounts are old", by=w.admin)
    deleting.restore(fresh(second), by=w.admin)
    assert not identities.errors(identities_of(fresh(second)))
