"""What the billing board says of an invoice on its way to accounting and back (section 4, E-3, E-4)."""

import pytest
from django.urls import reverse

from directory.actions.grants import set_level
from directory.permissions import Level, Tool
from erp_integrations.actions import exports
from tests.erp_integrations.world import fresh, sage_world
from tests.invoicing.pages import signed_in

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


def test_how_far_it_is_has_the_same_words_on_each_page_and_in_each_file(w):
    """U9: those of the company for its people, those of My bills for its subcontractor."""
    invoice, slug = w.approved(), w.base.project.slug
    board = [slug, invoice.billing_period_id]
    pages = [reverse("period", args=board), reverse("period-csv", args=board), reverse("invoices-csv", args=[slug])]

    def read(who, *more) -> list[str]:
        return [b"".join(signed_in(who).get(page)).decode() for page in (*pages, *more)]

    export = w.sent(invoice)
    assert all("Sent to ERP" in page for page in read(w.base.admin)[:2])
    assert all("Sent to accounting" in page for page in read(w.base.contact, reverse("bills")))
    w.built(export)
    assert all("Exported" in page for page in read(w.base.admin))
    assert all("In accounting’s file" in page for page in read(w.base.contact, reverse("bills")))
    exports.confirm(fresh(export)[0], by=w.approver, record_number="4711")
    assert all("Posted" in page for page in read(w.base.admin))
    assert all("Confirmed in Sage" in page for page in read(w.base.contact, reverse("bills")))


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
