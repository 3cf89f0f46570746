"""A commitment that does not bill stored materials separately takes none anew (section 2)."""

import pytest

from directory.refusals import Refused
from invoicing.actions import amounts
from invoicing.forms.columns import columns_of
from tests.factories import D, world

pytestmark = pytest.mark.django_db


def switched_off(w):
    """A draft whose commitment had the switch on when 5,000.00 were stored, and has it off now."""
    commitment = w.commitment()
    first = w.approved(w.draft(commitment), {"stored_new": D("5000.00")})
    commitment.bills_stored_materials = False
    commitment.save()
    return w.draft(commitment, w.period(first.period_start_date.replace(month=7)))


def test_what_is_in_storage_still_moves_to_work_and_nothing_new_is_stored():
    w = world()
    bill = switched_off(w)
    stems = {column.stem for column in columns_of(bill, bill.lines.all(), as_admin=True)}
    assert "moved" in stems and "stored" not in stems
    first, second = bill.lines.all()
    for someone in (w.contact, w.admin):
        with pytest.raises(Refused, match="Line 1: .* does not bill stored materials"):
            stored = {first.pk: {"stored_new": D("1000.00")}}
            amounts.save_lines(bill, stored, by=someone, version=bill.version)
    moved = amounts.save_lines(bill, {first.pk: {"stored_moved": D("5000.00")}}, by=w.contact, version=bill.version)
    assert moved.total_completed_and_stored == D("5000.00")


def test_what_was_typed_before_the_switch_went_off_may_stay_or_be_taken_out():
    w = world()
    bill = w.entered(None, {"stored_new": D("700.00")})
    bill.commitment.bills_stored_materials = False
    bill.commitment.save()
    assert "stored" in {column.stem for column in columns_of(bill, bill.lines.all(), as_admin=False)}
    line = bill.lines.first()
    kept = amounts.save_lines(bill, {line.pk: {"stored_new": D("700.00")}}, by=w.contact, version=bill.version)
    with pytest.raises(Refused, match="does not bill stored materials"):
        amounts.save_lines(kept, {line.pk: {"stored_new": D("800.00")}}, by=w.contact, version=kept.version)
    gone = amounts.save_lines(kept, {line.pk: {"stored_new": D("0")}}, by=w.contact, version=kept.version)
    assert gone.total_completed_and_stored == D("0.00")
