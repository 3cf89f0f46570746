"""Whoever owns the database can change the record, but not unnoticed (R120–R122)."""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from directory import tasks
from directory.chain import COLUMNS, Anchor, Walk, canonical, digest_of
from directory.models import Event, EventSeal, Mail, Person
from tests.factories import owner, world

pytestmark = pytest.mark.django_db
EVENT, SEAL = "directory_event", "directory_eventseal"


def run(sql: str, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else None


def walked(*anchors: str) -> Walk:
    """As the command does it, an hour later."""
    anchored = Walk(Anchor.read(text) for text in anchors)
    return EventSeal.objects.walk(anchored, unsealed_before=timezone.now() + timedelta(hours=1))


def switch_triggers_off() -> None:
    """What only the owner of the database can do."""
    if connection.vendor == "postgresql":
        run("SET LOCAL session_replication_role = replica")
        return
    for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        run(f"DROP TRIGGER {name}")


@pytest.fixture
def record():
    """A sealed record of some twenty events of two companies."""
    for w in (world(), world("Harbor Works")):
        for number in range(5):
            changes = {"amount": [f"{number}.00", f"{number + 1}.00"]}
            Event.objects.record("changed", w.project, by=w.admin, reason=f"because {number}", changes=changes)
    EventSeal.objects.append()
    return list(Event.objects.order_by("pk"))


def test_every_stored_column_of_an_event_is_under_its_seal():
    assert set(COLUMNS) == {field.attname for field in Event._meta.concrete_fields}


def test_the_same_event_reads_the_same_on_every_database():
    """A chain outlives a move from SQLite to PostgreSQL."""
    at = datetime(2030, 6, 1, 12, 0, 0, 1, tzinfo=UTC)
    values = (7, at, 1, None, 2, "Dana", "set level", "a.b:1", "Ä", "", "", "", {"b": 1, "a": [None, "x"]}, "r")
    text = canonical(values)
    assert '"at":"2030-06-01T12:00:00.000001+00:00"' in text
    assert '"changes":{"a":[null,"x"],"b":1}' in text
    assert digest_of("0" * 64, values) == digest_of("0" * 64, values[:12] + ({"a": [None, "x"], "b": 1}, "r"))


def test_every_event_gets_one_seal_in_order_and_sealing_again_changes_nothing(record):
    seals = list(EventSeal.objects.order_by("position").values_list("position", "event_id"))
    assert seals == [(number, event.pk) for number, event in enumerate(record, start=1)]
    assert EventSeal.objects.append() == 0
    assert walked().breaks == []


def test_what_was_written_before_there_was_a_chain_is_sealed_in_pieces_by_the_sweep(monkeypatch):
    monkeypatch.setattr(type(EventSeal.objects.all()), "CHUNK", 7)
    world()
    count = Event.objects.count()
    assert not EventSeal.objects.exists()
    assert tasks.seal_events() == count
    assert tasks.seal_events() == 0
    walk = walked()
    assert (walk.count, walk.breaks) == (count, [])


@pytest.fixture
def committing(transactional_db):
    """A company whose events are really committed."""
    w = world()
    assert not Event.objects.unsealed().exists()
    return w


def record_three(w) -> None:
    with transaction.atomic():
        for _ in range(3):
            Event.objects.record("tested", w.project, by=None)


def test_an_event_is_sealed_right_after_the_commit_that_wrote_it(committing, monkeypatch):
    asked = []
    monkeypatch.setattr(type(EventSeal.objects.all()), "append", lambda self, since: asked.append(since))
    record_three(committing)
    assert len(asked) == 1
    monkeypatch.undo()
    record_three(committing)
    assert list(Event.objects.unsealed().values_list("pk", flat=True)) == [asked[0] + n for n in range(3)]
    tasks.seal_events()
    assert walked().breaks == []


def test_an_event_that_is_rolled_back_leaves_neither_itself_nor_a_seal(committing):
    before = (Event.objects.count(), EventSeal.objects.count())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Event.objects.record("tested", committing.project, by=None)
        raise ZeroDivisionError
    assert (Event.objects.count(), EventSeal.objects.count()) == before


def test_nobody_notices_when_sealing_fails_and_the_sweep_makes_up_for_it(committing, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(type(EventSeal.objects.all()), "_append_chunk", lambda *_: 1 / 0)
        record_three(committing)
    assert Event.objects.unsealed().count() == 3
    tasks.seal_events()
    assert not Event.objects.unsealed().exists()


# Tampering


OTHER_VALUES = {
    "at": lambda dice: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=dice.randrange(10**15)),
    "changes": lambda dice: f'{{"amount": ["1.00", "{dice.randrange(10**6)}.00"]}}',
    "company_id": lambda dice: dice.randrange(10**6, 10**7),
    "project_id": lambda dice: dice.choice([None, dice.randrange(10**6, 10**7)]),
    "by_id": lambda dice: dice.choice([None, dice.randrange(10**6, 10**7)]),
}


def edit_a_column(dice, events) -> str:
    column = dice.choice([name for name in COLUMNS if name != "id"])
    event = dice.choice(events)
    value = OTHER_VALUES.get(column, lambda dice: f"forged {dice.randrange(10**6)}")(dice)
    if value is None and getattr(event, column) is None:
        value = 10**8
    if column == "at" and connection.vendor == "sqlite":
        value = value.strftime("%Y-%m-%d %H:%M:%S.%f")
    run(f"UPDATE {EVENT} SET {column} = %s WHERE id = %s", value, event.pk)
    return f"event {event.pk}"


def shift_a_moment_by_a_microsecond(dice, events) -> str:
    event = dice.choice(events)
    moved = event.at + timedelta(microseconds=dice.choice([-1, 1]))
    value = moved.strftime("%Y-%m-%d %H:%M:%S.%f") if connection.vendor == "sqlite" else moved
    run(f"UPDATE {EVENT} SET at = %s WHERE id = %s", value, event.pk)
    return f"event {event.pk}"


def write_what_cannot_be_read(dice, events) -> str:
    if connection.vendor != "sqlite":  # which keeps any text in any column
        return edit_a_column(dice, events)
    event = dice.choice(events)
    run(f"UPDATE {EVENT} SET at = '2030-13-45 00:00:00' WHERE id = %s", event.pk)
    return f"event {event.pk}"


def renumber_an_event(dice, events) -> str:
    event = dice.choice(events)
    run(f"UPDATE {EVENT} SET id = %s WHERE id = %s", dice.randrange(10**6, 10**7), event.pk)
    return f"event {event.pk}"


def delete_an_event(dice, events) -> str:
    event = dice.choice(events)
    run(f"DELETE FROM {EVENT} WHERE id = %s", event.pk)
    return f"event {event.pk}"


def replace_an_event(dice, events) -> str:
    event, other = dice.sample(events, 2)
    names = ", ".join(name for name in COLUMNS if name != "id")
    run(f"DELETE FROM {EVENT} WHERE id = %s", event.pk)
    run(f"INSERT INTO {EVENT} (id, {names}) SELECT %s, {names} FROM {EVENT} WHERE id = %s", event.pk, other.pk)
    return f"event {event.pk}"


def add_an_event(dice, events) -> str:
    event, names = dice.choice(events), ", ".join(name for name in COLUMNS if name != "id")
    new = dice.randrange(10**6, 10**7)
    run(f"INSERT INTO {EVENT} (id, {names}) SELECT %s, {names} FROM {EVENT} WHERE id = %s", new, event.pk)
    return f"Event {new}"


def edit_a_digest(dice, events) -> str:
    event = dice.choice(events)
    run(f"UPDATE {SEAL} SET digest = %s WHERE event_id = %s", f"{dice.getrandbits(256):064x}", event.pk)
    return f"event {event.pk}"


def move_a_seal(dice, events) -> str:
    event = dice.choice(events)
    run(f"UPDATE {SEAL} SET position = %s WHERE event_id = %s", dice.randrange(1000, 10**6), event.pk)
    return f"event {event.pk}"


def point_a_seal_elsewhere(dice, events) -> str:
    event, nowhere = dice.choice(events), dice.randrange(10**6, 10**7)
    run(f"UPDATE {SEAL} SET event_id = %s WHERE event_id = %s", nowhere, event.pk)
    return f"event {nowhere}"


def delete_a_seal(dice, events) -> str:
    event = dice.choice(events)
    run(f"DELETE FROM {SEAL} WHERE event_id = %s", event.pk)
    return f"Event {event.pk}"


def swap_two_seals(dice, events) -> str:
    one, other = dice.sample(events, 2)
    for old, new in ((one.pk, -1), (other.pk, one.pk), (-1, other.pk)):
        run(f"UPDATE {SEAL} SET event_id = %s WHERE event_id = %s", new, old)
    return f"event {one.pk}"


def swap_two_events(dice, events) -> str:
    one, other = dice.sample(events, 2)
    for old, new in ((one.pk, -1), (other.pk, one.pk), (-1, other.pk)):
        run(f"UPDATE {EVENT} SET id = %s WHERE id = %s", new, old)
    return f"event {one.pk}"


TAMPERS = [
    *[edit_a_column] * 12,
    shift_a_moment_by_a_microsecond,
    write_what_cannot_be_read,
    renumber_an_event,
    delete_an_event,
    replace_an_event,
    add_an_event,
    edit_a_digest,
    move_a_seal,
    point_a_seal_elsewhere,
    delete_a_seal,
    swap_two_seals,
    swap_two_events,
]


def test_of_a_thousand_tampers_a_thousand_are_found_and_the_event_is_named(record):
    switch_triggers_off()
    dice, missed = random.Random(20301124), []
    for number in range(1000):
        tamper = dice.choice(TAMPERS)
        point = transaction.savepoint()
        named = tamper(dice, record)
        if not any(re.search(rf"{named}\b", sentence) for sentence in walked().breaks):
            missed.append((number, tamper.__name__, named))
        transaction.savepoint_rollback(point)
    assert missed == []
    assert walked().breaks == []


def noted() -> str:
    return str(walked().head)


def cut_off(count: int) -> None:
    last = list(EventSeal.objects.order_by("-position").values_list("event_id", flat=True)[:count])
    marks = ", ".join(["%s"] * count)
    run(f"DELETE FROM {SEAL} WHERE event_id IN ({marks})", *last)
    run(f"DELETE FROM {EVENT} WHERE id IN ({marks})", *last)


def test_only_an_anchor_tells_that_the_last_ten_were_cut_off(record):
    """R121."""
    anchor = noted()
    switch_triggers_off()
    cut_off(10)
    assert walked().breaks == []
    assert walked(anchor).breaks == [f"Position {len(record)}: the chain ends before it; it was noted as {anchor}."]


def test_only_an_anchor_tells_that_the_whole_chain_was_rewritten(record):
    """R121."""
    anchor = noted()
    switch_triggers_off()
    run(f"UPDATE {EVENT} SET reason = 'another' WHERE id = %s", record[5].pk)
    run(f"DELETE FROM {SEAL}")
    EventSeal.objects.append()
    assert walked().breaks == []
    assert walked(anchor).break_count == 1


# Several writers


WRITERS, EACH = 8, 500 if connection.vendor == "postgresql" else 50


def many_write_at_once() -> None:
    """Each in a transaction of its own, sealing right after it, as web processes do."""
    w = world()

    def write():
        try:
            for _ in range(EACH):
                with transaction.atomic():
                    Event.objects.record("tested", w.project, by=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write) for _ in range(WRITERS)]:
            done.result()


