"""The published worked sample, exactly, from the facts of one approved invoice to the bytes of both files."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from erp_integrations.sage100 import canonical
from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.facts import (
    AccountChoice,
    CostTypeAccount,
    InvoiceFacts,
    JobAccount,
    batch_from_json,
    completed_from_json,
    digest,
    to_json,
)
from erp_integrations.sage100.layout import APINV_R1, APINV_R2, Layout
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.workbook import render
from tests.erp_integrations.sage100.samples import (
    WORKED_SAMPLE,
    batch,
    import_texts,
    invoice,
    line,
    release,
    sage_lists,
    settings,
    with_record,
)

NUMBERS = {
    "2219-07": str, "20145": int, "1": int, "0": int, "5040": int, "2026014": int, "4": int, "2": int,
    "0.00": Decimal, "2565.05": Decimal, "1.0000": Decimal, "18400.00": Decimal, "7250.50": Decimal,
    "2310.000": Decimal, "2320.000": Decimal,
}  # fmt: skip


def sample_fields(layout=APINV_R1):
    """The sample's cells; r2 has no vendor number in its detail rows."""
    rows = list(csv.reader(WORKED_SAMPLE))
    return [row if layout is APINV_R1 or row[1] == "H" else row[:3] + row[4:] for row in rows]


def built(layout=APINV_R1):
    facts = batch(layout=layout)
    rows = build_rows(facts, sage_lists())
    return rows, render(rows, facts)


@pytest.mark.parametrize("layout", [APINV_R1, APINV_R2], ids=lambda layout: layout.name)
def test_every_cell_of_the_rows_is_the_samples(layout):
    rows, _ = built(layout)
    assert [list(row.texts) for row in rows.rows] == sample_fields(layout)


@pytest.mark.parametrize("layout", [APINV_R1, APINV_R2], ids=lambda layout: layout.name)
def test_the_csv_is_the_sample_line_by_line_with_crlf(layout):
    _, files = built(layout)
    lines = [",".join(row) for row in sample_fields(layout)]
    assert files.csv == "".join(f"{line}\r\n" for line in lines).encode()
    if layout is APINV_R1:
        assert lines == list(WORKED_SAMPLE)


@pytest.mark.parametrize("layout", [APINV_R1, APINV_R2], ids=lambda layout: layout.name)
def test_openpyxl_reads_every_cell_of_the_sample_with_its_type_and_format(layout):
    _, files = built(layout)
    sheet = openpyxl.load_workbook(io.BytesIO(files.xlsx))["Import"]
    for row, fields in zip(sheet.iter_rows(), sample_fields(layout), strict=True):
        for cell, text in zip(row, fields, strict=False):
            assert_cell(cell, text)
        assert all(cell.value is None for cell in row[len(fields) :])


def assert_cell(cell, text):
    kind = NUMBERS.get(text, str)
    if not text:
        assert cell.value is None
    elif kind is str:
        assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")
    else:
        decimals = len(text.partition(".")[2])
        assert (cell.data_type, cell.number_format) == ("n", f"0.{'0' * decimals}" if decimals else "0")
        assert Decimal(str(cell.value)) == Decimal(text)


@pytest.mark.parametrize("layout", [APINV_R1, APINV_R2], ids=lambda layout: layout.name)
def test_a_second_reader_reads_every_cell_of_the_sample(layout):
    _, files = built(layout)
    found = CalamineWorkbook.from_filelike(io.BytesIO(files.xlsx)).get_sheet_by_name("Import").to_python()
    assert len(found) == 3
    for row, fields in zip(found, sample_fields(layout), strict=True):
        for value, text in zip(row, fields, strict=False):
            if NUMBERS.get(text, str) is str:
                assert value == text
            else:
                assert Decimal(str(value)) == Decimal(text)


def test_the_workbook_shows_the_same_texts_as_the_csv_so_a_file_can_be_verified():
    """E-8: the texts read back, less the empty cells after a short row, are the rows' texts."""
    rows, files = built()
    shown = import_texts(files.xlsx)
    assert [texts[: len(row.cells)] for texts, row in zip(shown, rows.rows, strict=True)] == [
        r.texts for r in rows.rows
    ]


