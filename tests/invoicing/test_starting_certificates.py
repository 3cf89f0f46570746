"""Mid-job start: what was billed elsewhere is loaded as a whole, proved, and the next invoice goes on from it."""

import csv
import io
import re
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.actions.grants import set_level
from directory.downloads import XLSX
from directory.models import Event, Vendor
from directory.models.events import subject_name
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import (
    change_orders,
    commitment_moves,
    commitments,
    retainage,
    starting_certificates,
    starting_proofs,
)
from invoicing.actions.starting_proofs import Controls, LoadedChangeOrder, LoadedCommitment, LoadedLine
from invoicing.calculations import identities
from invoicing.calculations.money import ZERO
from invoicing.calculations.retainage import RetainageStep
from invoicing.models import Commitment, StartingCertificate
from invoicing.proof import identities_of, lines_of, summary_of
from invoicing.retainage import rules_of
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db

FILE = """Commitment,Title,Vendor,Retainage %,Held of stored %,Cost code,Description,Scheduled value,Work completed,\
Materials stored,Work retainage,Stored retainage
SC-90,Roofing,Acme Concrete,10,8,03-100,Insulation,"60,000.00","45,000.00","4,000.00","4,500.00",400.00
SC-90,,,,,03-100,Flashing,"10,000.00",0,0,0,0
SC-91,Painting,ACME CONCRETE,5,,03-100,All floors,"20,000.00","20,000.00",,"1,000.00",
"""
BOOKS = {"as_of": "2026-05-31", "scheduled": "90,000.00", "billed": "69,000.00", "retained": "5,900.00"}


def loaded(there, number="SC-90", **first) -> LoadedCommitment:
    lines = (
        LoadedLine(
            **{
                "row": 2,
                "cost_code": there.cost_code().code,
                "cost_type": 4,
                "description": "Insulation",
                "scheduled_value": D("60000.00"),
                "work_completed": D("45000.00"),
                "stored": D("4000.00"),
                "work_retainage": D("4500.00"),
                "stored_retainage": D("400.00"),
            }
            | first
        ),
        LoadedLine(row=3, cost_code="03-100", cost_type=4, description="Flashing", scheduled_value=D("10000.00")),
    )
    return LoadedCommitment(number=number, title="Roofing", vendor=there.vendor, retainage_rate=D(10), lines=lines)


def load(there, *commitments, by=None, as_of=date(2026, 5, 31), controls=None):
    controls = controls or Controls.of(commitments)
    return starting_certificates.load(there.project, commitments, controls, as_of=as_of, by=by or there.admin)


def started(there):
    [certificate] = load(there, loaded(there))
    commitment = certificate.commitment
    commitment.invoice_contacts.create(person=there.contact, added_by=there.admin)
    return commitment


def address(there, name="commitments-start") -> str:
    return reverse(name, args=[there.project.slug])


def sent(there, client, content: str, **books):
    return client.post(address(there), BOOKS | books | {"file": SimpleUploadedFile("open.csv", content.encode())})


def test_the_first_invoice_goes_on_from_what_was_certified():
    there = world()
    commitment = started(there)
    assert commitment.status == Commitment.Status.APPROVED
    invoice = there.draft(commitment, by=there.admin)
    first, second = invoice.lines.all()
    assert (first.work_previous, first.stored_previous) == (D("45000.00"), D("4000.00"))
    assert (first.work_retainage_previous, first.stored_retainage_previous) == (D("4500.00"), D("400.00"))
    assert second.work_previous == ZERO
    assert invoice.previous_certificates == D("44100.00"), "49,000.00 less 4,900.00"
    assert invoice.current_payment_due == ZERO, "on an invoice on which nobody did anything"
    invoice = there.entered(invoice, {"work_this_period": D("5000.00"), "stored_moved": D("4000.00")}, by=there.admin)
    assert invoice.total_completed_and_stored == D("54000.00")
    assert invoice.current_payment_due == D("4500.00"), "5,000.00 less 10 %"
    assert not identities.errors(identities_of(invoice)), "every identity ties"


