"""Retainage rules of a commitment: sliding scales, own rates, and what they would have held (5.6)."""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from pypdf import PdfReader

from directory.models import Event
from directory.refusals import NotAllowed, Refused, Stale
from invoicing.actions import amounts, commitment_moves, commitments, retainage, starting_certificates
from invoicing.actions.starting_proofs import Controls, LoadedCommitment, LoadedLine
from invoicing.calculations.money import ZERO
from invoicing.calculations.replay import RetainageRules
from invoicing.calculations.retainage import RetainageStep, StepBasis
from invoicing.forms.retainage import RetainageForm
from invoicing.models import Invoice, ScaleStep
from invoicing.retainage import had_been_on, rules_of
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db

TEN_THEN_FIVE = (
    RetainageStep(rate=D(10), until_percent=D(5)),
    RetainageStep(rate=D(5), until_amount=D("7000.00")),
)


def made():
    """100,000.00 under contract, 10 % held on work and on stored material."""
    there = world()
    lines = [there.line("Footings", "60000.00"), there.line("Slab", "40000.00")]
    return there, there.commitment(lines=lines)


def set_scale(there, commitment, steps=TEN_THEN_FIVE, **changes):
    commitment.refresh_from_db()
    rules = replace(rules_of(commitment), steps=steps, **changes)
    return retainage.set_rules(
        commitment, rules, holds_stored=commitment.holds_stored_retainage, version=commitment.version, by=there.admin
    )


def entered(there, commitment, *figures: dict):
    """The next month's invoice, approved, with these figures on its lines."""
    month = there.project.billing_periods.count() + 1
    return there.approved(there.draft(commitment, there.period(date(2030, month, 1))), *figures)


def billed(there, commitment, *work: str):
    return entered(there, commitment, *({"work_this_period": D(amount)} for amount in work))


def address(commitment) -> str:
    return reverse("commitment-retainage", args=[commitment.project.slug, commitment.number])


def test_each_invoice_holds_the_rate_of_the_step_that_was_not_full_when_it_started():
    there, commitment = made()
    set_scale(there, commitment)
    first = billed(there, commitment, "50000.00", "0.00")
    second = billed(there, commitment, "10000.00", "10000.00")
    third = billed(there, commitment, "0.00", "20000.00")
    fourth = billed(there, commitment, "0.00", "10000.00")
    assert [each.retainage_newly_held for each in (first, second, third, fourth)] == [
        D("5000.00"),
        D("1000.00"),
        D("1000.00"),
        ZERO,
    ]


def told_of(there, invoice) -> list:
    """Certificate and explanation: all that says by which rule it holds."""
    client = signed_in(there.admin)
    document = client.get(at(invoice, "invoice-certificate")).content
    return [document, client.get(at(invoice, "invoice-line", 1)).context["columns"]]


def words_of_certificate(document: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages).split())


LATER = (RetainageStep(rate=D(10), until_amount=D("900.00")), RetainageStep(rate=D(3)))


@pytest.mark.parametrize("newer", [(), LATER])
def test_what_was_certified_says_its_rule_in_the_same_words_whatever_the_rules_became(newer):
    """5.6: new rules touch new invoices only. Decision 17: the same invoice gives the same bytes."""
    there, commitment = made()
    set_scale(there, commitment)
    first = billed(there, commitment, "50000.00", "0.00")
    second = billed(there, commitment, "10000.00", "10000.00")
    before = [told_of(there, invoice) for invoice in (first, second)]
    scale = "Sliding scale: 10 % until 5 % of the original contract sum is held, then 5 % until 7,000.00 is held"
    assert all(scale in words_of_certificate(document) for document, _ in before)
    [held] = [each for each in before[1][1] if each.column.letter == "WR"]
    assert held.sentences[1] == (
        "5 % was step 2 of the sliding scale when this invoice was started: 5 % until 7,000.00 is held. "
        "Held before this invoice: 5,000.00."
    )
    set_scale(there, commitment, newer, work_rate=D("7"), stored_rate=D("2"), own_rates={"SOV-001": D("5")})
    assert [told_of(there, invoice) for invoice in (first, second)] == before


