"""A new version’s migrations run while processes of the one before still work: they only add (docs/operations.md)."""

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

from directory.models import Company

# Before these nobody had installed the program, so nobody ran two versions side by side.
FIRST_INSTALLED = {"directory": 13, "invoicing": 35, "erp_integrations": 17}
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def what_it_breaks(operation) -> str:
    """What an older process can't do once this operation ran; "" when it notices nothing."""
    if isinstance(operation, TAKES_AWAY):
        return "takes away what an older process asks for"
    if isinstance(operation, (migrations.AddField, migrations.AlterField)):
        field = operation.field
        if not (field.null or field.many_to_many or field.db_default is not NOT_PROVIDED):
            return f"{operation.name} has to be filled, and an older process does not know it: give it a db_default"
    return ""


def test_migrations_since_the_first_installed_version_only_add():
    found = {
        f"{app}.{name}: {said}"
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in FIRST_INSTALLED and int(name[:4]) > FIRST_INSTALLED[app]
        for operation in migration.operations
        if (said := what_it_breaks(operation))
    }
    assert found == set()


def test_the_baseline_is_one_there_is():
    names = {(app, int(name[:4])) for app, name in MigrationLoader(None).disk_migrations if app in FIRST_INSTALLED}
    assert set(FIRST_INSTALLED.items()) <= names


@pytest.mark.parametrize(
    ("operation", "breaks"),
    [
        (migrations.RemoveField("company", "name"), True),
        (migrations.RenameField("company", "name", "title"), True),
        (migrations.DeleteModel("Company"), True),
        (migrations.AddField("company", "motto", models.CharField(default="", max_length=9)), True),
        (migrations.AlterField("company", "motto", models.CharField(max_length=9)), True),
        (migrations.AddField("company", "motto", models.CharField(db_default="", max_length=9)), False),
        (migrations.AddField("company", "parent", models.ForeignKey(Company, models.PROTECT, null=True)), False),
        (migrations.AddIndex("company", models.Index("name", name="by_name")), False),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_breaks_an_older_process_is_found(operation, breaks):
    """The control: each kind that the rule is about."""
    assert bool(what_it_breaks(operation)) is breaks
