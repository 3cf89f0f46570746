import json

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def take_from_the_snapshots(apps, schema_editor):
    """What was accepted says under which Sage vendor; where two live items share a number, the first keeps it."""
    taken = set()
    for batch in apps.get_model("erp_integrations", "ExportBatch").objects.order_by("pk").iterator(chunk_size=10):
        facts = json.loads(batch.snapshot)["invoices"]
        numbers = {one["invoice_id"]: one["vendor_number"] or "" for one in facts}
        for item in batch.items.select_related("invoice_export__invoice").order_by("pk"):
            invoice = item.invoice_export.invoice
            item.company_id, item.number_key = batch.company_id, invoice.number_key
            item.vendor_number = numbers.get(str(invoice.pk), "")
            key = (item.company_id, item.vendor_number, item.number_key)
            if item.is_live and key in taken:
                item.vendor_number = ""
            elif item.is_live:
                taken.add(key)
            item.save(update_fields=["company", "vendor_number", "number_key"])


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0003_say_what_sage_holds")]
    operations = [
        migrations.AddField(
            "exportitem",
            "company",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="directory.company"
            ),
        ),
        migrations.AddField(
            "exportitem",
            "vendor_number",
            models.CharField(blank=True, default="", max_length=10, verbose_name="Sage vendor number"),
            preserve_default=False,
        ),
        migrations.AddField(
            "exportitem",
            "number_key",
            models.CharField(blank=True, default="", max_length=20, verbose_name="invoice number as compared"),
            preserve_default=False,
        ),
        migrations.RunPython(take_from_the_snapshots, migrations.RunPython.noop),
    ]
