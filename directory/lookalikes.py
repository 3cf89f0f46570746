"""Names and numbers of vendors that read alike: what a person would take for the same, or is meant to (R83)."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from directory.models import Vendor
from directory.number_looks import number_skeleton

# Letters of other scripts, and digits, that look like a Latin letter; i, l and 1 are one stroke.
LIKE_LATIN = {
    "a": "аα",
    "b": "вβ",
    "c": "с",
    "d": "ԁđ",
    "e": "еєε",
    "h": "нħ",
    "k": "кκ",
    "l": "і1i|ιıł",
    "m": "мμ",
    "n": "ո",
    "o": "оοσ0ø",
    "p": "рρ",
    "q": "ԛ",
    "s": "ѕ5$",
    "t": "тτ",
    "u": "υ",
    "v": "ν",
    "w": "ԝω",
    "x": "хχ",
    "y": "уγү",
    "j": "ј",
    "g": "ɡ",
    "ae": "æ",
    "oe": "œ",
}
CONFUSABLE = {ord(other): latin for latin, others in LIKE_LATIN.items() for other in others}
LOOKS_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
FORMS = frozenset(
    ("inc", "incorporated", "llc", "lc", "ltd", "limited", "co", "company", "corp", "corporation")
    + ("lp", "llp", "lllp", "pllc", "pc", "plc", "gmbh", "sa")
)


def skeleton(name: str) -> str:
    """The name without what does not tell two companies apart: case, accents, punctuation, spaces, legal form."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    words = re.sub(r"[\W_]+", " ", re.sub(r"[.'’`´]", "", plain.replace("&", " and ").replace("+", " and "))).split()
    while len(words) > 1 and words[-1] in FORMS:
        words.pop()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    drawn = "".join(words).translate(CONFUSABLE)
    for pair, one in LOOKS_AS_ONE:
        drawn = drawn.replace(pair, one)
    return drawn


class Lookalikes:
    """The vendors of a company by what they look like; read once, asked for many names."""

    def __init__(self, vendors: Iterable[Vendor]):
        self.by_name, self.by_number = defaultdict(list), defaultdict(list)
        for vendor in vendors:
            self.add(vendor)

    def add(self, vendor: Vendor) -> None:
        self.by_name[skeleton(vendor.name)].append(vendor)
        if vendor.number:
            self.by_number[number_skeleton(vendor.number)].append(vendor)

    def of(self, name: str, number: str = "", *, but: int | None = None) -> list[Vendor]:
        """Those that a reader might take for a vendor of this name or number; `but`: the id of the vendor itself."""
        alike = self.by_name.get(skeleton(name), []) if name else []
        if number:
            alike = alike + [
                vendor for vendor in self.by_number.get(number_skeleton(number), []) if vendor not in alike
            ]
        return [vendor for vendor in alike if but is None or vendor.pk != but]
