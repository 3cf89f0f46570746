from django.db import migrations
from django.db.models import F, Q

import directory.fields


def take_from_the_line_before(apps, schema_editor):
    """What was carried as typed is what the line before held; it was lost where nothing is stored (1.2, I-2).

    Of every bill that may still be changed, or opened again; what is with accounting is locked.
    """
    all_moved = Q(stored_balance_typed=None, stored_previous=F("stored_moved") - F("stored_new"))
    lines = apps.get_model("invoicing", "InvoiceLine").objects.filter(
        all_moved | Q(stored_balance_typed=0, stored_new=0),
        invoice__is_locked=False,
        stored_retainage_is_typed=True,
        stored_retainage=0,
        stored_retainage_set_aside=None,
    )
    lines.update(stored_retainage_set_aside=F("stored_retainage_previous"))


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0041_what_a_whole_bill_releases_at_once")]
    operations = [
        migrations.AddField(
            "invoiceline",
            "stored_retainage_set_aside",
            directory.fields.MoneyField("MR as typed, while nothing is stored", null=True),
        ),
        migrations.RunPython(take_from_the_line_before, migrations.RunPython.noop),
    ]
