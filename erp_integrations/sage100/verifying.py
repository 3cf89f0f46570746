"""Whether the rows of a file somebody holds are the rows that we built, cell by cell (E-8)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from erp_integrations.sage100.layout import NUMBER, Layout
from erp_integrations.sage100.sheets import column_letter

KEY = re.compile(r"EXP-[0-9]{6,9}")
NUMBER_PLACE, VENDOR_PLACE = 2, 3  # of an H row, published (sage100.md 1)

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


def numbers_in(rows: Iterable[FileRow]) -> set[tuple[str, str]]:
    """(vendor number, invoice number) of each H row, where its columns stand as published."""
    heads = (texts for _, texts in rows if len(texts) > VENDOR_PLACE and texts[1] == "H")
    return {(texts[VENDOR_PLACE], texts[NUMBER_PLACE].casefold()) for texts in heads}


def altered(ours: Iterable[FileRow], theirs: Iterable[FileRow], layout: Layout) -> Iterator[AlteredCell]:
    """Every cell that is another one, in the order of the rows; nothing when they say the same.

    A number may be written in another way, as a spreadsheet stores it: 2565.05 and 2,565.050 are one.
    """
    ours, theirs = dict(ours), dict(theirs)
    for number in sorted(ours.keys() | theirs.keys()):
        mine, found = ours.get(number, []), theirs.get(number, [])
        columns = _columns(mine or found, layout)
        for place in range(max(len(mine), len(found))):
            pair = _cell(mine, place), _cell(found, place)
            column = columns[place] if place < len(columns) else None
            if not _is_same(*pair, is_number=column is not None and column.type == NUMBER):
                yield AlteredCell(f"{column_letter(place)}{number}", column.title if column else "", *pair)


def _columns(texts: list[str], layout: Layout):
    return layout.detail if _cell(texts, 1) == "D" else layout.header


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