def test_eight_writers_at_once_make_one_chain_without_a_gap(transactional_db):
    """R122."""
    many_write_at_once()
    walk = walked()
    assert walk.breaks == []
    assert walk.count == walk.head.position == Event.objects.count() >= WRITERS * EACH


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite the transaction itself is the lock")
def test_without_the_lock_the_writers_would_get_in_each_others_way(transactional_db, monkeypatch, caplog):
    """The control: the test above would notice. Positions are unique, so it is sealings that fail, and are logged."""
    monkeypatch.setattr(type(EventSeal.objects.all()), "_wait_for_the_only_pen", lambda self: None)
    many_write_at_once()
    assert "directory_eventseal_pkey" in caplog.text or "directory_eventseal_event_id_key" in caplog.text


# The command and the morning mail


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_events", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_how_many_events_and_where_the_chain_ends(record):
    head = EventSeal.objects.order_by("position").last()
    out = verify("--anchor", str(head), "--anchor", str(EventSeal.objects.get(position=3)))
    assert f"{len(record)} sealed events, head {head}" in out
    assert "The record is whole." in out


def test_the_command_fails_on_a_break_and_on_an_event_without_a_seal(record):
    Event.objects.record("tested", record[0].project, by=None)
    verify()
    with pytest.raises(CommandError, match="1 breaks"):
        verify("--patience", "-1")
    EventSeal.objects.append()
    switch_triggers_off()
    run(f"UPDATE {EVENT} SET reason = 'another' WHERE id = %s", record[5].pk)
    with pytest.raises(CommandError, match="not what was written"):
        verify()
    with pytest.raises(CommandError, match="is not an anchor"):
        verify("--anchor", "5:abc")


