"""The words templates are written with: amounts, dates, icons, badges and the small components every page shares.

Registered as template built-ins, so no page loads it. What a status looks like is decided here, once.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.db.models import Model
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.places import places_of
from config.words import changes_of, folded, history_of, state_in_words
from directory import unsaved
from directory.moments import day_in_words, moment_in_words
from erp_integrations.models import ExportStatus
from invoicing.calculations.money import MINUS, printed_amount, printed_percent, printed_rate, round_half_up, to_cents
from invoicing.models import InvoiceStatus
from invoicing.waiting import waits_in_words

register = template.Library()
register.filter(waits_in_words)


class Look(NamedTuple):
    """A status as people see it: tone (neutral, info, ok, warn, bad), icon, words ("" = the model's own label)."""

    tone: str
    icon: str
    label: str = ""


STATUSES = {
    # invoices
    "draft": Look("neutral", "pencil", InvoiceStatus.DRAFT.label),
    "under_review": Look("info", "eye", InvoiceStatus.UNDER_REVIEW.label),
    "revise_and_resubmit": Look("warn", "rotate-ccw", InvoiceStatus.REVISE_AND_RESUBMIT.label),
    "pending_owner_approval": Look("info", "hourglass", InvoiceStatus.PENDING_OWNER_APPROVAL.label),
    "approved_as_noted": Look("ok", "circle-check", InvoiceStatus.APPROVED_AS_NOTED.label),
    "approved": Look("ok", "circle-check", InvoiceStatus.APPROVED.label),
    # commitments and change orders
    "out_for_bid": Look("neutral", "send"),
    "out_for_signature": Look("info", "pencil"),
    "processing": Look("neutral", "clock"),
    "submitted": Look("info", "send"),
    "partially_received": Look("info", "circle-dot"),
    "received": Look("ok", "check"),
    "complete": Look("neutral", "badge-check"),
    "terminated": Look("bad", "ban"),
    "pending": Look("info", "hourglass"),
    "rejected": Look("bad", "circle-x"),
    "no_charge": Look("neutral", "check"),
    "void": Look("neutral", "ban"),
    # billing periods and invitations
    "open": Look("ok", "circle-dot", "Open"),
    "closed": Look("neutral", "lock", "Closed"),
    "no_contact": Look("warn", "triangle-alert", "No invoice contact"),
    "not_invited": Look("neutral", "circle-dashed", "Not invited"),
    "invited": Look("info", "mail", "Invited"),
    "accepted": Look("ok", "check", "Accepted"),
    "declined": Look("neutral", "x", "Declined"),
    "in_erp": Look("ok", "landmark", "In ERP"),
    "gap": Look("warn", "triangle-alert", "Set-up"),
    # requests for Can Push to Accounting
    "waiting": Look("info", "hourglass"),
    "granted": Look("ok", "check", "Granted"),
    "taken_back": Look("neutral", "undo-2", "Taken back"),
    # payments
    "nothing_due": Look("neutral", "check", "Nothing due"),
    "not_paid": Look("neutral", "circle-dashed", "Not paid"),
    "partly_paid": Look("info", "circle-dot", "Partly paid"),
    "paid": Look("ok", "circle-check", "Paid"),
    "overpaid": Look("warn", "triangle-alert", "Overpaid"),
    # files made in the background
    "making": Look("info", "refresh-cw", "Being made"),
    "ready": Look("ok", "circle-check", "Ready"),
    "failed": Look("bad", "triangle-alert", "Failed"),
    "expired": Look("neutral", "clock", "Removed"),
    # people of a directory
    "active": Look("ok", "check", "Active"),
    "asked": Look("info", "mail", "Asked to join"),
    "deactivated": Look("neutral", "ban", "Deactivated"),
}
# The second state machine has words in common with the first, and another meaning for them.
EXPORT_STATUSES = {
    "not_sent": Look("neutral", "circle-dashed", ExportStatus.NOT_SENT.label),
    "ready_to_export": Look("info", "hourglass", ExportStatus.READY_TO_EXPORT.label),
    "sent": Look("info", "hourglass", "Sent to ERP"),
    "exporting": Look("info", "refresh-cw", ExportStatus.EXPORTING.label),
    "exported": Look("ok", "file-spreadsheet", ExportStatus.EXPORTED.label),
    "posted": Look("ok", "badge-check", ExportStatus.POSTED.label),
    "retrieved": Look("neutral", "undo-2", ExportStatus.RETRIEVED.label),
    "rejected": Look("bad", "circle-x", ExportStatus.REJECTED.label),
    "failed": Look("bad", "triangle-alert", ExportStatus.FAILED.label),
    "voided": Look("neutral", "ban", ExportStatus.VOIDED.label),
    # export batches
    "accepted": Look("info", "clock", "Accepted"),
    "pending": Look("info", "clock", "Accepted"),
    "queued": Look("info", "clock", "Accepted"),
    "building": Look("info", "refresh-cw", "Building"),
    "ready": Look("ok", "file-spreadsheet", "Ready"),
    "built": Look("ok", "file-spreadsheet", "Ready"),
    "dead": Look("bad", "triangle-alert", "Failed"),
    "downloaded": Look("ok", "download", "Downloaded"),
    "confirmed": Look("ok", "badge-check", "Confirmed in Sage"),
}


@register.filter
def money(amount: Decimal | int | None) -> str:
    """1234.5 → "1,234.50", a true minus sign before a negative amount, "" for None. Refuses floats: they lose cents."""
    if amount is None or amount == "":
        return ""
    return printed_amount(exact(amount))


@register.filter
def amount(value: Decimal | int | None) -> str:
    """As `money`, with a plain hyphen for minus: what an input holds, so that it can be typed over and sent back."""
    return money(value).replace(MINUS, "-")


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


@register.filter
def answer_path(invitation: object, person: object) -> str:
    """Where an invite is answered, for the mail to this person."""
    return reverse("invitation", args=[invitation.token_for(person)])


def exact(value: Decimal | int | str) -> Decimal:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float; amounts are Decimal from the database to the page")
    return Decimal(value)


@register.filter
def initials(person: object) -> str:
    """Of a name, two letters at most: "Dana Cole" → "DC"."""
    names = str(person).split()
    return "".join(name[0] for name in [*names[:1], *names[1:][-1:]]).upper()


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
def browser(user_agent: str) -> str:
    """“Firefox on Windows”, as far as a browser says so; Edge and Opera say Chrome too, and Chrome says Safari."""
    names = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")
    name = next((name for name in names if name in user_agent), "")
    system = next((system for system in systems if system in user_agent), "")
    words = {"Edg": "Edge", "OPR": "Opera", "Mac OS X": "a Mac", "": "an unknown system"}
    return f"{words.get(name, name) if name else 'A browser'} on {words.get(system, system)}"


# The same few on every page, many times over. Typed: text that is safe and the same text that is not are two.
drawn_once = lru_cache(maxsize=1000, typed=True)


@register.simple_tag
@drawn_once
def icon(name: str, label: str = "") -> SafeString:
    """One symbol of static/icons.svg. Silent for readers unless it stands alone: then give it a label."""
    speech = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="i" {}><use href="{}#{}"/></svg>', speech, static("icons.svg"), name)


@register.simple_tag
@drawn_once
def badge(tone: str, symbol: str, label: str) -> SafeString:
    """A status in three ways at once: colour, icon and word (U7)."""
    return format_html('<span class="badge tone-{}">{}<span>{}</span></span>', tone, icon(symbol), label)


@register.simple_tag
def status_badge(subject: object, field: str = "status") -> SafeString:
    """The badge of a model instance's status field, or of a plain status word; `field="export"` for an export's word.

    Anything from erp_integrations is read with the words of the export machine (E-4).
    """
    value = subject if isinstance(subject, str) else str(getattr(subject, field))
    look = look_of(value, is_export=field.startswith("export") or in_export(subject))
    return badge(look.tone, look.icon, status_words(subject, field, value, look))


@register.simple_tag
def status_badges(subjects: Iterable, field: str = "status") -> dict[str, SafeString]:
    """The badge of every status that occurs among them, each drawn once, however many rows there are."""
    found = {getattr(each, field): each for each in subjects}
    return {value: status_badge(each, field) for value, each in found.items() if value}


def status_words(subject: object, field: str, value: str, look: Look) -> str:
    return look.label or own_words(subject, field) or value.replace("_", " ").capitalize()


def look_of(value: str, *, is_export: bool) -> Look:
    first = EXPORT_STATUSES if is_export else STATUSES
    return first.get(value) or STATUSES.get(value) or EXPORT_STATUSES.get(value) or Look("neutral", "circle-dot")


def in_export(subject: object) -> bool:
    """Does this row, or the row this event is about, belong to the export machine?"""
    about = str(getattr(subject, "subject", ""))
    own = subject._meta.app_label if isinstance(subject, Model) else ""
    return own == "erp_integrations" or about.startswith("erp_integrations.")


def own_words(subject: object, field: str) -> str:
    """What the row's own model calls its status; an event's, what the model it is about calls it."""
    if field in ("from_state", "to_state"):
        return state_in_words(subject, getattr(subject, field))
    words = getattr(subject, f"get_{field}_display", None)
    return str(words()) if words else ""


@register.simple_tag
def most_of_a_form() -> str:
    """How many cells and how many bytes one form may hold (F12); app.js sends nothing above it."""
    return f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} {settings.DATA_UPLOAD_MAX_MEMORY_SIZE}"


