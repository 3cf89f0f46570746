import json
from collections import defaultdict
from decimal import Decimal

from django.db import migrations


def take_from_the_snapshots(apps, schema_editor):
    """What was accepted says on which lines of Sage it bills; a batch at a time, each committed."""
    items = apps.get_model("erp_integrations", "ExportItem").objects
    batches = apps.get_model("erp_integrations", "ExportBatch").objects
    unfilled = items.filter(billed_lines__isnull=True).order_by("batch").values_list("batch", flat=True).distinct()
    for pk in list(unfilled):
        batch = batches.only("snapshot").get(pk=pk)
        said = {one["invoice_id"]: one for one in json.loads(batch.snapshot)["invoices"]}
        some = list(batch.items.select_related("invoice_export"))
        for item in some:
            invoice = said.get(str(item.invoice_export.invoice_id), {})
            item.commitment_number = invoice.get("sage_commitment_number") or ""
            item.billed_lines = _cents(invoice.get("lines") or ())
        items.bulk_update(some, ["commitment_number", "billed_lines"])


def _cents(lines) -> dict[str, int]:
    found = defaultdict(int)
    for line in lines:
        cents = int(Decimal(line["amount"]).scaleb(2))
        if cents and line.get("line_reference"):
            found[line["line_reference"]] += cents
    return dict(found)


class Migration(migrations.Migration):
    """Run again after it was stopped it goes on where it was."""

    atomic = False
    dependencies = [("erp_integrations", "0020_what_a_file_bills_on_sages_lines")]
    operations = [migrations.RunPython(take_from_the_snapshots, migrations.RunPython.noop)]
