"""Rows by the words that they hold."""

from functools import reduce
from operator import and_, or_

from django.db.models import Q


def holding(words: str, *columns: str) -> Q:
    """Each word stands in at least one of the columns, in capitals or not."""
    each = (reduce(or_, (Q((f"{column}__icontains", word)) for column in columns)) for word in words.split())
    return reduce(and_, each, Q())
