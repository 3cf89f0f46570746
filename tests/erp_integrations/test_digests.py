"""Hearing at once or once a day of what is sent to accounting (section 7): a digest is written once, at 7:00 local."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from directory.actions import privileges
from directory.actions.preferences import choose_accounting_mail
from directory.models import AccountingPrivilege, Event, Mail, MailPace
from directory.refusals import NotAllowed, Refused
from erp_integrations import notifications, tasks
from erp_integrations.actions import exports
from tests.erp_integrations.pages import signed_in
from tests.erp_integrations.world import sage_world

pytestmark = pytest.mark.django_db
BEFORE = datetime(2030, 3, 1, 18, tzinfo=UTC)


@pytest.fixture
def sage():
    with time_machine.travel(BEFORE, tick=False):
        made = sage_world()
        choose_accounting_mail(made.approver, MailPace.DAILY)
        return made


def at(moment: datetime):
    return time_machine.travel(moment, tick=False)


def local(company, day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=company.zone)


def sent_at(sage, moment: datetime):
    with at(moment):
        [result] = exports.send([sage.approved()], by=sage.sender)
        assert result.export, result.refusal
        return result.export


def digests(sage) -> list[Mail]:
    return list(Mail.objects.about(sage.company).filter(to=sage.approver).order_by("pk"))


def test_who_hears_at_once_gets_a_mail_for_every_sending_and_no_digest(sage):
    choose_accounting_mail(sage.approver, MailPace.AT_ONCE)
    export = sent_at(sage, BEFORE)
    assert Mail.objects.about(export).filter(to=sage.approver).count() == 1
    with at(local(sage.company, date(2030, 3, 2), 7)):
        assert tasks.write_digests() == 0


def test_who_hears_once_a_day_gets_one_mail_at_seven_with_what_waits_oldest_first(sage):
    first, second = (sent_at(sage, BEFORE + timedelta(hours=hours)) for hours in (1, 2))
    assert not Mail.objects.about(first, second).filter(to=sage.approver).exists(), "nothing at once"
    day = date(2030, 3, 2)
    with at(local(sage.company, day, 6, 59)):
        assert tasks.write_digests() == 0
    with at(local(sage.company, day, 7)):
        assert tasks.write_digests() == 1
    [mail] = digests(sage)
    assert mail.headline == "2 invoices wait for accounting"
    for part in (mail.text, mail.html):
        assert part.index(first.invoice.number) < part.index(second.invoice.number)
        assert reverse("erp-queue", args=[sage.company.slug]) in part and "{{" not in part and "{%" not in part


def test_running_it_again_and_again_writes_one_a_day(sage):
    sent_at(sage, BEFORE)
    for day in (2, 3):
        for minute in (0, 5, 10):
            with at(local(sage.company, date(2030, 3, day), 7, minute)):
                tasks.write_digests()
    assert len(digests(sage)) == 2


def test_two_workers_at_once_write_one(sage, monkeypatch):
    """The second found no digest when it looked, and writes when the first has written: the database says no."""
    sent_at(sage, BEFORE)
    write = notifications._digest

    def both_at_once(*args):
        return write(*args) + write(*args)

    with at(local(sage.company, date(2030, 3, 2), 7)):
        monkeypatch.setattr(notifications, "_digest", both_at_once)
        assert tasks.write_digests() == 0
        monkeypatch.undo()
        assert tasks.write_digests() == 1
    assert len(digests(sage)) == 1


def test_nothing_waits_nothing_is_written(sage):
    with at(local(sage.company, date(2030, 3, 2), 7)):
        assert tasks.write_digests() == 0
    export = sent_at(sage, BEFORE)
    exports.reject(export, by=sage.approver, reason="No")
    with at(local(sage.company, date(2030, 3, 2), 7, 5)):
        assert tasks.write_digests() == 0


def test_what_is_sent_after_seven_waits_for_the_next_day(sage):
    day = date(2030, 3, 4)
    sent_at(sage, local(sage.company, day, 7, 1))
    with at(local(sage.company, day, 15)):
        assert tasks.write_digests() == 0
    with at(local(sage.company, day + timedelta(days=1), 7)):
        assert tasks.write_digests() == 1


def test_a_worker_that_was_away_at_seven_writes_it_the_same_day(sage):
    sent_at(sage, BEFORE)
    with at(local(sage.company, date(2030, 3, 2), 11, 30)):
        assert tasks.write_digests() == 1


@pytest.mark.parametrize("change", [date(2030, 3, 10), date(2030, 11, 3)], ids=["clocks forward", "clocks back"])
@pytest.mark.parametrize("zone", ["America/Chicago", "Pacific/Honolulu", "Asia/Kolkata"])
def test_it_is_seven_on_every_day_also_when_the_clocks_change(sage, change, zone):
    """R24: looked at every five minutes around the change, in UTC."""
    sent_at(sage, BEFORE)
    sage.company.time_zone = zone
    sage.company.save()
    moment = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(days=1)
    end = moment + timedelta(days=3)
    while moment < end:
        with at(moment):
            tasks.write_digests()
        moment += timedelta(minutes=30 if zone == "Asia/Kolkata" else 60)
    written = [mail.created_at.astimezone(sage.company.zone) for mail in digests(sage)]
    days = [each.date() for each in written]
    assert len(days) == len(set(days)) >= 3
    # The first look may come after that day's 7:00; from then on it is always the first look from 7:00 on.
    assert all((each.hour, each.minute) == (7, 0) for each in written[1:])


def test_two_companies_are_two_digests_each_at_its_own_seven(sage):
    with at(BEFORE):
        other = sage_world("Harbor Works")
        other.company.time_zone = "Pacific/Honolulu"
        other.company.save()
        choose_accounting_mail(other.approver, MailPace.DAILY)
    sent_at(sage, BEFORE)
    sent_at(other, BEFORE)
    with at(local(sage.company, date(2030, 3, 2), 7)):
        assert tasks.write_digests() == 1
    with at(local(other.company, date(2030, 3, 2), 7)):
        assert tasks.write_digests() == 1
    assert [mail.company for mail in Mail.objects.filter(dedupe_key__startswith="accounting-digest")] == [
        other.company,
        sage.company,
    ]


def test_who_is_no_longer_an_approver_gets_none(sage):
    sent_at(sage, BEFORE)
    privileges.withdraw(AccountingPrivilege.objects.get(person=sage.approver), by=sage.base.owner, reason="Left")
    with at(local(sage.company, date(2030, 3, 2), 7)):
        assert tasks.write_digests() == 0


def test_ones_own_sending_is_not_in_ones_digest(sage):
    with at(BEFORE):
        both = sage.all_rights()
        choose_accounting_mail(both, MailPace.DAILY)
        exports.send([sage.approved()], by=both)
    with at(local(sage.company, date(2030, 3, 2), 7)):
        tasks.write_digests()
    assert not Mail.objects.about(sage.company).filter(to=both).exists()
    assert len(digests(sage)) == 1


def test_what_was_rejected_and_comes_again_is_told_at_once_all_the_same(sage):
    export = sent_at(sage, BEFORE)
    exports.reject(export, by=sage.approver, reason="No")
    with at(BEFORE + timedelta(hours=1)):
        exports.send([export.invoice], by=sage.sender)
    mails = Mail.objects.about(export).filter(to=sage.approver)
    assert [("was sent again" in mail.headline) for mail in mails] == [True]


# The choice


def test_an_approver_chooses_on_the_profile_and_it_is_on_record(sage):
    client = signed_in(sage.approver)
    assert "Once a day at 7:00" in client.get(reverse("profile")).content.decode()
    assert client.post(reverse("accounting-mail"), {"pace": "at_once"}).status_code == 302
    sage.approver.refresh_from_db()
    assert sage.approver.accounting_mail == MailPace.AT_ONCE
    event = Event.objects.about(sage.approver.membership_in(sage.company)).first()
    assert (event.by, event.changes) == (sage.approver, {"accounting_mail": ["daily", "at_once"]})


def test_nobody_else_is_asked_or_may_choose(sage):
    for who in (sage.base.staff, sage.base.contact, sage.base.owner):
        client = signed_in(who)
        assert "Once a day at 7:00" not in client.get(reverse("profile")).content.decode()
        assert client.post(reverse("accounting-mail"), {"pace": "daily"}).status_code == 404
        with pytest.raises(NotAllowed):
            choose_accounting_mail(who, MailPace.DAILY)


@pytest.mark.parametrize("pace", ["", "never", "weekly"])
def test_a_pace_that_does_not_exist_is_refused(sage, pace):
    with pytest.raises(Refused):
        choose_accounting_mail(sage.approver, pace)
    assert signed_in(sage.approver).post(reverse("accounting-mail"), {"pace": pace}).status_code == 422
