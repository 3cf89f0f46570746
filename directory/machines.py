"""What every machine of states says alike: a move in words, and that it came too late."""

from collections.abc import Callable


def words_of(move: Callable) -> dict:
    """How a machine calls a @transition, alike from each state: `label`, `done` and what else it says of it."""
    return next(iter(move._django_fsm.transitions.values())).custom


def no_longer(row, called: object = "It") -> str:
    """Why a move that was possible on an older page is not made now."""
    return f"{called} is {row.get_status_display()} now, so that is no longer possible."
