"""What text may hold that is kept, shown and exported: nothing a reader can't see (R107)."""

import unicodedata

UNSEEN = {"Cc": "a control character", "Cf": "an invisible character", "Cs": "half a character", "Co": "a private one"}


def unseen_in(text: str) -> str:
    """What is wrong with `text` in words, "" if nothing is. A line break can be seen; a tab or an RTL mark can't."""
    for character in text:
        kind = unicodedata.category(character)
        if kind[0] == "C" and character != "\n":
            return f"{UNSEEN.get(kind, 'a character that does not exist')} (U+{ord(character):04X})"
    return ""


def tidy(text: str) -> str:
    """Line breaks as one kind, no space at the ends of lines, single spaces inside."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(" ".join(line.split(" ")).strip() for line in lines).strip()


def initials(person: object) -> str:
    """Of a name, two letters at most: "Dana Cole" → "DC"."""
    names = str(person).split()
    return "".join(name[0] for name in [*names[:1], *names[1:][-1:]]).upper()
