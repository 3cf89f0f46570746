"""Change orders: entered, moved, billable once approved and fast once billed (C-1, C-3, R44)."""

import itertools
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions import amounts, change_orders, invoices, reviews
from invoicing.actions.schedules import Schedule, change_schedule, rows_of
from invoicing.models import ChangeOrder, Commitment, Invoice
from invoicing.proof import identities_of, lines_of, stored_summary
from tests.astray import astray
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
S = ChangeOrder.Status
REACHED = {  # by these moves from a draft
    S.DRAFT: (),
    S.PENDING: ("send_for_approval",),
    S.APPROVED: ("approve",),
    S.REJECTED: ("send_for_approval", "reject"),
    S.NO_CHARGE: ("mark_no_charge",),
    S.VOID: ("void",),
}
ALLOWED = {
    S.DRAFT: {"send_for_approval", "approve", "mark_no_charge", "void"},
    S.PENDING: {"approve", "reject", "mark_no_charge", "back_to_draft", "void"},
    S.APPROVED: {"take_back"},
    S.REJECTED: {"back_to_draft", "void"},
    S.NO_CHARGE: {"back_to_draft", "void"},
    S.VOID: set(),
}


def entered(there, commitment, *amounts_, number="CO-1") -> ChangeOrder:
    lines = [there.line(f"Change {place}", amount) for place, amount in enumerate(amounts_, 1)]
    return change_orders.enter(commitment, number, "Canopy", lines, by=there.admin)


def moved(there, order, *names):
    for name in names:
        order = change_orders.move(order, name, by=there.admin, reason="As agreed")
    return order


def address(order, name="change-order", *more) -> str:
    commitment = order.commitment
    return reverse(name, args=[commitment.project.slug, commitment.number, order.pk, *more])


@pytest.mark.parametrize(("state", "name"), list(itertools.product(REACHED, change_orders.MOVES)))
def test_each_move_leads_from_where_it_may_and_from_nowhere_else(state, name):
    there = world()
    order = moved(there, entered(there, there.commitment(), "0.00"), *REACHED[state])
    assert order.status == state
    if name in ALLOWED[state]:
        moved(there, order, name)
    else:
        with pytest.raises(NotNow, match="no longer possible"):
            moved(there, order, name)


@pytest.mark.parametrize(("old", "new"), [("draft", "rejected"), ("void", "approved"), ("approved", "draft")])
def test_the_database_refuses_a_jump(old, new):
    """R39, R40."""
    there = world()
    order = moved(there, entered(there, there.commitment(), "0.00"), *REACHED[S(old)])
    with pytest.raises(DatabaseError), transaction.atomic():
        ChangeOrder.objects.filter(pk=order.pk).update(status=new)


def test_only_an_approved_one_counts_and_it_counts_once():
    there = world()
    commitment = there.commitment()
    before = commitment.original_contract_sum
    order = entered(there, commitment, "7500.00", "-1200.00")
    assert commitment.net_change_orders == 0 and commitment.lines.billable().count() == 2
    order = moved(there, order, "approve")
    assert commitment.net_change_orders == D("6300.00") and commitment.lines.billable().count() == 4
    assert commitment.original_contract_sum == before, "no twin on the schedule of values"
    with pytest.raises(NotNow):
        moved(there, order, "approve")
    assert commitment.lines.count() == 4
    assert order.approved_date == there.project.today


def test_once_billed_it_stays_approved():
    """C-3: also while the invoice is a draft, and after it was deleted."""
    there = world()
    commitment = there.commitment()
    order = moved(there, entered(there, commitment, "7500.00"), "approve")
    assert moved(there, order, "take_back").approved_date is None
    order = moved(there, order, "approve")
    there.draft(commitment)
    with pytest.raises(NotNow, match="Invoice 1 has its lines"):
        moved(there, order, "take_back")


def test_lines_of_an_approved_one_are_not_edited():
    """C-3."""
    there = world()
    commitment = there.commitment()
    order = moved(there, entered(there, commitment, "7500.00"), "approve")
    commitment.refresh_from_db()
    with pytest.raises(NotNow, match="Approved"):
        change_schedule(Schedule(commitment, order), [], version=commitment.version, by=there.admin)
    assert order.lines.count() == 1


