"""What accounting did stands in the invoice's own timeline, change history and Mail tab, for the company's own people.

Screens 8: a rejection's reason is in the timeline as well. I-10: every event, who, when, from, to, why. Screens 10:
every mail is listed on the invoice's Mail tab.
"""

import pytest

from directory.actions.grants import set_level
from directory.models import Mail
from directory.permissions import Level, Tool
from erp_integrations.actions import exports
from erp_integrations.models import InvoiceExport
from invoicing.models import Invoice
from tests.erp_integrations.pages import queries, signed_in, text_of
from tests.invoicing.pages import at

TABS = ("lines", "summary", "files", "payments", "submissions", "timeline", "changes", "mail")


@pytest.fixture
def sent_again(sage) -> Invoice:
    """Rejected with a reason, mended and sent once more: the export keeps no reason any more."""
    export = sage.sent()
    exports.reject(export, by=sage.approver, reason="Wrong job number")
    return sage.sent(Invoice.objects.get(pk=export.invoice_id)).invoice


def tab(who, invoice: Invoice, name: str) -> str:
    return text_of(signed_in(who).get(at(invoice) + f"?show={name}")).partition("Parts of this")[2]


def test_the_reason_of_a_rejection_stays_in_the_timeline_after_it_was_sent_again(sage, sent_again):
    """Screens 8, I-10; nothing of it for the contact (P-2)."""
    assert InvoiceExport.objects.get().reason == ""
    told = tab(sage.sender, sent_again, "timeline")
    assert "Wrong job number" in told and f"<strong>{sage.approver.name}</strong> rejected" in told
    for name in ("timeline", "changes", "mail"):
        theirs = tab(sage.base.contact, sent_again, name)
        assert "Wrong job number" not in theirs and sage.approver.name not in theirs
        assert "Ready to export" not in theirs and "waits for accounting" not in theirs


def test_the_change_history_tells_each_state_at_accounting_as_such(sage, sent_again):
    """I-10: from, to, by whom; the invoice’s own status is called otherwise."""
    told = tab(sage.sender, sent_again, "changes")
    assert told.count(">ERP status<") == 3 and "Rejected by accounting" in told and ">Status<" in told


def test_every_mail_of_its_way_to_accounting_is_on_its_mail_tab(sage, sent_again):
    """Screens 10: those kept on its export, and what whoever looks was told of several together.

    P-2: nobody else reads there what a file comes to, as other projects' bills are in it.
    """
    batch = sage.built(*InvoiceExport.objects.all())
    told = tab(sage.sender, sent_again, "mail")
    assert "Accounting rejected" in told and "was sent again" in told and batch.key not in told
    count = Mail.objects.telling_of(sent_again).count() + Mail.objects.about(sent_again.export).count()
    assert told.count('<th scope="row">') == count and f'Mail <span class="count">{count}<' in told
    set_level(sage.approver, Tool.COMMITMENTS, sage.base.project, Level.ADMIN, by=sage.base.owner)
    assert f"{batch.key} is ready" in tab(sage.approver, sent_again, "mail")


def test_the_timelines_count_is_what_it_lists(sage, sent_again):
    for who in (sage.sender, sage.base.contact):
        told = tab(who, sent_again, "timeline")
        count = told.count('<p class="when">')
        assert f'Timeline <span class="count">{count}<' in told


def test_an_invoice_with_accounting_asks_no_more_than_its_page_may(sage, sent_again):
    """F7."""
    client = signed_in(sage.sender)
    assert max(queries(client, at(sent_again) + f"?show={name}") for name in TABS) <= 12


def test_a_directory_admin_still_reaches_the_whole_record(sage, sent_again):
    """9.3: as on the page of an invoice that never was with accounting."""
    set_level(sage.sender, Tool.COMPANY_DIRECTORY, sage.company, Level.ADMIN, by=sage.base.owner)
    assert f"events/about/invoicing.invoice:{sent_again.pk}" in tab(sage.sender, sent_again, "timeline")
