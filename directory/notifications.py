"""Mail: written down in the transaction of what it tells, one row a person, and sent by a worker after the commit.

A template has two files, `<template>.txt` and `<template>.html`, extending `directory/emails/base.txt` and `.html`.
Both know `to` (the person), `subject`, `about`, `company`, `reply_to` and `site_url`, which every
link starts with (R96).
"""

import smtplib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

import css_inline
import structlog
from celery import signature
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.db.models import F
from django.template import Context, engines
from django.utils import timezone

from directory.audiences import no_longer_meant
from directory.chain import Walk
from directory.models import EventSeal, Mail, MailMention, Person
from directory.models.events import subject_name
from directory.queue import send, wake
from directory.sealing import unseal

logger = structlog.get_logger(__name__)

SEND_MAIL = signature("directory.tasks.send_mail")  # by name: tasks stand above this module
# After each try that failed: five within an hour and a half, then one an hour, until three days are over (R98).
TRIES_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 20, 60, *[60] * 71))
TRIES_OF_OTHERS = (
    5  # where waiting helps little: no such address, a fault of ours, or nobody knows whether it was taken
)
MOST_WOKEN = 100  # mails at a time; the next sweep wakes more
CLAIM_LASTS = timedelta(minutes=5)  # then the worker that claimed a mail is taken for dead
inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def post(
    *,
    about,
    to: Iterable[Person],
    subject: str,
    template: str,
    context: Mapping,
    reply_to: str = "",
    address: str = "",
    audience: str = "",
    also_of: Iterable = (),
    not_before: datetime | None = None,
) -> list[Mail]:
    """Write one mail for each person of `to` and wake a worker once the caller's transaction has committed.

    `about` is the row whose page lists the mail; it has a `company`, or is about a login and has none. `also_of`:
    other rows that it tells of, found with `Mail.objects.telling_of`. `subject` becomes one line. `address`: where it
    goes, if not to the login's own. `audience`: what a person of `to` must still be when it is sent (R97), one of
    `audiences`. What is secret in `context` comes sealed. `not_before`: a sweep sends it then, if it is still there.
    """
    line = " ".join(subject.split())[:200]
    rest = {"reply_to": reply_to, "address": address, "audience": audience}
    rest |= {"due_at": not_before} if not_before else {}
    people = {person.pk: person for person in to}.values()
    mails = [_write(about, person, line, template, dict(context), rest) for person in people]
    names = {subject_name(row) for row in also_of} - {subject_name(about)}
    MailMention.objects.bulk_create(MailMention(mail=mail, subject=name) for mail in mails for name in sorted(names))
    return mails


def post_once(key: str, write: Callable[[], list[Mail]]) -> bool:
    """Have `write` post one mail, or none, unless one was kept under `key` before; whether it posted one."""
    if Mail.objects.filter(dedupe_key=key).exists():
        return False
    try:
        with transaction.atomic():
            mails = write()
            for mail in mails:
                mail.dedupe_key = key
                mail.save(update_fields=["dedupe_key"])
    except IntegrityError:  # another worker was quicker
        return False
    return bool(mails)


def _write(about, person: Person, subject: str, template: str, context: dict, rest: dict) -> Mail:
    company = getattr(about, "company", None)
    context |= {"to": person, "subject": subject, "about": about, "company": company}
    context |= {"site_url": settings.SITE_URL, "reply_to": rest["reply_to"]}
    mail = Mail.objects.create(
        company=company,
        subject=subject_name(about),
        to=person,
        headline=subject,
        text=_render(f"{template}.txt", context, autoescape=False),
        html=inliner.inline(_render(f"{template}.html", context, autoescape=True)),
        **rest,
    )
    if "due_at" not in rest:
        wake(SEND_MAIL, mail.pk)
    return mail


def _render(name: str, context: dict, *, autoescape: bool) -> str:
    template = engines["django"].engine.get_template(name)
    return template.render(Context(context, autoescape=autoescape)).strip() + "\n"


# What the worker does


