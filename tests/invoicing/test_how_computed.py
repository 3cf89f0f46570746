"""“How was this computed” on every money cell of a line, and of every column's total (5.2, 5.6)."""

import re

import pytest

from directory.models import Vendor
from invoicing.actions import amounts, invoices
from invoicing.labels import LINE_COLUMNS
from invoicing.models import Commitment, Invoice, ScaleStep
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of
from tests.invoicing.test_starting_certificates import started

pytestmark = pytest.mark.django_db


def cells(response) -> dict[str, tuple[str, str]]:
    """{symbol: (amount, how)} as the page lists them."""
    return {each.column.letter: (each.figure, " ".join(each.sentences)) for each in response.context["columns"]}


def how(who, invoice, place=1, **headers) -> dict[str, tuple[str, str]]:
    return cells(signed_in(who).get(at(invoice, "invoice-line", place), **headers))


def typed(w, invoice, by=None, **figures):
    return amounts.save_lines(invoice, {invoice.lines.first().pk: figures}, by=by or w.admin, version=invoice.version)


def test_every_column_of_a_line_says_what_it_is_and_how_it_came_with_its_numbers():
    w = world()
    invoice = w.entered(None, {"work_this_period": D("1000.00"), "stored_new": D("400.00")})
    page = signed_in(w.admin).get(at(invoice, "invoice-line", 1))
    told = cells(page)
    assert set(column.letter for column in LINE_COLUMNS) <= set(told)
    assert told["C"] == ("73,600.00", "Line 1 of the schedule of values.")
    assert told["A"][1] == "This is the first invoice of the commitment, so nothing came before."
    assert told["PF"] == ("0.00", "This is the first invoice of the commitment, so nothing came before.")
    assert told["B"][0] == "1,000.00" and told["B"][1].startswith("Typed by Lee Park on ")
    assert told["F"] == ("400.00", "0.00 previous balance + 400.00 new material = 400.00.")
    assert told["T %"] == ("1.90 %", "1,400.00 ÷ 73,600.00 = 1.9 %.")
    assert told["H"] == ("72,200.00", "73,600.00 scheduled − 1,400.00 = 72,200.00.")
    assert told["WR"][1] == (
        "10 % of 1,000.00 work and moved material = 100.00, rounded half-up. "
        "10 % was the commitment’s rate when this invoice was started."
    )
    assert told["TR"][0] == "140.00"
    assert "A + B + M + F" in text_of(page)


def test_amounts_before_name_the_invoice_they_come_from():
    w = world()
    first = w.approved(None, {"work_this_period": D("1000.00"), "stored_new": D("400.00")}, number="K-7")
    second = w.draft(first.commitment, w.period(w.project.billing_periods.get().start_date.replace(month=7)))
    told = how(w.admin, second)
    assert told["A"] == (
        "1,000.00",
        "From invoice 1 (K-7): work to date 1,000.00 (0.00 before it, 1,000.00 in its period, "
        "0.00 moved from storage).",
    )
    assert told["PF"] == ("400.00", "From invoice 1 (K-7): 400.00 presently stored.")
    assert "What was stored before comes from invoice 1 (K-7)." in told["PM"][1]
    assert "What was held before comes from invoice 1 (K-7)." in told["TR"][1]
    assert "From bill 1 (K-7)" in how(w.contact, second)["A"][1], "contacts say bill"


def test_a_typed_retainage_says_who_typed_it_and_what_the_rule_gives():
    """5.6."""
    w = world()
    invoice = typed(w, w.entered(), work_retainage=D("90.00"), work_retainage_is_typed=True)
    figure, sentence = how(w.admin, invoice)["WR"]
    assert figure == "90.00"
    assert re.fullmatch(r"Typed by Dana Cole on [\w ]+\. By the rate, 10 %, it is 100\.00\.", sentence)