def test_a_final_release_ends_at_nothing_held():
    """R54."""
    there = world()
    commitment = started(there)
    invoice = there.draft(commitment, by=there.admin)
    release = {"retainage_released": D("4500.00"), "stored_retainage": ZERO, "stored_retainage_is_typed": True}
    invoice = there.entered(invoice, release, by=there.admin)
    assert invoice.total_retainage == ZERO and invoice.current_payment_due == D("4900.00")
    assert not identities.errors(identities_of(invoice))


def test_accounting_gets_the_change_since_the_start_only():
    """6.3: what was billed elsewhere is not billed again."""
    there = world()
    invoice = there.draft(started(there), by=there.admin)
    assert there.entered(invoice, {"work_this_period": D("1000.00")}, by=there.admin).gross_this_period == D("1000.00")


def test_the_commitment_counts_as_billed_before_its_first_invoice():
    there = world()
    commitment = started(there)
    client = signed_in(there.admin)
    page = text_of(client.get(reverse("commitment", args=[there.project.slug, commitment.number])))
    assert "49,000.00" in page and "21,000.00" in page and "4,900.00" in page
    assert "49,000.00" in text_of(client.get(reverse("commitments", args=[there.project.slug])))


@pytest.mark.parametrize(
    ("first", "column"),
    [
        ({"work_completed": D("56000.01")}, "work_completed"),
        ({"work_completed": D("-5000.00"), "work_retainage": ZERO}, "work_completed"),
        ({"stored": D("-1.00"), "stored_retainage": ZERO}, "stored"),
        ({"work_retainage": D("45000.01")}, "work_retainage"),
        ({"stored_retainage": D("4000.01")}, "stored_retainage"),
        ({"scheduled_value": D("-70000.00")}, "scheduled_value"),
    ],
)
def test_what_no_invoice_could_go_on_from_is_refused_and_nothing_is_kept(first, column):
    there = world()
    wrong, good = loaded(there, **first), loaded(there, "SC-91")
    proof = starting_proofs.prove(there.project, [wrong, good], Controls.of([wrong, good]))
    assert column in {each.column for each in proof.problems}
    with pytest.raises(Refused):
        load(there, good, wrong)
    assert not Commitment.objects.exists()


@pytest.mark.parametrize("name", ["scheduled", "billed", "retained"])
def test_a_cent_off_the_books_loads_nothing(name):
    there = world()
    one = loaded(there)
    books = Controls.of([one])
    off = replace(books, **{name: getattr(books, name) + D("0.01")})
    [difference] = starting_proofs.prove(there.project, [one], off).differences
    assert difference[1] - difference[2] == D("0.01")
    with pytest.raises(Refused):
        load(there, one, controls=off)
    assert not StartingCertificate.objects.exists()


def test_a_number_that_is_taken_a_day_to_come_and_anybody_but_an_admin_are_refused():
    there = world()
    load(there, loaded(there))
    with pytest.raises(Refused):
        load(there, loaded(there, "sc-90"))
    with pytest.raises(Refused) as refused:
        load(there, loaded(there, "SC-91"), as_of=there.project.today.replace(year=2099))
    assert refused.value.field == "as_of"
    with pytest.raises(NotAllowed):
        load(there, loaded(there, "SC-91"), by=there.reader)
    assert Commitment.objects.count() == 1


def test_what_was_billed_elsewhere_keeps_the_commitment_agreed():
    """C-1."""
    there = world()
    with pytest.raises(NotNow, match="has been billed"):
        commitment_moves.move(started(there), "reopen", by=there.admin, reason="A typing error")


def test_it_is_told_on_each_commitment():
    there = world()
    commitment = started(there)
    verbs = [event.verb for event in Event.objects.about(commitment)]
    assert verbs == ["started in the middle of the job", "approved", "entered"]


def changed_twice(there, number="SC-90") -> LoadedCommitment:
    """With two change orders, of one line and of two."""
    extra = [replace(loaded(there).lines[1], row=row, work_completed=D("10.00")) for row in (4, 5, 6)]
    orders = (
        LoadedChangeOrder(number="CO-2", title="Skylights", lines=tuple(extra[:1])),
        LoadedChangeOrder(number="CO-1", title="Gutters", lines=tuple(extra[1:])),
    )
    return replace(loaded(there, number), change_orders=orders)


