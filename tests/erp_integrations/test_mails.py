"""What was mailed about an invoice's way to accounting stands on its page and its batch's (section 7, screens 10)."""

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from directory.actions.preferences import choose_accounting_mail
from directory.models import Mail, MailMention, MailPace
from erp_integrations import notifications
from erp_integrations.actions import exports, many
from erp_integrations.models import InvoiceExport
from tests.erp_integrations.pages import at_batch, at_export, queries, signed_in, text_of
from tests.erp_integrations.test_told_and_restored import failed_by
from tests.erp_integrations.world import fresh


@pytest.fixture
def staff(sage):
    return signed_in(sage.base.staff)


def sent_together(sage, count: int) -> list[InvoiceExport]:
    return [result.export for result in exports.send([sage.approved() for _ in range(count)], by=sage.sender)]


def headlines(export) -> list[str]:
    return [mail.headline for mail in Mail.objects.telling_of(export)]


def test_one_mail_of_many_sent_invoices_is_found_from_each(sage, staff):
    """Section 7: it was kept on the first alone. What was sent with another click tells nothing of these."""
    *together, alone = [*sent_together(sage, 3), sage.sent()]
    for export in together:
        assert headlines(export) == [f"3 invoices wait for accounting: {sage.base.project.name}"]
        page = text_of(staff.get(at_export(export)))
        assert "3 invoices wait for accounting" in page and f"To {sage.approver.name} · Waiting · written" in page
    assert headlines(alone) == []
    assert "No mail yet" in text_of(staff.get(at_export(alone)))


