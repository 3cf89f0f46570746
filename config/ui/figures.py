"""Amounts, rates, days and moments as people read them (5.4, U10)."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from directory.counts import counted
from directory.moments import day_in_words, moment_in_words
from invoicing.calculations.money import printed_amount, printed_percent, printed_rate, to_cents

register = template.Library()


@register.filter
def money(amount: Decimal | int | None) -> str:
    """1234.5 → "1,234.50", a true minus sign before a negative amount, "" for None. Refuses floats: they lose cents."""
    if amount is None or amount == "":
        return ""
    return printed_amount(exact(amount))


@register.filter
def cents(value: Decimal | int | None) -> str:
    """Dollars as whole cents, 12.34 → "1234", "" for None: what `data-` attributes carry to the entry sheet."""
    return "" if value is None or value == "" else str(int(to_cents(exact(value)) * 100))


@register.filter
def percent(value: Decimal | int | None, places: int = 1) -> str:
    """Percent points to words: 55 → "55.0 %"; "" for None, because a scheduled value of zero has no percentage."""
    if value is None or value == "":
        return ""
    return printed_percent(exact(value), int(places))


@register.filter
def rate(value: Decimal | int | None) -> str:
    """A retainage rate without idle zeros: 10.00 → "10 %", 7.50 → "7.5 %"; zero is a rate, None is "not set"."""
    return "not set" if value is None else printed_rate(exact(value))


def exact(value: Decimal | int | str) -> Decimal:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float; amounts are Decimal from the database to the page")
    return Decimal(value)


@register.filter
def day(value: date | None) -> str:
    """A calendar day in words: "Fri 27 Nov 2026"; "" for None."""
    return day_in_words(value) if value else ""


@register.simple_tag
def moment(at: datetime | None, zone: object = "", day_only: bool = False) -> SafeString:
    """A moment in a project's or a company's zone, named, exact in its title (U10). `zone`: a name or one of them.

    `day_only`: where there is no room for the hour, which the title still says.
    """
    if at is None:
        return SafeString("")
    name = str(getattr(zone, "time_zone", zone) or timezone.get_current_timezone_name())
    here = at.astimezone(ZoneInfo(name))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        here.isoformat(timespec="seconds"),
        f"{here:%A} {here.day} {here:%B %Y, %H:%M:%S} {here:%Z} ({name})",
        moment_in_words(at, ZoneInfo(name), day_only),
    )


@register.filter
def end_of(due: date, project: object) -> str:
    """Until when a bill may come, with its clock (U10): "the end of Tue 25 Jun 2030, Chicago time"."""
    return f"the end of {day_in_words(due)}, {clock(project)}"


@register.filter
def clock(project: object) -> str:
    """By whose clock a day ends there: "Chicago time"."""
    return f"{project.time_zone.rpartition('/')[2].replace('_', ' ')} time"


@register.filter
def due_words(due: date, project: object) -> str:
    """How near a due date is on the project's clock: "today", "in 3 days", "2 days late"."""
    days = (due - project.today).days
    if days < 0:
        return f"{counted(-days, 'day')} late"
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
