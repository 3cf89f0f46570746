"""Exact numbers: a cent is never gained or lost on the way into the database and back (5.4)."""

from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Sum
from django.test.utils import isolate_apps

from directory.fields import MoneyField, QuantityField, RateField, UnitPriceField


@pytest.fixture
def Purse(db):
    with isolate_apps("directory"):

        class Purse(models.Model):
            amount = MoneyField(null=True)
            other = MoneyField(default=0)
            rate = RateField(default=0)
            quantity = QuantityField(default=0)
            unit_price = UnitPriceField(default=0)

            class Meta:
                app_label = "directory"
                db_table = "test_purse"

            def __str__(self):
                return str(self.amount)

        sql, values = connection.SchemaEditorClass(connection).table_sql(Purse)
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)
        yield Purse


def back(Purse, **values):
    purse = Purse.objects.create(**values)
    purse.refresh_from_db()
    return purse


def test_a_hundred_dimes_are_ten_dollars(Purse):
    Purse.objects.bulk_create([Purse(amount=D("0.10")) for _ in range(100)])
    total = Purse.objects.aggregate(total=Sum("amount"))["total"]
    assert total == D("10.00")
    assert isinstance(total, D)


@pytest.mark.parametrize("text", ["0", "0.01", "-0.01", "1234567.89", "-98765432101.23", "9999999999999999.99"])
def test_an_amount_comes_back_as_it_went_in(Purse, text):
    assert back(Purse, amount=D(text)).amount == D(text)
    assert Purse.objects.filter(amount=D(text)).count() == 1


def test_an_amount_comes_back_with_two_decimals(Purse):
    assert str(back(Purse, amount=D("5")).amount) == "5.00"


def test_nothing_is_not_zero(Purse):
    assert back(Purse, amount=None).amount is None


@pytest.mark.parametrize("value", [D("0.001"), D("1.005"), "2.345", D("NaN"), D("Infinity")])
def test_an_amount_finer_than_cents_is_refused_and_never_rounded(Purse, value):
    with pytest.raises(ValueError, match="does not fit"):
        Purse.objects.create(amount=value)


@pytest.mark.parametrize("value", [0.1, 1.0])
def test_a_float_is_refused(Purse, value):
    with pytest.raises(TypeError, match="float"):
        Purse.objects.create(amount=value)


def test_words_are_not_a_number(Purse):
    with pytest.raises(ValidationError):
        Purse.objects.create(amount="12O0")


def test_rates_quantities_and_unit_prices_keep_four_decimals(Purse):
    purse = back(Purse, rate=D("7.5"), quantity=D("1000.1234"), unit_price=D("0.0001"))
    assert (purse.rate, purse.quantity, purse.unit_price) == (D("7.5"), D("1000.1234"), D("0.0001"))
    with pytest.raises(ValueError, match="4 decimals"):
        Purse.objects.create(rate=D("7.50001"))


def test_amounts_are_compared_and_ordered_as_dollars(Purse):
    for text in ("9.99", "10.00", "10.01"):
        Purse.objects.create(amount=D(text))
    assert Purse.objects.filter(amount__gt=D("10")).get().amount == D("10.01")
    assert Purse.objects.order_by("-amount").first().amount == D("10.01")


def test_an_expression_over_amounts_is_dollars_when_told_so(Purse):
    Purse.objects.create(amount=D("1.10"), other=D("2.20"))
    both = Purse.objects.annotate(both=models.ExpressionWrapper(F("amount") + F("other"), MoneyField())).get()
    assert both.both == D("3.30")
    assert Purse.objects.aggregate(all=Sum(F("amount") + F("other"), output_field=MoneyField()))["all"] == D("3.30")


def test_the_database_holds_whole_cents(Purse):
    Purse.objects.create(amount=D("12.34"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT amount FROM test_purse")
        assert cursor.fetchone() == (1234,)


def test_an_amount_travels_through_a_dump_as_text(Purse):
    purse = Purse(amount=D("12.30"))
    assert Purse._meta.get_field("amount").value_to_string(purse) == "12.30"
