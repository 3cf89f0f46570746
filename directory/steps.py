"""How long work says how far it is to whoever shows it: what calls `step` knows of no worker and no page."""

from collections.abc import Callable

Step = Callable[[int], None]  # told how many more are done


def unnoticed(count: int) -> None:
    """Where nobody is told."""
