"""The lock of a comparison: one after the other, while an acceptance goes on (E-9, R45). Each beside what lacks it."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from threading import Event as Signal

import pytest
from django.db import IntegrityError, connection, connections
from django.db.models import QuerySet

from directory.models import Event
from erp_integrations.actions import batches, reconciliations
from erp_integrations.models import ListKind, Reconciliation
from erp_integrations.sage100 import reconciling
from tests.erp_integrations.test_reconciliations import LIST_DAY, row_of
from tests.erp_integrations.world import ACCOUNTING_DATE, sage_world

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time, lock or none"),
]
COMPARE, LOCK = reconciling.compare, QuerySet.select_for_update


def stronger(queryset, **wanted):
    """FOR UPDATE, which a new row of the company's has to wait for."""
    return LOCK(queryset, **wanted | {"no_key": False})


def none(queryset, **wanted):
    return queryset


@pytest.fixture
def sage():
    made = sage_world()
    export = made.exported()
    made.load(ListKind.PAYABLE_INVOICES, row_of(export), as_of_date=LIST_DAY)
    return made


@pytest.mark.parametrize(("lock", "goes_on"), [(LOCK, True), (stronger, False)], ids=["ours", "a stronger one"])
def test_an_acceptance_goes_on_while_a_comparison_is_under_way(sage, monkeypatch, lock, goes_on):
    waiting, comparing, accepted, seen = sage.sent(), Signal(), Signal(), []
    ticked = sage.warnings(waiting)

    def slowly(*given):
        monkeypatch.undo()  # an acceptance has its own locks
        comparing.set()
        seen.append(accepted.wait(20 if goes_on else 1))
        return COMPARE(*given)

    def accept():
        comparing.wait(20)
        try:
            batches.accept([waiting], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked)
            accepted.set()
        finally:
            connections.close_all()

    monkeypatch.setattr(reconciling, "compare", slowly)
    monkeypatch.setattr(QuerySet, "select_for_update", lock)
    with ThreadPoolExecutor(1) as other:
        accepting = other.submit(accept)
        made = reconciliations.reconcile(sage.company, by=sage.approver)
        accepting.result(60)
    assert seen == [goes_on] and made.outcomes.count() == 1


@pytest.mark.parametrize(("lock", "most"), [(LOCK, 1), (none, 2)], ids=["ours", "none"])
def test_of_two_comparisons_at_the_same_moment_the_second_answers_the_first(sage, monkeypatch, lock, most):
    ready, inside, counted = Barrier(2, timeout=20), [], []

    def slowly(*given):
        inside.append(1)
        counted.append(len(inside))
        time.sleep(0.5)
        inside.pop()
        return COMPARE(*given)

    def compare(_):
        ready.wait()
        try:
            return reconciliations.reconcile(sage.company, by=sage.approver).pk
        except IntegrityError:
            return None
        finally:
            connections.close_all()

    monkeypatch.setattr(reconciling, "compare", slowly)
    monkeypatch.setattr(QuerySet, "select_for_update", lock)
    with ThreadPoolExecutor(2) as pool:
        answers = set(pool.map(compare, range(2)))
    assert max(counted) == most and Reconciliation.objects.count() == 1
    assert most == 2 or (len(answers) == 1 and None not in answers)  # without the lock the second is refused, or late


def test_two_who_confirm_at_once_what_was_found_post_it_once_and_the_second_is_told(sage, monkeypatch):
    """E-3: both have chosen it before either holds it."""
    made, both, post = reconciliations.reconcile(sage.company, by=sage.approver), Barrier(2), reconciliations._post
    found = list(made.outcomes.values_list("pk", flat=True))

    def together(*given):
        both.wait(20)
        return post(*given)

    def confirm(by):
        try:
            return reconciliations.confirm_found(made, found, by=by)
        finally:
            connections.close_all()

    monkeypatch.setattr(reconciliations, "_post", together)
    with ThreadPoolExecutor(2) as people:
        [first], [second] = people.map(confirm, (sage.approver, sage.new_approver()))
    [refusal] = [str(each.refusal) for each in (first, second) if each.refusal]
    assert "is Posted now" in refusal or "no longer possible" in refusal
    assert Event.objects.filter(verb="confirmed in Sage").count() == 1
