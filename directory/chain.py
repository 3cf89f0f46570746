"""The arithmetic of the chain over all events: what one link's digest covers, and how breaks of it are told (R120).

It knows no database: the same event gives the same digest on SQLite and on PostgreSQL.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

# Every stored column of an event. One that is added later must be left out of the text while it holds its default, or
# every link made before it would break.
COLUMNS = (
    "id",
    "at",
    "company_id",
    "project_id",
    "by_id",
    "by_name",
    "verb",
    "subject",
    "subject_text",
    "from_state",
    "to_state",
    "reason",
    "changes",
    "request_id",
)
BEFORE_THE_FIRST = "0" * 64


def digest_of(previous: str, values: Iterable) -> str:
    """SHA-256, in hex, over the digest before it and the event's columns in the order of `COLUMNS`."""
    return hashlib.sha256(f"{previous}\n{canonical(values)}".encode()).hexdigest()


def canonical(values: Iterable) -> str:
    """One event as one JSON text: keys in order, moments in UTC to the microsecond."""
    columns = dict(zip(COLUMNS, values, strict=True))
    return json.dumps(columns, sort_keys=True, separators=(",", ":"), default=_moment)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Link:
    """One seal as it is stored."""

    position: int
    digest: str
    event_id: int


@dataclass(frozen=True)
class Anchor:
    """The head of the chain as somebody noted it earlier, away from the machine (R121)."""

    position: int
    digest: str

    def __str__(self):
        return f"{self.position}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """From `POSITION:DIGEST`. ValueError if it is anything else."""
        position, _, digest = text.strip().partition(":")
        if not position.isdecimal() or len(digest) != 64:
            raise ValueError(f"“{text}” is not an anchor. Write it as noted: a position, a colon, 64 characters.")
        return cls(int(position), digest.lower())


class Walk:
    """Follows the chain link by link and keeps what is wrong with it, as sentences. Memory stays constant."""

    def __init__(self, anchors: Iterable[Anchor] = (), most_breaks: int = 1000):
        self.count, self.head = 0, Anchor(0, BEFORE_THE_FIRST)
        self.breaks: list[str] = []
        self.break_count, self.most_breaks = 0, most_breaks
        self.anchors = {anchor.position: anchor for anchor in anchors}

    def step(self, link: Link, values: Iterable | None) -> None:
        """`values`: the event's columns as stored; None when it is not there or cannot be read."""
        self._check_position(link)
        if values is None:
            self.found(f"Position {link.position}: event {link.event_id} is missing or cannot be read.")
        elif digest_of(self.head.digest, values) != link.digest:
            self.found(f"Position {link.position}: event {link.event_id} is not what was sealed, or its seal changed.")
        anchor = self.anchors.pop(link.position, None)
        if anchor and anchor.digest != link.digest:
            self.found(f"Position {link.position}: the chain was rewritten; it was noted as {anchor}.")
        self.count, self.head = self.count + 1, Anchor(link.position, link.digest)

    def _check_position(self, link: Link) -> None:
        expected = self.head.position + 1
        if link.position > expected:
            gone = f"{expected}" if link.position == expected + 1 else f"{expected} to {link.position - 1}"
            self.found(f"Position {gone}: no seal; the next one is of event {link.event_id}.")
        elif link.position < expected:
            self.found(f"Position {link.position}: out of place, before the first.")

    def unsealed(self, event_id: int) -> None:
        self.found(f"Event {event_id} has no seal: it was added past the program, its seal was taken, or nobody seals.")

    def end(self) -> None:
        """Anchors that no link came to."""
        for anchor in self.anchors.values():
            self.found(f"Position {anchor.position}: the chain ends before it; it was noted as {anchor}.")

    def found(self, sentence: str) -> None:
        self.break_count += 1
        if len(self.breaks) < self.most_breaks:
            self.breaks.append(sentence)