@register.simple_tag(takes_context=True)
def comes_back(context: template.Context) -> SafeString:
    """In a form: pressed when the session is over, what was typed is back after the sign-in (`directory.unsaved`)."""
    mark = unsaved.mark_of(context["request"].user)
    return format_html('<input type="hidden" name="{}" value="{}">', unsaved.MARK, mark)


@register.simple_tag
def field(bound: object) -> SafeString:
    """One form field with label, hint and errors beside it, wired for readers (U4): `{% field form.reason %}`."""
    return bound.as_field_group()


@register.inclusion_tag("components/bar.html")
def bar(done: Decimal | int, total: Decimal | int, label: str, tone: str = "info") -> dict:
    """A thin drawn bar with its meaning in words beside it: `{% bar 9 14 "9 of 14 billed" %}`."""
    return {"width": share(done, total), "label": label, "tone": tone}


STAGES = ("To answer or start", "Entering", "Under Review", "Approved", "Sent to accounting")


@register.inclusion_tag("components/stages.html")
def stages(reached: int, state: str = "") -> dict:
    """How far a bill is, from asked (1) to accounting (5), in the tone of its state: `{% stages 3 bill.status %}`."""
    look = look_of(state, is_export=False)
    parts = [{"x": number * 19, "is_done": number < reached} for number in range(len(STAGES))]
    label = f"Step {reached} of {len(STAGES)}: {STAGES[reached - 1]}"
    return {"parts": parts, "width": len(STAGES) * 19 - 3, "tone": look.tone, "label": label}


