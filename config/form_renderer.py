"""How forms become HTML: by templates, as Django does it, but for inputs, of which pages have many (F4, F10)."""

from django.forms.renderers import TemplatesSetting
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

KINDS = ("date", "datetime", "email", "hidden", "input", "number", "password", "search", "tel", "text", "time", "url")
INPUTS = {f"django/forms/widgets/{kind}.html" for kind in KINDS}


class FormRenderer(TemplatesSetting):
    """An input of one line needs none of Django's three templates for it; it comes out the same."""

    def render(self, template_name, context, request=None):
        if template_name not in INPUTS:
            return super().render(template_name, context, request=request)
        widget = context["widget"]
        told = {name: widget[name] for name in ("type", "name", "value")} | widget["attrs"]
        said = (_said(name, value) for name, value in told.items() if value is not None and value is not False)
        return format_html("<input{}>", format_html_join("", " {}", ((each,) for each in said)))


def _said(name: str, value: object) -> SafeString:
    return format_html("{}", name) if value is True else format_html('{}="{}"', name, value)
