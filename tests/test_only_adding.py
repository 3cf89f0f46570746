"""A new version’s migrations run while processes of the one before still work: they only add (docs/operations.md)."""

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
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
ADDS = (migrations.CreateModel, migrations.AddField, migrations.AddIndex, AddIndexConcurrently)
ONLY_SAYS = (migrations.AlterModelOptions, migrations.AlterModelManagers, migrations.AlterModelTableComment)
LOOSENS = (migrations.RemoveConstraint, migrations.RemoveIndex, RemoveIndexConcurrently, migrations.RenameIndex)

# What no rule can judge, each with why a process of the version before goes on working while it is there.
LOOKED_AT = {
    "invoicing.0045_dry_runs_in_the_background: AlterField madefile.project": (
        "it may be empty now, which is wider: an older process finds such a file on no page of its own; an older worker"
        " that takes one up gives it up, and who asked tries again"
    ),
    "invoicing.0045_dry_runs_in_the_background: AddConstraint a_file_is_of_a_project_or_of_a_company": (
        "an older process always names a project and leaves of_company empty"
    ),
    "invoicing.0044_views_of_the_queue: AlterField savedview.project": (
        "it may be empty now, which is wider; an older process asks for the views of a project, so it never reads one"
        " without"
    ),
    "invoicing.0044_views_of_the_queue: AddConstraint a_view_of_a_company_has_one_name_for_its_person": (
        "an older process leaves of_company empty, and empty is never twice"
    ),
    "invoicing.0044_views_of_the_queue: AddConstraint a_shared_view_of_a_company_has_one_name": (
        "an older process leaves of_company empty, and empty is never twice"
    ),
    "invoicing.0044_views_of_the_queue: AddConstraint a_view_is_of_a_project_or_of_a_company": (
        "an older process always names a project and never a company"
    ),
    "invoicing.0042_a_typed_balance_is_set_aside: RunPython take_from_the_line_before": (
        "it fills a column that an older process neither reads nor writes, of lines on which nothing is stored; the"
        " next save of such a line sets it anew"
    ),
    "erp_integrations.0028_releases_of_a_built_file_stay: RunPython keep_what_later_sheets_count": (
        "a trigger that refuses what no process does: an older one, too, writes releases only of a batch that waits"
    ),
    "invoicing.0041_what_a_whole_bill_releases_at_once: RunPython add_up_anew": (
        "it writes two sums of bills that accounting does not have, one bill at a time, and others than before only of"
        " such as an older process could not send either; that one asks to have them saved again"
    ),
    "invoicing.0040_what_a_line_releases_at_once: RunPython leave_out_what_is_released_at_once": (
        "it writes two sums of bills that accounting does not have, one bill at a time; an older process asks to have"
        " such a bill saved again before it sends it, and what that one saves meanwhile is told by S46, with what to do"
    ),
    "invoicing.0038_bare_numbers: RunPython of_what_was_sent": (
        "it fills a column that an older process neither reads nor writes, some hundred rows at a time"
    ),
    "erp_integrations.0021_as_the_snapshots_say: RunPython take_from_the_snapshots": (
        "it fills columns that an older process neither reads nor writes, a batch at a time; of what that one accepts"
        " afterwards they stay empty, and S40 reads the batch's snapshot"
    ),
    "erp_integrations.0018_releases_on_a_start: AlterField retainagerelease.on_invoice": (
        "it may be empty now, which is wider; what an older process reads was written by itself or names an invoice"
    ),
    "erp_integrations.0018_releases_on_a_start: AddConstraint a_release_names_the_start_once": (
        "an older process leaves on_start empty, and empty is never twice"
    ),
    "erp_integrations.0018_releases_on_a_start: AddConstraint a_release_stands_on_one_invoice_or_on_the_start": (
        "an older process always names an invoice and never a start"
    ),
    "erp_integrations.0019_what_a_credit_reduces: AddConstraint a_chosen_reference_has_a_person": (
        "an older process leaves the reference empty, by the default of the database"
    ),
    "erp_integrations.0019_what_a_credit_reduces: RunPython put_back": (
        "on SQLite, the triggers that were there before; on PostgreSQL nothing"
    ),
    "erp_integrations.0023_what_a_list_cannot_know: RunPython put_back": (
        "on SQLite, the triggers that were there before; on PostgreSQL nothing"
    ),
    "erp_integrations.0024_found_without_a_record_number: AddConstraint a_posted_invoice_is_known_in_sage": (
        "wider than the one it stands for: an older process posts with a record number or what only releases. An older"
        " worker's nightly check calls a match without number a difference: see Update, 6, in docs/operations.md"
    ),
    "erp_integrations.0025_what_a_release_sheet_counts: RunPython keep_it_too": (
        "the trigger of what a built file says keeps one column more, which an older process never writes"
    ),
    "erp_integrations.0026_an_account_outlives_its_link: AddConstraint a_sage_job_is_one_project": (
        "wider: an older process reads a project without a job as one of a job that Sage has not, and S20 stops it"
    ),
    "erp_integrations.0026_an_account_outlives_its_link: AddConstraint a_sage_cost_type_is_one_cost_type": (
        "wider: an older process never writes a cost type that is linked to none"
    ),
    "erp_integrations.0026_an_account_outlives_its_link: AddConstraint sage_has_nine_cost_types": (
        "wider: an older process reads 0 as no cost type that Sage has, and S34 stops it"
    ),
    "erp_integrations.0024_found_without_a_record_number: RunPython put_back": (
        "on SQLite, the triggers that were there before; on PostgreSQL nothing"
    ),
}