def test_a_line_that_had_the_same_rate_of_its_own_goes_on_saying_so():
    """By the number alone it would say the scale, or the commitment, gave it."""
    there, commitment = made()
    set_scale(there, commitment, (RetainageStep(rate=D(5)),), own_rates={"SOV-001": D("5")})
    invoice = billed(there, commitment, "50000.00", "0.00")
    set_scale(there, commitment, (), work_rate=D("5"), own_rates={})
    client = signed_in(there.admin)
    said = [client.get(at(invoice, "invoice-line", number)).content.decode() for number in (1, 2)]
    assert ["this line’s own rate" in each for each in said] == [True, False]
    assert ["step 1 of the sliding scale" in each for each in said] == [False, True]


def test_what_was_certified_without_a_scale_names_none_that_came_later():
    there, commitment = made()
    invoice = billed(there, commitment, "50000.00", "0.00")
    before = told_of(there, invoice)
    set_scale(there, commitment)
    assert told_of(there, invoice) == before and "Sliding scale" not in words_of_certificate(before[0])


def test_of_an_invoice_from_before_rules_were_kept_a_scale_is_named_where_it_explains_the_rate():
    there, commitment = made()
    set_scale(there, commitment, (RetainageStep(rate=D(10), until_percent=D(5), basis=StepBasis.REVISED),))
    billed(there, commitment, "50000.00", "0.00")
    invoice = billed(there, commitment, "10000.00", "0.00")
    Invoice.objects.filter(pk=invoice.pk).update(retainage_rule=None)
    before = words_of_certificate(told_of(there, invoice)[0])
    assert "Sliding scale: 10 % until" in before
    there.change_order(commitment, [there.line("Extra", "900000.00")])
    assert words_of_certificate(told_of(there, invoice)[0]) == before, "its own contract sums count"
    set_scale(there, commitment, (RetainageStep(rate=D(4)),))
    document, columns = told_of(there, invoice)
    assert "Sliding scale" not in words_of_certificate(document)
    [held] = [each for each in columns if each.column.letter == "WR"]
    assert "0 % was the rate when this invoice was started." in held.sentences


def test_a_line_that_comes_later_takes_the_rule_that_its_invoice_was_started_under():
    """5.6: new rules touch new invoices only, and an invoice has one rule (decision 12)."""
    there, commitment = made()
    draft = there.draft(commitment)
    there.change_order(commitment, [there.line("Extra", "5000.00")])
    set_scale(there, commitment, (), work_rate=D("3"), stored_rate=D("2"))
    amounts.take_up_change_orders(draft, by=there.contact)
    assert {(line.work_retainage_rate, line.stored_retainage_rate) for line in draft.lines.all()} == {(D(10), D(10))}
    assert draft.lines.count() == 3


def test_a_release_does_not_start_a_step_again():
    there, commitment = made()
    set_scale(there, commitment)
    billed(there, commitment, "50000.00", "0.00")
    entered(there, commitment, {"retainage_released": D("5000.00")})
    assert billed(there, commitment, "10000.00", "0.00").retainage_newly_held == D("500.00")


def test_new_rules_leave_invoices_that_exist_as_they_are():
    there, commitment = made()
    invoice = there.entered(there.draft(commitment), {"work_this_period": D("10000.00")})
    set_scale(there, commitment, steps=(), work_rate=D(5))
    invoice.refresh_from_db()
    assert {line.work_retainage_rate for line in invoice.lines.all()} == {D(10)}
    assert invoice.retainage_newly_held == D("1000.00")


def test_a_rate_of_its_own_stands_before_the_scale_and_0_is_a_rate():
    there, commitment = made()
    set_scale(there, commitment, own_rates={"SOV-001": D(0)})
    invoice = there.draft(commitment)
    assert [line.work_retainage_rate for line in invoice.lines.all()] == [D(0), D(10)]


