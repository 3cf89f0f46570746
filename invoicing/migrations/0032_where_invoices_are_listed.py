from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

from directory.triggers import put_back, repeats, status_moves

TABLE, MOVES = "invoicing_invoice", import_module("invoicing.migrations.0002_triggers").MOVES


def read_from_commitments(apps, schema_editor):
    invoice, commitment = apps.get_model("invoicing", "Invoice"), apps.get_model("invoicing", "Commitment")
    project = commitment.objects.filter(pk=OuterRef("commitment")).order_by().values("project")
    invoice.objects.update(listed_in=Subquery(project))
    if schema_editor.connection.vendor == "postgresql":  # which changes no table while a check of its rows is due
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0001_initial"),
        ("invoicing", "0031_shared_views"),
    ]
    operations = [
        migrations.AddField(
            "invoice",
            "listed_in",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.project",
            ),
        ),
        migrations.RunPython(read_from_commitments, migrations.RunPython.noop),
        migrations.AlterField(
            "invoice",
            "listed_in",
            models.ForeignKey(
                db_index=False,
                help_text="The commitment's project: lists begin with it, and read no other project's invoices (F6).",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.project",
            ),
        ),
        migrations.AddIndex(
            "invoice",
            models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["listed_in", "period_start_date", "id"],
                name="invoices_by_period",
            ),
        ),
        migrations.AddIndex(
            "invoice",
            models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "listed_in",
                    "status",
                    "is_locked",
                    "billing_period",
                    "total_completed_and_stored",
                    "work_retainage",
                    "stored_retainage",
                    "previous_certificates",
                ],
                name="totals_of_invoices",
            ),
        ),
        put_back(status_moves(TABLE, ("draft",), MOVES), TABLE),
        repeats(TABLE, "listed_in_id", parent="invoicing_commitment", key="commitment_id", original="project_id"),
    ]
