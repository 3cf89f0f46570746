"""How forms become HTML: by templates, as Django does it, but for inputs, of which pages have many (F4, F10)."""

from django.forms.renderers import TemplatesSetting
from django.utils.html import format_html, format_html_join

KINDS = ("date", "datetime", "email", "hidden", "input", "number", "password", "search", "tel", "text", "time", "url")
INPUTS = {f"django/forms/widgets/{kind}.html" for kind in KINDS}


class FormRenderer(TemplatesSetting):
    """An input of one line needs none of Django's three templates for it, which take ten times as long."""

    def render(self, template_name, context, request=None):
        if template_name not in INPUTS:
            return super().render(template_name, context, request=request)
        widget = context["widget"]
        told = {name: widget[name] for name in ("type", "name", "value")} | widget["attrs"]
        bare = format_html_join("", " {}", ((name,) for name, value in told.items() if value is True))
        said = ((name, value) for name, value in told.items() if value is not None and not isinstance(value, bool))
        return format_html("<input{}{}>", format_html_join("", ' {}="{}"', said), bare)