def test_an_empty_record_is_whole():
    assert "0 sealed events" in verify()
    tasks.note_head_of_events()
    assert not Mail.objects.exists()


def test_the_head_is_mailed_to_each_site_owner_once_a_day(record, caplog):
    gone = owner()
    gone.is_active = False
    gone.save()
    head, owners = noted(), 2
    tasks.note_head_of_events()
    tasks.note_head_of_events()
    mails = Mail.objects.filter(dedupe_key__startswith="head-of-events:")
    assert mails.count() == owners
    assert all(head in mail.text and head in mail.html and "whole" in mail.headline for mail in mails)
    assert "None" not in mails[0].text
    assert head in caplog.text


def test_two_workers_at_once_mail_the_head_once(record, monkeypatch):
    """The second looked before the first had written: the database keeps the second mail out."""
    tasks.note_head_of_events()
    monkeypatch.setattr(Mail.objects, "filter", lambda **_: Mail.objects.none())
    tasks.note_head_of_events()
    monkeypatch.undo()
    assert Mail.objects.filter(dedupe_key__startswith="head-of-events:").count() == Person.objects.site_owners().count()


def test_the_morning_mail_says_that_the_record_is_broken(record):
    switch_triggers_off()
    run(f"UPDATE {EVENT} SET reason = 'another' WHERE id = %s", record[5].pk)
    tasks.note_head_of_events()
    mail = Mail.objects.filter(dedupe_key__startswith="head-of-events:").first()
    assert "BROKEN in 1 places" in mail.headline
    assert f"event {record[5].pk} is not what was sealed" in mail.text
