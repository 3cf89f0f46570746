from django.db import migrations

from directory.triggers import append_only, status_moves

MOVES = (
    ("not_sent", "ready_to_export"),
    ("retrieved", "ready_to_export"),
    ("rejected", "ready_to_export"),
    ("voided", "ready_to_export"),
    ("ready_to_export", "retrieved"),
    ("ready_to_export", "rejected"),
    ("failed", "rejected"),
    ("ready_to_export", "exporting"),
    ("exporting", "exported"),
    ("exporting", "failed"),
    ("failed", "exporting"),
    ("exported", "posted"),
    ("exported", "voided"),
    ("posted", "voided"),
)

FINAL = (
    "company_id",
    "number",
    "layout_id",
    "snapshot_sha256",
    "accepted_rows_sha256",
    "file_key",
    "file_sha256",
    "csv_key",
    "csv_sha256",
    "rows_sha256",
    "file_name",
    "gross",
    "retainage",
    "net",
)
TABLE = "erp_integrations_exportbatch"
CHANGED = " OR ".join(f"OLD.{column} <> NEW.{column}" for column in FINAL)
BROKEN = f"OLD.state IN ('ready', 'void') AND ({CHANGED} OR NEW.state NOT IN ('ready', 'void'))"
REFUSAL = "a built file never changes"

SQLITE = [
    f"CREATE TRIGGER {TABLE}_final BEFORE UPDATE ON {TABLE} WHEN {BROKEN} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    f"""CREATE TRIGGER {TABLE}_kept BEFORE DELETE ON {TABLE} WHEN OLD.state IN ('ready', 'void')
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
]
POSTGRESQL = [
    f"""CREATE FUNCTION {TABLE}_final() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    f"""CREATE TRIGGER {TABLE}_final BEFORE UPDATE ON {TABLE}
        FOR EACH ROW WHEN ({BROKEN}) EXECUTE FUNCTION {TABLE}_final()""",
    f"""CREATE TRIGGER {TABLE}_kept BEFORE DELETE ON {TABLE}
        FOR EACH ROW WHEN (OLD.state IN ('ready', 'void')) EXECUTE FUNCTION {TABLE}_final()""",
]
UNDO_SQLITE = [f"DROP TRIGGER {TABLE}_final", f"DROP TRIGGER {TABLE}_kept"]
UNDO_POSTGRESQL = [f"DROP FUNCTION {TABLE}_final CASCADE"]


def keep_built_files(apps, schema_editor):
    """E-2: what a ready batch says about its file can't be changed, whoever asks the database."""
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def undo(apps, schema_editor):
    for statement in {"sqlite": UNDO_SQLITE, "postgresql": UNDO_POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0001_initial")]
    operations = [
        status_moves("erp_integrations_invoiceexport", ("not_sent",), MOVES),
        append_only("erp_integrations_download"),
        migrations.RunPython(keep_built_files, undo),
    ]