def test_what_was_certified_stays_and_an_open_invoice_is_offered_the_lines():
    """R44, I-7: approving one while an invoice is open changes no certificate and breaks no identity for good."""
    there = world()
    commitment = there.commitment()
    first = there.approved(there.draft(commitment))
    certified = (first.original_contract_sum, first.net_change_orders, first.current_payment_due)
    there.project.billing_periods.get()
    second = there.draft(commitment, there.period(there.project.billing_periods.get().start_date.replace(year=2031)))
    moved(there, entered(there, commitment, "7500.00"), "approve")
    first.refresh_from_db()
    assert (first.original_contract_sum, first.net_change_orders, first.current_payment_due) == certified
    second = amounts.take_up_change_orders(second, by=there.contact)
    assert second.net_change_orders == D("7500.00")
    assert all(identity.holds for identity in identities_of(second) if identity.number == "N-2")


def test_an_invoice_that_lacks_an_approved_change_order_says_so_until_somebody_adds_or_ticks_it():
    """N-2: a warning where it is sent and where it is reviewed; what is certified is not asked any more."""
    there = world()
    commitment = there.commitment()
    invoice = there.entered(there.draft(commitment))
    moved(there, entered(there, commitment, "7500.00", "-500.00"), "approve")
    place = (commitment.project.slug, commitment.number, invoice.position)
    sending, client = reverse("invoice-send", args=place), signed_in(there.contact)
    assert "Change order CO-1, 7,000.00, was approved and is not on this invoice" in text_of(client.get(sending))
    typed = {"version": invoice.version}
    assert "Tick each check below that you have seen: N-2" in text_of(client.post(sending, typed))
    assert client.post(sending, typed | {"seen": ["N-2"]}).status_code == 302
    review, admin = reverse("invoice-review", args=place), signed_in(there.admin)
    assert "is not on this invoice" in text_of(admin.get(review))
    answer = admin.post(reverse("invoice-change-orders", args=place), follow=True)
    assert answer.redirect_chain[-1][0] == review and "is not on this invoice" not in text_of(answer)
    invoice.refresh_from_db()
    assert invoice.net_change_orders == D("7000.00")


def test_what_is_taken_up_stands_in_the_timeline_with_its_lines_and_what_it_made_of_line_2():
    """I-10: old and new values."""
    there = world()
    invoice = there.draft(there.commitment())
    moved(there, entered(there, invoice.commitment, "7500.00", "-500.00"), "approve")
    moved(there, entered(there, invoice.commitment, "100.00", number="CO-2"), "approve")
    amounts.take_up_change_orders(invoice, by=there.contact)
    assert Event.objects.about(invoice).get(verb="added change orders").changes == {
        "change orders": ["", "CO-1, CO-2"],
        "SOV-003 scheduled value": ["", "7500.00"],
        "SOV-004 scheduled value": ["", "-500.00"],
        "SOV-005 scheduled value": ["", "100.00"],
        "net_change_orders": ["0.00", "7100.00"],
    }
    page = signed_in(there.admin).get(at(invoice), {"show": "timeline"}).content.decode()
    assert "Line 3, scheduled value: <ins>7,500.00</ins>" in page and "Change orders: <ins>CO-1, CO-2</ins>" in page
    assert "Net change by change orders: <del>0.00</del> → <ins>7,100.00</ins>" in page


def test_taking_up_what_is_on_it_already_changes_and_records_nothing():
    """R119: no event without a change."""
    there = world()
    invoice = there.draft(there.commitment())
    moved(there, entered(there, invoice.commitment, "7500.00"), "approve")
    client, press = signed_in(there.contact), at(invoice, "invoice-change-orders")
    assert "lines are on it now" in text_of(client.post(press, follow=True))
    version = Invoice.objects.get(pk=invoice.pk).version
    said = text_of(client.post(press, follow=True))
    assert "Nothing was left to add" in said and "lines are on it now" not in said
    assert Invoice.objects.get(pk=invoice.pk).version == version
    assert Event.objects.about(invoice).filter(verb="added change orders").count() == 1


def test_an_admin_who_adds_the_lines_has_begun_the_review():
    there = world()
    invoice = there.submitted(there.draft(there.commitment()))
    moved(there, entered(there, invoice.commitment, "7500.00"), "approve")
    taken = amounts.take_up_change_orders(invoice, by=there.admin)
    with pytest.raises(NotNow, match="review has begun"):
        invoices.withdraw(taken, by=there.contact)


def test_a_change_order_approved_after_an_invoice_is_for_the_next_one():
    there = world()
    commitment = there.commitment()
    invoice = there.approved(there.draft(commitment))
    moved(there, entered(there, commitment, "7500.00"), "approve")
    assert all(identity.holds for identity in identities_of(invoice) if identity.number == "N-2")


