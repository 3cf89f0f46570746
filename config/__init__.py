"""The one place that puts the three apps together; nothing imports it."""

import gc

from config.celery import app as celery_app

__all__ = ["celery_app"]

# A batch of 1,000 invoices is half a million objects that all stay: Python's own 700 has it look through them over and
# over, which is what made a check of ten times as many take fourteen times as long (F16).
gc.set_threshold(10_000, 10, 10)
