from importlib import import_module

from django.db import migrations

first = import_module("erp_integrations.migrations.0002_triggers")
TABLE, REFUSAL = first.TABLE, first.REFUSAL

FINAL = (
    *first.FINAL,
    "accounting_date",
    "accepted_at",
    "accepted_by_id",
    "snapshot",
    "list_versions",
    "findings",
    "invoice_count",
    "row_count",
    "totals_by_job",
    "built_at",
)
CHANGED = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FINAL)
BROKEN = f"OLD.state IN ('ready', 'void') AND ({CHANGED} OR NEW.state NOT IN ('ready', 'void'))"


def guard(schema_editor, broken: str) -> None:
    """In place of the trigger that stands there now."""
    if schema_editor.connection.vendor == "sqlite":
        broken = broken.replace("IS DISTINCT FROM", "IS NOT")
        schema_editor.execute(f"DROP TRIGGER {TABLE}_final")
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_final BEFORE UPDATE ON {TABLE} WHEN {broken}"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    else:
        schema_editor.execute(f"DROP TRIGGER {TABLE}_final ON {TABLE}")
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_final BEFORE UPDATE ON {TABLE}"
            f" FOR EACH ROW WHEN ({broken}) EXECUTE FUNCTION {TABLE}_final()"
        )


def keep_all_of_it(apps, schema_editor):
    """E-2: who accepted it, when, on what, and what it adds up to stay as the file itself does."""
    guard(schema_editor, BROKEN)


def undo(apps, schema_editor):
    guard(schema_editor, first.BROKEN)


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0015_a_release_has_no_record_in_sage")]
    operations = [migrations.RunPython(keep_all_of_it, undo)]
