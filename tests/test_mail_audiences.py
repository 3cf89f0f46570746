"""R97: whoever lost a right between the event and the sending of its mail gets none; everybody else still does."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import mail as outbox

from directory import tasks
from directory.actions import people, privileges, vendors
from directory.actions.grants import set_level
from directory.actions.vendors import Details
from directory.audiences import AUDIENCES
from directory.models import Mail
from directory.permissions import Level, Tool
from erp_integrations import notifications as erp_mail
from erp_integrations.actions import exports
from invoicing import notifications as invoicing_mail
from invoicing.actions import comments, commitments, deleting, due_dates, invitations, payments, reminders, reviews
from invoicing.actions import invoices as invoice_acts
from invoicing.models import BillingSettings, InvoiceType, Verdict
from tests.directory.directory_pages import directory_admin
from tests.erp_integrations.world import SageWorld, sage_world
from tests.factories import payment_of, person, world

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent


def sent_of(mail: Mail) -> bool:
    """Whether it went out when a worker came by."""
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert mail.state in (Mail.State.SENT, Mail.State.WITHHELD), mail.result
    assert (mail.state == Mail.State.SENT) == bool(outbox.outbox)
    outbox.outbox.clear()
    return mail.state == Mail.State.SENT


def newest(to) -> Mail:
    return Mail.objects.filter(to=to).latest("pk")


# Invoice contacts: what happened, and how one stops being a contact


def an_invite(w):
    invitations.invite(w.period(), [w.commitment()], InvoiceType.WORK, by=w.admin)


def a_bill_sent_back(w):
    invoice = w.submitted()
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.admin)
    invoice_acts.send_back(invoice, by=w.admin)


def more_time(w):
    commitment, period = w.commitment(), w.period()
    due_dates.extend(period, commitment, period.end_date, reason="Rain", by=w.admin)


def a_reminder(w):
    reminders.remind_about([w.draft()], by=w.admin)


def a_bill_deleted(w):
    deleting.delete(w.submitted(), reason="Twice", by=w.admin)


def a_comment(w):
    comments.comment(w.submitted(), "Send the test reports", by=w.admin)


def a_payment(w):
    payments.record_payment(w.approved(), payment_of("1.00"), by=w.admin)


def no_contact_any_more(w):
    for contact in w.contact.invoice_contacts.all():
        commitments.remove_contact(contact, by=w.admin)


def another_employer(w):
    other = vendors.enter(w.company, Details("Bolt Electric"), by=w.owner)
    membership = w.contact.membership_in(w.company)
    membership.vendor = other
    membership.save()


def no_level(w):
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.NONE, by=w.owner)


def out_of_the_directory(w):
    people.deactivate_membership(w.contact.membership_in(w.company), by=w.owner, reason="Retired")


@pytest.mark.parametrize(
    "event", [an_invite, a_bill_sent_back, more_time, a_reminder, a_bill_deleted, a_comment, a_payment]
)
@pytest.mark.parametrize("loss", [no_contact_any_more, another_employer, no_level, out_of_the_directory])
def test_who_is_no_contact_any_more_gets_no_mail(event, loss):
    w = world()
    event(w)
    mail = newest(w.contact)
    loss(w)
    assert not sent_of(mail)
    assert "no longer" in mail.result


@pytest.mark.parametrize(
    "event", [an_invite, a_bill_sent_back, more_time, a_reminder, a_bill_deleted, a_comment, a_payment]
)
def test_a_contact_who_still_is_one_gets_it(event):
    w = world()
    event(w)
    assert sent_of(newest(w.contact))


def test_a_contact_of_another_commitment_is_none_of_this_one():
    w = world()
    stays, goes = w.commitment(), w.commitment()
    invitations.invite(w.period(), [stays, goes], InvoiceType.WORK, by=w.admin)
    commitments.remove_contact(goes.invoice_contacts.get(), by=w.admin)
    kept, withheld = (Mail.objects.about(each.invitations.get()).get() for each in (stays, goes))
    assert sent_of(kept) and not sent_of(withheld)


# The project's own people


def test_the_distribution_list_is_asked_again():
    for loss in ("nothing", "list", "level"):
        w = world()
        BillingSettings.objects.create(project=w.project).distribution_list.add(w.reader)
        w.submitted()
        if loss == "list":
            w.project.billing_settings.distribution_list.clear()
        if loss == "level":
            set_level(w.reader, Tool.COMMITMENTS, w.project, Level.NONE, by=w.owner)
        assert sent_of(newest(w.reader)) == (loss == "nothing"), loss


# Accounting


def no_privilege(w: SageWorld):
    privileges.withdraw(w.approver.privileges.get(), by=w.base.owner, reason="Left the desk")


def no_erp_level(w: SageWorld):
    set_level(w.approver, Tool.ERP_INTEGRATIONS, w.company, Level.NONE, by=w.base.owner)


def nothing(w: SageWorld):
    pass


@pytest.mark.parametrize(("loss", "goes"), [(nothing, True), (no_privilege, False), (no_erp_level, False)])
def test_an_approver_who_lost_the_privilege_hears_of_nothing_that_waits(loss: Callable, goes: bool):
    w = sage_world()
    exports.send([w.approved()], by=w.base.admin)
    mail = newest(w.approver)
    loss(w)
    assert sent_of(mail) == goes


def test_a_rejection_reaches_the_sender_and_the_creator_while_they_may_see_it():
    w = sage_world()
    export = w.sent()
    exports.reject(export, by=w.approver, reason="Another job")
    sender, creator = newest(export.sent_by), newest(w.base.contact)
    no_contact_any_more(w.base)
    assert sent_of(sender) and not sent_of(creator)


def test_a_failed_file_is_told_to_whoever_still_sends_or_approves():
    w = sage_world()
    export = w.sent()
    batch = w.accepted(export)
    erp_mail.failed(batch, [export], "Cost code 9999 is gone")
    set_level(export.sent_by, Tool.COMMITMENTS, w.base.project, Level.READ_ONLY, by=w.base.owner)
    assert sent_of(newest(w.approver)) and not sent_of(newest(export.sent_by))


# The directory


def test_whoever_may_no_longer_verify_a_change_is_not_asked_to():
    w = world()
    clerk, second = directory_admin(w), directory_admin(w, "Cleo Clerk")
    vendor = vendors.enter(w.company, Details("Kerr Plumbing", email="office@kerr.example"), by=clerk)
    worker = person("Kai Kerr", w.company, vendor)
    vendors.change(vendor, Details("Kerr Plumbing", email="new@kerr.example"), by=clerk, reason="A letter")
    asked, told = newest(second), newest(worker)
    set_level(second, Tool.COMPANY_DIRECTORY, w.company, Level.READ_ONLY, by=w.owner)
    assert not sent_of(asked) and sent_of(told)


# The rule itself


def test_what_a_mail_was_about_is_gone_then_the_mail_is_withheld():
    w = world()
    an_invite(w)
    mail = newest(w.contact)
    commitment = w.contact.invoice_contacts.get().commitment
    commitment.invitations.all().delete()
    assert not sent_of(mail)
    assert mail.result == "What it is about was deleted."


def test_an_audience_that_nobody_declared_is_no_yes():
    w = world()
    an_invite(w)
    mail = newest(w.contact)
    Mail.objects.filter(pk=mail.pk).update(audience="whoever")
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, outbox.outbox) == (Mail.State.WAITING, [])
    assert "KeyError" in mail.result


# About a person's own login, own place in a directory, or own privilege: being here is all it takes.
OWN = {
    "directory/actions/account_links.py",
    "directory/actions/logins.py",
    "directory/people_mail.py: entered",
    "directory/privilege_mail.py: granted",
    "directory/privilege_mail.py: withdrawn",
    "directory/standing_mail.py: changed",
    "directory/notifications.py: _mail_head",
}


def test_every_mail_names_its_audience_or_is_about_its_reader():
    unnamed, named = set(), set()
    for path in (path for app in ("directory", "invoicing", "erp_integrations") for path in (ROOT / app).rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "post":
                        where = str(path.relative_to(ROOT))
                        has = any(keyword.arg == "audience" for keyword in call.keywords)
                        (named if has else unnamed).add(f"{where}: {function.name}")
    own = {each for each in unnamed if each in OWN or each.partition(":")[0] in OWN}
    assert unnamed == own
    assert len(named) > 12


def test_each_app_declares_who_its_readers_are():
    assert {invoicing_mail.CONTACT, invoicing_mail.LISTED, erp_mail.APPROVER, erp_mail.SENDER} <= set(AUDIENCES)
