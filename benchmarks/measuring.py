"""A goal, and how it is measured: ours and a reference by turns in one process, so that a busy machine slows both."""

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from time import perf_counter, time
from urllib.parse import urlsplit

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.test import Client

from directory import sign_ins

RUNS = 9
PLANNED = (
    6  # askings until PostgreSQL answers by a plan that it keeps: the first five times it makes one for the values
)


@dataclass(frozen=True)
class Figure:
    """`goal`: how much of the reference's time ours may take; seconds by run, ours and the reference's side by side."""

    number: str
    what: str
    reference: str
    goal: Decimal
    ours: list
    theirs: list
    is_count: bool = False

    @property
    def ratio(self) -> Decimal:
        """Of the medians; this is what the goal is about. Of something counted, the number itself."""
        if self.is_count:
            return Decimal(self.ours[0])
        return _ratio(median(self.ours), median(self.theirs))

    @property
    def best(self) -> Decimal:
        """Of the quickest runs, which a busy machine disturbs least."""
        if self.is_count:
            return self.ratio
        return _ratio(min(self.ours), min(self.theirs))

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.goal


def _ratio(ours, theirs) -> Decimal:
    return Decimal(f"{ours / theirs:.3f}")


def compare(
    number: str, what: str, goal: str, ours: Callable, reference: str, theirs: Callable, warm_up: int = 1
) -> Figure:
    """After a warm-up of so many times each, `RUNS` times each, by turns."""
    times = [both for [both] in by_turns([(ours, theirs)], warm_up)]
    return Figure(number, what, reference, Decimal(goal), *map(list, zip(*times, strict=True)))


def by_turns(works: Iterable[tuple[Callable, Callable]], warm_up: int = 1) -> list[list[tuple[float, float]]]:
    """Seconds of each pair of ours and theirs, in `RUNS` rounds: a machine that grows busier slows all of a round."""
    works = list(works)
    for ours, theirs in works:
        for _ in range(warm_up):
            ours(), theirs()
    gc.collect()
    gc.freeze()  # what stays is not looked through before each run, which would empty the processor's caches
    try:
        return [[(seconds(ours), seconds(theirs)) for ours, theirs in works] for _ in range(RUNS)]
    finally:
        gc.unfreeze()


def signed_in(person) -> Client:
    """A browser of this person's, at the site's own address."""
    client = Client(headers={"host": urlsplit(settings.SITE_URL).netloc})
    client.force_login(person, "directory.backends.Logins")
    session = client.session
    # As after a password just given: what accepts asks for one of the last 15 minutes (R93).
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time(), "reauthenticated": True}]
    session[f"{AUTHENTICATION_METHODS_SESSION_KEY}_user"] = str(person.pk)
    session[sign_ins.STARTED] = session[sign_ins.USED] = time()
    session.save()
    return client


def count(number: str, what: str, goal: int, found: int) -> Figure:
    return Figure(number, what, "count", Decimal(goal), [found], [], is_count=True)


def seconds(act: Callable):
    gc.collect()
    start = perf_counter()
    act()
    return perf_counter() - start
