from django.db import migrations, models


class Migration(migrations.Migration):
    """Once a list has ended what a restore held, when that was stays: a release asks about it (S51, R127)."""

    dependencies = [("erp_integrations", "0028_releases_of_a_built_file_stay")]
    operations = [
        migrations.AddField(
            "erpsettings",
            "settled_restored_at",
            models.DateTimeField(
                blank=True, help_text="The newest restore, once such a list ended what it held.", null=True
            ),
        ),
    ]
