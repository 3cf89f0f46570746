from django.db import migrations


def mark_posted(apps, schema_editor):
    """The invoices whose export is posted already."""
    export, invoice = apps.get_model("erp_integrations", "InvoiceExport"), apps.get_model("invoicing", "Invoice")
    invoice.objects.filter(pk__in=export.objects.filter(status="posted").values("invoice")).update(is_posted=True)


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0002_triggers"), ("invoicing", "0015_whose_turn_since_when")]
    operations = [migrations.RunPython(mark_posted, migrations.RunPython.noop)]
