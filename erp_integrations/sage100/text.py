"""Text for Sage: printable and Windows-1252-safe (S57); free text is cleaned, keys and cells refused when unsafe."""

import re
import unicodedata
from dataclasses import dataclass

LONGEST_CELL = 32_767
EXCEL_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
UNWRITABLE = ("Cc", "Cf", "Cs", "Cn")
FORMULA_STARTS = ("=", "+", "-", "@", "\t")


class UnsafeText(ValueError):
    """Text that a workbook could not hold unchanged. Rules S10 and S57 report it long before."""


@dataclass(frozen=True)
class Replacement:
    """One character that was replaced (S57): what stood there and what stands there now (empty: dropped)."""

    character: str
    by: str

    def __str__(self) -> str:
        name = unicodedata.name(self.character, "")
        shown = f"U+{ord(self.character):04X}{' ' + name.lower() if name else ''}"
        return f"{shown} → {'“' + self.by + '”' if self.by else 'dropped'}"


def clean_text(text: str) -> tuple[str, tuple[Replacement, ...]]:
    """One line of Windows-1252 text with what was replaced. Accents Sage can't hold fall off; the unknown becomes `?`.

    Line breaks, tabs and other white space become one space; control characters, direction marks, surrogates and
    noncharacters are dropped. The first underscore of Excel's own escape (`_x000D_`) becomes `-`.
    """
    if is_safe(text):  # nearly all text, found out in one go
        return re.sub(" +", " ", text).strip(), ()
    replaced = tuple(Replacement(character, _safe(character)) for character in text if not _is_safe(character))
    written = "".join(character if _is_safe(character) else _safe(character) for character in text)
    if EXCEL_ESCAPE.search(written):
        replaced += (Replacement("_", "-"),)
        written = EXCEL_ESCAPE.sub("-", written)
    return re.sub(" +", " ", written).strip(), replaced


def safe_text(text: str) -> str:
    """The text itself, or UnsafeText: the last gate before a cell. Nothing is changed here, so nothing is silent."""
    if len(text) > LONGEST_CELL:
        raise UnsafeText(f"This text has {len(text)} characters; a cell holds {LONGEST_CELL}. Shorten it.")
    if not _is_plain(text):
        _refuse_unsafe(text)
    return text


def _is_plain(text):
    """Most text is: printable ASCII without Excel's escape needs no look at each character."""
    return text.isascii() and text.isprintable() and "_x" not in text


def _refuse_unsafe(text):
    bad = next((character for character in text if not _is_safe(character)), None)
    if bad is not None:
        raise UnsafeText(f"The character U+{ord(bad):04X} can't stand in the import file. Remove it.")
    if EXCEL_ESCAPE.search(text):
        raise UnsafeText("The text holds a sequence like _x000D_, which Excel would read as a control character.")


def readable_text(text: str) -> str:
    """Text for the sheets people read: any letter may stand there; what a workbook can't hold is dropped, and cut."""
    if _is_plain(text):
        return text[:LONGEST_CELL]
    kept = "".join(" " if character.isspace() else character for character in text)
    kept = "".join(character for character in kept if unicodedata.category(character) not in UNWRITABLE)
    return EXCEL_ESCAPE.sub("-", kept)[:LONGEST_CELL]


def starts_like_a_formula(text: str) -> bool:
    """S58: a spreadsheet that opens the CSV would calculate it (also after leading white space)."""
    return text.startswith("\t") or text.lstrip().startswith(FORMULA_STARTS)


def room_for(text: str, length: int) -> int:
    """How much of a text fits into a column: where the CSV puts a guard before it, one character less (S58)."""
    return length - 1 if starts_like_a_formula(text) else length


def is_safe(text: str) -> bool:
    return _is_safe(text) and not EXCEL_ESCAPE.search(text)


def _is_safe(text: str) -> bool:
    return text.isprintable() and _encodes(text)


def _encodes(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _safe(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in (*UNWRITABLE, "Mn"):
        return ""
    return "".join(part for part in unicodedata.normalize("NFKD", character) if _is_safe(part)) or "?"