@register.filter
def end_of(due: date, project: object) -> str:
    """Until when a bill may come, with its clock (U10): "the end of Tue 25 Jun 2030, Chicago time"."""
    return f"the end of {day_in_words(due)}, {project.time_zone.rpartition('/')[2].replace('_', ' ')} time"


@register.filter
def due_words(due: date, project: object) -> str:
    """How near a due date is on the project's clock: "today", "in 3 days", "2 days late"."""
    days = (due - project.today).days
    if days < 0:
        return f"{-days} day{'' if days == -1 else 's'} late"
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


@register.inclusion_tag("components/money_picture.html")
def money_picture(parts: list[dict], label: str) -> dict:
    """Amounts of one whole side by side. `parts`: dicts of label, amount and tone; their sum is the full width."""
    total = sum((exact(part["amount"]) for part in parts), Decimal(0))
    drawn, at = [], Decimal(0)
    for part in parts:
        width = share(part["amount"], total)
        drawn.append({**part, "x": at, "width": width})
        at += width
    return {"parts": drawn, "label": label}


@register.inclusion_tag("components/state_bar.html", takes_context=True)
def state_bar(context: template.Context, tabs: list, total: int, chosen: str, here: str, label: str = "States") -> dict:
    """Counted states as a bar with links: `{% state_bar tabs all chosen here %}`. `here` is the list's address.

    Two neighbours of one tone are told apart: every other one of them is faint.
    """
    parts, at = [], Decimal(0)
    for tab in tabs:
        look, width = STATUSES[tab.state], share(tab.count, total)
        is_faint = bool(parts) and parts[-1]["tone"] == look.tone and not parts[-1]["is_faint"]
        part = {"state": tab.state, "label": look.label, "count": tab.count, "tone": look.tone, "is_faint": is_faint}
        parts.append(part | {"x": at, "width": width, "url": here + _address(context, state=tab.state)})
        at += width
    return {
        "parts": parts,
        "total": total,
        "chosen": chosen,
        "label": label,
        "all_url": here + _address(context, state=None),
    }


def _address(context: template.Context, **changed) -> str:
    """The rest of this page's address with other filters, from the first page on."""
    query = context["request"].GET.copy()
    for name, value in ({"after": None, "before": None} | changed).items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"?{query.urlencode()}" if query else ""