def test_a_balance_that_an_admin_typed_says_why():
    w = world()
    first = w.approved(None, {"stored_new": D("400.00")})
    second = w.draft(first.commitment, w.period(w.project.billing_periods.get().start_date.replace(month=7)))
    typed(w, second, stored_balance_typed=D("350.00"), note="Counted on site")
    sentence = how(w.admin, second)["PM"][1]
    assert "Typed by Dana Cole" in sentence and "“Counted on site”" in sentence


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("50.00", "5 % was step 2 of the sliding scale when this invoice was started: 5 % to the end."),
        (
            "5000.00",
            "10 % was step 1 of the sliding scale when this invoice was started: 10 % until 5,000.00 is held.",
        ),
    ],
)
def test_retainage_by_a_sliding_scale_names_the_step(first, words):
    """5.6."""
    w = world()
    commitment = w.commitment()
    ScaleStep.objects.create(commitment=commitment, position=1, rate=D("10"), until_amount=D(first))
    ScaleStep.objects.create(commitment=commitment, position=2, rate=D("5"))
    before = w.approved(w.draft(commitment))
    invoice = w.entered(
        w.draft(commitment, w.period(before.billing_period.start_date.replace(month=7))),
        {"work_this_period": D("10.00")},
    )
    assert f"{words} Held before this invoice: 100.00." in how(w.admin, invoice)["WR"][1]


def test_a_rate_of_ones_own_and_one_that_is_no_longer_in_force_are_told_apart():
    w = world()
    lines = [w.line("Own", "1000.00", rate="7.5"), w.line("Usual", "1000.00")]
    invoice, old = (w.entered(w.draft(w.commitment(lines=lines))) for _ in range(2))
    Commitment.objects.filter(pk__in=[invoice.commitment_id, old.commitment_id]).update(retainage_rate=D("5"))
    Invoice.objects.filter(pk=old.pk).update(retainage_rule=None)  # from before rules were kept
    assert "7.5 % was this line’s own rate when this invoice was started." in how(w.admin, invoice, 1)["WR"][1]
    assert "10 % was the commitment’s rate when this invoice was started." in how(w.admin, invoice, 2)["WR"][1]
    assert "7.5 % was the rate when this invoice was started." in how(w.admin, old, 1)["WR"][1]
    assert "10 % was the rate when this invoice was started." in how(w.admin, old, 2)["WR"][1]


@pytest.mark.parametrize("is_on_a_scale", [False, True])
def test_a_rate_of_ones_own_is_named_so_where_the_rule_asks_for_the_same(is_on_a_scale):
    """5.6: it stays when the rule becomes another."""
    w = world()
    commitment = w.commitment(lines=[w.line("Own", "1000.00", rate="10"), w.line("Usual", "1000.00")])
    if is_on_a_scale:
        ScaleStep.objects.create(commitment=commitment, position=1, rate=D("10"), until_amount=D("500.00"))
        ScaleStep.objects.create(commitment=commitment, position=2, rate=D("5"))
    invoice = w.entered(w.draft(commitment))
    own, usual = (how(w.admin, invoice, place)["WR"][1] for place in (1, 2))
    assert own.endswith("10 % was this line’s own rate when this invoice was started.")
    assert ("step 1 of the sliding scale" if is_on_a_scale else "10 % was the commitment’s rate") in usual


def test_of_a_rule_that_was_not_kept_nothing_is_said_that_nobody_knows():
    """Before rules were kept: that the commitment asks for the same today says nothing of then."""
    w = world()
    lines = [w.line("Own", "1000.00", rate="10"), w.line("Usual", "1000.00")]
    old = w.entered(w.draft(w.commitment(lines=lines)), *[{"work_this_period": D("10"), "stored_new": D("10")}] * 2)
    assert "the commitment’s rate for stored materials" in how(w.admin, old, 2)["MR"][1]
    Invoice.objects.filter(pk=old.pk).update(retainage_rule=None)
    for place in (1, 2):
        told = how(w.admin, old, place)
        assert told["WR"][1].endswith("10 % was the rate when this invoice was started.")
        assert told["MR"][1].endswith("10 % was the rate when this invoice was started.")


def test_an_amount_that_a_reviewer_allows_tells_what_was_claimed():
    """I-4; to contacts once it is decided (U6)."""
    w = world()
    invoice = typed(w, w.submitted(), work_this_period=D("800.00"), allowed_reason="Not framed")
    words = "Claimed was 1,000.00; the rest was not allowed. “Not framed”"
    assert words in how(w.admin, invoice)["B"][1]
    assert how(w.contact, invoice)["B"] == ("800.00", "Changed in the review, which is not finished.")
    invoices.send_back(invoice, by=w.admin, comment="See line 1")
    told = how(w.contact, invoice)["B"][1]
    assert words in told and "Typed by Dana Cole" in told