def deliver(mail_id: int) -> None:
    """Send a mail that is due. A second delivery of the same message finds nothing to claim and sends nothing.

    A worker killed between the mail server's answer and our note of it may send twice: both carry one Message-ID.
    """
    mail = _claim(mail_id)
    if mail is None:
        return
    try:
        why_not = no_longer_meant(mail)
        if not why_not:
            _message(mail).send()
    except Exception as error:  # whatever a mail server or the network thinks up
        _put_back(mail, error)
        return
    if why_not:
        _close(mail, Mail.State.WITHHELD, why_not)
    else:
        _close(mail, Mail.State.SENT, f"Handed over for {mail.address or mail.to.email}", sent_at=timezone.now())


def wake_due_mail() -> int:
    """Wake a worker for mail that no message reached, whose time to be tried again has come, or whose worker died."""
    Mail.objects.due().filter(state=Mail.State.SENDING, attempts__gt=len(TRIES_AFTER)).update(
        state=Mail.State.FAILED, result="The worker stopped while it was sending."
    )
    due = list(Mail.objects.due().values_list("pk", flat=True)[:MOST_WOKEN])
    for mail_id in due:
        send(SEND_MAIL, mail_id)
    return len(due)


def _claim(mail_id: int) -> Mail | None:
    """One conditional update decides which of several workers sends; the number of tries is the winner's mark."""
    claimed = (
        Mail.objects.due()
        .order_by()
        .filter(pk=mail_id, attempts__lte=len(TRIES_AFTER))
        .update(state=Mail.State.SENDING, attempts=F("attempts") + 1, due_at=timezone.now() + CLAIM_LASTS)
    )
    return Mail.objects.select_related("to").get(pk=mail_id) if claimed else None


def _message(mail: Mail) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=mail.headline,
        body=unseal(mail.text),
        to=[mail.address or mail.to.email],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": f"<mail-{mail.pk}@{settings.SITE_URL.partition('://')[2].partition(':')[0]}>"},
    )
    message.attach_alternative(unseal(mail.html), "text/html")
    return message


def _put_back(mail: Mail, error: Exception) -> None:
    problem = f"{type(error).__name__}: {error}"
    logger.warning("mail_not_sent", mail=mail.pk, attempts=mail.attempts, problem=problem)
    if mail.attempts > len(TRIES_AFTER) or (not _may_pass(error) and mail.attempts >= TRIES_OF_OTHERS):
        _close(mail, Mail.State.FAILED, problem)
    else:
        _close(mail, Mail.State.WAITING, problem, due_at=timezone.now() + TRIES_AFTER[mail.attempts - 1])


def _may_pass(error: Exception) -> bool:
    """Whether a server or the network between may be better tomorrow. A server that is busy, a full mailbox: 4xx.

    A worker that ran out of time does not know whether the server took it: a reader gets it five times at most.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code < 500 for code, _ in error.recipients.values())
    return isinstance(error, OSError)


def _close(mail: Mail, state: str, result: str, *, due_at=None, sent_at=None) -> None:
    """Only while the claim is still ours: another worker may have taken over."""
    mine = Mail.objects.filter(pk=mail.pk, state=Mail.State.SENDING, attempts=mail.attempts)
    mine.update(state=state, result=result[:300], due_at=due_at or mail.due_at, sent_at=sent_at)


# Who hears of the record itself


def note_head_of_events() -> Walk | None:
    """To the site owners, once a day: where the chain over all events ends, to be kept off this machine (R121).

    The chain is walked first, so that nobody is sent the head of a broken one without being told.
    """
    today = timezone.now().date()
    walk = EventSeal.objects.walk(Walk(), unsealed_before=timezone.now() - timedelta(minutes=10))
    logger.info("head_of_events", head=str(walk.head), events=walk.count, breaks=walk.break_count)
    seal = EventSeal.objects.filter(position=walk.head.position).first()
    if seal is None:
        return None
    for sentence in walk.breaks[:20]:
        logger.error("record_broken", sentence=sentence)
    verdict = f"BROKEN in {walk.break_count} places" if walk.break_count else "whole"
    said = {
        "subject": f"The record on {today}: {verdict}",
        "template": "directory/emails/head",
        "context": {"walk": walk, "breaks": walk.breaks[:20]},
    }
    for owner in Person.objects.site_owners().order_by("pk"):
        post_once(f"head-of-events:{today}:{owner.pk}", partial(post, about=seal, to=[owner], **said))
    return walk
