"""Sage's record number of what is posted: a wrong one is corrected, with a reason; a missing one entered (E-3)."""

import pytest

from directory.models import Event
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from erp_integrations.actions import exports, reconciliations
from erp_integrations.models import ListKind
from tests.erp_integrations.pages import at_batch, at_export, signed_in, text_of
from tests.erp_integrations.test_reconciliations import LIST_DAY, row_of
from tests.erp_integrations.world import fresh

WHY = "Two windows of 4-2 were mixed up"


@pytest.fixture
def export(sage):
    return exports.confirm(sage.exported(), by=sage.approver, record_number="71")


def correct(export, number: str, by, reason: str = WHY):
    return exports.correct_record(export, by=by, record_number=number, reason=reason)


def test_a_wrong_number_is_corrected_and_the_old_one_stays_on_record(sage, export):
    client = signed_in(sage.approver)
    address = at_export(export, "erp-correct-record")
    for page in (at_export(export), at_batch(export.live_item.batch)):
        assert address in client.get(page).content.decode()
    assert "as record <strong>71</strong>" in text_of(client.get(address))
    assert client.post(address, {"record_number": " 72 ", "reason": WHY, "was": "71"}).status_code == 302
    corrected = fresh(export)[0]
    assert (corrected.status, corrected.sage_record_number) == ("posted", "72")
    event = Event.objects.about(export)[0]
    assert (event.verb, event.by, event.reason) == ("corrected Sage’s record number", sage.approver, WHY)
    assert event.changes == {"sage_record_number": ["71", "72"]}


def test_what_differed_for_its_number_alone_is_found_after_the_correction(sage, export):
    """It could be neither corrected nor voided while Sage holds it."""
    sage.load(ListKind.PAYABLE_INVOICES, row_of(export, record_number="72"), as_of_date=LIST_DAY)
    assert reconciliations.reconcile(sage.company, by=sage.approver).outcomes.get().kind == "differs"
    correct(export, "72", sage.approver)
    assert reconciliations.reconcile(sage.company, by=sage.approver).outcomes.get().kind == "found"


@pytest.mark.parametrize(("number", "says"), [
    ("71", "under this record number already"),
    ("no number!", "Enter the record number"),
    ("", "Enter the record number"),
    ("80", "is .* of .* already"),
    ("90", "record 90 is invoice"),
])  # fmt: skip
def test_a_number_that_can_not_be_its_own_is_refused_as_at_the_confirmation(sage, export, number, says):
    exports.confirm(sage.exported(), by=sage.approver, record_number="80")
    listed = sage.exported()
    sage.load(ListKind.PAYABLE_INVOICES, row_of(listed, record_number="90"), as_of_date=LIST_DAY)
    with pytest.raises(Refused, match=says) as refused:
        correct(export, number, sage.approver)
    assert refused.value.field == "record_number" and fresh(export)[0].sage_record_number == "71"


def test_it_takes_a_reason_a_record_and_an_approver(sage, export):
    with pytest.raises(Refused, match="Say why it is corrected"):
        correct(export, "72", sage.approver, reason="  ")
    with pytest.raises(NotNow, match="none to correct"):
        correct(sage.exported(), "72", sage.approver)
    with pytest.raises(NotAllowed):
        correct(export, "72", sage.base.staff)
    assert fresh(export)[0].sage_record_number == "71"
    assert "Correct" not in text_of(signed_in(sage.base.staff).get(at_export(export)))


def test_a_refused_correction_keeps_what_was_typed(sage, export):
    answer = signed_in(sage.approver).post(
        at_export(export, "erp-correct-record"), {"record_number": "71", "reason": WHY, "was": "71"}
    )
    assert answer.status_code == 422 and WHY in text_of(answer) and "already" in text_of(answer)


def test_of_two_corrections_at_once_the_second_sees_the_first(sage, export):
    client, address = signed_in(sage.approver), at_export(export, "erp-correct-record")
    assert 'name="was" value="71"' in client.get(address).content.decode()
    correct(export, "72", sage.new_approver())
    answer = client.post(address, {"record_number": "73", "reason": WHY, "was": "71"})
    assert answer.status_code == 409 and "stands under record 72 now" in text_of(answer)
    assert fresh(export)[0].sage_record_number == "72"


@pytest.fixture
def matched(sage):
    """Found in a list without record numbers (6.2)."""
    return exports.confirm(sage.exported(), by=sage.approver, record_number="", listed_date=LIST_DAY)


def test_the_first_number_is_entered_and_nobody_asks_what_was_wrong(sage, matched):
    client, address = signed_in(sage.approver), at_export(matched, "erp-correct-record")
    assert "Enter its record number…" in text_of(client.get(at_batch(matched.live_item.batch)))
    assert "Enter Sage’s record number…" in text_of(client.get(at_export(matched)))
    asked = text_of(client.get(address))
    assert "Enter Sage’s record number of" in asked and "which gives no record number" in asked
    shown = asked.partition("<h1>")[2].partition("</footer>")[0]
    assert "Correct" not in shown and "corrected" not in shown and 'name="reason"' not in asked
    assert client.post(address, {"record_number": "71", "was": ""}).status_code == 302
    event = Event.objects.about(matched)[0]
    assert (event.verb, event.reason) == ("entered Sage’s record number", "")
    assert event.changes == {"sage_record_number": ["", "71"]}
    assert fresh(matched)[0].sage_record_number == "71"


def test_of_two_who_enter_the_first_number_the_second_sees_the_first(sage, matched):
    """I-5."""
    client, address = signed_in(sage.approver), at_export(matched, "erp-correct-record")
    assert 'name="was"' in client.get(address).content.decode()
    exports.correct_record(matched, by=sage.new_approver(), record_number="71", was="")
    answer = client.post(address, {"record_number": "73", "was": ""})
    assert answer.status_code == 409 and "entered it meanwhile: it stands under record 71 now" in text_of(answer)
    assert fresh(matched)[0].sage_record_number == "71"


def test_a_correction_of_what_has_no_number_any_more_says_so(sage, matched):
    with pytest.raises(Stale, match="corrected it meanwhile: it stands under no record number now"):
        exports.correct_record(matched, by=sage.approver, record_number="73", reason=WHY, was="71")