def test_a_load_of_many_asks_and_writes_as_often_as_a_load_of_few(django_assert_max_num_queries):
    """200 commitments with 1,000 change orders took half a minute, in which the project was held."""
    there, other = world(), world()
    with CaptureQueriesContext(connection) as asked:
        load(there, *(changed_twice(there, f"SC-{n}") for n in range(2)))
    many = [changed_twice(other, f"SC-{n}") for n in range(60)]
    with django_assert_max_num_queries(len(asked) + 40):  # SQLite takes a hundred rows or so in a statement
        certificates = load(other, *many)
    assert [each.commitment.number for each in certificates] == [each.number for each in many]
    last = Commitment.objects.get(project=other.project, number="SC-59")
    told = [(line.position, line.change_order and line.change_order.number) for line in last.lines.all()]
    assert told == [(1, None), (2, None), (3, "CO-2"), (4, "CO-1"), (5, "CO-1")]
    billed = [line.work_completed for line in last.starting_certificate.lines.order_by("schedule_line__position")]
    assert billed == [D("45000.00"), ZERO, D("10.00"), D("10.00"), D("10.00")]


def test_each_commitment_and_change_order_is_told_as_if_it_had_been_entered_and_approved_by_itself():
    there = world()
    [certificate] = load(there, changed_twice(there))
    commitment = certificate.commitment
    orders = {order.number: order for order in commitment.change_orders.all()}
    told = Event.objects.about(commitment, *orders.values()).order_by("pk")
    named = {subject_name(order): number for number, order in orders.items()} | {subject_name(commitment): "SC-90"}
    assert [(named[each.subject], each.verb, each.from_state, each.to_state) for each in told] == [
        ("SC-90", "entered", "", "draft"),
        ("SC-90", "approved", "draft", "approved"),
        ("CO-2", "entered", "", "draft"),
        ("CO-2", "approved", "draft", "approved"),
        ("CO-1", "entered", "", "draft"),
        ("CO-1", "approved", "draft", "approved"),
        ("SC-90", "started in the middle of the job", "", ""),
    ]
    assert {each.by for each in told} == {there.admin} and all(each.project == there.project for each in told)
    stored = Commitment.objects.get(pk=commitment.pk)
    assert (stored.status, stored.version, stored.created_by) == ("approved", commitment.version, there.admin)
    with pytest.raises(NotNow, match="starting certificate"):
        change_orders.move(orders["CO-1"], "take_back", by=there.admin, reason="A slip")  # C-3


def with_orders(one: LoadedCommitment, **other) -> LoadedCommitment:
    first, second = one.change_orders
    return replace(one, change_orders=(first, replace(second, **other)))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda there, one: with_orders(one, number="co-2"), "Two change orders of SC-91 have the number co-2"),
        (lambda there, one: with_orders(one, number="9" * 21), "at most 20 characters"),
        (lambda there, one: with_orders(one, title=" "), "cannot be blank"),
        (lambda there, one: with_orders(one, lines=()), "CO-1 has no lines"),
        (lambda there, one: replace(one, number="sc-90"), "Two commitments have the number sc-90"),
        (lambda there, one: replace(one, number="SC 91"), "Use letters, digits, dots"),
        (lambda there, one: replace(one, title=""), "cannot be blank"),
        (lambda there, one: replace(one, retainage_rate=D(101)), "between 0 and 100"),
        (lambda there, one: replace(one, vendor=world().vendor), "vendor of this company"),
        (lambda there, one: replace(one, lines=(replace(one.lines[0], cost_code="77"),)), "“77” is no cost code"),
    ],
)
def test_what_entering_each_by_itself_would_refuse_is_refused_and_nothing_is_kept(wrong, words):
    there = world()
    one = wrong(there, changed_twice(there, "SC-91"))
    with pytest.raises((Refused, NotNow), match=words):
        load(there, changed_twice(there), one)
    assert not Commitment.objects.exists() and not Event.objects.filter(verb="entered").exists()


def test_a_vendor_or_a_cost_code_put_aside_since_the_file_was_read_is_refused():
    there = world()
    one = loaded(there)
    there.company.cost_codes.update(is_active=False)
    with pytest.raises(Refused, match="no cost code in use"):
        load(there, one)
    there.company.cost_codes.update(is_active=True)
    Vendor.objects.filter(pk=there.vendor.pk).update(is_active=False)
    with pytest.raises(NotNow, match="deactivated in the directory"):
        load(there, one)
    assert not Commitment.objects.exists()


