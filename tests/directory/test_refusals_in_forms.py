"""A refusal stands in the form it answers: beside its field, or above them all where the form has no such field."""

import pytest
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.urls import reverse

from directory.actions import people
from directory.refusals import Refused
from directory.refused_faults import faults_refused
from directory.views.answers import show_at_its_field
from tests.directory.directory_pages import directory_admin
from tests.factories import world
from tests.invoicing.pages import signed_in, text_of


class NameForm(forms.Form):
    name = forms.CharField()


@pytest.mark.parametrize(("field", "at"), [("name", "name"), ("", NON_FIELD_ERRORS), ("rate", NON_FIELD_ERRORS)])
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


@pytest.mark.parametrize(
    ("faults", "field", "words"),
    [
        ({"name": ["Too long.", "And odd."], "rate": ["Too high."]}, "name", "CO-1: Too long. And odd."),
        ({NON_FIELD_ERRORS: ["The dates cross."]}, "", "CO-1: The dates cross."),
    ],
)
def test_what_a_model_finds_wrong_is_refused_with_every_word_about_one_field(faults, field, words):
    with pytest.raises(Refused) as refused, faults_refused("CO-1: "):
        raise ValidationError(faults)
    assert (refused.value.field, refused.value.message) == (field, words)
