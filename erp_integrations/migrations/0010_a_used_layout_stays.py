from django.db import migrations

from directory.triggers import repeated

TABLE = "erp_integrations_importlayout"


def stays(column: str) -> migrations.RunPython:
    """`column` of a layout that a batch was accepted under is never changed: it is copied (sage100.md)."""
    return repeated(TABLE, column, by="erp_integrations_exportbatch", key="layout_id")


class Migration(migrations.Migration):
    dependencies = [("erp_integrations", "0009_comparisons_stay")]
    operations = [stays("columns"), stays("name"), stays("version")]
