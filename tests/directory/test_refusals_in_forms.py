"""A refusal stands in the form it answers: beside its field, or above them all where the form has no such field."""

import pytest
from django import forms
from django.urls import reverse

from directory.actions import people
from directory.refusals import Refused
from directory.views.answers import show_at_its_field
from tests.directory.directory_pages import directory_admin
from tests.factories import world
from tests.invoicing.pages import signed_in, text_of


class NameForm(forms.Form):
    name = forms.CharField()


@pytest.mark.parametrize(
    ("field", "at"), [("name", "name"), ("", forms.forms.NON_FIELD_ERRORS), ("rate", forms.forms.NON_FIELD_ERRORS)]
)
def test_a_refusal_stands_at_its_field_or_above_them_all(field, at):
    form = NameForm({"name": "Lee"})
    show_at_its_field(form, Refused("Take another one.", field=field))
    assert form.errors == {at: ["Take another one."]}


@pytest.mark.django_db
def test_one_that_names_a_field_the_page_lacks_is_told_in_words(monkeypatch):
    """Once it was a 500, with all that was typed."""

    def refuse(*_, **__):
        raise Refused("Not today.", field="version")

    monkeypatch.setattr(people, "change_profile", refuse)
    answer = signed_in(directory_admin(world())).post(reverse("profile"), {"name": "Lee J. Park"})
    assert answer.status_code == 422
    assert "Not today." in text_of(answer) and 'value="Lee J. Park"' in answer.content.decode()