def test_the_samples_control_totals_are_gross_less_retainage():
    rows, _ = built()
    totals = rows.totals
    assert (totals.invoices, totals.rows) == (1, 3)
    assert [str(n) for n in (totals.gross, totals.retainage, totals.net)] == ["25650.50", "2565.05", "23085.45"]
    assert [(job.job_number, str(job.net)) for job in totals.per_job] == [("2026014", "23085.45")]


def test_an_unverified_layout_makes_a_draft_and_a_verified_one_does_not():
    """S6."""
    assert built()[1].name == "DRAFT-EXP-000412_APINV_20260702"
    assert built(replace(APINV_R1, verified=True))[1].name == "EXP-000412_APINV_20260702"


def test_how_the_price_and_the_retainage_were_computed_is_told_with_numbers():
    """E-6."""
    rows, _ = built()
    assert rows.rows[0].cell("retainage").how == "newly held per line: 1,840.00 + 725.05 = 2,565.05 (SOV-001, SOV-002)"
    assert rows.rows[1].cell("price").how == "B + M + F − previous F = 18,400.00 + 0.00 + 0.00 − 0.00 = 18,400.00"
    assert "the cost type's only account gives 5040" in rows.rows[1].cell("ledger_account").how
    assert rows.rows[1].cell("ledger_account").sources == ("Ledger accounts 1-7 as of 2026-07-01",)


def in_the_lists(kind, **changed):
    """The sample's lists with its own vendor or job changed."""
    found = sage_lists()
    return with_record(found, kind, replace(getattr(found, kind).records[0], **changed))


GIVEN, DAY = AccountChoice(number="7"), date(2026, 7, 31)
LINKS, SETTINGS, BILL = "links", "export settings", "invoice 2219-07, version 3"
VENDORS, JOBS, LEDGER = (f"{name} as of 2026-07-01" for name in ("Vendors 4-4", "Jobs 3-5", "Ledger accounts 1-7"))
OF_THE_JOB = settings(job_accounts=(JobAccount(job_number="2026014", account=GIVEN),))
OF_THE_TYPE = settings(cost_type_accounts=(CostTypeAccount(cost_type=4, account=GIVEN),))
OTHER_TYPE = invoice(lines=(line(1, cost_type=5),))


@pytest.mark.parametrize(
    ("facts", "lists", "sources"),
    [
        (batch(invoice(lines=(line(1, line_account=GIVEN),))), sage_lists(), (LINKS,)),
        (batch(settings=OF_THE_JOB), sage_lists(), (LINKS,)),
        (batch(), in_the_lists("jobs", ledger_account="7"), (JOBS,)),
        (batch(), in_the_lists("vendors", ledger_account="7"), (VENDORS,)),
        (batch(settings=OF_THE_TYPE), sage_lists(), (LINKS,)),
        (batch(), sage_lists(), (LEDGER,)),
        (batch(OTHER_TYPE), sage_lists(), (SETTINGS,)),
        (
            batch(OTHER_TYPE, settings=settings(subcontract_account=None)),
            sage_lists(),
            (LINKS, JOBS, VENDORS, LEDGER, SETTINGS),
        ),
    ],
    ids=["line", "job's link", "Sage's job", "vendor", "cost type's link", "the only account", "company", "none"],
)
def test_an_account_names_what_gave_it(facts, lists, sources):
    """E-6: each step of S30's order; none of them when each was asked in vain."""
    row = build_rows(facts, lists).rows[1]
    assert [row.cell(source).sources for source in ("ledger_account", "sub_account")] == [sources] * 2


