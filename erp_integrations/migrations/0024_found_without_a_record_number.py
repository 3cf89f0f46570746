from importlib import import_module

from django.db import migrations, models
from django.db.models import Q

from directory.triggers import put_back, status_moves

TABLE = "erp_integrations_invoiceexport"
MOVES = import_module("erp_integrations.migrations.0002_triggers").MOVES


class Migration(migrations.Migration):
    """A match in Sage's list posts too, where that list gives no record number (6.2)."""

    dependencies = [("erp_integrations", "0023_what_a_list_cannot_know")]
    operations = [
        migrations.AddField(
            "invoiceexport",
            "listed_date",
            models.DateField(
                blank=True, help_text="Of the list of payables that it was found in without a number. Its page takes that later.", null=True
            ),
        ),
        migrations.RemoveConstraint("invoiceexport", "a_posted_invoice_has_sages_record_number"),
        migrations.AddConstraint(
            "invoiceexport",
            models.CheckConstraint(
                condition=~Q(status="posted")
                | Q(only_releases=True)
                | ~Q(sage_record_number="")
                | Q(listed_date__isnull=False),
                name="a_posted_invoice_is_known_in_sage",
            ),
        ),
        put_back(status_moves(TABLE, ("not_sent",), MOVES), TABLE),
    ]