def what_it_breaks(operation) -> str:
    """What an older process can't do once this operation ran; "" when it notices nothing."""
    if isinstance(operation, TAKES_AWAY):
        return "takes away what an older process asks for"
    if isinstance(operation, (migrations.AddField, migrations.AlterField)):
        field = operation.field
        if not (field.null or field.many_to_many or field.db_default is not NOT_PROVIDED):
            return f"{operation.name} has to be filled, and an older process does not know it: give it a db_default"
    return ""


def has_to_be_looked_at(operation) -> bool:
    """Whether it may refuse what an older process writes, or do anything at all: a constraint, SQL, another type."""
    return not isinstance(operation, (*TAKES_AWAY, *ADDS, *ONLY_SAYS, *LOOSENS))


def in_the_database(operations):
    """Those that change the database, whatever they stand in; a change of Django's state alone breaks nobody."""
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from in_the_database(operation.database_operations)
        else:
            yield operation


def named(operation) -> str:
    """The kind of an operation and what it is about: a field, a constraint, the function that is run."""
    if isinstance(operation, migrations.operations.fields.FieldOperation):
        about = f"{operation.model_name.lower()}.{operation.name}"
    elif isinstance(operation, migrations.AddConstraint):
        about = operation.constraint.name
    elif isinstance(operation, migrations.RunPython):
        about = operation.code.__qualname__.partition(".")[0]
    else:
        about = getattr(operation, "name", "")
    return f"{type(operation).__name__} {about}".strip()


def since_the_first_installed():
    """(where it stands, operation) of each operation on the database."""
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in FIRST_INSTALLED and int(name[:4]) > FIRST_INSTALLED[app]:
            for operation in in_the_database(migration.operations):
                yield f"{app}.{name}: {named(operation)}", operation


def test_migrations_since_the_first_installed_version_only_add():
    found = {f"{where}: {said}" for where, each in since_the_first_installed() if (said := what_it_breaks(each))}
    assert found == set()


def test_what_no_rule_can_judge_was_looked_at():
    """Each with its reason, and no reason for what is not there."""
    assert {where for where, each in since_the_first_installed() if has_to_be_looked_at(each)} == set(LOOKED_AT)


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


NARROW = models.CharField(max_length=9, null=True)
UNIQUE = models.UniqueConstraint(fields=["name"], name="one_of_each_name")


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddConstraint("company", UNIQUE),
        migrations.RunSQL("ALTER TABLE directory_company DROP COLUMN name"),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.AlterField("company", "motto", NARROW),
        migrations.AlterUniqueTogether("company", {("name", "slug")}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_may_refuse_what_an_older_process_writes_has_to_be_looked_at(operation):
    """The control, of the second rule; and nothing hides inside another operation."""
    assert has_to_be_looked_at(operation)
    hidden = migrations.SeparateDatabaseAndState(
        database_operations=[migrations.SeparateDatabaseAndState(database_operations=[operation])],
        state_operations=[migrations.RemoveField("company", "name")],
    )
    assert list(in_the_database([hidden])) == [operation]


@pytest.mark.parametrize("kind", ADDS + ONLY_SAYS + LOOSENS)
def test_what_adds_or_loosens_has_not(kind):
    assert not has_to_be_looked_at(kind.__new__(kind))