def test_the_revised_sum_counts_approved_change_orders():
    there, commitment = made()
    there.change_order(commitment, [there.line("Canopy", "20000.00")])
    set_scale(there, commitment, steps=(replace(TEN_THEN_FIVE[0], basis=StepBasis.REVISED), TEN_THEN_FIVE[1]))
    billed(there, commitment, "50000.00", "0.00")
    assert billed(there, commitment, "10000.00", "0.00").retainage_newly_held == D("1000.00"), "6,000.00 is 5 % now"


def test_what_a_rule_would_have_held_is_worked_out_over_all_invoices_without_typed_amounts_and_releases():
    there, commitment = made()
    billed(there, commitment, "50000.00", "0.00")
    entered(there, commitment, {"work_this_period": D("10000.00"), "retainage_released": D("2000.00")})
    invoices = list(commitment.invoices.order_by("position"))
    rules = replace(rules_of(commitment), steps=TEN_THEN_FIVE)
    compared = had_been_on(rules, invoices)
    assert [(each.held, each.would.newly_held, each.difference) for each in compared] == [
        (D("5000.00"), D("5000.00"), ZERO),
        (D("1000.00"), D("500.00"), D("-500.00")),
    ]
    assert [each.difference for each in had_been_on(rules_of(commitment), invoices)] == [ZERO, ZERO]


def test_stored_material_is_held_once_when_it_moves_under_the_rules_tried():
    there, commitment = made()
    entered(there, commitment, {"stored_new": D("4000.00")})
    entered(there, commitment, {"stored_moved": D("4000.00")})
    rules = RetainageRules(work_rate=D(5), stored_rate=D(5))
    compared = had_been_on(rules, list(commitment.invoices.order_by("position")))
    assert [each.would.newly_held for each in compared] == [D("200.00"), ZERO]


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ((RetainageStep(rate=D(10)), RetainageStep(rate=D(5))), "step_1_until"),
        ((TEN_THEN_FIVE[0], RetainageStep(rate=D(5), until_percent=D(5))), "step_2_until"),
        ((TEN_THEN_FIVE[0], RetainageStep(rate=D(5), until_amount=D("5000.00"))), "step_2_until"),
    ],
)
def test_a_step_that_could_never_hold_is_refused(steps, field):
    there, commitment = made()
    with pytest.raises(Refused) as refused:
        set_scale(there, commitment, steps=steps)
    assert refused.value.field == field
    assert not commitment.scale_steps.exists()


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ((RetainageStep(rate=D(0)),), "step_1_rate"),
        ((RetainageStep(rate=D(0), until_percent=D(5)), RetainageStep(rate=D(5))), "step_1_rate"),
        (
            (TEN_THEN_FIVE[0], RetainageStep(rate=D(0), until_percent=D(6)), RetainageStep(rate=D(5))),
            "step_2_rate",
        ),
        ((RetainageStep(rate=D(10), until_percent=D(0)), RetainageStep(rate=D(5))), "step_1_until"),
    ],
)
def test_a_step_that_holds_nothing_stands_at_the_end_only(steps, field):
    there, commitment = made()
    with pytest.raises(Refused) as refused:
        set_scale(there, commitment, steps=steps)
    assert refused.value.field == field and not commitment.scale_steps.exists()
    set_scale(there, commitment, steps=(*TEN_THEN_FIVE, RetainageStep(rate=D(0))))
    assert commitment.scale_steps.count() == 3


def test_a_first_step_of_nothing_is_refused_at_its_field_on_the_page():
    there, commitment = made()
    answer = signed_in(there.admin).post(address(commitment), typed(commitment, step_1_rate="0"))
    assert answer.status_code == 422 and "begins with 0 %" in text_of(answer)


OVER = pytest.mark.parametrize(
    ("kind", "moves", "words"),
    [
        ("subcontract", ("void",), "Void"),
        ("subcontract", ("terminate",), "Terminated"),
        ("purchase_order", ("close",), "Closed"),
    ],
)


