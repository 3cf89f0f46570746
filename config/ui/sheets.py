"""The style sheets and scripts of a page: one as it is packed, or each of those it holds, as they were written."""

from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.static_files import IMPORT

register = template.Library()


@register.simple_tag
def style_sheets(*names: str) -> SafeString:
    """Links to `site`, all that any page needs, and `apart`. Not one that imports: a browser would ask one by one."""
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', _files("css", names))


@register.simple_tag
def scripts(*names: str) -> SafeString:
    """Of a page of many lines, `enter` or `desk`: what it loads beside htmx weighs less as one file (decision 25)."""
    return format_html_join("\n  ", '<script src="{}" defer></script>', _files("js", names))


def _files(kind: str, names: tuple[str, ...]) -> list[tuple[str]]:
    found = names if settings.IS_COLLECTED else [part for name in names for part in _held_by(kind, name)]
    return [(static(f"{kind}/{name}.{kind}"),) for name in found]


@cache
def _held_by(kind: str, name: str) -> list[str]:
    text = Path(finders.find(f"{kind}/{name}.{kind}")).read_text()
    return [found.removesuffix(f".{kind}") for found in IMPORT.findall(text)] or [name]