def share(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """Percent of the whole for drawing, kept between 0 and 100: a picture is not a figure."""
    if not whole:
        return Decimal(0)
    return round_half_up(min(max(exact(part) * 100 / exact(whole), Decimal(0)), Decimal(100)), 2)


@register.inclusion_tag("components/steps.html")
def steps(names: str | list[str], current: int, stopped: bool = False) -> dict:
    """Where something is on its way: `{% steps "Accepted|Building|Ready" 2 %}`. Past the last means all are done."""
    listed = names.split("|") if isinstance(names, str) else names
    state = {True: "stopped" if stopped else "now"}
    return {
        "steps": [
            {"name": name, "state": state.get(number == current, "done" if number < current else "")}
            for number, name in enumerate(listed, start=1)
        ]
    }


@register.inclusion_tag("components/timeline.html", takes_context=True)
def timeline(context: template.Context, events: list, zone: object = "") -> dict:
    """What happened, newest first, in the project's zone: `{% timeline events project %}` with Event rows.

    An entry sheet that was saved row by row is told as one.
    Directory Admins are led on to the whole record of what it is about, unless they are there.
    """
    rows = [told(event) for event in folded(events)]
    request = context.get("request")
    is_admin = getattr(getattr(request, "access", None), "is_directory_admin", False)
    subjects = {row["event"].subject for row in rows}
    if not is_admin or len(subjects) != 1 or request.resolver_match.url_name == "company-events-about":
        return {"told": rows, "zone": zone}
    return {"told": rows, "zone": zone, "company": request.access.company, "subject": subjects.pop()}


@register.simple_tag(takes_context=True)
def recorded(context: template.Context, events: list) -> list[dict]:
    """Events as the record lists them, with the page of what each is about: `{% recorded events as rows %}`."""
    places = places_of(events, context["request"].user)
    return [told(event) | {"url": places.get(event.subject, "")} for event in events]


@register.inclusion_tag("components/change_history.html")
def change_history(events: list, zone: object = "") -> dict:
    """What was changed, a row each: field, from, to, by, when: `{% change_history events project %}`."""
    rows = list(islice(history_of(events), MOST_CHANGES + 1))
    return {"rows": rows[:MOST_CHANGES], "is_cut": len(rows) > MOST_CHANGES, "most": MOST_CHANGES, "zone": zone}


MOST_CHANGES = 1000  # rows of a page


# What people say has a look of its own: to the other side, and among the company's own people.
SAID = {"commented": Look("info", "message-square"), "left a note for the team": Look("warn", "lock")}


def told(event: object) -> dict:
    """One event as the timeline shows it: `before` is the state it came from, in words; `changes` likewise."""
    is_export, before = in_export(event), event.from_state
    look = look_of(before, is_export=is_export)
    return {
        "event": event,
        "look": SAID.get(event.verb) or look_of(event.to_state, is_export=is_export),
        "before": status_words(event, "from_state", before, look) if before and before != event.to_state else "",
        "changes": changes_of(event),
    }


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: object) -> dict:
    """Links to the other pages of a list, keeping every filter of the address."""
    return {"page": page, "query": context["request"].GET}


@register.simple_block_tag
def table_region(content: str, label: str) -> SafeString:
    """A sideways-scrolling home for a list table; reachable by keyboard, so it needs a name."""
    return format_html('<div class="table-region" role="region" aria-label="{}" tabindex="0">{}</div>', label, content)


@register.simple_block_tag
def grid_region(content: str, label: str) -> SafeString:
    """The scroll area of a money grid: header, first columns and totals stay in sight."""
    return format_html('<div class="grid-scroll" role="region" aria-label="{}" tabindex="0">{}</div>', label, content)


@register.simple_block_tag
def more_menu(content: str, label: str = "More") -> SafeString:
    """What may be done besides the primary action, as a list of links or forms; opens without JavaScript."""
    return format_html(
        '<details class="menu"><summary class="button">{} {}</summary><div class="menu-list">{}</div></details>',
        label,
        icon("chevron-down"),
        content,
    )


@register.simple_block_tag
def notice(content: str, tone: str = "info") -> SafeString:
    """A banner in one of the five tones: what is locked, by whom, since when, and the way back."""
    return format_html('<div class="notice tone-{}">{}<div>{}</div></div>', tone, icon(TONE_ICONS[tone]), content)


TONE_ICONS = {
    "neutral": "info",
    "info": "info",
    "ok": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
}


@register.simple_block_tag
def empty(content: str, title: str, symbol: str = "circle-dashed") -> SafeString:
    """Instead of a blank table: what will be here, who makes it, and the button if that is you."""
    return format_html('<div class="empty">{}<h2>{}</h2>{}</div>', icon(symbol), title, content)


@register.simple_block_tag
def dialog(content: str, name: str, title: str) -> SafeString:
    """A box that opens over the page: by JavaScript from `data-opens`, without it from a link to #name."""
    head = format_html(
        '<header><h2 id="{0}-title" tabindex="-1">{1}</h2>'
        '<a class="button quiet square" href="#" data-closes aria-label="Close">{2}</a></header>',
        name,
        title,
        icon("x"),
    )
    return format_html(
        '<dialog id="{0}" aria-labelledby="{0}-title"><div class="dialog">{1}{2}</div></dialog>', name, head, content
    )
