"""LibreOffice opens the workbook and shows what we wrote, cell by cell; no formula and no error anywhere.

Skipped where there is none, unless REQUIRE_LIBREOFFICE is set, as CI does.
"""

import csv
import os
import shutil
import subprocess
from decimal import Decimal

import pytest

from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.text import is_safe
from erp_integrations.sage100.workbook import render
from tests.erp_integrations.sage100.samples import batch, invoice, line, money, release, sage_lists
from tests.erp_integrations.sage100.test_workbook import PAYLOADS, texts_of_sheets

SOFFICE = shutil.which("soffice")
# Comma, quote, UTF-8, from the first line, cells as shown, no formulas, every sheet.
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
ERRORS = ("#NAME?", "#REF!", "#VALUE!", "#N/A", "#DIV/0!", "Err:")


@pytest.fixture(scope="module")
def soffice(tmp_path_factory):
    if SOFFICE is None and os.environ.get("REQUIRE_LIBREOFFICE"):
        pytest.fail("REQUIRE_LIBREOFFICE is set and there is none (apt-get install libreoffice-calc-nogui).")
    if SOFFICE is None:
        pytest.skip("no LibreOffice on this machine: apt-get install libreoffice-calc-nogui")
    home = tmp_path_factory.mktemp("office")

    def sheets(name: str, xlsx: bytes) -> dict[str, list[list[str]]]:
        """{sheet: its rows as LibreOffice shows them}."""
        (home / f"{name}.xlsx").write_bytes(xlsx)
        profile = f"-env:UserInstallation=file://{home}/profile"
        command = [SOFFICE, "--headless", profile, "--convert-to", AS_SHOWN, "--outdir", home, home / f"{name}.xlsx"]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        found = sorted(home.glob(f"{name}-*.csv"))
        return {path.stem.removeprefix(f"{name}-"): list(csv.reader(path.open(newline=""))) for path in found}

    return sheets


def facts_of_every_kind():
    """A bill with a release beside it, a credit, leading zeros, and as many hostile texts as there are."""
    credit = invoice(invoice_id="2", number="0012", reference_no="2219-06", lines=(
        line(1, amount=money("-0.07"), retainage_held=money("0.00")),))  # fmt: skip
    texts = [
        invoice(
            invoice_id=str(n),
            number=f"A-{n}",
            vendor_name=text,
            sage_commitment_number=text if is_safe(text) and len(text) < 50 else "SC-2026014-03",
            lines=(line(1, description=text, our_cost_code=text, how=text), line(2)),
            releases=(release(number=text),),
        )
        for n, text in enumerate(PAYLOADS, 3)
    ]
    return batch(invoice(releases=(release(),)), credit, *texts, company_name="=1+1", accepted_by="@SUM(A1:A9)")


@pytest.fixture(scope="module")
def of_every_kind(soffice):
    """(its facts, its rows, its sheets as LibreOffice shows them)."""
    facts = facts_of_every_kind()
    rows = build_rows(facts, sage_lists())
    return facts, rows, soffice("import", render(rows, facts).xlsx)


def test_each_cell_of_the_import_is_shown_as_it_was_written(of_every_kind):
    """S9, S58, R100, R107, R108: numbers with their decimals, zeros in front, and texts that look like formulas."""
    _, rows, shown = of_every_kind
    assert list(shown) == ["Control", "How computed", "Import", "Retainage release"]
    width = len(rows.layout.header)
    assert shown["Import"] == [[*row.texts, *[""] * (width - len(row.texts))] for row in rows.rows]


@pytest.mark.parametrize("sheet", ["Control", "How computed", "Retainage release"])
def test_each_text_that_people_read_beside_it_is_shown_as_it_was_written(of_every_kind, sheet):
    """R100: names of vendors, numbers of subcontracts, and how a cell was computed."""
    facts, rows, shown = of_every_kind
    texts = texts_of_sheets(rows, facts)[sheet]
    assert {(row, place): shown[sheet][row - 1][place] for row, place in texts} == texts


def test_each_amount_to_release_is_shown_as_it_was_written(of_every_kind):
    """S51."""
    facts, _, shown = of_every_kind
    amounts = [[each.held, each.released, each.new_retention] for one in facts.invoices for each in one.releases]
    assert [row[5:] for row in shown["Retainage release"][1:]] == [[f"{each:.2f}" for each in row] for row in amounts]


def test_its_control_totals_are_ours(soffice):
    """E-7."""
    facts = batch()
    rows = build_rows(facts, sage_lists())
    control = {row[0]: row[1] for row in soffice("control", render(rows, facts).xlsx)["Control"] if row[0] != "Job"}
    assert [Decimal(control[name].replace(",", "")) for name in ("Gross", "Retainage held", "Net")] == [
        rows.totals.gross,
        rows.totals.retainage,
        rows.totals.net,
    ]
    assert control["SHA-256 of the rows"] == rows.sha256


def test_no_sheet_shows_an_error_that_nobody_typed(soffice):
    facts = batch(invoice(lines=(line(1, description="=1/0", how="=NAME()"), line(2))))
    shown = soffice("errors", render(build_rows(facts, sage_lists()), facts).xlsx)
    assert not [cell for rows in shown.values() for row in rows for cell in row if cell.startswith(ERRORS)]
    assert any("=1/0" in row for row in shown["Import"])
