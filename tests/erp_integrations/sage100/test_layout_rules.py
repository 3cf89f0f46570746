"""A layout is data that staff edit: what it may hold is checked as strictly as what we fill in ourselves."""

import io
from dataclasses import replace

import pytest

from erp_integrations.sage100 import canonical
from erp_integrations.sage100.layout import APINV_R1, HEADER_SOURCES, OF_THE_LINE, SHIPPED, Column
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules import check
from erp_integrations.sage100.workbook import read_back, render
from tests.erp_integrations.sage100.rule_cases import LISTS
from tests.erp_integrations.sage100.samples import (
    TODAY,
    batch,
    import_texts,
    invoice,
    line,
    money,
    sage_lists,
    with_record,
)

PLACES = {column.source: place for place, column in enumerate(APINV_R1.header)}


def with_header(source: str, column: Column | None = None, **changed):
    """The shipped layout with the header column of `source` changed, or another one in its place."""
    place = PLACES[source]
    column = column or replace(APINV_R1.header[place], **changed)
    return replace(APINV_R1, header=(*APINV_R1.header[:place], column, *APINV_R1.header[place + 1 :]))


def with_detail(source: str, **changed):
    columns = tuple(replace(c, **changed) if c.source == source else c for c in APINV_R1.detail)
    return replace(APINV_R1, detail=columns)


def constant(source: str, text: str):
    return with_header(source, Column(title="Set by hand", constant=text, length=80))


def rules_of(layout) -> set[str]:
    facts = batch(layout=layout)
    return {found.rule for found in check(facts, LISTS, build_rows(facts, LISTS), TODAY) if found.severity == "error"}


@pytest.mark.parametrize("layout", SHIPPED, ids=lambda layout: layout.name)
def test_the_shipped_layouts_have_no_fault(layout):
    assert layout.problems() == () and not rules_of(layout)


@pytest.mark.parametrize(
    ("source", "text", "rule"),
    [
        ("type", "2", "S15"),
        ("status", "4", "S14"),
        ("hot_list", "1", "S24"),
        ("hot_list", "", "S24"),
        ("auto_close", ".", "S24"),
        ("discount", "5.00", "S24"),
        ("set_to_pay", "9.00", "S24"),
        ("auto_close", "1", "S24"),
        ("due_date", "junk", "S5"),
        ("posting_date", "2020-13-45", "S5"),
        ("description", "x" * 60, "S13"),
        ("application", "x" * 51, "S26"),
        ("batch_key", "", "S1"),
    ],
)
def test_a_constant_is_held_to_the_rule_of_the_place_it_stands_in(source, text, rule):
    """S5, S13–S15, S24, S26: the import reads columns by their place, whoever filled them."""
    assert rule in rules_of(constant(source, text))


@pytest.mark.parametrize("source", ["ledger_account", "cost_code", "cost_type", "job_number", "price", "quantity"])
def test_a_detail_row_never_lacks_what_job_cost_needs(source):
    """S1."""
    layout = APINV_R1.without_detail(source, name="short")
    assert any(source.replace("_", " ") in problem for problem in layout.problems())
    assert "S1" in rules_of(layout)


@pytest.mark.parametrize(("source", "format"), [("price", "0"), ("cost_code", "0.0"), ("quantity", "0")])
def test_a_format_that_would_show_another_number_is_refused(source, format):
    """S1, S25: a price of 7250.50 written 0 stands there as 7250."""
    assert "S1" in rules_of(with_detail(source, format=format))


@pytest.mark.parametrize(
    "source", ["invoice_number", "purchase_order_number", "subcontract_number", "reference_number"]
)
def test_what_is_matched_as_text_is_no_number(source):
    """S1, S3: 0071 and 71 are two invoices."""
    assert "S1" in rules_of(with_header(source, type="N", format="0"))


