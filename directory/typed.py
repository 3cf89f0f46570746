"""What people type into any form: text without what nobody sees, words to look for, and days."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from directory.moments import FIRST_DAY, LAST_DAY
from directory.plain_text import tidy, unseen_in


class PlainField(forms.CharField):
    """Text without what a reader can't see (R107)."""

    def to_python(self, value):
        return tidy(super().to_python(value))

    def validate(self, value):
        super().validate(value)
        if wrong := unseen_in(value):
            raise ValidationError(f"This holds {wrong}. Type it again.")
        if "\n" in value and not isinstance(self.widget, forms.Textarea):
            raise ValidationError("Write this on one line.")


class SearchField(forms.CharField):
    """Words to look for in a list; / goes to it. `where` says what they are looked for in."""

    def __init__(self, where: str = "", label: str = "Search"):
        attrs = {"type": "search", "data-search": True} | ({"placeholder": where} if where else {})
        super().__init__(label=label, required=False, max_length=60, widget=forms.TextInput(attrs))


class SearchForm(forms.Form):
    """What a list is narrowed to that is narrowed by words alone; longer ones than it takes narrow nothing."""

    def __init__(self, data, where: str = "", label: str = "Search"):
        super().__init__(data)
        self.fields["q"] = SearchField(where, label)
        self.is_valid()

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q", "")


class DayInput(forms.DateInput):
    """The browser's own calendar, which speaks ISO."""

    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
