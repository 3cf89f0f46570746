from django.db import migrations, models

from directory.triggers import append_only, put_back

TABLE = "erp_integrations_download"


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0010_a_used_layout_stays")]
    operations = [
        migrations.AddField(
            "download",
            "reason",
            models.CharField(blank=True, default="", max_length=300, verbose_name="why it was taken again"),
            preserve_default=False,
        ),
        put_back(append_only(TABLE), TABLE),
    ]
