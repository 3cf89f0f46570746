"""The components that pages are put together from: forms' fields, regions, menus, notices and boxes."""

from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.ui.icons import icon
from directory import unsaved

register = template.Library()


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


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(
    context: template.Context, page: object, name: str = "page", label: str = "Pages", base: str = ""
) -> dict:
    """Links to the other pages of a list, keeping every filter of the address.

    `name`: its parameter, where one page has several lists. Each then has a `label`, and leads to what has this id.
    `base`: the list's own address, where a POST draws the page at another.
    """

    def address(number: int) -> str:
        query = context["request"].GET.copy()
        query[name] = str(number)
        return f"{base}?{query.urlencode()}" + ("" if name == "page" else f"#{name}")

    return {
        "page": page,
        "label": label,
        "before": address(page.previous_page_number()) if page.has_previous() else "",
        "after": address(page.next_page_number()) if page.has_next() else "",
    }


@register.simple_tag(takes_context=True)
def sorted_heading(context: template.Context, label: str, here: dict, base: str = "", place: str = "") -> SafeString:
    """A column heading that sorts. `here`: one of the filter's headings; `base`: the list's address where the page is
    not it; `place`: the class of its cells."""
    asked = {name: values for name, values in context["request"].GET.lists() if name not in ("after", "before")}
    marks = format_html(' class="{}"', place) if place else ""
    sorts = format_html(' aria-sort="{}"', here["now"]) if here["now"] else ""
    address = f"{base}?{urlencode(asked | {'sort': here['asks']}, doseq=True)}"
    return format_html('<th scope="col"{}{}><a href="{}">{}</a></th>', marks, sorts, address, label)


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
