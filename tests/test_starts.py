"""What tests start from is what the program would have made: the copied database, the company put back from memory."""

import pickle
from datetime import UTC, datetime

import pytest
import time_machine
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tests import databases
from tests import remembered as remembered_module
from tests.erp_integrations.world import sage_world
from tests.factories import person, world
from tests.remembered import _ground, remembered

pytestmark = pytest.mark.django_db


def every_row() -> dict:
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in apps.get_models()}


def waiting() -> list[str]:
    return [str(getattr(callback, "__dict__", callback)) for _, callback, _ in connection.run_on_commit]


def told(made) -> bytes:
    """Everything about it; pickled twice, since a copy shares the texts that the original held once each."""
    return pickle.dumps(pickle.loads(pickle.dumps(made)))


def acted_and_put_back(build) -> list[tuple]:
    """What there is after each of two starts, each in a database where nobody has acted."""
    seen = []
    for _ in range(2):
        with transaction.atomic():
            made = build()
            seen.append((every_row(), waiting(), told(made)))
            transaction.set_rollback(True)
    return seen


@pytest.mark.parametrize("build", [world, sage_world])
def test_what_is_put_back_is_row_for_row_what_the_acts_made(build):
    acted, put_back = acted_and_put_back(remembered(build.__wrapped__))
    assert acted == put_back
    assert len(acted[0]["directory.Event"]) > 5 and acted[1]


def test_the_acts_run_once_where_nothing_could_come_out_differently():
    runs = []
    acted_and_put_back(remembered(lambda: runs.append(len(runs)) or world.__wrapped__()))
    assert runs == [0]


def test_the_acts_run_where_somebody_acted_before_and_at_another_time():
    assert _ground() is not None
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC)):
        assert _ground() is None
    person("Somebody Else")
    assert _ground() is None
    assert world().company.pk != world().company.pk


@pytest.mark.django_db(transaction=True)
def test_the_acts_run_where_their_commits_are_real():
    assert _ground() is None


def test_the_copied_database_has_every_migration():
    executor = MigrationExecutor(connection)
    assert not executor.migration_plan(executor.loader.graph.leaf_nodes())


def test_a_changed_migration_makes_another_database(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "ROOT", tmp_path)
    for name in ("directory/triggers.py", "requirements.txt", "invoicing/migrations/0001_first.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    before = databases.migrations_digest()
    (tmp_path / "invoicing/migrations/0001_first.py").write_text("changed")
    assert databases.migrations_digest() != before


STEPS = {
    "commitment": lambda w: w.base.commitment(),
    "sent": lambda w: w.sent(),
    "sent-twice": lambda w: (w.sent(), w.sent())[1],
    "accepted": lambda w: w.accepted(),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_put_back_leaves_row_for_row_what_it_left_when_it_was_taken(name):
    """Taken twice, kept the second time, put back the third: numbers and moments aside, which go on."""
    seen = []
    for _ in range(4):
        with transaction.atomic():
            w = sage_world()
            returned = STEPS[name](w)
            seen.append((every_row(), waiting(), type(returned), returned.pk, w.base.cost_codes))
            transaction.set_rollback(True)
    taken, kept, *put_back = seen
    assert put_back == [kept, kept]
    assert {label: len(rows) for label, rows in taken[0].items()} == {
        label: len(rows) for label, rows in kept[0].items()
    }
    assert len(taken[1]) == len(kept[1]) and taken[2] is kept[2]


def test_after_a_write_of_a_tests_own_a_step_is_taken_again():
    for _ in range(3):
        with transaction.atomic():
            w = sage_world()
            w.base.commitment()
            transaction.set_rollback(True)
    w = sage_world()
    type(w.base.vendor).objects.update(name="Acme and Sons")
    assert remembered_module._place() == ()
    invoice = w.approved()
    assert type(invoice).objects.get(pk=invoice.pk).vendor.name == "Acme and Sons"


def test_where_something_is_patched_or_set_a_step_is_taken_again(monkeypatch, settings):
    sage_world()
    assert remembered_module._place()
    with monkeypatch.context() as apart:
        apart.setattr(databases, "ROOT", "elsewhere")
        assert not remembered_module._place()
    assert remembered_module._place()
    monkeypatch.setattr(databases, "ROOT", databases.ROOT)
    assert not remembered_module._place()
    monkeypatch.undo()
    assert remembered_module._place()
    settings.SITE_URL = "https://elsewhere.example"
    assert not remembered_module._place()
    del settings.SITE_URL
