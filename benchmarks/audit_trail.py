"""G11: the chain over 100,000 events is walked in less than half a minute, link by link, on one processor."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from time import perf_counter, time_ns

from django.db import transaction
from django.utils import timezone

from benchmarks.measuring import Figure
from directory.chain import Walk
from directory.models import Company, Event, EventSeal

GOALS = ("G11",)
EVENTS = 100_000
SECONDS = Decimal(30)


def measure() -> Iterator[Figure]:
    """Seconds, of one walk over all there are, for as many of them; those made for it are taken back."""
    with transaction.atomic():
        key = time_ns()
        company = Company.objects.create(name=f"Bench {key}", slug=f"bench-{key}")
        changes = {"gross": ["100.00", "25650.50"], "retainage held": ["10.00", "2565.05"]}
        made = Event.objects.made("accepted", Subject(company), by=None, reason="Month end", changes=changes)
        columns = {field.attname: getattr(made, field.attname) for field in Event._meta.concrete_fields}
        Event.objects.bulk_create((Event(**columns | {"id": None}) for _ in range(EVENTS)), batch_size=5_000)
        EventSeal.objects.append()
        start = perf_counter()
        walk = EventSeal.objects.walk(Walk(), unsealed_before=timezone.now() + timedelta(hours=1))
        seconds = Decimal(f"{(perf_counter() - start) * EVENTS / walk.count:.3f}")
        transaction.set_rollback(True)
    yield Figure("G11", f"seconds to verify {EVENTS:,} events", "count", SECONDS, [seconds], [], is_count=True)


class Subject:
    """What an event is about: any row of the company's."""

    pk, project = 1, None

    def __init__(self, company: Company):
        self.company, self._meta = company, Event._meta

    def __str__(self):
        return "Acme Concrete, invoice 2219-07"
