from importlib import import_module

from django.db import migrations, models

last = import_module("erp_integrations.migrations.0016_all_that_a_built_file_says_stays")
CHANGED = f"{last.CHANGED} OR OLD.counts_below IS DISTINCT FROM NEW.counts_below"
BROKEN = f"OLD.state IN ('ready', 'void') AND ({CHANGED} OR NEW.state NOT IN ('ready', 'void'))"


def keep_it_too(apps, schema_editor):
    """E-2: as all else that a built file says."""
    last.guard(schema_editor, BROKEN)


def undo(apps, schema_editor):
    last.guard(schema_editor, last.BROKEN)


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
        migrations.RunPython(keep_it_too, undo),
    ]