@OVER
def test_a_commitment_that_is_over_takes_no_rules(kind, moves, words):
    there = world()
    commitment = there.commitment(kind=kind, moves=("approve", *moves), contact=False)
    answer = signed_in(there.admin).post(address(commitment), typed(commitment, work_rate="8"))
    assert answer.status_code == 409 and f"The commitment is {words}" in text_of(answer)
    assert 'value="8"' in answer.content.decode(), "and what was typed stays"
    assert signed_in(there.admin).post(address(commitment), typed(commitment, then="preview")).status_code == 409
    commitment.refresh_from_db()
    assert commitment.retainage_rate == 10


@OVER
def test_the_rules_of_a_commitment_that_is_over_are_there_to_be_read(kind, moves, words):
    there = world()
    lines = [there.line("Footings", "9000.00"), there.line("Slab", "900.00", rate="7.5")]
    commitment = there.commitment(lines, kind=kind, moves=("approve",), contact=False)
    client, page = signed_in(there.admin), reverse("commitment", args=[commitment.project.slug, commitment.number])
    assert f'{address(commitment)}">Change' in text_of(client.get(page))
    assert 'form="retainage"' in text_of(client.get(address(commitment)))
    commitment_moves.move(commitment, *moves, by=there.admin, reason="It ends")
    assert address(commitment) not in text_of(client.get(page))
    text = text_of(client.get(address(commitment)))
    assert f"The commitment is {words}" in text and "<dd>10 %</dd>" in text
    assert "2 Slab</dt><dd>7.5 % of its own" in text and 'form="retainage"' not in text and "<input class" not in text


def test_only_an_admin_sets_the_rules_and_only_on_what_they_looked_at():
    there, commitment = made()
    rules = rules_of(commitment)
    with pytest.raises(NotAllowed):
        retainage.set_rules(commitment, rules, holds_stored=True, version=commitment.version, by=there.reader)
    with pytest.raises(Stale):
        retainage.set_rules(commitment, rules, holds_stored=True, version=commitment.version + 1, by=there.admin)


def test_every_change_is_told_in_one_event_and_saving_the_same_again_tells_nothing():
    there, commitment = made()
    set_scale(there, commitment, work_rate=D("7.5"), own_rates={"SOV-002": D(0)})
    [event] = Event.objects.about(commitment).filter(verb="set retainage")
    assert event.changes == {
        "retainage_rate": ["10", "7.5"],
        "sliding scale": ["", "10 % until 5 % of the original contract sum is held, then 5 % until 7,000.00 is held"],
        "SOV-002 own retainage": ["", "0"],
    }
    set_scale(there, commitment)
    assert Event.objects.about(commitment).filter(verb="set retainage").count() == 1


