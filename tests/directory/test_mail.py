"""Mail: written with what it tells, sent once after the commit, tried again when it fails (section 7, R96–R98)."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.auth.models import Permission
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from directory import tasks
from directory.actions import account_links, logins, mails, people
from directory.models import Event, Mail
from directory.models.events import subject_name
from directory.notifications import CLAIM_LASTS, SEND_MAIL, post
from directory.queue import BROKER, send, wake
from directory.refusals import NotAllowed
from directory.sealing import seal
from tests.factories import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def woken(monkeypatch):
    """What would have been put on the queue."""
    sent = []
    monkeypatch.setattr(type(SEND_MAIL), "apply_async", lambda task, args, retry: sent.append((task.name, args)))
    return sent


@pytest.fixture
def template(settings, tmp_path):
    folder = tmp_path / "emails"
    folder.mkdir()
    (folder / "news.txt").write_text(
        '{% extends "directory/emails/base.txt" %}{% block content %}{{ words }}{% endblock %}'
        "{% block button %}Open: {{ site_url }}/p/1/{% endblock %}"
    )
    (folder / "news.html").write_text(
        '{% extends "directory/emails/base.html" %}{% block preheader %}5.00 by Friday{% endblock %}'
        "{% block content %}<p>{{ words }}</p>{% endblock %}"
        '{% block button %}<a class="button" href="{{ site_url }}/p/1/">Open the bill</a>{% endblock %}'
        "{% block why %}You get this as a contact.{% endblock %}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]
    return "emails/news"


@pytest.fixture
def write(w, template, woken):
    def write(*to, words="All <well> & good", subject="Bill 3 came back", reply_to="dana@example.com"):
        to = to or (w.contact,)
        return post(
            about=w.project, to=to, subject=subject, template=template, context={"words": words}, reply_to=reply_to
        )

    return write


class Broken(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("nobody listens on port 25")


@pytest.fixture
def broken(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Broken"


def later(delta: timedelta):
    return time_machine.travel(timezone.now() + delta, tick=True)


# Writing


def test_one_mail_for_each_person_is_written_on_what_it_is_about(w, write):
    write(w.contact, w.admin, w.contact)
    mails = Mail.objects.about(w.project)
    assert {mail.to for mail in mails} == {w.contact, w.admin}
    assert {(mail.company, mail.state) for mail in mails} == {(w.company, Mail.State.WAITING)}


def test_a_mail_has_both_parts_with_the_same_link_inlined_styles_and_a_reason(w, write):
    (mail,) = write()
    assert "All <well> & good" in mail.text
    assert "All &lt;well&gt; &amp; good" in mail.html
    for part in (mail.text, mail.html):
        assert "http://127.0.0.1:8000/p/1/" in part
        assert "{{" not in part and "{%" not in part
    assert "You get this as a contact." in mail.html
    assert "5.00 by Friday" in mail.html
    assert 'style="display: inline-block' in mail.html
    assert "prefers-color-scheme: dark" in mail.html
    assert len(mail.html) < 60_000


def test_a_line_break_in_a_name_does_not_reach_the_header(w, write):
    """R96."""
    (mail,) = write(subject="Tower\nBcc: everyone@example.com")
    assert mail.headline == "Tower Bcc: everyone@example.com"
    tasks.send_mail(mail.pk)
    assert outbox.outbox[0].to == [w.contact.email]


def test_a_worker_is_woken_after_the_commit_and_not_before(write, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        (mail,) = write()
        assert woken == []
    assert woken == [("directory.tasks.send_mail", (mail.pk,))]


def test_what_is_rolled_back_sends_nothing(w, write, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
        write()
        raise RuntimeError("the act failed after it had written its mail")
    assert woken == []
    assert not Mail.objects.exists()


# Sending


def test_a_mail_is_sent_as_written_and_its_result_recorded(w, write):
    (mail,) = write()
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    (sent,) = outbox.outbox
    assert (sent.subject, sent.to, sent.reply_to) == ("Bill 3 came back", [w.contact.email], ["dana@example.com"])
    assert sent.body == mail.text
    assert sent.alternatives[0][0] == mail.html
    assert sent.extra_headers["Message-ID"] == f"<mail-{mail.pk}@127.0.0.1>"
    assert (mail.state, mail.attempts) == (Mail.State.SENT, 1)
    assert mail.sent_at is not None


def test_a_message_delivered_twice_sends_one_mail(write):
    (mail,) = write()
    tasks.send_mail(mail.pk)
    tasks.send_mail(mail.pk)
    assert len(outbox.outbox) == 1


def test_a_second_worker_does_not_send_what_the_first_is_sending(write, monkeypatch):
    (mail,) = write()
    tried = []

    class Nested(EmailBackend):
        def send_messages(self, messages):
            if not tried:
                tried.append(1)
                tasks.send_mail(mail.pk)
            return super().send_messages(messages)

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend", Nested)
    tasks.send_mail(mail.pk)
    assert tried == [1]
    assert len(outbox.outbox) == 1


@pytest.mark.parametrize("left", ["person", "membership"])
def test_who_left_in_between_gets_nothing(w, write, left):
    """R97: a recipient is asked for again when the mail goes out."""
    (mail,) = write()
    if left == "person":
        w.contact.is_active = False
        w.contact.save()
    else:
        people.deactivate_membership(w.contact.membership_in(w.company), by=w.owner, reason="Left")
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert outbox.outbox == []
    assert mail.state == Mail.State.WITHHELD


def test_a_site_owner_gets_mail_without_being_in_a_directory(w, write):
    (mail,) = write(w.owner)
    tasks.send_mail(mail.pk)
    assert len(outbox.outbox) == 1


# When it fails


def test_a_failure_is_recorded_and_tried_again_later(write, woken, broken, settings):
    (mail,) = write()
    tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (Mail.State.WAITING, 1)
    assert "nobody listens on port 25" in mail.result
    assert tasks.sweep() == 0, "not at once: its time has not come"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with later(timedelta(minutes=2)):
        assert tasks.sweep() == 1
        assert woken == [("directory.tasks.send_mail", (mail.pk,))]
        tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (Mail.State.SENT, 2)


def tried_as_it_falls_due(mail) -> timedelta:
    """Until nobody tries any more; after what time that was."""
    began = timezone.now()
    while Mail.objects.filter(pk=mail.pk, state=Mail.State.WAITING).exists():
        mail.refresh_from_db()
        with time_machine.travel(mail.due_at + timedelta(seconds=1), tick=True):
            tasks.send_mail(mail.pk)
            ended = timezone.now()
    mail.refresh_from_db()
    return ended - began


def test_a_mail_server_may_be_away_for_three_days(write, broken):
    """R98: over a long weekend, say. Then it is given up, and says why."""
    (mail,) = write()
    after = tried_as_it_falls_due(mail)
    assert timedelta(days=3) <= after < timedelta(days=3, hours=1)
    assert (mail.state, mail.attempts) == (Mail.State.FAILED, 76)
    assert "ConnectionRefusedError" in mail.result
    with later(timedelta(days=4)):
        assert tasks.sweep() == 0


class Refuses(EmailBackend):
    code = 550

    def send_messages(self, messages):
        raise SMTPRecipientsRefused({"who@example.com": (self.code, b"who is that?")})


class IsFull(Refuses):
    code = 452


class RunsOutOfTime(EmailBackend):
    def send_messages(self, messages):
        raise SoftTimeLimitExceeded  # after the server had all of it, perhaps


class HasAMistake(EmailBackend):
    def send_messages(self, messages):
        raise TypeError("ours")


@pytest.mark.parametrize("backend", ["RunsOutOfTime", "HasAMistake"])
def test_what_may_have_been_taken_or_is_our_mistake_is_not_tried_for_three_days(write, settings, backend):
    """R34, R98: else a reader may get the same mail 76 times."""
    (mail,) = write()
    settings.EMAIL_BACKEND = f"{__name__}.{backend}"
    assert tried_as_it_falls_due(mail) < timedelta(hours=2)
    assert (mail.state, mail.attempts) == (Mail.State.FAILED, 5)


def test_an_address_that_the_mail_server_does_not_know_is_told_the_same_day(write, settings):
    (mail,) = write()
    settings.EMAIL_BACKEND = f"{__name__}.Refuses"
    assert tried_as_it_falls_due(mail) < timedelta(hours=2)
    assert (mail.state, mail.attempts) == (Mail.State.FAILED, 5)
    assert "who is that?" in mail.result


def test_a_full_mailbox_is_no_unknown_one(write, settings):
    (mail,) = write()
    settings.EMAIL_BACKEND = f"{__name__}.IsFull"
    assert tried_as_it_falls_due(mail) >= timedelta(days=3)


def test_a_code_is_not_sent_when_it_has_run_out(w, woken):
    logins.mail_code(w.contact, seal("123456"))
    logins.mail_code(w.admin, seal("654321"))
    in_time, late = Mail.objects.order_by("pk")
    tasks.send_mail(in_time.pk)
    with later(timedelta(minutes=11)):
        tasks.send_mail(late.pk)
    late.refresh_from_db()
    assert [sent.to for sent in outbox.outbox] == [[w.contact.email]]
    assert (late.state, late.result) == (Mail.State.WITHHELD, "The code in it has run out.")


@pytest.mark.parametrize(
    ("ask", "lives"),
    [
        (lambda w: logins.mail_reset_link(w.contact, "/reset/"), timedelta(days=3)),
        (lambda w: account_links.ask_for_email(w.contact, "lee@new.example"), timedelta(days=1)),
        (lambda w: account_links.mail_invitation(w.contact, w.company, by=w.owner), timedelta(days=3)),
    ],
    ids=["reset", "another address", "first password"],
)
def test_a_link_is_not_sent_when_it_has_run_out(w, woken, ask, lives):
    """R88, R90, R98: mail waits for days, and a link that opens nothing helps nobody."""
    ask(w)
    mail = Mail.objects.latest("pk")
    with later(lives - timedelta(minutes=1)):
        tasks.send_mail(mail.pk)
    assert len(outbox.outbox) == 1
    Mail.objects.filter(pk=mail.pk).update(state=Mail.State.WAITING, due_at=timezone.now())
    with later(lives + timedelta(minutes=1)):
        tasks.send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.result) == (Mail.State.WITHHELD, "The link in it has run out.")
    assert len(outbox.outbox) == 1


# Once more


@pytest.fixture
def failed(w, write):
    """One about a project, one about a login, and one that was sent."""
    found = [*write(w.contact, w.admin)]
    logins.tell(w.reader, "Your password was changed")
    found.append(Mail.objects.latest("pk"))
    Mail.objects.filter(pk__in=[found[0].pk, found[2].pk]).update(state=Mail.State.FAILED, attempts=76)
    tasks.send_mail(found[1].pk)
    return found


def send_again(client, chosen):
    sent = {"action": "send_again", "_selected_action": [mail.pk for mail in chosen]}
    return client.post(reverse("admin:directory_mail_changelist"), sent, follow=True)


def test_a_site_owner_has_what_failed_sent_again(w, failed, client, woken, django_capture_on_commit_callbacks):
    """R98. One event in each directory it concerns."""
    client.force_login(w.owner)
    newest = Event.objects.latest("pk")
    with django_capture_on_commit_callbacks(execute=True):
        page = send_again(client, failed)
    assert "2 mails will be sent again." in page.content.decode()
    assert {args[0] for _, args in woken} == {failed[0].pk, failed[2].pk}
    for mail in failed:
        tasks.send_mail(mail.pk)
    assert [message.to for message in outbox.outbox] == [[w.admin.email], [w.contact.email], [w.reader.email]]
    events = Event.objects.filter(pk__gt=newest.pk).order_by("pk")
    assert {(event.verb, event.by, event.subject) for event in events} == {
        ("had failed mail sent again", w.owner, subject_name(place))
        for place in (w.company, w.reader.membership_in(w.company))
    }


def test_what_did_not_fail_is_not_sent_twice(w, failed, client):
    client.force_login(w.owner)
    before = Event.objects.count()
    assert "None of these failed." in send_again(client, [failed[1]]).content.decode()
    assert Event.objects.count() == before
    failed[1].refresh_from_db()
    assert failed[1].state == Mail.State.SENT


def test_nobody_else_may(w, failed, client):
    w.staff.is_staff = True
    w.staff.save()
    w.staff.user_permissions.set(Permission.objects.all())
    client.force_login(w.staff)
    assert send_again(client, failed).status_code == 403
    with pytest.raises(NotAllowed):
        mails.send_again(failed, by=w.admin)
    assert Mail.objects.filter(state=Mail.State.FAILED).count() == 2


# Found by the sweep


def test_a_mail_that_no_message_reached_is_found_by_the_sweep(write, woken):
    (mail,) = write()
    woken.clear()
    assert tasks.sweep() == 1
    assert woken == [("directory.tasks.send_mail", (mail.pk,))]


def test_a_mail_whose_worker_was_killed_is_taken_over(write, woken):
    (mail,) = write()
    Mail.objects.filter(pk=mail.pk).update(state=Mail.State.SENDING, attempts=1, due_at=timezone.now() + CLAIM_LASTS)
    assert tasks.sweep() == 0, "the worker may still be at it"
    with later(CLAIM_LASTS + timedelta(seconds=1)):
        assert tasks.sweep() == 1
        tasks.send_mail(mail.pk)
    assert len(outbox.outbox) == 1


def test_a_mail_that_kills_every_worker_is_given_up(write, woken):
    (mail,) = write()
    Mail.objects.filter(pk=mail.pk).update(state=Mail.State.SENDING, attempts=76, due_at=timezone.now())
    assert tasks.sweep() == 0
    mail.refresh_from_db()
    assert mail.state == Mail.State.FAILED


def test_mail_that_a_restore_held_back_goes_out_once_it_is_released(w, write, woken):
    """R36: it waited when the backup was made, and may have gone out since."""
    waiting, half_sent, gone = (write()[0] for _ in range(3))
    tasks.send_mail(gone.pk)
    Mail.objects.filter(pk=half_sent.pk).update(state=Mail.State.SENDING, attempts=5, due_at=timezone.now())
    assert mails.hold_back() == 2
    assert tasks.sweep() == 0
    tasks.send_mail(waiting.pk)
    assert len(outbox.outbox) == 1 and "may have gone out" in Mail.objects.get(pk=waiting.pk).trouble
    assert mails.release(Mail.objects.all()) == 2
    assert tasks.sweep() == 2
    for mail in (waiting, half_sent, gone):
        tasks.send_mail(mail.pk)
    assert len(outbox.outbox) == 3
    assert mails.release(Mail.objects.all()) == 0, "what was released once is held back no more"
    told = Event.objects.about(w.company).values_list("verb", "changes__mail__1")
    assert set(told) >= {
        ("had mail held back by a restore", "2 mails"),
        ("had mail released that a restore held back", "2 mails"),
    }


# Waking a worker


def test_a_dead_broker_stops_nothing(w, write, monkeypatch, django_capture_on_commit_callbacks):
    """M11, M12: the act is committed; the sweep finds the row."""

    def dead(task, args, retry):
        raise ConnectionError("the broker does not answer")

    with django_capture_on_commit_callbacks(execute=True):
        (mail,) = write()
        monkeypatch.setattr(type(SEND_MAIL), "apply_async", dead)
    assert mail.state == Mail.State.WAITING
    assert Mail.objects.due().get() == mail


def test_waking_cannot_stop_what_else_waits_for_the_commit(write):
    """M12: else a committed act would answer with an error page, and later callbacks would not run."""
    wake(SEND_MAIL, 1)
    (*_, (_, callback, is_robust)) = transaction.get_connection().run_on_commit
    assert callback.args == (SEND_MAIL, 1)
    assert is_robust


@pytest.mark.parametrize("trouble", [OperationalError("gone"), ResponseError("OOM"), ConnectionRefusedError("no")])
def test_a_broker_in_trouble_is_left_alone_and_what_was_not_sent_is_told(monkeypatch, trouble):
    asked = broken_by(monkeypatch, trouble)
    assert [send(SEND_MAIL, 1), send(SEND_MAIL, 2)] == [False, False]
    assert asked == [(1,)] and BROKER.is_on()


def test_a_mistake_of_ours_is_no_outage(monkeypatch):
    """What comes after it may well be sent."""
    asked = broken_by(monkeypatch, KeyError("colour"))
    assert [send(SEND_MAIL, 1), send(SEND_MAIL, 2)] == [False, False]
    assert asked == [(1,), (2,)] and not BROKER.is_on()


def test_a_task_without_time_is_told_so_while_it_sends(monkeypatch):
    broken_by(monkeypatch, SoftTimeLimitExceeded())
    with pytest.raises(SoftTimeLimitExceeded):
        send(SEND_MAIL, 1)
    assert not BROKER.is_on()


def test_what_is_sent_is_told(woken):
    assert send(SEND_MAIL, 1) is True and woken == [("directory.tasks.send_mail", (1,))]


def broken_by(monkeypatch, error: Exception) -> list[tuple]:
    """What is put on the queue, which answers with `error`."""
    asked = []

    def put(task, args, retry):
        asked.append(args)
        raise error

    monkeypatch.setattr(type(SEND_MAIL), "apply_async", put)
    return asked
