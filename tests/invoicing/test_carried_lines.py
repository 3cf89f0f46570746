"""What the database carries on to a next invoice is, line by line, what the arithmetic starts one with (I-7, F9)."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoicing.actions import amounts, invoices
from invoicing.models import Commitment, Invoice, InvoiceLine
from invoicing.proof import HEADER, refresh_header
from invoicing.retainage import rule_of
from tests.factories import D, World, world

pytestmark = pytest.mark.django_db


def made(w: World, commitment: Commitment) -> Invoice:
    """Its next invoice, in a further period."""
    return invoices.create(commitment, w.period(date(2031, 1 + commitment.invoices.count(), 1)), by=w.second_admin)


def figures(line: InvoiceLine) -> dict:
    fields = InvoiceLine._meta.concrete_fields
    return {each.name: getattr(line, each.attname) for each in fields if not each.primary_key}


def agree(invoice: Invoice) -> None:
    """As stored and as worked out: each figure of each line, and the header."""
    invoice = Invoice.objects.with_context().get(pk=invoice.pk)
    stored, header = list(invoice.lines.all()), {name: getattr(invoice, name) for name in HEADER}
    worked = amounts._new_lines(invoice, amounts._with_lines_before(invoice, invoice.commitment.lines.billable()))
    assert [figures(line) for line in stored] == [figures(line) for line in worked]
    own = [each.schedule_line.position for each in worked if each.schedule_line.retainage_rate == rule_of(invoice).rate]
    assert list(rule_of(invoice).own) == own
    refresh_header(invoice, worked)
    assert header == {name: getattr(invoice, name) for name in HEADER}


def is_carried(w: World, commitment: Commitment) -> bool:
    """Whether the database makes the lines of the next invoice; they agree with the arithmetic in any case."""
    with CaptureQueriesContext(connection) as queries:
        invoice = made(w, commitment)
    agree(invoice)
    return any("SELECT" in each["sql"] and "AS planned" in each["sql"] for each in queries if "INSERT" in each["sql"])


@pytest.fixture
def w():
    return world()


@pytest.fixture
def agreed(w) -> Commitment:
    """Work and stored material billed and approved on two of three lines, one of them with a rate of its own."""
    lines = [w.line("Footings", "7000.01"), w.line("Slab", "29002.37", rate="2.5"), w.line("Curbs", "100.00")]
    commitment = w.commitment(lines=lines)
    bill = {"work_this_period": D("1000.33"), "stored_new": D("333.33")}
    w.approved(made(w, commitment), bill, {"work_this_period": D("0.07"), "stored_new": D("0.05")})
    return commitment


def test_a_first_invoice_has_nothing_to_carry(w):
    assert not is_carried(w, w.commitment())


def test_work_material_and_retainage_are_carried(w, agreed):
    assert is_carried(w, agreed)
    w.approved(agreed.invoices.last(), {"stored_moved": D("133.33"), "stored_new": D("50.00")})
    assert is_carried(w, agreed)


def test_what_was_released_is_carried_as_released(w, agreed):
    line = {"work_this_period": D("500.00"), "retainage_released": D("77.77")}
    w.approved(made(w, agreed), line, {"stored_moved": D("0.05")})
    assert is_carried(w, agreed)


def test_lines_of_a_change_order_join_in_and_those_of_a_waiting_one_do_not(w, agreed):
    w.change_order(agreed, [w.line("Rock", "-250.00"), w.line("More rock", "1250.00")])
    assert is_carried(w, agreed)
    assert agreed.invoices.last().net_change_orders == D("1000.00")
    assert agreed.invoices.last().lines.count() == 5


def test_a_new_rate_of_work_is_the_next_ones_and_changes_nothing_held(w, agreed):
    Commitment.objects.filter(pk=agreed.pk).update(retainage_rate=D("7.25"))
    assert is_carried(w, Commitment.objects.get(pk=agreed.pk))
    assert [line.work_retainage_rate for line in agreed.invoices.last().lines.all()] == [D("7.25"), D("2.5"), D("7.25")]


def test_a_new_rate_of_stored_material_is_worked_out(w, agreed):
    Commitment.objects.filter(pk=agreed.pk).update(stored_retainage_rate=D("3.33"))
    assert not is_carried(w, Commitment.objects.get(pk=agreed.pk))
    assert agreed.invoices.last().stored_retainage == D("11.10")


def test_a_typed_retainage_on_stored_material_is_worked_out(w, agreed):
    typed = {"stored_retainage": D("20.00"), "stored_retainage_is_typed": True}
    bill = w.entered(made(w, agreed), typed, by=w.admin)
    w.approved(bill, {})
    assert not is_carried(w, agreed)
    assert agreed.invoices.last().lines.first().stored_retainage == D("20.00")


def test_which_lines_have_the_rules_rate_as_their_own_is_kept_with_it(w):
    """5.6: also of the lines that a change order brings into a bill that stands."""
    commitment = w.commitment([w.line("Footings", "7000.01"), w.line("Slab", "29002.37", rate="10")])
    w.approved(made(w, commitment))
    assert is_carried(w, commitment)
    bill = commitment.invoices.latest("position")
    w.change_order(commitment, [w.line("Canopy", "7500.00", rate="10"), w.line("Ramp", "10.00")])
    assert rule_of(amounts.take_up_change_orders(bill, by=w.admin)).own == (2, 3)
