from importlib import import_module

from django.db import migrations, models
from django.db.models import Q

from directory.triggers import put_back, status_moves

TABLE = "erp_integrations_invoiceexport"
MOVES = import_module("erp_integrations.migrations.0002_triggers").MOVES
RECORD = "a_posted_invoice_has_sages_record_number"


def mark_those_that_only_release(apps, schema_editor):
    """As the comparison with Sage's list told them apart until now."""
    exports = apps.get_model("erp_integrations", "InvoiceExport").objects
    only = {"invoice__gross_this_period": 0, "invoice__retainage_newly_held": 0, "invoice__retainage_released__gt": 0}
    found = exports.filter(status__in=("exporting", "failed", "exported", "posted"), **only)
    exports.filter(pk__in=list(found.values_list("pk", flat=True))).update(only_releases=True)


class Migration(migrations.Migration):
    """What only releases retainage is no invoice in Sage (S50), so it may be posted without a record number."""

    dependencies = [
        ("erp_integrations", "0014_closed_days"),
        ("invoicing", "0032_where_invoices_are_listed"),
    ]
    operations = [
        migrations.AddField(
            "invoiceexport",
            "only_releases",
            models.BooleanField(default=False, help_text="As accepted: no rows, only the release sheet (S50)."),
        ),
        migrations.RunPython(mark_those_that_only_release, migrations.RunPython.noop),
        migrations.RemoveConstraint("invoiceexport", RECORD),
        migrations.AddConstraint(
            "invoiceexport",
            models.CheckConstraint(
                condition=~Q(status="posted")
                | Q(only_releases=True)
                | ~Q(sage_record_number=""),
                name=RECORD,
            ),
        ),
        put_back(status_moves(TABLE, ("not_sent",), MOVES), TABLE),
    ]
