"""Icons and badges: the same few on every page, many times over."""

import re
from functools import lru_cache

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# The same few on every page, many times over. Typed: text that is safe and the same text that is not are two.
drawn_once = lru_cache(maxsize=1000, typed=True)


# What the pages of 500 lines show is in one file, all else in another (decision 25).
SYMBOL = re.compile(r'<symbol id="([^"]+)"')
AT_HAND = frozenset(SYMBOL.findall((settings.BASE_DIR / "static/icons.svg").read_text()))


@register.simple_tag
@drawn_once
def icon(name: str) -> SafeString:
    """One line icon, silent for readers: a word beside it, or a label around it, says the same."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}"/></svg>', address_of(name))


def address_of(name: str) -> str:
    return f"{static('icons.svg' if name in AT_HAND else 'icons-apart.svg')}#{name}"


@register.simple_tag
@drawn_once
def badge(tone: str, symbol: str, label: str) -> SafeString:
    """A status in three ways at once: colour, icon and word (U7)."""
    return format_html('<span class="badge tone-{}">{}<span>{}</span></span>', tone, icon(symbol), label)
