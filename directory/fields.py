"""Exact numbers in the database: an integer of the smallest unit there, a Decimal in Python.

SQLite keeps a DecimalField as a float, so sums come out wrong by a cent; integers are exact on every database.
"""

from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.db import models


def label_of(model: type[models.Model], name: str) -> str:
    """What a field is called in its form, in refusals, mails and the record alike (U9): its model's own words."""
    words = str(model._meta.get_field(name).verbose_name)
    return words[:1].upper() + words[1:]


class ScaledField(models.BigIntegerField):
    """A Decimal with a fixed number of places, stored as an integer. It never rounds: a finer value is refused.

    Sums and comparisons of one column are right as they are. An expression over several columns needs
    `output_field=MoneyField()`: Django takes it for a plain integer, so it would come back in cents.
    """

    places = 0

    def from_db_value(self, value, expression, connection):
        return None if value is None else Decimal(value).scaleb(-self.places)

    def to_python(self, value):
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, float):
            raise TypeError(f"{value!r} is a float: it does not hold cents exactly. {self.name} takes a Decimal.")
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise ValidationError(f"“{value}” is not a number.") from None

    def get_prep_value(self, value):
        value = self.to_python(value)
        if value is None:
            return None
        units = value.scaleb(self.places)
        if not units.is_finite() or units != units.to_integral_value():
            raise ValueError(f"{value} does not fit {self.places} decimals; round it before saving it in {self.name}.")
        return int(units)

    def value_to_string(self, obj):
        return str(self.value_from_object(obj))

    def formfield(self, form_class=None, choices_form_class=None, **kwargs):  # Django's signature
        from_model = models.DecimalField(max_digits=18, decimal_places=self.places, null=self.null, blank=self.blank)
        from_model.set_attributes_from_name(self.name)
        return from_model.formfield(**kwargs)


class MoneyField(ScaledField):
    """Dollars and cents; integer cents in the database."""

    places = 2


class RateField(ScaledField):
    """A percentage such as 7.5; integer ten-thousandths of a percent in the database."""

    places = 4


class QuantityField(ScaledField):
    """A measured quantity; integer ten-thousandths in the database."""

    places = 4


class UnitPriceField(ScaledField):
    """Dollars for one unit, to four decimals; integer hundredths of a cent in the database."""

    places = 4