def test_it_is_approved_with_lines_on_an_approved_commitment_only():
    there = world()
    with pytest.raises(NotNow, match="no lines"):
        moved(there, entered(there, there.commitment()), "approve")
    with pytest.raises(NotNow, match="Approve the commitment first"):
        moved(there, entered(there, there.commitment(moves=(), contact=False), "1.00"), "approve")


def test_no_charge_adds_up_to_nothing():
    there = world()
    with pytest.raises(NotNow, match="7,500.00"):
        moved(there, entered(there, there.commitment(), "7500.00"), "mark_no_charge")


@pytest.mark.parametrize("name", ["reject", "void", "take_back"])
def test_what_ends_it_needs_a_reason(name):
    there = world()
    before = {"reject": ("send_for_approval",), "void": (), "take_back": ("approve",)}[name]
    order = moved(there, entered(there, there.commitment(), "1.00"), *before)
    with pytest.raises(Refused) as refused:
        change_orders.move(order, name, by=there.admin, reason=" ")
    assert refused.value.field == "reason"


def test_standard_people_enter_drafts_and_admins_do_the_rest():
    there = world()
    someone = person("Stan Dard", there.company)
    set_level(someone, Tool.COMMITMENTS, there.project, Level.STANDARD, by=there.owner)
    commitment = there.commitment(is_private=False)
    order = change_orders.enter(commitment, "CO-1", "Canopy", [], by=someone)
    with pytest.raises(NotAllowed):
        change_orders.move(order, "send_for_approval", by=someone)
    with pytest.raises(NotAllowed):
        change_orders.enter(there.commitment(), "CO-2", "On a private one", [], by=someone)
    for other in (there.reader, there.contact):
        with pytest.raises(NotAllowed):
            change_orders.enter(commitment, "CO-3", "Canopy", [], by=other)


def test_a_number_is_used_once_whatever_its_case():
    there = world()
    commitment = there.commitment()
    entered(there, commitment)
    with pytest.raises(Refused) as refused:
        entered(there, commitment, number="co-1")
    assert refused.value.field == "number"


def test_nobody_decides_on_what_somebody_else_changed_meanwhile():
    there = world()
    commitment = there.commitment()
    order = entered(there, commitment, "1.00")
    commitment.refresh_from_db()
    looked_at = commitment.version
    change_schedule(Schedule(commitment, order), [], version=looked_at, by=there.second_admin)
    with pytest.raises(Stale):
        change_orders.move(order, "approve", by=there.admin, version=looked_at)


def test_lines_of_two_change_orders_never_share_a_place():
    there = world()
    commitment = there.commitment()
    one, other = entered(there, commitment, "1.00"), entered(there, commitment, "2.00", number="CO-2")
    commitment.refresh_from_db()
    wanted = [*rows_of(Schedule(commitment, one).lines)]
    change_schedule(Schedule(commitment, one), wanted * 1, version=commitment.version, by=there.admin)
    commitment.refresh_from_db()
    added = rows_of(Schedule(commitment, other).lines)
    change_schedule(Schedule(commitment, one), [], version=commitment.version, by=there.admin)
    assert rows_of(Schedule(commitment, other).lines) == added
    places = list(commitment.lines.values_list("position", flat=True))
    assert places == sorted(set(places))


def test_from_its_number_to_lines_that_are_billed_through_the_pages():
    there = world()
    commitment = there.commitment()
    client = signed_in(there.admin)
    new = reverse("change-order-new", args=[commitment.project.slug, commitment.number])
    assert 'value="CO-1"' in text_of(client.get(new))
    answer = client.post(new, {"number": "CO-1", "title": "Canopy"})
    order = ChangeOrder.objects.get()
    assert answer.url == address(order, "change-order-lines")
    client.post(address(order, "change-order-lines"), typed_line(commitment, amount="(1,250.00)"))
    commitment.refresh_from_db()
    page = text_of(client.get(address(order)))
    assert "−1,250.00" in page and "101,352.00" in page, "102,602.00 less 1,250.00"
    ask = text_of(client.get(address(order, "change-order-move", "approve")))
    assert "can be billed from the next invoice on" in ask
    client.post(address(order, "change-order-move", "approve"), {"version": commitment.version})
    assert commitment.net_change_orders == D("-1250.00")
    assert [event.verb for event in Event.objects.about(order)] == [
        "approved",
        "changed the schedule of values",
        "entered",
    ]


