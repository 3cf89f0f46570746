from django.db import migrations, models

from directory.indexes import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("erp_integrations", "0021_as_the_snapshots_say"),
        ("invoicing", "0039_found_by_bare_numbers"),
    ]
    operations = [
        AddIndexBesideWriters(
            "exportitem",
            models.Index(
                condition=models.Q(("is_live", True)),
                fields=["company", "commitment_number"],
                name="files_of_a_sage_commitment",
            ),
        ),
    ]
