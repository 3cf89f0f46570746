from django.db import migrations, models


class Migration(migrations.Migration):
    """After a restore a company sends nothing before Sage’s payable invoices are uploaded; empty otherwise (R127)."""

    dependencies = [("erp_integrations", "0026_an_account_outlives_its_link")]
    operations = [
        migrations.AddField(
            "erpsettings",
            "restored_at",
            models.DateTimeField(
                blank=True, help_text="Until Sage's payable invoices of a later day are uploaded.", null=True
            ),
        ),
        migrations.AddField(
            "erpsettings",
            "restored_to",
            models.DateTimeField(blank=True, help_text="The moment of the backup.", null=True),
        ),
    ]
