"""The identities of an invoice are asked again on the way to accounting (5.5): when sent, when accepted, when built."""

import pytest

from directory.refusals import Refused
from erp_integrations import exporting
from erp_integrations.actions import exports
from invoicing.models import InvoiceLine
from tests.erp_integrations.world import ACCOUNTING_DATE, D, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(sage):
    """Application 2 of a commitment, approved: it says what was completed before."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    return sage.approved(commitment)


def alter(invoice) -> None:
    """By a statement in the database, as no page does it: the rows for accounting stay what they were."""
    InvoiceLine.objects.filter(pk=invoice.lines.first().pk).update(work_previous=D("400.00"))


def test_an_invoice_whose_identities_no_longer_hold_is_not_sent(sage, second):
    alter(second)
    with pytest.raises(Refused, match=r"N-1: On 1 Footings and grade beams, work completed before is not what"):
        exports.send_one(second, by=sage.sender)
    [result] = exports.send([second], by=sage.sender)
    assert result.export is None and "approves it again" in result.refusal.message


def test_accounting_can_not_accept_it_either(sage, second):
    export = sage.sent(second)
    alter(second)
    finding = next(each for each in sage.findings(export) if each.rule == "N-1")
    assert (finding.severity, finding.field, finding.value) == ("error", "SOV-001", "400.00")
    with pytest.raises(Refused, match="N-1"):
        sage.accepted(export)


def test_nothing_is_built_of_it(sage, second):
    batch = sage.accepted(sage.sent(second))
    alter(second)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "N-1" in batch.error and not batch.file_key


def test_over_billing_that_is_no_longer_allowed_is_not_sent(sage):
    """N-4 goes by the commitment as it is now; reopening the review is the way out."""
    commitment = sage.commitment(allows_over_billing=True)
    over = sage.approved(commitment, {"work_this_period": D("80000.00")})
    type(commitment).objects.filter(pk=commitment.pk).update(allows_over_billing=False)
    with pytest.raises(Refused, match=r"N-4: .* over its scheduled value"):
        exports.send_one(over, by=sage.sender)


def test_one_check_of_many_reads_as_often_as_of_one(sage, second, django_assert_max_num_queries):
    """F16, with invoices that go on from another one and from a starting certificate."""
    some, counts = [sage.sent(second), sage.sent(sage.approved(sage.mid_job("SC-90")))], []
    for size in (2, 5):
        some += [sage.sent(sage.approved(sage.mid_job(f"SC-9{n}"))) for n in range(len(some), size)]
        with django_assert_max_num_queries(27) as captured:
            exports.preview(fresh(*some), accounting_date=ACCOUNTING_DATE, by=sage.approver)
        counts.append(len(captured))
    assert counts[0] == counts[1]