def test_what_is_wrong_with_a_change_order_is_said_at_its_field():
    there = world()
    commitment = there.commitment()
    client = signed_in(there.admin)
    new = reverse("change-order-new", args=[commitment.project.slug, commitment.number])
    for typed, words in (({"number": "", "title": "x"}, "required"), ({"number": "C" * 21, "title": "x"}, "20")):
        answer = client.post(new, typed)
        assert answer.status_code == 422 and words in text_of(answer)
    assert not ChangeOrder.objects.exists()
    assert Commitment.objects.get(pk=commitment.pk).version == commitment.version


def standard(there):
    someone = person("Stan Dard", there.company)
    set_level(someone, Tool.COMMITMENTS, there.project, Level.STANDARD, by=there.owner)
    return someone


def typed_line(commitment, **cells) -> dict:
    """What the editor's form sends for one new line."""
    commitment.refresh_from_db()
    row = {"line": "", "shown": "", "place": "1", "code": "03-100", "type": "Subcontract", "description": "Canopy"}
    row |= {"quantity": "", "unit": "", "price": "", "rate": "", "amount": "1250", "known": "", "end": "1"}
    return row | {"version": commitment.version} | cells


def test_whoever_enters_a_draft_gives_it_its_lines_until_it_is_pending():
    """1.2: Standard creates drafts; the rest is an Admin's."""
    there = world()
    stan, other = standard(there), standard(there)
    commitment = there.commitment(is_private=False)
    client = signed_in(stan)
    new = reverse("change-order-new", args=[commitment.project.slug, commitment.number])
    answer = client.post(new, {"number": "CO-1", "title": "Canopy"})
    order = ChangeOrder.objects.get()
    assert answer.url == address(order, "change-order-lines")
    assert client.post(answer.url, typed_line(commitment)).status_code == 302
    assert order.lines.get().amount == D("1250.00")
    page = text_of(client.get(address(order)))
    assert "Edit lines" in page and "Number and title" in page and "Mark as pending" not in page
    assert signed_in(other).post(answer.url, typed_line(commitment)).status_code == 403
    moved(there, order, "send_for_approval")
    assert "Edit lines" not in text_of(client.get(address(order)))
    commitment.refresh_from_db()
    with pytest.raises(NotAllowed):
        change_schedule(Schedule(commitment, order), [], version=commitment.version, by=stan)
    with pytest.raises(NotAllowed):
        change_orders.edit(order, "CO-1", "Mine", by=stan, version=commitment.version)


def test_a_draft_on_a_commitment_that_one_no_longer_sees_is_no_longer_ones_own():
    """P-2 comes before it."""
    there = world()
    stan = standard(there)
    commitment = there.commitment(is_private=False)
    order = change_orders.enter(commitment, "CO-1", "Canopy", [], by=stan)
    Commitment.objects.filter(pk=commitment.pk).update(is_private=True)
    commitment.refresh_from_db()
    with pytest.raises(NotAllowed):
        change_schedule(Schedule(commitment, order), [], version=commitment.version, by=stan)
    assert signed_in(stan).get(address(order, "change-order-lines")).status_code == 404


def test_a_title_typed_on_an_older_version_is_shown_beside_theirs_and_can_be_saved_knowingly():
    """I-5."""
    there = world()
    commitment = there.commitment()
    order = entered(there, commitment, "1.00")
    commitment.refresh_from_db()
    old = {"number": "CO-1", "title": "Mine", "version": commitment.version}
    change_orders.edit(order, "CO-1", "Theirs", by=there.second_admin, version=commitment.version)
    client = signed_in(there.admin)
    answer = client.post(address(order), old)
    page = text_of(answer)
    assert answer.status_code == 409 and "Save on top of theirs" in page
    assert '<td data-label="Stored now">Theirs</td><td data-label="Yours"><strong>Mine</strong>' in page
    order.refresh_from_db()
    assert order.title == "Theirs"
    again = {name: answer.context["form"][name].value() for name in old}
    assert client.post(address(order), again).status_code == 302
    order.refresh_from_db()
    assert order.title == "Mine"


