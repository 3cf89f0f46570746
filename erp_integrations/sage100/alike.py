"""Which of many texts is most like one: what somebody may have meant, found without comparing all of them."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable

CANDIDATES = 40
LIKE_ENOUGH = 0.6


class Alike:
    """Texts by their pairs of characters: only the few that share most pairs are compared in full."""

    def __init__(self, texts: Iterable[str]):
        self._by_pair: dict[str, list[str]] = defaultdict(list)
        self._known: dict[str, str | None] = {}
        for text in dict.fromkeys(texts):
            for pair in _pairs(text):
                self._by_pair[pair].append(text)

    def nearest(self, value: str) -> str | None:
        """The text most like `value`, never `value` itself; None when nothing comes close."""
        if value not in self._known:
            self._known[value] = self._search(value)
        return self._known[value]

    def _search(self, value: str) -> str | None:
        shared = Counter(text for pair in _pairs(value) for text in self._by_pair.get(pair, ()) if text != value)
        most = [text for text, _ in shared.most_common(CANDIDATES)]
        close = difflib.get_close_matches(value, most, n=1, cutoff=LIKE_ENOUGH) if value else []
        return close[0] if close else None


def _pairs(text: str) -> set[str]:
    """With its ends marked, so that a text of one character has pairs too."""
    marked = f"\x02{text}\x03"
    return {marked[at : at + 2] for at in range(len(marked) - 1)}
