"""What happened, who did it and why: rows that are written once and never changed."""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from directory.chain import BEFORE_THE_FIRST, COLUMNS, Anchor, Link, Walk, digest_of
from directory.models.companies import Company
from directory.models.projects import Project

logger = structlog.get_logger(__name__)


def subject_name(subject: models.Model) -> str:
    """How an event names the row it is about: `invoicing.invoice:12`."""
    return f"{subject._meta.label_lower}:{subject.pk}"


def subject_names(label: str, pk) -> Concat:
    """The same for every row of a query: `label` as in `invoicing.invoice`, `pk` leads to the row's key."""
    return Concat(Value(f"{label}:"), Cast(pk, CharField()))


class EventQuerySet(models.QuerySet):
    def about(self, *subjects):
        """The timeline of these rows, newest first."""
        return self.filter(subject__in=[subject_name(s) for s in subjects]).order_by("-pk")

    def of_one(self, subject, *, by):
        """What this person did to one row, for a query over many of them.

        Found by the row, of which few events tell: SQLite, which counts nothing, would go through all of the person's.
        """
        return self.alias(who=Coalesce("by", 0)).filter(subject=subject, who=by.pk)

    def newest_of(self, subjects, verb, *, by=None) -> dict:
        """{the key of a row: the last event of this verb about it}, of a page of rows; `by`: of this person’s alone."""
        names = {subject_name(each): each.pk for each in subjects}
        told = self.filter(subject__in=names, verb=verb).order_by("pk")
        return {names[event.subject]: event for event in told if by is None or event.by_id == by.pk}

    def record(self, verb, subject, *, by, from_state="", to_state="", reason="", changes=None):
        """Write one event in the caller's transaction. `by` None: the program. `changes`: {field: [old, new]}."""
        event = self.made(
            verb, subject, by=by, from_state=from_state, to_state=to_state, reason=reason, changes=changes
        )
        event.save(force_insert=True)
        seal_after_commit(event)
        return event

    def made(self, verb, subject, *, by, from_state="", to_state="", reason="", changes=None):
        """The event that `record` would write, for `record_all`."""
        return self.model(
            verb=verb,
            subject=subject_name(subject),
            subject_text=str(subject)[:200],
            company=subject.company,
            project=getattr(subject, "project", None),
            by=by,
            by_name=by.name if by else "Plumbline",
            from_state=from_state,
            to_state=to_state,
            reason=reason,
            changes=changes or {},
            request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        )

    def record_all(self, events) -> None:
        """Write what was `made`, in its order, in the caller's transaction: where one act touches hundreds of rows."""
        written = self.bulk_create(events)
        if written:
            seal_after_commit(written[0])

    def unsealed(self, since: int = 0):
        """Events without a seal, oldest first; `since` spares looking at older ones."""
        return self.filter(pk__gte=since, seal=None).order_by("pk")


class Event(models.Model):
    """Triggers in the database refuse to change or delete a row."""

    at = models.DateTimeField(auto_now_add=True)
    company = models.ForeignKey(Company, models.PROTECT, related_name="events")
    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="events")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events")
    by_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    subject_text = models.CharField(max_length=200)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    changes = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subject", "-id"], name="timeline"),
            models.Index(fields=["company", "-id"], name="company_events"),
        ]

    def __str__(self):
        return f"{self.by_name} {self.verb} {self.subject_text}"


class SealFrom:
    """What runs right after a commit that wrote events: seal from the first of them on."""

    def __init__(self, event_id: int):
        self.event_id = event_id

    def __call__(self):
        """Nothing that fails here reaches whoever committed: the sweep seals what was left."""
        try:
            EventSeal.objects.append(since=self.event_id)
        except Exception:
            logger.warning("events_not_sealed", since=self.event_id, exc_info=True)


def seal_after_commit(event: Event) -> None:
    """Once a transaction is enough."""
    if not any(isinstance(callback, SealFrom) for _, callback, _ in connection.run_on_commit):
        transaction.on_commit(SealFrom(event.pk), robust=True)


class EventSealQuerySet(models.QuerySet):
    CHUNK = 1000  # events; how long others wait for the lock, and how much is in memory
    LOCK = 0x5EA1  # any number nothing else locks by

    def head(self) -> Anchor:
        """Where the chain ends now."""
        last = self.order_by("-position").first()
        return Anchor(last.position, last.digest) if last else Anchor(0, BEFORE_THE_FIRST)

    def append(self, since: int = 0) -> int:
        """Seal every event from `since` on that has no seal, in order of pk; how many. Any number of callers may."""
        count = 0
        while Event.objects.unsealed(since).exists():
            with transaction.atomic():
                self._wait_for_the_only_pen()
                sealed = self._append_chunk(since)
            if not sealed:
                break  # another caller was quicker
            count, since = count + len(sealed), sealed[-1].event_id
        return count

    def _wait_for_the_only_pen(self) -> None:
        """On SQLite the transaction itself is the lock: it began IMMEDIATE (R122)."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [self.LOCK])

    def _append_chunk(self, since: int) -> list:
        head, seals = self.head(), []
        position, digest = head.position, head.digest
        for values in Event.objects.unsealed(since).values_list(*COLUMNS)[: self.CHUNK]:
            position, digest = position + 1, digest_of(digest, values)
            seals.append(EventSeal(position=position, event_id=values[0], digest=digest))
        return self.bulk_create(seals)

    def walk(self, walk: Walk, *, unsealed_before: datetime) -> Walk:
        """Take `walk` along the whole chain as it is stored, and to every event that should have a seal by now."""
        links = self.order_by("position").values_list("position", "digest", "event_id")
        for chunk in self._chunks(links):
            known = stored_columns([event_id for _, _, event_id in chunk])
            for link in chunk:
                walk.step(Link(*link), known.get(link[2]))
        late = Event.objects.unsealed().filter(at__lt=unsealed_before).values_list("pk", flat=True)
        for event_id in late.iterator(self.CHUNK):
            walk.unsealed(event_id)
        walk.end()
        return walk

    def _chunks(self, links):
        """By key, so that memory stays constant and no transaction stays open."""
        after = None
        while chunk := list((links if after is None else links.filter(position__gt=after))[: self.CHUNK]):
            yield chunk
            after = chunk[-1][0]


def stored_columns(event_ids: list[int]) -> dict[int, tuple]:
    """{id: columns} of these events; one whose columns cannot even be read is left out."""
    try:
        return {values[0]: values for values in Event.objects.filter(pk__in=event_ids).values_list(*COLUMNS)}
    except (ValueError, TypeError):  # what stands there is no moment, or no JSON
        if len(event_ids) == 1:
            return {}
        half = len(event_ids) // 2
        return stored_columns(event_ids[:half]) | stored_columns(event_ids[half:])


class EventSeal(models.Model):
    """One link of the chain over all events: its digest covers the event and the digest before it (R120).

    Written right after the commit that wrote the event, by one writer at a time, and never changed.
    """

    position = models.PositiveBigIntegerField(primary_key=True, help_text="1, 2, 3 … without a gap.")
    event = models.OneToOneField(Event, models.PROTECT, related_name="seal")
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(auto_now_add=True)  # for whoever looks into the database: no code reads it

    objects = EventSealQuerySet.as_manager()

    company = None  # all companies' events are in one chain

    class Meta:
        ordering = ["position"]

    def __str__(self):
        return f"{self.position}:{self.digest}"