def test_what_was_typed_is_shown_even_when_it_was_approved_meanwhile():
    there = world()
    commitment = there.commitment()
    order = entered(there, commitment, "1.00")
    commitment.refresh_from_db()
    old = {"number": "CO-1", "title": "Mine", "version": commitment.version}
    moved(there, order, "approve")
    answer = signed_in(there.admin).post(address(order), old)
    page = text_of(answer)
    assert answer.status_code == 409 and "can’t be changed any more" in page and "<strong>Mine</strong>" in page


def test_the_question_before_approval_draws_what_happens_to_the_contract_sum():
    there = world()
    commitment = there.commitment()
    client = signed_in(there.admin)
    order = entered(there, commitment, "7500.00", "-1200.00")
    asked = client.get(address(order, "change-order-move", "approve"))
    page = text_of(asked)
    effect = asked.context["effect"]
    assert (effect.before, effect.change, effect.after) == (D("102602.00"), D("6300.00"), D("108902.00"))
    assert "108,902.00" in page and 'aria-label="6.1 % of the contract sum now"' in page
    assert [part["amount"] for part in effect.parts] == [D("102602.00"), D("6300.00")]
    moved(there, order, "approve")
    back = client.get(address(order, "change-order-move", "take_back")).context["effect"]
    assert (back.before, back.after) == (D("108902.00"), D("102602.00"))
    assert [(part["label"], part["amount"]) for part in back.parts] == [
        ("What stays", D("102602.00")),
        ("Taken off", D("6300.00")),
    ]
    other = entered(there, commitment, "1.00", number="CO-2")
    assert client.get(address(other, "change-order-move", "void")).context["effect"] is None, "it changes no sum"


def test_an_approval_that_would_be_refused_is_not_offered():
    """U3: the question says why, and leads to the lines."""
    there = world()
    order = entered(there, there.commitment(), "-200000.00")
    page = signed_in(there.admin).get(address(order, "change-order-move", "approve")).content.decode()
    assert "would be −97,398.00" in page and "Open its lines" in page and 'form="move"' not in page


def test_the_commitment_adds_its_change_orders_up_by_status():
    there = world()
    commitment = there.commitment()
    for number, (amount, *moves) in enumerate(
        (
            ("7500.00", "approve"),
            ("-2000.00", "approve"),
            ("900.00", "send_for_approval"),
            ("-100.00", "send_for_approval"),
            ("5.00",),
        )
    ):
        moved(there, entered(there, commitment, amount, number=f"CO-{number}"), *moves)
    answer = signed_in(there.admin).get(reverse("commitment", args=[commitment.project.slug, commitment.number]))
    sums = answer.context["sums"]
    found = {
        each["order"].status: (each["count"], each["added"], each["taken"], each["net"]) for each in sums["by_status"]
    }
    assert found == {
        "approved": (2, D("7500.00"), D("-2000.00"), D("5500.00")),
        "pending": (2, D("900.00"), D("-100.00"), D("800.00")),
        "draft": (1, D("5.00"), D("0"), D("5.00")),
    }
    assert list(found) == ["approved", "pending", "draft"]
    assert sums["with_pending"] == D("108902.00") and "108,902.00" in text_of(answer)


def test_the_page_costs_the_same_for_few_and_many_lines(django_assert_max_num_queries):
    """F18: of a change order that was moved and is billed, beside others."""
    there = world()
    commitment = there.commitment()
    few = moved(there, entered(there, commitment, *["100.00"] * 10), "send_for_approval", "approve")
    many = moved(there, entered(there, commitment, *["100.00"] * 500, number="CO-2"), "send_for_approval", "approve")
    there.submitted(there.draft(commitment))
    client = signed_in(there.admin)
    client.get(address(few))
    with django_assert_max_num_queries(15) as asked:
        client.get(address(few))
    with django_assert_max_num_queries(len(asked)):
        client.get(address(many))


def test_contacts_learn_of_a_change_order_when_it_is_put_forward():
    """A draft is the company's own: not on their page, and its address answers as if there were none (P-8)."""
    there = world()
    commitment = there.commitment()
    order = entered(there, commitment, "900.00")
    pages = [
        reverse("commitment", args=[there.project.slug, commitment.number]),
        reverse("change-order", args=[there.project.slug, commitment.number, order.pk]),
    ]
    client = signed_in(there.contact)
    assert order.number not in text_of(client.get(pages[0])) and client.get(pages[1]).status_code == 404
    assert order.number in text_of(signed_in(there.admin).get(pages[0]))
    moved(there, order, "send_for_approval")
    assert order.number in text_of(client.get(pages[0])) and client.get(pages[1]).status_code == 200


