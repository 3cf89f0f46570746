"""What people, their browsers, figures and what they wait for are called."""

from django import template
from django.urls import reverse

from invoicing.labels import LABEL_OF
from invoicing.waiting import waits_in_words

register = template.Library()
register.filter(waits_in_words)


@register.filter
def label(name: str) -> str:
    """The words for a figure of an invoice, by the property that holds it; KeyError for what is none (U9)."""
    return LABEL_OF[name]


@register.filter
def answer_path(invitation: object, person: object) -> str:
    """Where an invite is answered, for the mail to this person."""
    return reverse("invitation", args=[invitation.token_for(person)])


@register.filter
def browser(user_agent: str) -> str:
    """“Firefox on Windows”, as far as a browser says so; Edge and Opera say Chrome too, and Chrome says Safari."""
    names = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")
    name = next((name for name in names if name in user_agent), "")
    system = next((system for system in systems if system in user_agent), "")
    words = {"Edg": "Edge", "OPR": "Opera", "Mac OS X": "a Mac", "": "an unknown system"}
    return f"{words.get(name, name) if name else 'A browser'} on {words.get(system, system)}"
