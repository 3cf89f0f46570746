"""A server that failed just now is left alone for a while: each process waits for it once, not with every question."""

import time

SECONDS = 10  # in which it is not asked again


class Rest:
    """Of one server, for all threads of this process. `until`: by the process’s own clock; None: it answers."""

    def __init__(self):
        self.until: float | None = None

    def begin(self) -> None:
        """It failed, or took too long."""
        self.until = time.monotonic() + SECONDS

    def end(self) -> None:
        """It answered."""
        self.until = None

    def is_on(self) -> bool:
        """Whether it is left alone. When the time is over, one thread asks again for all."""
        until, now = self.until, time.monotonic()
        if until is None or now < until:
            return until is not None
        self.until = now + SECONDS
        return False
