from django.db import migrations

from directory.triggers import repeated


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0033_made_files"),
    ]
    operations = [
        repeated("invoicing_commitment", "project_id", by="invoicing_invoice", key="commitment_id"),
    ]
