from django.db import migrations

from directory.triggers import append_only


class Migration(migrations.Migration):
    """What a list said, and whether our own ledgers agreed, is never changed afterwards."""

    dependencies = [("erp_integrations", "0008_what_became_of_the_files")]
    operations = [
        append_only("erp_integrations_reconciliation"),
        append_only("erp_integrations_outcome"),
        append_only("erp_integrations_ledgercheck"),
    ]
