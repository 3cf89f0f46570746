import django_fsm
from django.db import migrations

from directory.triggers import status_moves

OPEN = ("draft", "pending")
MOVES = (
    ("draft", "pending"),
    *((state, "approved") for state in OPEN),
    ("pending", "rejected"),
    *((state, "no_charge") for state in OPEN),
    *((state, "draft") for state in ("pending", "rejected", "no_charge")),
    ("approved", "pending"),
    *((state, "void") for state in (*OPEN, "rejected", "no_charge")),
)
STATUSES = [
    ("draft", "Draft"),
    ("pending", "Pending"),
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("no_charge", "No Charge"),
    ("void", "Void"),
]


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0007_numbers_without_regard_to_case")]
    operations = [
        migrations.AlterField(
            "changeorder",
            "status",
            django_fsm.FSMField(choices=STATUSES, default="draft", max_length=20, protected=True),
        ),
        status_moves("invoicing_changeorder", ("draft",), MOVES),
    ]
