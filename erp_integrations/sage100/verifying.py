"""Whether the rows of a file somebody holds are the rows that we built, cell by cell (E-8)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from erp_integrations.sage100.batch_keys import KEY
from erp_integrations.sage100.layout import NUMBER, Layout
from erp_integrations.sage100.sheets import (
    COMPUTED,
    COMPUTED_TITLES,
    CONTROL,
    RELEASE,
    RELEASE_TITLES,
    column_letter,
)
from erp_integrations.sage100.text import LONGEST_CELL

COMPUTED_LONGEST = LONGEST_CELL  # characters: the sum of many lines is told by each of them
RELEASE_AMOUNTS = {"Held", "Release", "New retention"}

FileRow = tuple[int, list[str]]  # its number in the file, and its texts without the empty ones at the end


@dataclass(frozen=True)
class AlteredCell:
    """`cell` as a spreadsheet names it; `ours` what we built, `theirs` what the file holds."""

    cell: str
    title: str
    ours: str
    theirs: str


def keys_in(rows: Iterable[FileRow], name: str = "") -> list[str]:
    """Every batch key that the cells name, the most frequent first; then one that the file's `name` carries."""
    cells = Counter(cell.strip().upper() for _, texts in rows for cell in texts if KEY.fullmatch(cell.strip().upper()))
    return list(dict.fromkeys([key for key, _ in cells.most_common()] + KEY.findall(name.upper())))


def numbers_in(rows: Iterable[FileRow], layout: Layout) -> set[tuple[str, str]]:
    """(vendor number, invoice number) of each H row, where the layout has them."""
    vendor, number = (layout.place_of("header", source) for source in ("vendor_number", "invoice_number"))
    heads = [texts for _, texts in rows if _cell(texts, layout.line_type_place) == "H"]
    return {(_cell(texts, vendor), _cell(texts, number).casefold()) for texts in heads}


def altered(ours: Iterable[FileRow], theirs: Iterable[FileRow], layout: Layout) -> Iterator[AlteredCell]:
    """Every cell that is another one, in the order of the rows; nothing when they say the same.

    A number may be written in another way, as a spreadsheet stores it: 2565.05 and 2,565.050 are one.
    """

    def columns_of(texts: list[str]) -> list[tuple[str, bool]]:
        columns = layout.detail if _cell(texts, layout.line_type_place) == "D" else layout.header
        return [(column.title, column.type == NUMBER) for column in columns]

    return _differing(ours, theirs, columns_of)


def altered_releases(ours: Iterable[FileRow], theirs: Iterable[FileRow]) -> Iterator[AlteredCell]:
    """The same of the sheet by which staff release retainage (S50)."""
    columns = [(title, title in RELEASE_AMOUNTS) for title in RELEASE_TITLES]
    return _differing(ours, theirs, lambda _: columns, sheet=f"{RELEASE} ")


def altered_control(ours: Iterable[FileRow], theirs: Iterable[FileRow]) -> Iterator[AlteredCell]:
    """The same of the totals that staff compare with what Sage took in (E-7); a row's title is its first cell."""
    return _differing(ours, theirs, _columns_of_control, sheet=f"{CONTROL} ")


def _columns_of_control(texts: list[str]) -> list[tuple[str, bool]]:
    return [(_cell(texts, 0), place > 0) for place in range(len(texts))]


def altered_computed(ours: Iterable[FileRow], theirs: Iterable[FileRow]) -> Iterator[AlteredCell]:
    """The same of how each cell was computed (E-6): texts, so that a number written in another way is another one."""
    columns = [(title, False) for title in COMPUTED_TITLES]
    return _differing(ours, theirs, lambda _: columns, sheet=f"{COMPUTED} ")


SHEETS = {CONTROL: altered_control, RELEASE: altered_releases}  # beside the rows, and as short as they at the most


def _differing(
    ours: Iterable[FileRow],
    theirs: Iterable[FileRow],
    columns_of: Callable[[list[str]], Sequence[tuple[str, bool]]],
    sheet: str = "",
) -> Iterator[AlteredCell]:
    """`columns_of`: (title, is a number) of each column of a row."""
    ours, theirs = dict(ours), dict(theirs)
    for number in sorted(ours.keys() | theirs.keys()):
        mine, found = ours.get(number, []), theirs.get(number, [])
        columns = columns_of(mine or found)
        for place in range(max(len(mine), len(found))):
            pair = _cell(mine, place), _cell(found, place)
            title, is_number = columns[place] if place < len(columns) else ("", False)
            if not _is_same(*pair, is_number=is_number):
                yield AlteredCell(f"{sheet}{column_letter(place)}{number}", title, *pair)


def _cell(texts: list[str], place: int) -> str:
    return texts[place] if place < len(texts) else ""


def _is_same(ours: str, theirs: str, *, is_number: bool) -> bool:
    if ours == theirs:
        return True
    numbers = _number(ours), _number(theirs)
    return is_number and None not in numbers and numbers[0] == numbers[1]


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