def test_a_number_that_somebody_takes_while_it_is_proved_is_refused_with_its_remedy(monkeypatch):
    there = world()
    there.commitment(number="SC-90", contact=False)
    holds = starting_proofs.Proof(lines=2)
    monkeypatch.setattr(starting_certificates, "prove", lambda *given: holds)
    with pytest.raises(Refused, match="Somebody took one of the numbers meanwhile"):
        load(there, loaded(there, "sc-90"))
    assert Commitment.objects.count() == 1


@pytest.mark.parametrize("scale", [(), (RetainageStep(rate=D(10), until_amount=D("100.00")), RetainageStep(rate=D(5)))])
def test_a_first_bill_claims_no_rate_of_last_time(scale):
    """N-13: nobody knows at which rates was held before; the rule may change while the bill is open, or be a step."""
    there = world()
    [certificate] = load(there, loaded(there))
    commitment = certificate.commitment
    commitments.add_contact(commitment, there.contact, by=there.admin)
    if scale:
        set_work_rate(there, commitment, steps=scale)
    bill = there.draft(commitment)
    if not scale:
        set_work_rate(there, commitment, work_rate=D(5))
    bill.refresh_from_db()
    assert not [each for each in identities.warnings(identities_of(bill)) if each.number == "N-13"]


def set_work_rate(there, commitment, **changes):
    rules = replace(rules_of(commitment), **changes)
    held = commitment.holds_stored_retainage
    return retainage.set_rules(commitment, rules, holds_stored=held, version=commitment.version, by=there.admin)


# The pages


def test_from_a_file_that_proves_to_commitments_that_go_on():
    there = world()
    there.cost_code()
    client = signed_in(there.admin)
    page = sent(there, client, FILE)
    text = text_of(page)
    assert page.status_code == 200 and "It proves to the cent." in text and "69,000.00" in text
    assert not Commitment.objects.exists(), "proving keeps nothing"
    form = BOOKS | {"rows": page.context["rows"]}
    assert client.post(address(there), form).status_code == 302
    assert list(Commitment.objects.values_list("number", flat=True)) == ["SC-90", "SC-91"]
    painting = StartingCertificate.objects.get(commitment__number="SC-91")
    assert (painting.total_completed_and_stored, painting.total_retainage) == (D("20000.00"), D("1000.00"))
    again = client.post(address(there), form)
    assert again.status_code == 422 and Commitment.objects.count() == 2, "a second press loads nothing twice"


def test_books_that_differ_are_shown_beside_the_file():
    there = world()
    there.cost_code()
    page = sent(there, signed_in(there.admin), FILE, billed="69,000.01")
    text = text_of(page)
    assert page.status_code == 422
    assert "Billed to date: 69,000.01 by the books, 69,000.00 in the file, 0.01 too little" in text
    assert "Load" not in text.split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Insulation", "", "Say in 200 characters"),
        ("03-100,Flashing", "99-999,Flashing", "no cost code in use"),
        ('"45,000.00"', "45O00", "45O00"),
        ("SC-90,Roofing,Acme Concrete", "SC-90,Roofing,Nobody Inc", "no active vendor"),
        ("SC-90,Roofing", "SC 90,Roofing", "Use letters, digits"),
        (",10,8,03", ",110,8,03", "from 0 to 100"),
        (",10,8,03", ",0.1,8,03", "D2</strong> “0.1” is 0.1 %, and a spreadsheet keeps 10 % as that number"),
        (",10,8,03", ",10,.08,03", "E2</strong> “.08” is 0.08 %"),
        ("SC-90,,,,,03", "SC-90,,Bolt,,,03", "Row 2 says"),
    ],
)
def test_a_bad_cell_is_named_as_the_spreadsheet_names_it(old, new, words):
    there = world()
    there.cost_code()
    page = sent(there, signed_in(there.admin), FILE.replace(old, new, 1))
    assert page.status_code == 422 and words in text_of(page)
    assert not Commitment.objects.exists()


