"""The style sheets of a page: one as it is packed, or each of those it holds, as they were written."""

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
    found = names if settings.IS_COLLECTED else [part for name in names for part in _held_by(name)]
    links = ((static(f"css/{name}.css"),) for name in found)
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', links)


@cache
def _held_by(name: str) -> list[str]:
    text = Path(finders.find(f"css/{name}.css")).read_text()
    return [found.removesuffix(".css") for found in IMPORT.findall(text)] or [name]
