from django.db import migrations, models


class Migration(migrations.Migration):
    """Up to which number, instead of by two machines' clocks (S51); empty for what an older program accepted."""

    dependencies = [("erp_integrations", "0024_found_without_a_record_number")]
    operations = [
        migrations.AddField(
            "exportbatch",
            "counts_below",
            models.PositiveIntegerField(
                help_text="Its release sheet counts what batches below this number release; as of the acceptance.", null=True
            ),
        ),
    ]