def test_a_later_row_may_say_the_same_in_other_words():
    there = world()
    there.cost_code()
    there.vendor.number = "V-7"
    there.vendor.save()
    same = FILE.replace("SC-90,,,,,03", "sc-90,ROOFING,ACME concrete,10.0,8 %,03")
    client = signed_in(there.admin)
    assert "It proves to the cent." in text_of(sent(there, client, same))
    assert "It proves to the cent." in text_of(sent(there, client, same.replace("ACME concrete", "v-7")))
    kinds = FILE.replace("Commitment,", "Commitment,Kind,").replace("SC-91,", "SC-91,,")
    kinds = kinds.replace("SC-90,Roofing", "SC-90,PO,Roofing").replace("SC-90,,", "SC-90,Purchase order,,")
    assert "It proves to the cent." in text_of(sent(there, client, kinds))
    for old, new in (("10.0", "9"), ("10.0", "0.1"), ("ROOFING", "Roofs"), ("8 %", "0"), ("ACME concrete", "Acme")):
        assert "Row 2 says" in text_of(sent(there, client, same.replace(old, new)))


def test_rows_that_were_not_shown_load_nothing():
    there = world()
    answer = signed_in(there.admin).post(address(there), BOOKS | {"rows": "made:up:rows"}, follow=True)
    assert "Upload the file again" in text_of(answer) and not Commitment.objects.exists()


def test_a_percentage_of_a_spreadsheet_is_asked_for_again_and_both_rates_are_seen_before_they_are_loaded():
    """5.4: Excel shows 10 % and keeps 0.1; 0.1 % held on every bill would be found too late."""
    there = world()
    there.cost_code()
    client = signed_in(there.admin)
    book = openpyxl.Workbook()
    for row in csv.reader(FILE.splitlines()):
        book.active.append(row)
    book.active["D2"].value, book.active["D2"].number_format = 0.1, "0%"
    out = io.BytesIO()
    book.save(out)
    page = client.post(address(there), BOOKS | {"file": SimpleUploadedFile("open.xlsx", out.getvalue(), XLSX)})
    assert page.status_code == 422 and "D2</strong> “0.1” is 0.1 %" in text_of(page)
    text = text_of(sent(there, client, FILE.replace("Concrete,10,8", "Concrete,10%,8 %")))
    assert "10 % of work, 8 % of stored" in text and "5 % of work</td>" in text


def test_another_companys_vendor_is_not_found():
    there = world()
    there.cost_code()
    Vendor.objects.create(company=world("Other Builders").company, name="Foreign Roofs")
    page = sent(there, signed_in(there.admin), FILE.replace("Acme Concrete", "Foreign Roofs"))
    assert "no active vendor" in text_of(page)


def test_what_the_next_bills_hold_is_said_in_the_file_and_held_from_then_on():
    """5.4: nothing said is not nothing held."""
    there = world()
    there.cost_code()
    client = signed_in(there.admin)
    without_work, without_stored = FILE.replace("Concrete,10,8,", "Concrete,,8,"), FILE.replace(",10,8,", ",10,,")
    assert "what its next bills hold of their work" in text_of(sent(there, client, without_work))
    assert "held on stored materials: say" in text_of(sent(there, client, without_stored))
    page = text_of(client.get(address(there)))
    assert "Retainage % optional" not in page and "needed where retainage is held on stored materials" in page
    reading = text_of(sent(there, client, FILE))
    assert "hold of their work" not in reading and "held on stored" not in reading


def test_a_loaded_commitment_holds_of_stored_materials_what_the_file_says():
    there = world()
    [with_rate] = load(there, replace(loaded(there), stored_retainage_rate=D(8)))
    assert with_rate.commitment.holds_stored_retainage and with_rate.commitment.stored_retainage_rate == 8
    [without] = load(there, loaded(there, number="SC-77"))
    assert not without.commitment.holds_stored_retainage


# Change orders, purchase orders and quantities