@pytest.mark.parametrize(
    ("facts", "lists", "due", "discount"),
    [
        (batch(invoice(due_date=DAY, discount_date=DAY)), sage_lists(), BILL, BILL),
        (batch(), in_the_lists("vendors", due_terms="30DY", discount_terms="10DY"), VENDORS, VENDORS),
        (batch(), in_the_lists("vendors", due_terms="30DY", discount_terms=""), VENDORS, VENDORS),
        (batch(), in_the_lists("vendors", due_terms="", discount_terms="10DY"), SETTINGS, VENDORS),
        (batch(), in_the_lists("vendors", due_terms="", discount_terms=""), SETTINGS, SETTINGS),
    ],
    ids=["approver", "both terms", "due terms", "discount terms", "company"],
)
def test_a_day_names_what_gave_it(facts, lists, due, discount):
    """E-6."""
    row = build_rows(facts, lists).rows[0]
    assert (row.cell("due_date").sources, row.cell("discount_date").sources) == ((due,), (discount,))


def test_a_snapshot_reads_back_equal_and_keeps_its_digest():
    """S9, S60: money as text, dates in ISO, keys sorted."""
    facts = batch(invoice(releases=(release(),), lines=(line(1), line(2, change_order="CO-1"))))
    again = batch_from_json(to_json(facts))
    assert again == facts
    assert digest(again) == digest(facts)
    assert canonical.from_json(InvoiceFacts, to_json(facts.invoices[0])) == facts.invoices[0]
    assert '"amount":"18400.00"' in to_json(facts)


def test_equal_amounts_have_equal_digests_and_a_cent_more_has_not():
    same, more = (invoice(lines=(line(1, amount=Decimal(text)),), gross=Decimal("10")) for text in ("10", "10.01"))
    longer = replace(same, lines=(line(1, amount=Decimal("10.00")),))
    assert digest(same) == digest(longer)
    assert digest(same) != digest(more)


def test_a_snapshot_with_an_unknown_fact_is_refused():
    with pytest.raises(TypeError, match="no field surprise"):
        canonical.from_json(InvoiceFacts, to_json(invoice()).replace('"status":', '"surprise":1,"status":'))


def test_a_snapshot_that_holds_a_fact_no_longer_kept_reads_as_ever():
    """S54, S60: an older program froze the tax of an invoice, which was 0.00 always, and who sent it."""
    facts = batch(invoice())
    gone = '"change_orders":["CO-1"],"sent_by":"Dana","tax":"0.00","status":'
    older = to_json(facts).replace('"status":', gone)
    assert older != to_json(facts)
    assert batch_from_json(older) == completed_from_json(older, facts) == facts
    with pytest.raises(TypeError, match="no field tax"):
        batch_from_json(to_json(facts).replace('"change_order":', '"tax":"0.00","change_order":'))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "sNaN"])
def test_what_is_no_amount_never_becomes_a_fact(amount):
    with pytest.raises(ValueError, match="no amount of money"):
        line(1, amount=Decimal(amount))


@pytest.mark.parametrize("layout", [APINV_R1, APINV_R2], ids=lambda layout: layout.name)
def test_a_layout_survives_as_data_and_has_no_problems(layout):
    assert canonical.from_json(Layout, canonical.to_json(layout)) == layout
    assert layout.problems() == ()
    assert len(layout.header) == 25


def test_the_two_shipped_layouts_differ_by_the_details_vendor_number():
    assert [len(APINV_R1.detail), len(APINV_R2.detail)] == [20, 19]
    assert {c.source for c in APINV_R1.detail} - {c.source for c in APINV_R2.detail} == {"vendor_number"}


def test_a_broken_layout_says_which_column_is_wrong():
    broken = replace(APINV_R1, detail=(replace(APINV_R1.detail[2], source="weather"), *APINV_R1.detail[3:]))
    assert broken.problems()[0].startswith("Column 1 of the detail (Invoice no) has no known source “weather”.")
    assert any("no invoice number" in problem for problem in broken.problems())


def test_an_edited_layout_moves_columns_without_a_programmer():
    detail = (*APINV_R1.detail[:2], *reversed(APINV_R1.detail[2:]))
    rows = build_rows(batch(layout=replace(APINV_R1, detail=detail)), sage_lists())
    assert rows.rows[1].texts[:4] == ("APINV", "D", "1", "")


def test_the_rows_can_be_frozen_and_thawed_with_how_each_cell_was_computed():
    """E-6: frozen with the batch."""
    rows, _ = built()
    assert canonical.from_json(Rows, canonical.to_json(rows)) == rows