def test_what_a_line_newly_holds_and_releases_is_told_as_its_whole_bill_makes_it():
    """E-6, decision 38: the credit on line 2 gives back what line 1 would have released at once."""
    w = world()
    both = {"work_this_period": D("1000.00")}
    first = w.approved(None, both, both)
    july = w.period(w.project.billing_periods.get().start_date.replace(month=7))
    second = w.entered(
        w.draft(first.commitment, july),
        {"work_this_period": D("500.00"), "retainage_released": D("150.00")},
        {"work_this_period": D("-200.00"), "retainage_released": D("80.00"), "note": "Taken back"},
        by=w.admin,
    )
    client = signed_in(w.admin)

    def told(*place):
        page = client.get(at(second, "invoice-line" if place else "invoice-lines", *place))
        of = {each.column.name: each for each in page.context["columns"]}
        return [of[f"retainage_{name}_this_period"] for name in ("held", "released")]

    assert [[each.figure for each in told(*place)] for place in ((1,), (2,), ())] == [
        ["20.00", "120.00"],
        ["−20.00", "80.00"],
        ["0.00", "200.00"],
    ]
    assert "30.00 of it released at once (50.00 if it were alone on its bill)" in told(1)[0].sentences[0]


def test_the_total_of_a_column_is_the_sum_of_its_lines():
    w = world()
    invoice = w.entered(None, {"work_this_period": D("1000.00")}, {"work_this_period": D("500.00")})
    told = cells(signed_in(w.contact).get(at(invoice, "invoice-lines")))
    assert told["B"] == ("1,500.00", "The sum of 2 lines, each rounded to the cent by itself.")
    assert told["T %"] == ("1.46 %", "1,500.00 completed and stored of 102,602.00 scheduled.")


def test_the_column_that_was_asked_about_is_marked():
    w = world()
    page = signed_in(w.admin).get(at(w.entered(), "invoice-line", 1) + "?column=T+%25", HTTP_HX_REQUEST="true")
    text = text_of(page)
    assert text.count('aria-current="true"') == 1
    assert re.search(r'aria-current="true"[^>]*><th scope="row"><span class="code">T %</span>', text)
    assert "<html" not in text, "only the dialog"


def test_a_line_that_is_not_there_is_not_found_and_another_vendors_contact_finds_none():
    w = world()
    invoice = w.entered()
    other = person("Other", w.company, Vendor.objects.create(company=w.company, name="Bolt"))
    for who, place in ((w.admin, 3), (w.admin, 0), (w.admin, 10**30), (other, 1)):
        assert signed_in(who).get(at(invoice, "invoice-line", place)).status_code == 404


def test_each_grid_leads_to_the_story_of_each_line_and_of_the_totals():
    """Without scripts: a line's number is a button of one small form, which leads to the line's story."""
    w = world()
    draft, sent = w.entered(), w.submitted(w.draft(w.commitment()))
    for who, invoice, name in (
        (w.contact, draft, "invoice"),
        (w.contact, draft, "invoice-enter"),
        (w.admin, sent, "invoice-review"),
    ):
        client, totals = signed_in(who), at(invoice, "invoice-lines")
        text = text_of(client.get(at(invoice, name)))
        assert f'<form id="how" hidden action="{totals}">' in text and f'href="{totals}"' in text, name
        for place in (1, 2):
            assert f'form="how" name="line" value="{place}"' in text, f"line {place} on {name}"
            assert client.get(totals, {"line": place}).url == at(invoice, "invoice-line", place)
        assert re.search(r"js/(how|enter|desk)\.js", text), "alone, or among what the page loads as one file"


def test_the_page_asks_as_much_for_many_lines_as_for_two(django_assert_max_num_queries):
    w = world()
    few = w.submitted()
    many = w.commitment(lines=[w.line(f"Part {n}", "100.00") for n in range(40)])
    many = w.submitted(w.draft(many), {"work_this_period": D("5.00")})
    client, counts = signed_in(w.admin), []
    for invoice in (few, few, many):
        with django_assert_max_num_queries(12) as asked:
            client.get(at(invoice, "invoice-line", 1))
        counts.append(len(asked))
    assert counts[1] == counts[2]


