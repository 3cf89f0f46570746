"""How the admin carries out an act: tried on while its form is checked, or on a page that asks one thing, why."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from directory.refusals import NotNow, Refused
from directory.views.answers import show_at_its_field


class _Rehearsed(Exception):
    """Takes back what was only tried."""


def rehearse(form: forms.Form, act: Callable[[], object]) -> None:
    """Try `act` and take it back: what it would refuse stands beside its field, and nothing typed is lost."""
    try:
        with transaction.atomic():
            act()
            raise _Rehearsed
    except _Rehearsed:
        pass
    except Refused as refusal:
        show_at_its_field(form, refusal)


def ask_owner(request, form: forms.Form, carry_out: Callable, *, back: str, done: str, page: dict):
    """Show `form`; once it is valid `carry_out(typed)` and go to `done`. A refusal stands beside its field.

    `page`: title, trail of (address, words), verb, keep, and what the page tells. NotNow leads `back` with its message.
    """
    if request.method == "POST" and form.is_valid():
        try:
            carry_out(form.cleaned_data)
        except NotNow as refusal:
            messages.error(request, refusal.message)
            return redirect(back)
        except Refused as refusal:
            show_at_its_field(form, refusal)
        else:
            return redirect(done)
    context = admin.site.each_context(request) | page | {"form": form, "back": back}
    return TemplateResponse(request, "directory/admin/answer.html", context)
