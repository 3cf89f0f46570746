"""Our exports against Sage's list, without a database: what became of each, and of each row that is nobody's (E-9)."""

from decimal import Decimal as D

import pytest

from erp_integrations.sage100.lists import PayableInvoice
from erp_integrations.sage100.reconciling import InFile, Kind, compare

KEYS = {"EXP-000001", "EXP-000002"}


def ours(item_id: int, number: str, **rest) -> InFile:
    usual = {"vendor_number": "20145", "batch_key": "EXP-000001", "gross": D("100.00"), "retainage": D("10.00")}
    return InFile(item_id=item_id, number=number, **usual | rest)


def theirs(number: str, **rest) -> PayableInvoice:
    usual = {"vendor_number": "20145", "gross": D("100.00"), "retention": D("10.00"), "balance": D("90.00")}
    return PayableInvoice(invoice_number=number, **usual | {"record_number": f"R{number.strip()}"} | rest)


def said(in_files, rows, ended=()) -> dict:
    """{item or place: (kind, what is noted)}"""
    found = compare(in_files, ended, KEYS, rows)
    return {each.item_id or f"row {each.places[0]}": (each.kind, " ".join(each.notes)) for each in found.outcomes}


def one(mine: InFile, *rows: PayableInvoice) -> tuple:
    return said([mine], rows)[mine.item_id]


def test_one_list_shows_every_kind_of_difference_at_once():
    mine = [ours(1, "A-1"), ours(2, "A-2"), ours(3, "A-3"), ours(4, "A-4"), ours(5, "A-5")]
    left = [ours(6, "A-6", batch_key="EXP-000002")]
    rows = [
        theirs("A-1", user_def_1="EXP-000001"),
        theirs("A-3", gross=D("99.99")),
        theirs("A-4", retention=D("9.99")),
        theirs("A-5"),
        theirs("A-5", record_number="R99"),
        theirs("A-6", user_def_1="EXP-000002"),
        theirs("WATER-7", vendor_number="30001"),
    ]
    found = compare(mine, left, KEYS, rows)
    assert [(each.kind.value, each.item_id, each.places) for each in found.outcomes] == [
        ("found", 1, (0,)),
        ("missing", 2, ()),
        ("amount", 3, (1,)),
        ("retainage", 4, (2,)),
        ("twice", 5, (3, 4)),
        ("voided", 6, (5,)),
    ]
    assert found.others == (6,), "what has nothing to do with us"
    assert found == compare(mine, left, KEYS, rows), "the same list gives the same"


@pytest.mark.parametrize("number", ["  a-1 ", "A-1", "a-1"])
def test_numbers_are_compared_without_case_and_outer_spaces(number):
    assert one(ours(1, "a-1"), theirs(number))[0] == Kind.FOUND


def test_the_same_number_of_another_vendor_is_another_invoice():
    found = compare([ours(1, "A-1")], [], KEYS, [theirs("A-1", vendor_number="30001")])
    assert [each.kind for each in found.outcomes] == [Kind.MISSING] and found.others == (0,)


def test_a_paid_invoice_is_found_whatever_its_balance():
    assert one(ours(1, "A-1"), theirs("A-1", balance=D("0.00"), status=4)) == (Kind.FOUND, "")


def test_a_credit_is_found_as_a_credit_and_not_as_a_bill():
    credit = ours(1, "A-1", gross=D("-50.00"), retainage=D("0.00"))
    assert one(credit, theirs("A-1", gross=D("-50.00"), retention=D("0.00")))[0] == Kind.FOUND
    assert one(credit, theirs("A-1", gross=D("50.00"), retention=D("0.00")))[0] == Kind.AMOUNT


RELEASED = {"releases": (D("4.00"), D("6.00"))}


@pytest.mark.parametrize("retention, still", [("10.00", "10.00"), ("6.00", "6.00"), ("0.00", "")])
def test_retention_lowered_by_our_release_sheets_is_explained(retention, still):
    kind, note = one(ours(1, "A-1", **RELEASED), theirs("A-1", retention=D(retention)))
    assert kind == Kind.FOUND
    assert note == (f"{still} of its retainage is still to be released in Sage." if still else "")


@pytest.mark.parametrize("retention", ["9.99", "4.00", "10.01", "-6.00"])
def test_retention_that_no_release_sheet_explains_differs(retention):
    kind, note = one(ours(1, "A-1", **RELEASED), theirs("A-1", retention=D(retention)))
    assert kind == Kind.RETAINAGE and note == "Expected retention: 10.00 or 6.00 or 0.00."
    assert one(ours(1, "A-1"), theirs("A-1", retention=D("0.00")))[0] == Kind.RETAINAGE, "and none without a sheet"


def test_what_an_earlier_file_brought_is_not_what_this_one_did():
    """It was voided, mended and exported again, but Sage still holds the old one: never posted by match."""
    mine, old = ours(1, "A-1", batch_key="EXP-000002"), ours(9, "A-1", batch_key="EXP-000001")
    found = said([mine], [theirs("A-1", user_def_1=" exp-000001")], [old])
    assert found[1] == (Kind.MISSING, "Sage holds what EXP-000001 brought, not what this file did.")
    assert found[9][0] == Kind.VOIDED
    both = [theirs("A-1", user_def_1="EXP-000001"), theirs("A-1", user_def_1="EXP-000002")]
    assert said([mine], both, [old])[1][0] == Kind.TWICE, "and both together would be paid twice"


def test_what_sage_keeps_as_void_is_gone():
    assert one(ours(1, "A-1"), theirs("A-1", status=5)) == (Kind.MISSING, "Sage keeps it as void.")
    assert one(ours(1, "A-1"), theirs("A-1", status=5), theirs("A-1"))[0] == Kind.FOUND
    assert said([], [theirs("A-6", status=5)], [ours(6, "A-6")]) == {}


