"""How many invoices one dry run as a workbook speaks of, and of how many it comes at once."""

MOST = 5_000  # some months of a large contractor
AT_ONCE = 500  # invoices of some lines each: five seconds on a slow machine; more are made in the background
