"""A commitment's number without what a reader overlooks, as the database can keep an index of it."""

from django.db.models import CharField, Func

OVERLOOKED = ".-_0"


class BareNumber(Func):
    """Lower case, without dots, dashes, underscores and zeros; without parameters, so that an index of it is used."""

    template = "LOWER(%(expressions)s)"
    for _character in OVERLOOKED:
        template = f"REPLACE({template}, '{_character}', '')"
    arity = 1
    output_field = CharField()


def bare(number: str) -> str:
    """The same of a number at hand."""
    return number.lower().translate(dict.fromkeys(map(ord, OVERLOOKED)))
