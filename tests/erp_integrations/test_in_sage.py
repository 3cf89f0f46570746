"""What staff do with a file in Sage stands on its page and in the guide, step by step (sage100.md, section 7)."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from erp_integrations.actions import exports
from erp_integrations.exporting import storing
from tests.erp_integrations.pages import at_batch, signed_in, text_of
from tests.erp_integrations.test_releases import with_release
from tests.erp_integrations.world import fresh

pytestmark = pytest.mark.django_db
GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "accounting-guide.md").read_text()
GONE = {"reason": "Twice", "sage_holds_it_no_more": True, "retention_is_raised": True}
STEPS = (
    "Back up Sage",
    "Open the right company",
    "See that the period is open",
    "Read the sheet Control",
    "Import on the Sage server",
    "Read its error list",
    "Filter 4-2 by User def 1",
    "Do the sheet Retainage release",
    "Come back here",
)


@pytest.fixture
def batch(sage):
    """1,000.00 less 10 percent billed before; 500.00 less 50.00 now, and 100.00 of the earlier released."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    return sage.built(sage.sent(with_release(sage, commitment, "100.00", work="500.00")))


def steps(sage, batch) -> dict[str, str]:
    """{step: how}, as the page of the batch tells them."""
    return {each.what: each.how for each in signed_in(sage.approver).get(at_batch(batch)).context["in_sage"]}


def test_the_steps_stand_in_order_on_the_page_and_in_the_guide(sage, batch):
    assert tuple(steps(sage, batch)) == STEPS
    shown = text_of(signed_in(sage.approver).get(at_batch(batch)))
    assert re.search(".*".join(f"{re.escape(step)}[. ]" for step in STEPS), shown, re.DOTALL)
    assert re.search(".*".join(rf"{at}\. \*\*{re.escape(step)}" for at, step in enumerate(STEPS, 1)), GUIDE, re.DOTALL)
    assert "User def 1" in GUIDE and "User Def 1" not in GUIDE  # one name, wherever it stands
    assert "*Enter what Sage took…*" in GUIDE and "Enter what Sage took…" in shown


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("Back up Sage", "copy of the company"),
        ("Open the right company", "The file is for Cascade Builders"),
        ("See that the period is open", "{day} must lie in a fiscal period (1-6)"),
        ("Read the sheet Control", "{name} it says 1 invoice, 2 rows, gross 500.00, retainage 50.00, net 450.00"),
        ("Import on the Sage server", "The sheet Import"),
        ("Read its error list", "not in Sage"),
        ("Filter 4-2 by User def 1", "{key}, Sage must show 1 invoice, gross 500.00, retainage 50.00, net 450.00."),
        ("Do the sheet Retainage release", "1 row, 100.00 in all"),
        ("Come back here", "Sage’s record number, or refused, with the message; or upload the payable invoices (4-2)"),
    ],
)
def test_each_step_says_it_with_the_figures_of_this_file(sage, batch, step, says):
    """E-7, 9.7."""
    figures = {"day": batch.accounting_date.isoformat(), "name": batch.file_name, "key": batch.key}
    assert says.format(**figures) in steps(sage, batch)[step]


def test_what_the_file_does_not_have_is_no_step(sage):
    """S50: a file of releases alone imports nothing; one without releases has no sheet of them."""
    commitment = sage.commitment()
    first = sage.built(sage.sent(sage.approved(commitment)))
    assert tuple(steps(sage, first)) == STEPS[:7] + STEPS[8:]
    only = sage.built(sage.sent(with_release(sage, commitment, "100.00")))
    assert tuple(steps(sage, only)) == STEPS[:4] + STEPS[7:]


def test_the_last_step_asks_for_no_record_of_what_only_releases(sage, batch):
    """S50: Sage makes no invoice of it, so there is no number, no message, nothing to find in 4-2."""
    commitment = sage.commitment()
    billed = "Mark each invoice posted, with Sage’s record number, or refused, with the message; or upload the payable"
    billed += " invoices (4-2) and let the reconciliation find them."
    released = "that it is released in Sage, which makes no record of it."
    first = sage.built(sage.sent(sage.approved(commitment)))
    assert steps(sage, first)["Come back here"] == billed
    only = sage.built(sage.sent(with_release(sage, commitment, "100.00")))
    assert steps(sage, only)["Come back here"] == f"Say of each invoice {released}"
    both = f"{billed} Say of each invoice that only releases retainage {released}"
    assert steps(sage, batch)["Come back here"] == both


def test_what_left_the_file_is_to_be_taken_out(sage):
    """6.2: the totals of the file still count it."""
    some = [sage.sent(), sage.sent()]
    batch = sage.built(*some)
    exports.void(fresh(some[0])[0], by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    how = steps(sage, batch)["Filter 4-2 by User def 1"]
    assert "2 invoices" in how and "1 invoice left the file since it was built" in how


def test_rows_of_the_release_sheet_that_left_are_named_as_the_sheet_has_them(sage):
    """S50, 6.2: the sheet still has them and counts them, so its totals are told as built."""
    some = []
    for amount in ("10.00", "20.00", "30.00"):
        commitment = sage.commitment()
        sage.exported(sage.approved(commitment))
        some.append(sage.sent(with_release(sage, commitment, amount, work="500.00")))
    batch = sage.built(*some)
    sheet = load_workbook(storing.path_of(batch.file_key))["Retainage release"]
    rows = {cells[6]: row for row, cells in enumerate(sheet.values, 1)}
    says = "3 rows, 60.00 in all: lower the retention of each by what it says."
    assert steps(sage, batch)["Do the sheet Retainage release"] == says
    max_power = sage.all_rights()
    exports.void(fresh(some[1])[0], by=max_power, **GONE)
    one = f" Leave out row {rows[20]}: its invoice left the file since it was built."
    assert steps(sage, batch)["Do the sheet Retainage release"] == says + one
    exports.void(fresh(some[0])[0], by=max_power, **GONE)
    first, last = sorted((rows[10], rows[20]))
    two = f" Leave out rows {first} and {last}: their invoices left the file since it was built."
    assert steps(sage, batch)["Do the sheet Retainage release"] == says + two
    shown = signed_in(sage.approver).get(at_batch(batch)).context["releases"]
    assert [release.released for release in shown] == [Decimal("30.00")]


def test_a_file_that_nobody_may_import_has_no_steps(sage):
    assert not steps(sage, sage.accepted(sage.sent()))
    gone = sage.sent()
    batch = sage.built(gone)
    exports.void(fresh(gone)[0], by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    batch.refresh_from_db()
    assert batch.state == "void" and not steps(sage, batch)
