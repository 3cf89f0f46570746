"""A database of an earlier version comes along: what it holds is told apart as the program of that day did (R128)."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from erp_integrations import exporting
from erp_integrations.models import CostCodeLink, ExportItem, InvoiceExport, ProjectLink
from tests.erp_integrations.world import JOB, D

pytestmark = pytest.mark.django_db(transaction=True)

RELEASES = {"work_this_period": D("0.00"), "retainage_released": D("50.00")}
MIXED = {"work_this_period": D("1000.00"), "retainage_released": D("50.00")}


def migrate_to(name: str) -> None:
    MigrationExecutor(connection).migrate([("erp_integrations", name)])


def migrate_to_the_newest() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("erp_integrations"))


def test_what_only_released_is_marked_where_it_was_accepted_and_nowhere_else(sage):
    """0015: in a file, posted or failed; what waits is told by its next acceptance."""
    commitments = [sage.commitment() for _ in range(4)]
    [work, *_] = [sage.exported(sage.approved(each)) for each in commitments]
    sage.next_month()
    figures = (MIXED, RELEASES, RELEASES, RELEASES)
    mixed, in_file, failed, waiting = map(sage.approved, commitments, figures)
    mixed, in_file = sage.exported(mixed), sage.exported(in_file)
    failed, waiting = sage.sent(failed), sage.sent(waiting)
    batch = sage.accepted(failed)
    CostCodeLink.objects.all().delete()
    exporting.build(batch.pk)
    told = dict(InvoiceExport.objects.values_list("pk", "only_releases"))
    assert [told[each.pk] for each in (work, mixed, in_file, failed, waiting)] == [False, False, True, True, False]
    try:
        migrate_to("0014_closed_days")
    finally:
        migrate_to_the_newest()
    assert dict(InvoiceExport.objects.values_list("pk", "only_releases")) == told


def test_the_job_of_what_was_accepted_before_comes_from_its_snapshot(sage):
    """0017: whatever the project is linked to since."""
    sage.exported()
    ProjectLink.objects.update(job_number="777")
    try:
        migrate_to("0016_all_that_a_built_file_says_stays")
    finally:
        migrate_to_the_newest()
    assert [item.job_number for item in ExportItem.objects.all()] == [JOB]