def test_what_sage_keeps_as_void_is_none_of_the_others_either():
    """E-9, decision 30: ours or a stranger's, it owes nothing."""
    rows = [theirs("A-1", status=5, user_def_1="EXP-000001"), theirs("B-1", status=5), theirs("B-2")]
    found = compare([ours(1, "A-1")], (), KEYS, rows)
    assert [each.kind for each in found.outcomes] == [Kind.MISSING] and found.others == (2,)


def test_a_row_with_our_key_and_another_number_stands_out():
    found = said([ours(1, "A-1")], [theirs("A-11", user_def_1="EXP-000001"), theirs("B-1", user_def_1="lumber")])
    assert found["row 0"] == (Kind.NOT_OURS, "It names EXP-000001, which holds no such invoice.")
    assert found[1][0] == Kind.MISSING and "row 1" not in found


def test_what_only_releases_retainage_is_not_missed():
    release = ours(1, "A-1", gross=D("0.00"), retainage=D("0.00"), makes_rows=False)
    assert said([release], []) == {}
    assert said([release], [theirs("A-1", status=5)]) == {}, "nor when Sage keeps it as void"


def test_what_only_releases_retainage_and_stands_in_sage_is_a_cost_twice():
    release = ours(1, "A-1", gross=D("0.00"), retainage=D("0.00"), makes_rows=False)
    for key in ("EXP-000001", "EXP-000002", ""):
        found = said([release], [theirs("a-1 ", user_def_1=key)])
        assert list(found) == [1], "and it is no stranger beside"
        assert found[1][0] == Kind.DIFFERS and "Sage must not hold it" in found[1][1]


def test_a_list_older_than_the_file_is_said():
    assert one(ours(1, "A-1", is_too_new=True)) == (Kind.MISSING, "The list is older than its file.")


def test_a_list_of_the_day_of_the_file_that_misses_it_may_have_been_made_before_the_import():
    """E-9: unless somebody confirmed it, under its record number."""
    waits, confirmed = (ours(1, "A-1", is_of_that_day=True, record_number=number) for number in ("", "70400"))
    for mine, rows in ((waits, ()), (waits, [theirs("A-1", user_def_1="EXP-000002")])):
        [outcome] = compare([mine], (), KEYS, rows).outcomes[:1]
        assert outcome.kind == Kind.MISSING and outcome.is_too_new
        assert "it may have been made before the import" in outcome.notes[-1]
    [outcome] = compare([confirmed], (), KEYS, ()).outcomes
    assert (outcome.kind, outcome.notes, outcome.is_too_new) == (Kind.MISSING, (), False)


def test_another_record_or_another_key_than_we_know_is_said():
    row = theirs("A-1", record_number="70009", user_def_1="typed by hand")
    assert one(ours(1, "A-1", record_number="70001"), row) == (
        Kind.DIFFERS,
        "It was confirmed as record 70001. Its User def 1 is typed by hand, not EXP-000001.",
    )
    assert one(ours(1, "A-1", record_number="a7"), theirs("A-1", record_number=" A7"))[0] == Kind.FOUND
    assert one(ours(1, "A-1"), theirs("A-1", user_def_1="typed by hand"))[0] == Kind.FOUND, "the key is only said"


def test_the_same_invoice_on_another_job_differs_and_a_list_without_jobs_says_nothing():
    mine = ours(1, "A-1", job_number="2026014")
    assert one(mine, theirs("A-1", job_number="9999999")) == (
        Kind.DIFFERS,
        "Sage has it on job 9999999, not 2026014.",
    )
    assert one(mine, theirs("A-1", job_number="2026014"))[0] == Kind.FOUND
    assert one(mine, theirs("A-1", job_number="002026014"))[0] == Kind.FOUND, "a job has a number, not a spelling"
    assert one(mine, theirs("A-1", job_number="2026014.0"))[0] == Kind.FOUND
    assert one(mine, theirs("A-1", job_number="20260140"))[0] == Kind.DIFFERS
    assert one(mine, theirs("A-1", job_number="Riverside"))[0] == Kind.DIFFERS
    assert one(mine, theirs("A-1"))[0] == Kind.FOUND
    assert one(ours(1, "A-1"), theirs("A-1", job_number="9999999"))[0] == Kind.FOUND, "nobody says which is ours"
    assert one(mine, theirs("A-1", job_number="9999999", gross=D("1.00"))) == (
        Kind.AMOUNT,
        "Sage has it on job 9999999, not 2026014.",
    )


def test_what_was_keyed_by_hand_beside_the_import_is_left_to_a_person():
    """E-3: the other rows of its file bear the key, so the import may bring it still, or have been refused."""
    one, two, elsewhere = ours(1, "A-1"), ours(2, "A-2"), ours(3, "A-3", batch_key="EXP-000002")
    rows = [theirs("A-1", user_def_1="exp-000001"), theirs("A-2"), theirs("A-3")]
    first, second, third = compare([one, two, elsewhere], (), KEYS, rows).outcomes
    assert (second.kind, second.is_too_new) == (Kind.FOUND, True)
    assert "keyed by hand" in second.notes[0] and "EXP-000001" in second.notes[0]
    assert not (first.notes or first.is_too_new or third.notes or third.is_too_new), "a list may keep no key at all"
    [known, _] = compare([ours(2, "A-2", record_number="RA-2"), one], (), KEYS, rows).outcomes[:2]
    assert (known.kind, known.notes, known.is_too_new) == (Kind.FOUND, (), False)