@pytest.mark.parametrize("name", ["invoice", "invoice-enter", "invoice-review"])
def test_each_of_the_nine_boxes_leads_to_how_it_was_computed(name):
    """Every money cell."""
    w = world()
    invoice = w.entered()
    if name == "invoice-review":
        invoice = w.submitted(invoice)
    client = signed_in(w.contact if name == "invoice-enter" else w.admin)
    ways = re.findall(r'<dt><a href="([^"]+)" data-dialog>', client.get(at(invoice, name)).content.decode())
    assert len(ways) == 9
    page = client.get(ways[7].replace("&amp;", "&"))
    told = cells(page)
    assert told["8"] == ("900.00", "900.00 earned less retainage − 0.00 previous certificates = 900.00")
    assert list(told)[:7] == ["1", "2", "3", "4", "5a", "5b", "5"]
    assert text_of(page).count('aria-current="true"') == 1 and "How lines 1 to 9 were computed" in text_of(page)


def line_7(who, invoice) -> set[str]:
    """How it came, on the summary tab and in the dialog."""
    client = signed_in(who)
    dialog = cells(client.get(f"{at(invoice, 'invoice-lines')}?of=summary"))["7"][1]
    groups = dict(client.get(f"{at(invoice)}?show=summary").context["groups"])
    [tab] = [each for each in groups["Lines 1 to 9"] if each.column.letter == "7"]
    return {dialog, " ".join(tab.sentences)}


def test_line_7_names_the_invoice_that_it_comes_from_and_on_the_first_that_there_is_none():
    """5.3."""
    w = world()
    first = w.approved(None, number="K-7")
    second = w.draft(first.commitment, w.period(w.project.billing_periods.get().start_date.replace(month=7)))
    nothing = "0.00, this is the first {} of the commitment, so nothing came before"
    assert line_7(w.admin, first) == {nothing.format("invoice")}
    assert line_7(w.contact, first) == {nothing.format("bill")}
    assert line_7(w.admin, second) == {"900.00, line 6 of invoice 1 (K-7), as certified"}
    assert line_7(w.contact, second) == {"900.00, line 6 of bill 1 (K-7), as certified"}


def test_after_a_start_in_the_middle_of_the_job_line_7_names_the_starting_certificate():
    w = world()
    invoice = w.draft(started(w), by=w.admin)
    assert line_7(w.admin, invoice) == {
        f"{invoice.previous_certificates:,.2f}, line 6 of the starting certificate as of Sun 31 May 2026, as certified"
    }


def test_every_money_column_of_the_sheet_has_the_letter_that_its_explanation_is_found_by():
    """9.4: what was stored before among them."""
    w = world()
    page = text_of(signed_in(w.admin).get(at(w.entered(None, {"stored_new": D("400.00")}), "invoice-enter")))
    grid = page.partition("data-sheet")[2].partition("</thead>")[0]
    heads = re.findall(r'<th scope="col" class="n">(.*?)</th>', grid)
    letters = [re.match(r'<span class="col">([A-Z %]+)</span>', head) for head in heads]
    assert [head for head, letter in zip(heads, letters, strict=True) if not letter] == []
    assert "PF" in {letter[1] for letter in letters} <= {column.letter for column in LINE_COLUMNS}


def test_the_summary_tab_unfolds_every_amount_with_the_parts_of_line_5_before_it():
    """5.3: 5a and 5b are balances to date, not of this period."""
    w = world()
    page = signed_in(w.admin).get(f"{at(w.submitted(), 'invoice')}?show=summary")
    groups = {title: [each.column.label for each in amounts] for title, amounts in page.context["groups"]}
    assert groups["Lines 1 to 9"][3:7] == [
        "Total completed and stored", "Retainage on work", "Retainage on stored materials", "Retainage held",
    ]  # fmt: skip
    assert groups["This period"] == ["Gross this period", "Retainage newly held", "Retainage released"]
    assert len(groups["Change orders"]) == 4
    assert '?of=summary">How lines 1 to 9 were computed</a>' in page.content.decode(), "below the checks of them"
    folded = re.findall(r"<details><summary.*?</details>", page.content.decode(), re.DOTALL)
    assert sum('<p class="small soft">' in each for each in folded) >= 19
