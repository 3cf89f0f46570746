from django.db import migrations

from directory.triggers import status_moves

PREPARED = ("draft", "out_for_bid", "out_for_signature")
ORDERED = ("processing", "submitted", "partially_received", "received")
MOVES = (
    ("draft", "out_for_bid"),
    ("draft", "out_for_signature"),
    ("out_for_bid", "out_for_signature"),
    ("draft", "processing"),
    ("draft", "submitted"),
    ("processing", "submitted"),
    ("submitted", "partially_received"),
    ("submitted", "received"),
    ("partially_received", "received"),
    *((state, "approved") for state in (*PREPARED, *ORDERED)),
    *((state, "draft") for state in ("out_for_bid", "out_for_signature", *ORDERED, "approved", "void")),
    ("approved", "complete"),
    *((state, "approved") for state in ("complete", "terminated", "closed")),
    ("approved", "terminated"),
    ("complete", "terminated"),
    *((state, "void") for state in (*PREPARED, "approved")),
    *((state, "closed") for state in ("draft", *ORDERED, "approved")),
)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0004_commitment_settings_and_files")]
    operations = [status_moves("invoicing_commitment", ("draft",), MOVES)]
