"""The columns of the reviewer's desk (9.3), and which of them somebody wants to see."""

from collections.abc import Collection, Set
from dataclasses import dataclass

from invoicing.labels import COLUMN_OF, LineColumn

# What a column needs some line of the invoice to have: else nothing stands in it, or what another column says.
STORED, RELEASE = "stored", "release"


@dataclass(frozen=True)
class ReviewColumn:
    """`name` is what it shows of a `Line`, and its total's."""

    name: str
    width: str = "w-amount"
    may_hide: bool = True
    needs: Set[str] = frozenset()  # any of these

    @property
    def named(self) -> LineColumn:
        return COLUMN_OF[self.name]


COLUMNS = (
    ReviewColumn("scheduled_value"),
    ReviewColumn("work_previous"),
    ReviewColumn("work_this_period", may_hide=False),
    ReviewColumn("stored_moved", needs={STORED}),
    ReviewColumn("stored_new", needs={STORED}),
    ReviewColumn("stored_presently"),
    ReviewColumn("total_completed_and_stored"),
    ReviewColumn("percent_complete", width="w-percent"),
    ReviewColumn("balance_to_finish"),
    ReviewColumn("work_retainage", needs={STORED, RELEASE}),
    ReviewColumn("stored_retainage", needs={STORED}),
    ReviewColumn("retainage_released", needs={RELEASE}),
    ReviewColumn("total_retainage"),
)


def columns_at_hand(has: Set[str]) -> list[ReviewColumn]:
    """`has`: of STORED and RELEASE what any line of the invoice has."""
    return [column for column in COLUMNS if not column.needs or column.needs & has]


def columns_shown(hidden: Collection[str], has: Set[str]) -> list[ReviewColumn]:
    return [each for each in columns_at_hand(has) if not (each.may_hide and each.name in hidden)]