LONG = {"price": "0.000000", "quantity": "0.000000", "cost_code": "0.0000"}
SC_NUMBER = Column(title="Subcontract no", source="subcontract_number", length=20)


def with_longer_numbers(**more: str):
    """The shipped layout with the detail's numbers written as N15,6 allows, and columns added to the detail."""
    longer = {source: {"format": shown, "decimals": len(shown) - 2} for source, shown in (LONG | more).items()}
    return replace(
        APINV_R1,
        header=tuple(replace(c, **longer.get(c.source, {})) for c in APINV_R1.header),
        detail=tuple(replace(c, **longer.get(c.source, {})) for c in (*APINV_R1.detail, SC_NUMBER)),
    )


@pytest.mark.parametrize("amount", ["7250.50", "-0.07", "99999999.99"])
def test_a_detail_row_may_name_the_subcontract_and_show_six_decimals(amount):
    """sage100.md section 2 calls the price N15,6: a template that says so is followed without a programmer (S1, S7)."""
    layout = with_longer_numbers(retainage="0.000000")
    lines = (line(1, amount=money(amount), retainage_held=money("0.00")),)
    facts = batch(invoice(lines=lines, reference_no="2219-06"), layout=layout)
    rows = build_rows(facts, LISTS)
    detail = rows.rows[1]
    assert detail.text("price") == f"{amount.lstrip('-')}0000" and detail.texts[-1] == "SC-2026014-03"
    assert detail.text("quantity") in ("1.000000", "-1.000000") and detail.text("cost_code") == "2310.0000"
    assert rows.rows[0].text("retainage") == "0.000000" and layout.problems() == ()
    blocking = [each for each in check(facts, LISTS, rows, TODAY) if each.severity == "error" and each.rule != "S40"]
    assert blocking == []
    files = render(rows, facts)
    assert read_back(io.BytesIO(files.xlsx), layout) == rows.totals and rows.totals.gross == money(amount)
    assert import_texts(files.xlsx)[1] == detail.texts


def test_a_detail_row_may_repeat_whatever_its_header_says():
    """But for what the header holds back: on each line it would add up to a multiple."""
    repeated = [c for c in APINV_R1.header if c.source and c.source not in (*OF_THE_LINE, "retainage")]
    layout = replace(APINV_R1, detail=(*APINV_R1.detail, *repeated))
    header, *details = build_rows(batch(layout=layout), LISTS).rows
    assert len(repeated) == len(HEADER_SOURCES) - len([*{*OF_THE_LINE} & {*HEADER_SOURCES}, "retainage"])
    for row in details:
        assert [row.text(c.source) for c in repeated] == [header.text(c.source) for c in repeated]
    assert layout.problems() == () and not rules_of(layout)
    held = replace(APINV_R1, detail=(*APINV_R1.detail, APINV_R1.header[PLACES["retainage"]]))
    assert any("no known source “retainage”" in problem for problem in held.problems())


@pytest.mark.parametrize("source", ["purchase_order_number", "subcontract_number", "reference_number"])
@pytest.mark.parametrize("text", ["", "2219-06"])
def test_a_number_that_only_the_detail_names_is_a_fault_of_the_layout(source, text):
    """S1, S3: what its header leaves to a constant, the two rows would say otherwise, on every credit for one."""
    column = APINV_R1.header[PLACES[source]]
    layout = replace(constant(source, text), detail=(*APINV_R1.detail, column))
    name = source.replace("_", " ")
    [fault] = layout.faults()
    assert (fault.part, fault.place) == ("detail", len(layout.detail))
    assert f"({column.title}) names the {name}, the header doesn’t." in fault.words
    assert "S1" in rules_of(layout)
    assert not replace(layout, header=APINV_R1.header).problems()


