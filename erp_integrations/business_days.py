"""Days on which an office works: Monday to Friday. Holidays differ from company to company and count as days here."""

from datetime import date, timedelta

SATURDAY = 5
ONE = timedelta(days=1)


def last_day_before(today: date, days: int) -> date:
    """The latest day since which more than `days` business days went by, `today` among them (R16)."""
    day, passed = today, 0
    while passed <= days:
        passed += day.weekday() < SATURDAY
        day -= ONE
    return day


def business_days_since(day: date, today: date) -> int:
    """How many went by after `day`, `today` among them; 0 on the day itself."""
    weeks, rest = divmod(max((today - day).days, 0), 7)
    return weeks * 5 + sum((today - ONE * back).weekday() < SATURDAY for back in range(rest))
