"""Lists to take away as CSV: written row by row, so that memory stays constant, and never a formula (R100, S58)."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.http import StreamingHttpResponse

from directory.downloads import AS_A_FILE

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")  # the wide ones are read too
MARK = "\ufeff"  # so that Excel reads it as UTF-8


class _Line:
    """What csv writes to: hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_answer(name: str, headings: Sequence[str], rows: Iterable[Sequence]) -> StreamingHttpResponse:
    """A file called `name` for the browser to keep: a heading, then the rows as they come."""
    headers = AS_A_FILE | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(csv_lines(headings, rows), content_type="text/csv; charset=utf-8", headers=headers)


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield MARK + writer.writerow(headings)
    for row in rows:
        yield writer.writerow([cell_of(value) for value in row])


def cell_of(value: object) -> str:
    """Amounts are figures, minus sign and all; days are ISO; all else is text that nothing calculates."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else plain_cell(value)


def plain_cell(value: object) -> str:
    """Text that a spreadsheet would calculate gets an apostrophe in front."""
    text = str(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text