def test_a_header_without_the_number_is_never_said_to_say_none():
    """S1, S3: it stands nowhere in the header, not even as a constant of its place."""
    header = tuple(column for column in APINV_R1.header if column.source != "subcontract_number")
    facts = batch(layout=replace(APINV_R1, header=(*header, APINV_R1.header[-1]), detail=(*APINV_R1.detail, SC_NUMBER)))
    found = [each for each in check(facts, LISTS, build_rows(facts, LISTS), TODAY) if each.severity == "error"]
    assert not any("None" in each.message for each in found) and "S1" in {each.rule for each in found}


def test_a_detail_row_with_another_key_than_its_header_is_an_error():
    """S3."""
    layout = replace(constant("subcontract_number", "SC-9"), detail=(*APINV_R1.detail, SC_NUMBER))
    assert "S3" in rules_of(layout)


def test_a_date_that_only_the_detail_names_is_real_too():
    """S5."""
    layout = replace(constant("due_date", "2026-07-30"), detail=(*APINV_R1.detail, APINV_R1.header[PLACES["due_date"]]))
    facts, vendor = batch(layout=layout), LISTS.vendors.get("20145")
    unread = with_record(LISTS, "vendors", replace(vendor, due_terms="NET30", discount_terms="10DY"))
    found = check(facts, unread, build_rows(facts, unread), TODAY)
    assert [each.field for each in found if each.rule == "S5"] == ["Due date"]


@pytest.mark.parametrize(("source", "format"), [("price", "0.0000000"), ("price", "#.00"), ("cost_code", "0.0000")])
def test_a_format_is_one_of_ours_and_shows_no_more_than_the_column_takes(source, format):
    """S1: the shipped cost code is N9,3."""
    assert "S1" in rules_of(with_detail(source, format=format))


def test_the_shipped_layouts_are_what_they_were_and_give_the_rows_they_gave():
    """S9, S60: batches that were accepted under them are built as they were accepted."""
    rows = [build_rows(batch(layout=layout), sage_lists()).sha256 for layout in SHIPPED]
    assert [canonical.digest(layout)[:16] for layout in SHIPPED] == ["bc4ab42fe21e04d5", "f83d326918d85db5"]
    assert [each[:16] for each in rows] == ["685c0cd19af9d213", "319ea1a9f3019e54"]


def test_header_and_detail_say_the_line_type_in_one_place():
    """S1: the file is read again by it, and whoever imports it tells the rows by it."""
    header, detail = ((c[1], c[0], *c[2:]) for c in (APINV_R1.header, APINV_R1.detail))
    for layout in (
        replace(APINV_R1, header=header),
        replace(APINV_R1, detail=detail),
        replace(APINV_R1, detail=(APINV_R1.detail[0], *APINV_R1.detail[2:])),
        replace(APINV_R1, header=(header[1], replace(header[0], constant="D"), *header[2:])),
    ):
        assert "S1" in rules_of(layout) and any("always H" in problem for problem in layout.problems())
    moved = replace(APINV_R1, header=header, detail=detail)
    assert moved.line_type_place == 0 and not moved.problems() and not rules_of(moved)


def test_required_and_length_of_a_column_are_kept():
    """S1: on a column that no other rule speaks of."""
    assert "S1" in rules_of(with_header("phase_number", required=True))
    assert "S1" in rules_of(with_header("subcontract_number", length=5))
    assert "S1" not in rules_of(with_header("subcontract_number", required=True))


@pytest.mark.parametrize(
    ("source", "length", "says"),
    [
        ("invoice_number", 4, "Invoice no has 7 characters; the layout takes 4."),
        ("job_number", 6, "Job no has 7 digits; the layout takes 6."),
        ("retainage", 5, "digits; the layout takes 5."),
    ],
)
def test_a_length_that_the_company_set_binds_whatever_the_column(source, length, says):
    """S1: what the maker's template takes, a program that reads the file cuts or refuses."""
    facts = batch(layout=with_header(source, length=length))
    found = check(facts, LISTS, build_rows(facts, LISTS), TODAY)
    assert any(each.rule == "S1" and says in each.message for each in found), [each.message for each in found]
