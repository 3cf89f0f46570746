from django.db import migrations, models


class Migration(migrations.Migration):
    """On which lines of Sage a file bills how much (S40); 0021 fills it, 0022 lays the index to find them by."""

    dependencies = [("erp_integrations", "0019_what_a_credit_reduces")]
    operations = [
        migrations.AddField(
            "exportitem",
            "commitment_number",
            models.CharField(max_length=20, null=True, verbose_name="Sage subcontract or PO number"),
        ),
        migrations.AddField("exportitem", "billed_lines", models.JSONField(null=True)),
    ]
