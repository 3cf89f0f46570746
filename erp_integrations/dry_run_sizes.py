"""How many invoices one dry run as a workbook speaks of, and how long it takes: nothing is shown while it is made."""

MOST = 5_000  # some months of a large contractor
A_SECOND = 100  # invoices of some lines each, checked and written into a workbook on a slow machine


def waits_for_workbook(count: int) -> int:
    """Seconds that a dry run of so many takes, as measured; 0 where nobody notices."""
    seconds = int(count // A_SECOND)
    return seconds if seconds >= 5 else 0
