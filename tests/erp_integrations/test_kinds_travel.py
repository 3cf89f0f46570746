"""What is no plain subcontract reaches its own columns of a built file, read back from what was stored (S16, S30)."""

import pytest
from python_calamine import CalamineWorkbook

from directory.refusals import Refused
from erp_integrations.exporting import storing
from erp_integrations.models import CommitmentLink, ErpSettings, ListKind, ProjectLink
from erp_integrations.sage100.sheets import IMPORT
from invoicing.actions.commitments import NewLine
from tests.erp_integrations.world import ACCOUNT, JOB, VENDOR, D


def rows_of(batch) -> tuple[dict, dict]:
    """{column: value} of the one header and the one line of the stored file, as another program reads them."""
    book = CalamineWorkbook.from_path(storing.path_of(batch.file_key))
    header, line = (row for row in book.get_sheet_by_name(IMPORT).to_python(skip_empty_area=False) if any(row))
    layout = batch.facts.layout
    return tuple(
        {column.source: value for column, value in zip(columns, row, strict=False) if column.source}
        for columns, row in ((layout.header, header), (layout.detail, line))
    )


def test_a_purchase_order_of_unit_prices_stands_in_the_column_of_orders_on_its_own_account(sage):
    sage.load(
        ListKind.LEDGER_ACCOUNTS,
        *({"number": number, "name": number, "type": 13} for number in (ACCOUNT, "5070")),
    )
    ErpSettings.objects.update(purchase_order_account="5070")
    gravel = NewLine(sage.base.cost_code(), "Gravel", quantity=D("100"), unit="CY", unit_price=D("18.7525"))
    order = sage.base.commitment([gravel], kind="purchase_order")
    link = CommitmentLink(company=sage.company, commitment=order, kind=order.kind, number=order.number)
    link.save()
    sage.load(
        ListKind.PURCHASE_ORDERS, {"number": order.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4}
    )
    batch = sage.exported(sage.approved(order, {"work_this_period": D("750.10")})).live_item.batch
    header, line = rows_of(batch)
    assert (header["purchase_order_number"], header["subcontract_number"]) == (order.number, "")
    assert (str(line["ledger_account"]).removesuffix(".0"), line["price"]) == ("5070", 750.10)


def test_a_phase_stands_in_the_header_of_its_job(sage):
    sage.load(ListKind.JOBS, {"number": JOB, "name": sage.base.project.name, "status": 4, "phases": "1 2"})
    ProjectLink.objects.update(phase_number="2")
    header, _ = rows_of(sage.exported().live_item.batch)
    assert (int(header["job_number"]), int(header["phase_number"])) == (int(JOB), 2)


def test_a_job_that_posts_to_work_in_progress_books_there(sage):
    """S31: an account of type 3."""
    sage.load(ListKind.JOBS, {"number": JOB, "name": sage.base.project.name, "status": 4, "posts_to_wip": "yes"})
    accounts = ({"number": ACCOUNT, "name": "Direct", "type": 13}, {"number": "1300", "name": "In progress", "type": 3})
    sage.load(ListKind.LEDGER_ACCOUNTS, *accounts)
    invoice = sage.approved()
    with pytest.raises(Refused, match="S31"):
        sage.sent(invoice)
    ProjectLink.objects.update(account="1300")
    _, line = rows_of(sage.exported(invoice).live_item.batch)
    assert str(line["ledger_account"]).removesuffix(".0") == "1300"
