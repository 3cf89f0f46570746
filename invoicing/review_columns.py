"""The columns of the reviewer's desk (9.3), and which of them somebody wants to see."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class ReviewColumn:
    """`name` is what it shows of a `Line`, and its total's; `symbol` as on the certificate (5.2)."""

    name: str
    symbol: str
    label: str
    width: str = "w-amount"
    may_hide: bool = True
    only_stored: bool = False  # where no line has stored material there is nothing to show


COLUMNS = (
    ReviewColumn("scheduled_value", "C", "Scheduled value"),
    ReviewColumn("work_previous", "A", "Work before"),
    ReviewColumn("work_this_period", "B", "This period", may_hide=False),
    ReviewColumn("stored_presently", "F", "Stored now"),
    ReviewColumn("total_completed_and_stored", "T", "Total"),
    ReviewColumn("percent_complete", "T %", "Done", width="w-percent"),
    ReviewColumn("balance_to_finish", "H", "Balance"),
    ReviewColumn("stored_retainage", "MR", "Held on stored", only_stored=True),
    ReviewColumn("total_retainage", "TR", "Retainage held"),
)


def columns_at_hand(*, has_stored: bool) -> list[ReviewColumn]:
    return [column for column in COLUMNS if has_stored or not column.only_stored]


def columns_shown(hidden: Collection[str], *, has_stored: bool) -> list[ReviewColumn]:
    return [each for each in columns_at_hand(has_stored=has_stored) if not (each.may_hide and each.name in hidden)]
