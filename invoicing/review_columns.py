"""The columns of the reviewer's desk (9.3), and which of them somebody wants to see."""

from collections.abc import Collection, Set
from dataclasses import dataclass

# What a column needs some line of the invoice to have: else nothing stands in it, or what another column says.
STORED, RELEASE = "stored", "release"


@dataclass(frozen=True)
class ReviewColumn:
    """`name` is what it shows of a `Line`, and its total's; `symbol` as on the certificate (5.2)."""

    name: str
    symbol: str
    label: str
    width: str = "w-amount"
    may_hide: bool = True
    needs: Set[str] = frozenset()  # any of these


COLUMNS = (
    ReviewColumn("scheduled_value", "C", "Scheduled value"),
    ReviewColumn("work_previous", "A", "Work before"),
    ReviewColumn("work_this_period", "B", "This period", may_hide=False),
    ReviewColumn("stored_moved", "M", "Moved to work", needs={STORED}),
    ReviewColumn("stored_new", "NM", "New stored", needs={STORED}),
    ReviewColumn("stored_presently", "F", "Stored now"),
    ReviewColumn("total_completed_and_stored", "T", "Total"),
    ReviewColumn("percent_complete", "T %", "Done", width="w-percent"),
    ReviewColumn("balance_to_finish", "H", "Balance"),
    ReviewColumn("work_retainage", "WR", "Held on work", needs={STORED, RELEASE}),
    ReviewColumn("stored_retainage", "MR", "Held on stored", needs={STORED}),
    ReviewColumn("retainage_released", "RR", "Released", needs={RELEASE}),
    ReviewColumn("total_retainage", "TR", "Retainage held"),
)


def columns_at_hand(has: Set[str]) -> list[ReviewColumn]:
    """`has`: of STORED and RELEASE what any line of the invoice has."""
    return [column for column in COLUMNS if not column.needs or column.needs & has]


def columns_shown(hidden: Collection[str], has: Set[str]) -> list[ReviewColumn]:
    return [each for each in columns_at_hand(has) if not (each.may_hide and each.name in hidden)]