def test_the_database_refuses_a_sixth_step_and_two_ends():
    _, commitment = made()
    for wrong in ({"position": 6}, {"position": 1, "until_percent": D(5), "until_amount": D("1.00")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ScaleStep.objects.create(commitment=commitment, rate=D(5), **wrong)


def typed(commitment, **changes) -> dict:
    fields = {
        "version": commitment.version,
        "work_rate": "10",
        "holds_stored": "on",
        "stored_rate": "10",
        "step_1_rate": "10",
        "step_1_until": "5",
        "step_1_end": "original",
        "step_2_rate": "5",
        "step_2_until": "$7,000",
        "step_2_end": "amount",
    }
    return fields | changes


def test_an_admin_previews_and_then_saves_a_scale():
    there, commitment = made()
    billed(there, commitment, "60000.00", "0.00")
    billed(there, commitment, "0.00", "10000.00")
    client, page = signed_in(there.admin), address(commitment)
    text = text_of(client.post(page, typed(commitment, then="preview")))
    assert "Had this rule been on" in text and "-500.00" in text.replace("−", "-")
    assert not commitment.scale_steps.exists(), "a preview saves nothing"
    assert client.post(page, typed(commitment)).status_code == 302
    assert [str(step.as_step()) for step in commitment.scale_steps.all()] == [str(step) for step in TEN_THEN_FIVE]
    assert "7,000.00" in text_of(client.get(page))


def test_a_scale_that_would_never_step_down_is_said_before_and_after_it_is_saved():
    """5.6: until 50 % complete is often meant, and typed as 50 % held, which 10 % never reaches."""
    there, commitment = made()
    client, page = signed_in(there.admin), address(commitment)
    never = typed(commitment, step_1_until="50", step_2_until="", step_2_end="end")
    words = "Step 1 ends once 50,000.00 is held, but 10,000.00 is the most it comes to: it never steps down."
    text = text_of(client.post(page, never | {"then": "preview"}))
    assert words in text and "People often mean 50 % complete: that is 5 % held." in text
    saved = text_of(client.post(page, never, follow=True))
    assert words in saved and "It counts from the next invoice on" in saved, "it is a question, and no refusal"
    assert words in text_of(client.get(page))
    commitment.refresh_from_db()
    assert "never steps down" not in text_of(client.post(page, typed(commitment), follow=True))
    assert "never steps down" not in text_of(client.get(page))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"work_rate": "101"}, "from 0 to 100"),
        ({"work_rate": ""}, "required"),
        ({"stored_rate": ""}, "Say how much of stored materials is held"),
        ({"step_1_until": ""}, "Say until how much is held"),
        ({"step_2_rate": ""}, "Say how much is held in this step"),
        ({"step_2_until": "12O0"}, "12O0"),
        ({"step_2_until": "0"}, "above zero"),
        ({"step_2_end": "end"}, "no limit"),
        (
            {"step_1_rate": "", "step_1_until": "", "step_3_rate": "5", "step_3_end": "amount", "step_3_until": "1"},
            "higher",
        ),
    ],
)
def test_what_is_no_rule_is_refused_at_its_field_and_what_was_typed_stays(changes, words):
    there, commitment = made()
    answer = signed_in(there.admin).post(address(commitment), typed(commitment, **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="$7,000"' in answer.content.decode() or "step_2_until" in changes
    assert not commitment.scale_steps.exists()


def test_a_rate_of_a_lines_own_that_is_none_is_named_and_what_was_typed_stays():
    there, commitment = made()
    first, second = commitment.lines.all()
    form = typed(commitment) | {f"own_{first.pk}": " 5 % ", f"own_{second.pk}": "<101>"}
    answer = signed_in(there.admin).post(address(commitment), form)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Own rate of line 2:" in page
    assert 'value="5 %"' in page and 'value="&lt;101&gt;"' in page and page.count('aria-invalid="true"') == 1
    assert not commitment.lines.exclude(retainage_rate=None).exists()
    form |= {f"own_{second.pk}": "0"}
    assert signed_in(there.admin).post(address(commitment), form).status_code == 302
    assert list(commitment.lines.values_list("retainage_rate", flat=True)) == [5, 0]


def test_the_form_has_as_many_fields_for_500_lines_as_for_one():
    there = world()
    forms = [
        RetainageForm(commitment, list(commitment.lines.all()), rules_of(commitment))
        for commitment in (there.commitment([there.line("One", "2000.00")] * count) for count in (1, 500))
    ]
    assert len(forms[0].fields) == len(forms[1].fields) and len(forms[1].own) == 500


def test_somebody_elses_save_in_between_is_shown_beside_what_was_typed():
    there, commitment = made()
    old = typed(commitment, work_rate="8")
    set_scale(there, commitment, steps=(), work_rate=D(6))
    answer = signed_in(there.second_admin).post(address(commitment), old)
    assert answer.status_code == 409
    assert "6 %" in text_of(answer) and 'value="8"' in text_of(answer)


def test_the_page_costs_the_same_for_few_and_many_lines_and_invoices(django_assert_max_num_queries):
    """F18: with a scale, rates of their own, and bills."""
    there = world()
    few = there.commitment([there.line(f"Line {n}", "10000.00", rate="5") for n in range(10)])
    many = there.commitment([there.line(f"Line {n}", "200.00", rate="5") for n in range(500)])
    client = signed_in(there.admin)
    for commitment, months in ((few, (1,)), (many, (2, 3, 4))):
        set_scale(there, commitment)
        for month in months:
            there.approved(there.draft(commitment, there.period(date(2030, month, 1))), {"work_this_period": D(50)})
    short, long = address(few), address(many)
    with django_assert_max_num_queries(15) as asked:
        client.get(short)
    with django_assert_max_num_queries(len(asked)):
        client.get(long)


def test_what_other_rules_would_have_held_starts_from_what_was_held_when_the_job_came_here():
    there = world()
    at_hand = {"row": 2, "cost_code": there.cost_code().code, "cost_type": 4, "description": "Roof"}
    at_hand |= {"scheduled_value": D("100000.00"), "work_completed": D("48000.00"), "stored": D("4000.00")}
    line = LoadedLine(**at_hand, work_retainage=D("4800.00"), stored_retainage=D("400.00"))
    roof = LoadedCommitment(
        number="SC-90",
        title="Roof",
        vendor=there.vendor,
        retainage_rate=D(10),
        stored_retainage_rate=D(10),
        lines=(line,),
    )
    [start] = starting_certificates.load(
        there.project, [roof], Controls.of([roof]), as_of=date(2026, 5, 31), by=there.admin
    )
    commitments.add_contact(start.commitment, there.contact, by=there.admin)
    billed(there, start.commitment, "10000.00")
    page = signed_in(there.admin).post(address(start.commitment), typed(start.commitment, then="preview"))
    [compared] = page.context["comparisons"]
    assert compared.would.work_rate == 5, "5,200.00 is held: the step of 10 % until 5,000.00 is full"
    assert compared.would.newly_held == D("500.00"), "of stored material nothing is held a second time"
    assert compared.difference == D("-500.00")


def test_a_limit_is_not_called_a_rate_and_both_mistakes_of_a_step_are_named():
    """U4."""
    there, commitment = made()
    wrong = typed(commitment, step_1_rate="101", step_1_until="-1", step_1_end="original")
    errors = signed_in(there.admin).post(address(commitment), wrong).context["form"].errors
    assert "not a rate" in errors["step_1_rate"][0]
    assert "no part of the contract sum" in errors["step_1_until"][0]


def test_a_scale_that_steps_down_on_many_lines_asks_for_one_tick():
    """N-13, 5.6: each of the lines holds another rate, and that is one thing to look at."""
    there = world()
    commitment = there.commitment(lines=[there.line(f"Area {n}", "1000.00") for n in range(40)])
    set_scale(there, commitment)
    billed(there, commitment, *["500.00"] * 40)
    second = there.draft(commitment, there.period(date(2030, 7, 1)))
    second = there.entered(second, *[{"work_this_period": D("10.00")}] * 40)
    page = signed_in(there.contact).get(at(second, "invoice-send"))
    [(warning, name, _)] = page.context["warnings"]
    assert name == "N-13 work at 5 % instead of 10 % on 40 lines"
    assert (warning.line_key, warning.expected, warning.found, warning.difference) == ("", D(10), D(5), D(-5))
    assert "40 lines hold work retainage at 5 % instead of 10 % last time: " in text_of(page)
    assert "and 37 more. Tick if that is meant." in text_of(page)
    told = {"version": second.version, "number": "A-2"}
    again = signed_in(there.contact).post(at(second, "invoice-send"), told)
    assert again.status_code == 422 and Invoice.objects.get(pk=second.pk).status == "draft"
    signed_in(there.contact).post(at(second, "invoice-send"), told | {"seen": name})
    assert Invoice.objects.get(pk=second.pk).status == "under_review"
    desk = signed_in(there.admin).get(at(second, "invoice-review"))
    assert [each.name for each in desk.context["header_broken"]] == [name]
    assert "warnings seen" in Event.objects.filter(verb="sent for review").latest("pk").changes