WHOLE = """Commitment,Kind,Vendor,Retainage %,Change order,Change order title,Cost code,Description,Quantity,Unit,\
Unit price,Scheduled value,Work completed,Work retainage
SC-90,,Acme Concrete,10,,,03-100,Roofing,,,,"60,000.00","30,000.00","3,000.00"
SC-90,,,,CO-1,Skylights,03-100,Frames,,,,"8,000.00","2,000.00",200.00
SC-90,,,,,,03-100,Gravel,100,t,25.50,,510.00,51.00
SC-90,,,,co-1,,03-100,Glass,,,,"1,000.00",0,0
SC-90,,,,CO-2,,03-100,No flashing,,,,"-500.00",0,0
PO-7,Purchase order,Acme Concrete,0,,,03-100,Bolts,40,box,12.25,490.00,245.00,0
"""
OF_WHOLE = {"as_of": "2026-05-31", "scheduled": "71,540.00", "billed": "32,755.00", "retained": "3,251.00"}


def loaded_from(there, content: str, **books):
    there.cost_code()
    client = signed_in(there.admin)
    page = sent(there, client, content, **OF_WHOLE | books)
    assert page.status_code == 200, text_of(page)
    client.post(address(there), OF_WHOLE | books | {"rows": page.context["rows"]})
    return page


def test_change_orders_come_as_such_so_that_lines_1_and_2_are_the_books():
    there = world()
    page = text_of(loaded_from(there, WHOLE))
    assert "62,550.00" in page and "8,500.00" in page, "told apart before anything is loaded"
    roof = Commitment.objects.get(number="SC-90")
    orders = [(order.number, order.title, order.status, order.approved_date) for order in roof.change_orders.all()]
    day = date(2026, 5, 31)
    assert orders == [("CO-1", "Skylights", "approved", day), ("CO-2", "CO-2", "approved", day)]
    invoice = there.draft(roof, by=there.admin)
    assert (invoice.original_contract_sum, invoice.net_change_orders) == (D("62550.00"), D("8500.00"))
    assert not identities.errors(identities_of(invoice))
    previous = {line.schedule_line.description: line.work_previous for line in invoice.lines.all()}
    assert previous == {
        "Roofing": D("30000.00"),
        "Gravel": D("510.00"),
        "Frames": D("2000.00"),
        "Glass": ZERO,
        "No flashing": ZERO,
    }
    block = summary_of(invoice, lines_of(invoice))
    assert block.change_order_additions_previous == D("9000.00"), "not of this period: that was before the start"
    assert block.change_order_deductions_previous == D("500.00")


def test_a_line_of_quantities_keeps_its_unit_price_and_a_purchase_order_its_kind():
    there = world()
    loaded_from(there, WHOLE)
    bolts = Commitment.objects.get(number="PO-7")
    assert (bolts.kind, bolts.status, bolts.is_unit_based) == ("purchase_order", "approved", True)
    gravel = Commitment.objects.get(number="SC-90").lines.get(description="Gravel")
    assert (gravel.quantity, gravel.unit, gravel.unit_price, gravel.amount) == (D(100), "t", D("25.5"), D("2550.00"))
    assert gravel.starting_line.quantity_previous == 20


def test_a_change_order_of_the_start_stays_approved():
    """C-3."""
    there = world()
    loaded_from(there, WHOLE)
    order = Commitment.objects.get(number="SC-90").change_orders.first()
    with pytest.raises(NotNow, match="starting certificate"):
        change_orders.move(order, "take_back", by=there.admin, reason="A typing error")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("PO-7,Purchase order", "PO-7,Barter", "no kind of commitment"),
        ("PO-7,Purchase order", "SC-90,Purchase order", "Row 2 says"),
        ("co-1,,03", "co-1,Windows,03", "Row 3 says"),
        ("SC-90,,,,,,03", "SC-90,,,,,Gravel,03", "Give the change order its number"),
        ("100,t,25.50", "100,t,", "It goes with the quantity"),
        ("100,t,25.50", ",t,25.50", "It goes with the unit price"),
        ("100,t,25.50", "1OO,t,25.50", "1OO"),
        ("100,t,25.50", f"100,{21 * 't'},25.50", "Use 20 at most"),
        ("490.00", "491.00", "Quantity times unit price is 490.00"),
        ("CO-2", "C" * 21, "20 characters"),
        ("Concrete,0,,,", "Concrete,0,CO-9,,", "Every row of it names a change order"),
    ],
)
def test_a_row_that_says_two_things_is_named(old, new, words):
    there = world()
    there.cost_code()
    page = sent(there, signed_in(there.admin), WHOLE.replace(old, new, 1), **OF_WHOLE)
    assert page.status_code == 422 and words in text_of(page)
    assert not Commitment.objects.exists()