def test_many_are_told_of_though_the_process_ends_before_all_are_sent(sage, monkeypatch):
    """Section 7, R1: each has its mail in the transaction that sends it; it waits for the one that tells of all."""
    first, second = (sage.approved() for _ in range(2))
    really = exports.send_one

    def killed_at_the_second(invoice, **how):
        if invoice == second:
            raise KeyboardInterrupt
        return really(invoice, **how)

    monkeypatch.setattr(exports, "send_one", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        exports.send([first, second], by=sage.sender)
    [mail] = Mail.objects.telling_of(first.export)
    assert (mail.to, mail.headline) == (sage.approver, f"1 invoice waits for accounting: {sage.base.project.name}")
    assert mail not in Mail.objects.due()
    with time_machine.travel(timezone.now() + notifications.ONE_CLICK + timedelta(seconds=1)):
        assert mail in Mail.objects.due()


def test_what_is_rejected_together_is_told_one_by_one(sage):
    """9.6: each rejection has mails of its own, which stand on that invoice alone."""
    first, second = sage.sent(), sage.sent()
    many.reject_each([first, second], by=sage.approver, reason="Wrong job", seen={})
    for export in (first, second):
        assert headlines(export) == [f"Accounting rejected {export.invoice}: Wrong job"] * 2  # the sender, the contact


def test_the_mail_of_a_ready_file_is_found_from_every_invoice_in_it_and_from_the_batch(sage, staff):
    first, second, other = sage.sent(), sage.sent(), sage.sent()
    batch = sage.built(first, second)
    for export in (first, second):
        assert [line.startswith(f"{batch.key} is ready to import: 2 invoices") for line in headlines(export)] == [True]
        assert f"{batch.key} is ready" in text_of(staff.get(at_export(export)))
    assert headlines(other) == []
    assert f"{batch.key} is ready" in text_of(staff.get(at_batch(batch)))


def test_the_mail_of_a_failure_is_found_only_from_the_invoices_it_tells_of(sage):
    """P-2, P-8: a sender is told of their own; the approver's mail tells of all."""
    good = sage.sent()
    bad = exports.send_one(sage.approved(), by=sage.base.second_admin)
    batch = failed_by(sage, good, bad)
    readers = {export: {mail.to for mail in Mail.objects.telling_of(export)} for export in (good, bad)}
    assert readers == {good: {sage.approver, sage.sender}, bad: {sage.approver, sage.base.second_admin}}
    assert Mail.objects.about(batch).count() == 3


def test_the_daily_mail_is_found_from_every_invoice_that_it_lists(sage, monkeypatch):
    choose_accounting_mail(sage.approver, MailPace.DAILY)
    monkeypatch.setattr(notifications, "LISTED", 2)
    some = [sage.sent() for _ in range(3)]
    tomorrow = sage.company.today + timedelta(days=1)
    with time_machine.travel(datetime.combine(tomorrow, time(12), tzinfo=sage.company.zone)):
        assert notifications.daily_digests() == 1
    assert [headlines(export) for export in some] == [["3 invoices wait for accounting"]] * 2 + [[]]


def test_the_mail_about_a_file_that_nobody_takes_is_found_from_what_is_still_in_it(sage):
    """R16; an invoice that was voided out of it is no matter of it any more."""
    stays, left = sage.sent(), sage.sent()
    batch = sage.built(stays, left)
    Mail.objects.all().delete()
    exports.void(left, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        assert notifications.overdue_files() > 0
    assert {*headlines(stays)} == {f"{batch.key} was accepted and nobody has downloaded it"}
    assert headlines(left) == []


def test_a_page_says_when_a_mail_went_and_why_one_did_not(sage, staff):
    """Section 7: to whom, when, result."""
    export = sage.sent()
    exports.reject(export, by=sage.approver, reason="Wrong job")
    went, failed = Mail.objects.telling_of(export)
    Mail.objects.filter(pk=went.pk).update(state="sent", sent_at="2030-07-02T15:04:00Z", result="Handed over for x")
    Mail.objects.filter(pk=failed.pk).update(state="failed", result="ConnectionRefusedError: nobody listens")
    page = text_of(staff.get(at_export(export)))
    assert f'To {went.to.name} · Sent <time datetime="2030-07-02' in page and "Handed over for" not in page
    assert f"To {failed.to.name} · Failed · written" in page and "ConnectionRefusedError: nobody listens" in page


def test_mails_are_shown_to_whoever_may_see_the_page_and_to_nobody_else(sage):
    """P-8, 1.2: Read Only on ERP Integrations; a project's Admin and a contact have no such page."""
    [export] = sent_together(sage, 1)
    words = "1 invoice waits for accounting"
    for person in (sage.approver, sage.base.staff):
        assert words in text_of(signed_in(person).get(at_export(export)))
    for person in (sage.sender, sage.base.contact):
        answer = signed_in(person).get(at_export(export))
        assert answer.status_code in (403, 404) and words not in text_of(answer)


def test_the_pages_ask_as_often_for_many_mails_as_for_few(sage, staff):
    [export] = sent_together(sage, 1)
    few = queries(staff, at_export(export))
    for reader in [sage.new_approver(f"Reader {n}") for n in range(5)]:
        notifications.sent_again(*fresh(export), reader)
    assert Mail.objects.telling_of(export).count() == 6
    assert queries(staff, at_export(export)) == few
    batch = sage.built(export)
    few = queries(staff, at_batch(batch))
    for reader in [sage.new_approver(f"Approver {n}") for n in range(5)]:
        notifications._alert(batch, reader, notifications.Alert(f"download-{reader.pk}", "waits", "Take it."))
    assert Mail.objects.about(batch).count() == 6
    assert queries(staff, at_batch(batch)) == few


def test_a_mail_mentions_what_it_is_about_not_once_more(sage):
    [export] = sent_together(sage, 1)
    assert not MailMention.objects.exists() and len(headlines(export)) == 1


def test_one_bill_is_sent_with_its_mail_or_not_at_all(sage, monkeypatch):
    """Section 7: approvers hear of it at once; a bill in the queue that nobody heard of would wait for the digest."""
    invoice = sage.approved()

    def broken(some, **_):
        raise OSError("no room")

    monkeypatch.setattr(notifications, "sent", broken)
    with pytest.raises(OSError, match="no room"):
        exports.send([invoice], by=sage.sender)
    assert not InvoiceExport.objects.filter(invoice=invoice).exists()
