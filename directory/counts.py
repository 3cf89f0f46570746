"""How many there are of something, as people read it."""


def counted(count: int, noun: str) -> str:
    """1 line, 12 lines, 0 lines."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