@pytest.mark.parametrize(("moves", "is_seen"), [(["void"], False), (["send_for_approval", "void"], True)])
def test_what_was_never_put_forward_stays_the_companys_own_whatever_became_of_it(moves, is_seen):
    there = world()
    commitment = there.commitment()
    order = moved(there, entered(there, commitment, "-900.00"), *moves)
    page = signed_in(there.contact).get(reverse("commitment", args=[there.project.slug, commitment.number]))
    assert (order.number in text_of(page)) is is_seen


def test_the_certificate_counts_a_change_order_as_this_periods_once():
    """5.3: on the bill that brings it, whenever it was approved; on the next one it came before."""
    there = world()
    commitment = there.commitment()
    with time_machine.travel(datetime(2030, 6, 3, 12, tzinfo=UTC)):
        june = there.draft(commitment, there.period(date(2030, 6, 1)))
    with time_machine.travel(datetime(2030, 7, 2, 12, tzinfo=UTC)):
        there.change_order(commitment, [there.line("Extra", "500.00")])
        amounts.take_up_change_orders(june, by=there.admin)
        june = there.entered(Invoice.objects.get(pk=june.pk), by=there.second_admin)
        reviews.approve_the_rest(invoices.submit(june, by=there.second_admin), by=there.admin)
        june = invoices.approve(Invoice.objects.get(pk=june.pk), by=there.admin)
        july = there.draft(commitment, there.period(date(2030, 7, 1)))
    blocks = [stored_summary(each, lines_of(each)) for each in (june, Invoice.objects.get(pk=july.pk))]
    found = [(each.change_order_additions_this_period, each.change_order_additions_previous) for each in blocks]
    assert found == [(D("500.00"), D("0")), (D("0"), D("500.00"))]


def test_no_deduction_and_no_addition_taken_back_leaves_a_contract_sum_below_zero():
    there = world()
    commitment = there.commitment([there.line("All", "100.00")])
    addition = moved(there, entered(there, commitment, "50.00"), "approve")
    too_much = entered(there, commitment, "-150.01", number="CO-2")
    with pytest.raises(NotNow, match="contract sum to date would be −0.01"):
        change_orders.move(too_much, "approve", by=there.admin)
    moved(there, entered(there, commitment, "-150.00", number="CO-3"), "approve")
    with pytest.raises(NotNow, match="contract sum to date would be −50.00"):
        change_orders.move(addition, "take_back", by=there.admin, reason="Wrong")
    assert commitment.original_contract_sum + commitment.net_change_orders == D("0.00")


def test_a_reason_that_was_typed_on_an_older_page_is_not_lost():
    """9.10: the question comes back with the reason in it, and with what changed."""
    there = world()
    commitment = there.commitment()
    order = entered(there, commitment, "1.00")
    commitment.refresh_from_db()
    client, page = signed_in(there.admin), address(order, "change-order-move", "void")
    older = {"version": commitment.version, "reason": "Owner dropped the canopy"}
    change_schedule(Schedule(commitment, order), [], version=commitment.version, by=there.second_admin)
    again = client.post(page, older)
    assert again.status_code == 409 and "Owner dropped the canopy" in text_of(again) and 'form="move"' in text_of(again)
    assert client.post(page, older | {"version": again.context["form"]["version"].value()}).status_code == 302
    late = client.post(page, older)
    assert late.status_code == 409 and "no longer possible" in text_of(late)
    assert "Owner dropped the canopy" in text_of(late) and 'form="move">' not in text_of(late)


def test_where_a_move_is_refused_its_number_and_title_are_still_saved_to_its_own_page():
    there = world()
    order = entered(there, there.commitment(), "1.00")
    refused = signed_in(there.admin).post(address(order, "change-order-move", "approve"), {"version": 99})
    assert refused.status_code == 409 and "Number and title" in text_of(refused) and not astray(refused)


def test_nor_is_one_about_the_commitment_itself():
    there = world()
    commitment = there.commitment()
    older = {"version": commitment.version, "reason": "Vendor went out of business"}
    there.change_order(commitment, [there.line("Canopy", "1.00")])
    page = reverse("commitment-move", args=[there.project.slug, commitment.number, "terminate"])
    again = signed_in(there.admin).post(page, older)
    assert again.status_code == 409 and "Vendor went out of business" in text_of(again)
    newer = older | {"version": again.context["form"]["version"].value()}
    assert signed_in(there.admin).post(page, newer).status_code == 302
