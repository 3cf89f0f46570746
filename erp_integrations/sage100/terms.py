"""Sage's payment terms: `30DY` days, `02MO` months, `25TH` that day of the month after the invoice date."""

import calendar
import re
from datetime import date, timedelta

TERMS = re.compile(r"([0-9]{1,3}) ?(DY|MO|ST|ND|RD|TH)")


def date_by_terms(terms: str, invoice_date: date) -> date | None:
    """The day the terms lead to; None for empty terms. A day the month lacks becomes its last day.

    Raises ValueError, naming the three spellings, for terms Sage wouldn't know.
    """
    spelling = terms.strip().upper()
    if not spelling:
        return None
    match = TERMS.fullmatch(spelling)
    if not match:
        raise ValueError(f"The terms “{terms}” are not of the form 30DY, 02MO or 25TH.")
    number, unit = int(match[1]), match[2]
    if unit == "DY":
        return invoice_date + timedelta(days=number)
    if unit == "MO":
        return _in_month(invoice_date, number, invoice_date.day)
    if not 1 <= number <= 31:
        raise ValueError(f"The terms “{terms}” name no day of a month. Use 01 to 31.")
    return _in_month(invoice_date, 1, number)


def _in_month(start: date, months_later: int, day: int) -> date:
    months = start.year * 12 + start.month - 1 + months_later
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day, last))
