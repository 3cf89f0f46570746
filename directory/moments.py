"""Days and moments as people read them, on pages, in print and in files (U9, U10)."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)  # outside, a day can only be a slip of the keys


@lru_cache(maxsize=1000)  # fifty rows tell the same few days (F4)
def day_in_words(value: date) -> str:
    """Fri 27 Nov 2026."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def moment_in_words(at: datetime, zone: ZoneInfo, day_only: bool = False) -> str:
    """`20 Nov 2026, 4:12 pm CST` on the clocks of the zone, which is named; with `day_only` its first part."""
    here = at.astimezone(zone)
    day = f"{here.day} {here:%b %Y}"
    if day_only:
        return day
    short = here.tzname() if here.tzname().isalpha() else f"{zone.key.rpartition('/')[2].replace('_', ' ')} time"
    return f"{day}, {here.hour % 12 or 12}:{here:%M} {'am' if here.hour < 12 else 'pm'} {short}"
