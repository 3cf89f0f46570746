from importlib import import_module

from django.db import migrations

REFUSAL = import_module("erp_integrations.migrations.0002_triggers").REFUSAL
TABLE = "erp_integrations_retainagerelease"
IN_A_FILE = """EXISTS (SELECT 1 FROM erp_integrations_exportitem item JOIN erp_integrations_exportbatch batch
    ON batch.id = item.batch_id WHERE item.id IN ({}) AND batch.state IN ('ready', 'void'))"""
ROWS = {"INSERT": "NEW.item_id", "UPDATE": "OLD.item_id, NEW.item_id", "DELETE": "OLD.item_id"}

SQLITE = [
    f"""CREATE TRIGGER {TABLE}_no_{event.lower()} BEFORE {event} ON {TABLE} WHEN {IN_A_FILE.format(rows)}
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"""
    for event, rows in ROWS.items()
]
POSTGRESQL = [
    f"""CREATE FUNCTION {TABLE}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' AND {IN_A_FILE.format(ROWS["INSERT"])}
                OR TG_OP = 'UPDATE' AND {IN_A_FILE.format(ROWS["UPDATE"])}
                OR TG_OP = 'DELETE' AND {IN_A_FILE.format(ROWS["DELETE"])}
            THEN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        END $$""",
    f"""CREATE TRIGGER {TABLE}_kept BEFORE INSERT OR UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION {TABLE}_kept()""",
]
UNDO = {
    "sqlite": [f"DROP TRIGGER {TABLE}_no_{event.lower()}" for event in ROWS],
    "postgresql": [f"DROP FUNCTION {TABLE}_kept CASCADE"],
}


def keep_what_later_sheets_count(apps, schema_editor):
    """E-2, S51: what a built file releases stays as all else that it says, whoever asks the database."""
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def undo(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0027_what_a_restore_holds")]
    operations = [migrations.RunPython(keep_what_later_sheets_count, undo)]
