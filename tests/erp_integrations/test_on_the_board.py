"""What the billing board says of an invoice on its way to accounting and back (section 4, E-3, E-4)."""

import pytest
from django.urls import reverse

from directory.actions.grants import set_level
from directory.permissions import Level, Tool
from erp_integrations.actions import exports
from tests.erp_integrations.world import fresh, sage_world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return sage_world()


def row(w, invoice):
    board = reverse("period", args=[w.base.project.slug, invoice.billing_period_id])
    [found] = signed_in(w.base.admin).get(board).context["rows"]
    return found


def said(w, invoice) -> tuple:
    found = row(w, invoice)
    return found.state, found.badge, found.stage_in_erp, found.commitment.turn


def test_it_is_accountings_turn_until_sage_holds_it(w):
    invoice = w.approved()
    assert said(w, invoice) == ("approved", "approved", "", "team")
    export = w.sent(invoice)
    assert said(w, invoice) == ("in_erp", "approved", "sent", "accounting")
    assert row(w, invoice).commitment.since >= export.sent_at
    w.built(export)
    assert said(w, invoice) == ("in_erp", "approved", "exported", "accounting")
    exports.confirm(fresh(export)[0], by=w.approver, record_number="4711")
    assert said(w, invoice) == ("in_erp", "approved", "posted", "nobody")
    board = reverse("period", args=[w.base.project.slug, invoice.billing_period_id])
    assert "Posted" in text_of(signed_in(w.base.admin).get(board))
    assert "Sent to accounting" in text_of(signed_in(w.base.contact).get(board))


def test_what_is_taken_back_rejected_or_voided_is_the_project_teams_again(w):
    invoice = w.approved()
    export = w.sent(invoice)
    exports.retrieve(export, by=w.base.admin)
    assert said(w, invoice) == ("approved", "approved", "", "team")
    export = w.sent(invoice)
    sent_at = row(w, invoice).commitment.since
    exports.reject(export, by=w.approver, reason="Another job")
    assert said(w, invoice) == ("approved", "approved", "", "team")
    assert row(w, invoice).commitment.since > sent_at
    export = w.sent(invoice)
    w.built(export)
    exports.confirm(fresh(export)[0], by=w.approver, record_number="4711")
    set_level(w.approver, Tool.COMMITMENTS, w.base.project, Level.ADMIN, by=w.base.owner)
    exports.void(fresh(export)[0], by=w.approver, reason="Booked twice", sage_holds_it_no_more=True)
    assert said(w, invoice) == ("approved", "approved", "", "team")
