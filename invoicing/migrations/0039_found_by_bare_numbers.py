from django.db import migrations, models

from directory.indexes import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invoicing", "0038_bare_numbers")]
    operations = [
        AddIndexBesideWriters(
            "invoice",
            models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["vendor", "bare_number"],
                name="numbers_that_look_alike",
            ),
        ),
    ]
