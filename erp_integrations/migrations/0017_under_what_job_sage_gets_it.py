import json

from django.db import migrations, models


def take_from_the_snapshots(apps, schema_editor):
    """What was accepted says on which job of Sage; where it does not, the link of today."""
    items = apps.get_model("erp_integrations", "ExportItem").objects
    for batch in apps.get_model("erp_integrations", "ExportBatch").objects.order_by("pk").iterator(chunk_size=10):
        numbers = {one["invoice_id"]: one.get("job_number") or "" for one in json.loads(batch.snapshot)["invoices"]}
        some = list(batch.items.select_related("invoice_export__invoice__commitment__project__sage_link"))
        for item in some:
            invoice = item.invoice_export.invoice
            link = getattr(invoice.commitment.project, "sage_link", None)
            item.job_number = numbers.get(str(invoice.pk)) or (link.job_number if link else "")
        items.bulk_update(some, ["job_number"])


class Migration(migrations.Migration):
    """The comparison with Sage's list goes by the job that stands in the file, whatever is linked since (E-9)."""

    dependencies = [("erp_integrations", "0016_all_that_a_built_file_says_stays")]
    operations = [
        migrations.AddField(
            "exportitem",
            "job_number",
            models.CharField(blank=True, default="", max_length=10, verbose_name="Sage job number"),
            preserve_default=False,
        ),
        migrations.RunPython(take_from_the_snapshots, migrations.RunPython.noop),
    ]
