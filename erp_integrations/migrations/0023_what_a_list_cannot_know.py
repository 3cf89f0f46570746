from django.db import migrations, models

from directory.triggers import append_only, put_back

TABLE = "erp_integrations_outcome"


class Migration(migrations.Migration):
    """Whether an outcome's file is younger than the list: what is missing of it does not differ (E-9)."""

    dependencies = [("erp_integrations", "0022_found_by_sages_commitment")]
    operations = [
        migrations.AddField(
            "outcome",
            "is_too_new",
            models.BooleanField(db_default=False, default=False, help_text="Its file was built after the list."),
        ),
        put_back(append_only(TABLE), TABLE),
    ]
