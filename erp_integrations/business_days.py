"""Days on which an office works: Monday to Friday, but for the days on which a company says that it is closed."""

import re
from collections.abc import Collection
from datetime import date, timedelta

SATURDAY = 5
ONE = timedelta(days=1)
MOST_CLOSED = 400
MOST_NAMED = 5
ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def last_day_before(today: date, days: int, closed: Collection[date] = ()) -> date:
    """The latest day since which more than `days` business days went by, `today` among them (R16)."""
    day, passed = today, 0
    while passed <= days:
        passed += _is_worked(day, closed)
        day -= ONE
    return day


def business_days_since(day: date, today: date, closed: Collection[date] = ()) -> int:
    """How many went by after `day`, `today` among them; 0 on the day itself."""
    weeks, rest = divmod(max((today - day).days, 0), 7)
    at_rest = sum(day < each <= today and _is_worked(each) for each in closed)
    return weeks * 5 + sum(_is_worked(today - ONE * back) for back in range(rest)) - at_rest


def _is_worked(day: date, closed: Collection[date] = ()) -> bool:
    return day.weekday() < SATURDAY and day not in closed


def closed_days(text: str) -> list[date]:
    """One ISO date a line, empty lines left out; each once, in order. ValueError names every line that is none."""
    found, wrong = set(), []
    for place, line in enumerate(text.splitlines(), 1):
        try:
            if line.strip():
                found.add(_day(line.strip()))
        except ValueError as fault:
            wrong.append(f"Line {place}: {fault}")
    if len(found) > MOST_CLOSED:
        wrong.append(f"These are {len(found)} days. Keep the {MOST_CLOSED} that still matter.")
    if wrong:
        raise ValueError(" ".join(wrong[:MOST_NAMED]))
    return sorted(found)


def _day(line: str) -> date:
    if not ISO.fullmatch(line):
        raise ValueError(f"“{line[:40]}” is no date. Write it as 2026-12-25, one a line.")
    try:
        return date.fromisoformat(line)
    except ValueError:
        raise ValueError(f"there is no day {line}. Look at a calendar.") from None
