"""What people type into any form: text without what nobody sees, and days."""

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


class DayInput(forms.DateInput):
    """The browser's own calendar, which speaks ISO."""

    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
