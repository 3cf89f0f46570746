"""Each field that reaches the file, with a hundred hostile texts in it: refused by a rule, or there as it was (R100).

What is written is read again by two other libraries: no formula, no error, no other value.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal as D
from typing import get_args

import pytest

from erp_integrations.sage100.facts import AccountChoice, BatchFacts, CountedRelease, InvoiceFacts, LookAlike
from erp_integrations.sage100.layout import APINV_R1
from erp_integrations.sage100.lists import Job, SageList, SageLists, Vendor
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules import check
from erp_integrations.sage100.text import UnsafeText, is_safe, starts_like_a_formula
from erp_integrations.sage100.workbook import render
from tests.erp_integrations.sage100.samples import TODAY, batch, invoice, line, release, sage_lists
from tests.erp_integrations.sage100.test_workbook import (
    PAYLOADS,
    assert_csv_is_calm,
    assert_equal_after_reading,
    assert_no_live_cell,
    texts_of_sheets,
)

# Of an invoice and of what Sage's lists say about it: those that stand in the file as they are, or not at all.
KEYS = (
    "InvoiceFacts.number", "InvoiceFacts.vendor_number", "InvoiceFacts.sage_commitment_number",
    "InvoiceFacts.job_number", "InvoiceFacts.phase_number", "InvoiceFacts.reference_no", "LineFacts.line_reference",
    "LineFacts.key", "LineFacts.cost_code", "AccountChoice.number", "AccountChoice.sub_account",
    "Vendor.ledger_account", "Job.ledger_account",
)  # fmt: skip
# No list of Sage's has it: what such a text is refused by where it is no key of S58.
LISTED = {"LineFacts.cost_code": "S33", "AccountChoice.number": "S31", "AccountChoice.sub_account": "S32"}
OURS = {"InvoiceFacts.invoice_id", "InvoiceFacts.commitment_kind"}  # words of the program, by which it finds its way
# What the rules ask or other pages show, and no sheet of the file says.
UNSEEN = {
    "InvoiceFacts.company_name", "InvoiceFacts.status", "InvoiceFacts.exported_in", "LineFacts.change_order",
    "LookAlike.invoice_id", "LookAlike.number", "LookAlike.commitment_number", "CountedRelease.invoice_number",
    "CountedRelease.batch_key", "CountedRelease.list_of_the_day", "LinkedChange.line_reference",
    "ReleaseFacts.by_hand", "ReleaseFacts.refused", "Vendor.name", "Vendor.short_name",
    "Job.name", "Job.phases",
}  # fmt: skip
NEVER_CUT = [text for text in PAYLOADS if len(text) < 50]
LETTERS = "Zebra"


def within(kind: type) -> list[type]:
    """This dataclass, and each that it holds."""
    held = (part for field in fields(kind) for part in (field.type, *get_args(field.type)))
    return [kind, *(each for part in held if is_dataclass(part) for each in within(part))]


def texts_of(*kinds: type) -> list[str]:
    """Every field of theirs that holds text: one that is added is tried without a word here."""
    return list(
        dict.fromkeys(
            f"{each.__name__}.{field.name}"
            for kind in kinds
            for each in within(kind)
            for field in fields(each)
            if str in (field.type, *get_args(field.type))
        )
    )


TEXTS = [place for place in texts_of(InvoiceFacts, Vendor, Job) if place not in {*OURS, "Vendor.number", "Job.number"}]
FREE_TEXTS = [place for place in TEXTS if place not in {*KEYS, *UNSEEN}]


def planted(facts, place: str, text: str):
    """The same with this text in that field of each dataclass in it."""
    if isinstance(facts, tuple):
        return tuple(planted(each, place, text) for each in facts)
    if not is_dataclass(facts):
        return facts
    changed = {field.name: planted(getattr(facts, field.name), place, text) for field in fields(facts)}
    kind, _, name = place.partition(".")
    if type(facts).__name__ == kind:
        changed[name] = (text,) if isinstance(changed[name], tuple) else text
    return replace(facts, **changed)


def of_everything(n: int):
    """A bill and a credit, with whatever an invoice may have, of a vendor and a job of their own."""
    own = {"vendor_number": str(20_000 + n), "job_number": str(30_000 + n), "approved_by": "Ola", "invoice_link": "/"}
    lines = line(1, line_account=AccountChoice(number="5050", sub_account="7")), line(2)
    other = LookAlike(invoice_id="1", number="A", commitment_number=None, invoice_date=TODAY, gross=D("1.00"))
    bill = invoice(
        **own, invoice_id=str(n), number=f"A-{n}", lines=lines, releases=(release(how_held="held"),),
        look_alikes=(other,),
        counted=(CountedRelease(invoice_number="A", batch_key="EXP-000001", amount=D("1.00")),),
    )  # fmt: skip
    credits = tuple(replace(each, amount=-each.amount, retainage_held=D("0.00")) for each in lines)
    return bill, invoice(**own, invoice_id=f"{n}-c", number=f"C-{n}", lines=credits, reference_no="A-0")


def file_with(place: str, texts: Iterable[str]) -> tuple[BatchFacts, SageLists]:
    """One of as many invoices as there are texts, each with one of them there."""
    texts = list(enumerate(texts, 1))
    invoices = [planted(each, place, text) for n, text in texts for each in of_everything(n)]
    vendors = [planted(Vendor(number=str(20_000 + n), name="Delta"), place, text) for n, text in texts]
    jobs = [planted(Job(number=str(30_000 + n), name="Pier 9"), place, text) for n, text in texts]
    lists = sage_lists(vendors=SageList("Vendors 4-4", TODAY, vendors), jobs=SageList("Jobs 3-5", TODAY, jobs))
    return batch(*invoices), lists


def rules_against(facts, lists) -> set[str]:
    found = check(facts, lists, build_rows(facts, lists), TODAY)
    return {each.rule for each in found if each.severity == "error"}


def assert_calm_everywhere(facts, lists=None):
    rows = build_rows(facts, lists or sage_lists())
    files = render(rows, facts)
    assert_no_live_cell(files.xlsx)
    assert_equal_after_reading(files.xlsx, rows, facts)
    assert_csv_is_calm(files.csv)


def test_there_are_a_hundred_of_them():
    assert len(NEVER_CUT) >= 100


def test_whoever_adds_a_text_has_it_tried():
    """Nothing to add here: what follows asks the dataclasses. What is left out is there, and no more than that."""
    known = set(texts_of(InvoiceFacts, Vendor, Job))
    assert {*KEYS, *OURS, *UNSEEN} <= known
    assert {"InvoiceFacts.reference_by", "ReleaseFacts.how_released", "Vendor.due_terms"} < set(FREE_TEXTS) < known


@pytest.mark.parametrize("place", TEXTS)
def test_what_is_tried_reaches_a_sheet(place):
    """Or each of the hundred would stay calm for not being there at all."""
    facts, lists = file_with(place, [LETTERS])
    sheets = texts_of_sheets(build_rows(facts, lists), facts)
    assert any(LETTERS in text for texts in sheets.values() for text in texts.values()) is (place not in UNSEEN)


@pytest.mark.parametrize("place", KEYS)
def test_a_key_is_refused_by_a_rule_or_stands_there_as_it_was(place):
    """S10, S57, S58: whichever rule were skipped, the writer lets nothing through that a cell would change."""
    for text in filter(lambda text: not is_safe(text), NEVER_CUT):
        facts, lists = file_with(place, [text])
        assert rules_against(facts, lists) & {"S10", "S57"}
        with pytest.raises(UnsafeText):
            render(build_rows(facts, lists), facts)
    safe = [text for text in NEVER_CUT if is_safe(text)]
    assert len(safe) >= 50
    assert_calm_everywhere(*file_with(place, safe))


@pytest.mark.parametrize("place", [key for key in KEYS if key.startswith("InvoiceFacts")])
def test_a_key_that_a_spreadsheet_would_calculate_is_refused(place):
    """S58: nothing may be put before it, or Sage finds nothing under it."""
    for text in filter(starts_like_a_formula, NEVER_CUT):
        assert "S58" in rules_against(*file_with(place, [text]))


@pytest.mark.parametrize(("place", "rule"), LISTED.items())
def test_a_number_that_no_list_of_sage_has_is_refused(place, rule):
    """S31 to S33: whatever it looks like."""
    for text in NEVER_CUT:
        assert rule in rules_against(*file_with(place, [text]))


@pytest.mark.parametrize("place", FREE_TEXTS)
def test_no_text_of_anyone_becomes_a_formula_or_an_error(place):
    """R100, R107, E-6: in every sheet, and every sheet reads back equal in two readers."""
    texts = [text[:49] for text in PAYLOADS] if place == "InvoiceFacts.description" else PAYLOADS  # it is never cut
    assert_calm_everywhere(*file_with(place, texts))


@pytest.mark.parametrize("place", ["the company", "the accepter", "a title", "the name of the layout"])
def test_what_stands_once_in_a_file_stays_text(place):
    for text in PAYLOADS:
        if place == "the company":
            facts = batch(invoice(company_name=text), company_name=text)
        elif place == "the accepter":
            facts = batch(accepted_by=text)
        elif place == "a title":
            columns = (replace(APINV_R1.header[0], title=text), *APINV_R1.header[1:])
            facts = batch(layout=replace(APINV_R1, header=columns, column_names=True))
        else:
            facts = batch(layout=replace(APINV_R1, name=text))
        assert_calm_everywhere(facts)


def test_a_constant_of_the_layout_is_refused_or_stays_text():
    """S57: a constant stands on every row."""
    for text in NEVER_CUT:
        columns = (replace(c, source="", constant=text) if c.source == "ship_number" else c for c in APINV_R1.header)
        facts = batch(layout=replace(APINV_R1, header=tuple(columns)))
        if is_safe(text):
            assert_calm_everywhere(facts)
        else:
            assert "S57" in rules_against(facts, sage_lists())
            with pytest.raises(UnsafeText):
                render(build_rows(facts, sage_lists()), facts)
