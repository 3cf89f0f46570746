"""One JSON spelling for frozen dataclasses, so that equal facts always give equal text and an equal digest."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

CENT = Decimal("0.01")


def money_text(amount: Decimal) -> str:
    """Two decimals when exact to the cent; otherwise every digit it has, never rounded (S25 reports it)."""
    if not amount.is_finite():
        return str(amount)
    if amount != 0 and amount.normalize().as_tuple().exponent < -2:
        return f"{amount:f}"
    return f"{amount if amount else Decimal(0):.2f}"


def to_plain(value):
    """Dataclasses, tuples, dates and Decimals as JSON values. Raises TypeError for anything else."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return money_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")


def from_plain(kind, plain):
    """The reverse of to_plain for the annotated type `kind`. Unknown fields raise TypeError, bad values ValueError.

    What a dataclass names in `no_longer_kept` is passed over: snapshots of older programs hold it.
    """
    read = _reader(kind)
    return plain if read is None else read(plain)


@cache
def _reader(kind) -> Callable | None:
    """How a plain value becomes one of `kind`; None where it is one already. Made once: lists have 50,000 records."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        read = _reader(next(option for option in get_args(kind) if option is not NoneType))
        return read and (lambda plain: None if plain is None else read(plain))
    if origin is tuple:
        return _tuple_reader(get_args(kind))
    if is_dataclass(kind):
        return _record_reader(kind)
    return {Decimal: Decimal, date: date.fromisoformat}.get(kind)


def _tuple_reader(kinds) -> Callable:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return lambda plain: tuple(from_plain(kinds[0], item) for item in plain)
    return lambda plain: tuple(from_plain(kind, item) for kind, item in zip(kinds, plain, strict=True))


def _record_reader(kind) -> Callable:
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    gone = frozenset(getattr(kind, "no_longer_kept", ()))
    readers = {name: _reader(hints[name]) for name in known}

    def read(plain):
        unknown = sorted(plain.keys() - known - gone)
        if unknown:
            raise TypeError(f"{kind.__name__} has no field {unknown[0]}")
        kept = plain if gone.isdisjoint(plain) else {name: plain[name] for name in plain.keys() - gone}
        return kind(**{name: item if (r := readers[name]) is None else r(item) for name, item in kept.items()})

    return read


def to_json(value) -> str:
    """Canonical JSON: sorted keys, no spaces, money as text with two decimals, ISO dates."""
    return json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def from_json(kind, text: str):
    return from_plain(kind, json.loads(text))


def digest(value) -> str:
    """SHA-256 (hex) of the canonical JSON: the fingerprint of a frozen snapshot (S9, S60)."""
    return hashlib.sha256(to_json(value).encode("ascii")).hexdigest()
