"""U6: the pages that ask before something is sent to accounting name whoever is mailed of it, and nobody else."""

import pytest
from django.utils.html import strip_tags

from directory.actions import grants
from directory.actions.preferences import choose_accounting_mail
from directory.models import Mail, MailPace
from directory.permissions import Level, Tool
from erp_integrations.actions import exports
from invoicing.models import Invoice
from tests import factories
from tests.erp_integrations.pages import signed_in, text_of
from tests.erp_integrations.test_send_pages import many
from tests.erp_integrations.world import SageWorld
from tests.invoicing.pages import at


@pytest.fixture
def invoice(sage) -> Invoice:
    return sage.approved()


def both_say(sage: SageWorld, invoice: Invoice) -> tuple[str, str]:
    """What the page of one, and that of several, says that happens."""
    client = signed_in(sage.sender)
    answers = client.get(at(invoice, "invoice-erp-send")), client.post(many(sage), {"invoice": invoice.pk})
    lists = (text_of(answer).partition('<ul class="what-happens">')[2].partition("</ul>")[0] for answer in answers)
    one, several = (" ".join(strip_tags(each).split()) for each in lists)
    return one, several


def test_an_approver_of_the_daily_mail_is_said_to_read_it_there(sage, invoice):
    """U6, and nobody is cut from the list."""
    choose_accounting_mail(sage.approver, MailPace.DAILY)
    more = [sage.new_approver(f"Reader {n}") for n in range(6)]
    for page in both_say(sage, invoice):
        assert f"{sage.approver.name} reads of" in page and "in the daily mail." in page
        assert "at once;" in page and all(reader.name in page for reader in more)
    exports.send([invoice], by=sage.sender)
    assert {mail.to for mail in Mail.objects.about(invoice.export)} == {*more}


def test_who_sends_is_not_said_to_be_mailed_though_they_approve(sage, invoice):
    """U6."""
    sage.sender = sage.all_rights()
    for page in both_say(sage, invoice):
        assert sage.sender.name not in page and f"{sage.approver.name} gets" in page


def test_where_the_sender_alone_approves_nobody_is_said_to_be_mailed(sage, invoice):
    """U6, P-7."""
    grants.set_level(sage.approver, Tool.COMMITMENTS, sage.base.project, Level.ADMIN, by=sage.base.owner)
    sage.sender = sage.approver
    for page in both_say(sage, invoice):
        assert "Nobody gets a mail: you alone hold Can Push to Accounting" in page


def test_where_nobody_holds_the_privilege_the_site_owner_is_named(sage, invoice):
    """U6."""
    [privilege] = sage.approver.privileges.all()
    factories.privileges.withdraw(privilege, by=sage.base.owner, reason="Left")
    for page in both_say(sage, invoice):
        assert "Nobody holds Can Push to Accounting yet" in page


def test_whoever_rejected_it_is_mailed_at_once_whatever_they_chose_and_never_of_their_own_sending(sage, invoice):
    """U6, section 7."""
    choose_accounting_mail(sage.approver, MailPace.DAILY)
    exports.reject(sage.sent(invoice), by=sage.approver, reason="Wrong job")
    one, several = both_say(sage, Invoice.objects.get(pk=invoice.pk))
    assert f"{sage.approver.name} gets a mail at once." in one
    assert f"{sage.approver.name} gets one mail at once." in several
    grants.set_level(sage.approver, Tool.COMMITMENTS, sage.base.project, Level.ADMIN, by=sage.base.owner)
    Mail.objects.all().delete()
    exports.send([Invoice.objects.get(pk=invoice.pk)], by=sage.approver)
    assert not Mail.objects.filter(to=sage.approver).exists()