def test_a_file_without_a_line_proves_nothing():
    there = world()
    zero = {"scheduled": "0", "billed": "0", "retained": "0"}
    page = sent(there, signed_in(there.admin), FILE.split("\n", 1)[0] + "\n , \n", **zero)
    assert page.status_code == 422 and "no row under the headings" in text_of(page)
    assert "proves to the cent" not in text_of(page)
    nothing = Controls.of([])
    assert not starting_proofs.prove(there.project, [], nothing).holds
    with pytest.raises(Refused, match="no line to load"):
        load(there, controls=nothing)


def test_more_lines_than_one_load_takes_are_refused_with_the_number(monkeypatch):
    there = world()
    there.cost_code()
    monkeypatch.setattr(starting_proofs, "MOST_LINES", 2)
    page = sent(there, signed_in(there.admin), FILE)
    assert page.status_code == 422 and "It has 3 lines; 2 are loaded at once" in text_of(page)
    with pytest.raises(Refused, match="4 lines"):
        load(there, loaded(there), loaded(there, "SC-91"))


def test_one_schedule_takes_as_many_lines_as_its_editor(monkeypatch):
    there = world()
    monkeypatch.setattr(starting_proofs, "MOST_LINES_OF_A_SCHEDULE", 1)
    one = loaded(there)
    [problem] = starting_proofs.prove(there.project, [one], Controls.of([one])).problems
    assert "1 lines at most; this one has 2" in problem.words


@pytest.mark.parametrize("name", ["commitments-start-workbook", "schedule-workbook", "cost-codes-workbook"])
def test_every_workbook_is_given_away_as_a_file(name):
    """R104: to be kept, and never opened as a page of this site."""
    there = world()
    set_level(there.admin, Tool.COMPANY_DIRECTORY, there.company, Level.READ_ONLY, by=there.owner)
    commitment = there.commitment()
    slug = there.project.slug
    places = {"schedule-workbook": [slug, commitment.number], "cost-codes-workbook": [there.company.slug]}
    answer = signed_in(there.admin).get(reverse(name, args=places.get(name, [slug])))
    assert answer["Content-Type"] == XLSX and answer["Content-Disposition"].endswith('.xlsx"')
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]


def test_change_orders_that_take_off_more_than_the_contract_are_named_before_they_are_loaded():
    there = world()
    one = changed_twice(there)
    taken_off = replace(one.change_orders[0].lines[0], scheduled_value=D("-90000.01"), work_completed=ZERO)
    one = replace(one, change_orders=(replace(one.change_orders[0], lines=(taken_off,)), one.change_orders[1]))
    assert one.original_sum + one.changes_sum == D("-0.01")
    [problem] = starting_proofs.prove(there.project, [one], Controls.of([one])).problems
    assert (problem.column, "take off more than the original" in problem.words) == ("scheduled_value", True)
    with pytest.raises(Refused):
        load(there, one)
    assert not Commitment.objects.exists()


def test_a_day_to_come_is_refused_when_it_is_proved_and_beside_its_field():
    there = world()
    there.cost_code()
    page = sent(there, signed_in(there.admin), FILE, as_of="2999-01-31")
    assert page.status_code == 422 and "That day has not come yet" in page.context["form"].errors["as_of"][0]
    assert "It proves" not in text_of(page)


def test_what_was_loaded_can_be_read_line_by_line_ever_after():
    there = world()
    commitment = load(there, loaded(there))[0].commitment
    commitments.add_contact(commitment, there.contact, by=there.admin)
    for someone in (there.admin, there.contact):
        client = signed_in(someone)
        page = text_of(client.get(reverse("commitment", args=[there.project.slug, commitment.number])))
        assert "work until Sun 31 May 2026 · billed 49,000.00 · retained 4,900.00" in page
        assert re.search(r"1 Insulation</th>.*?>45,000\.00<.*?>4,000\.00<.*?>4,500\.00<.*?>400\.00<", page)
        assert "goes on from the starting certificate" in page and "Nothing billed yet" not in page
