"""The second machine against the table of domain 6.2: every state × every transition × every combination of rights."""

from importlib import import_module
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from directory.actions import grants
from directory.models import Membership
from directory.permissions import Access, Level, Tool, read_access
from directory.refusals import NotAllowed, NotNow
from erp_integrations.exporting.moving import require
from erp_integrations.models import ExportStatus, InvoiceExport
from erp_integrations.models import exports as exports_module
from erp_integrations.permissions import is_accounting_approver, may_keep_lists, may_look, may_set_up
from tests.erp_integrations.world import SageWorld

SENDER, APPROVER, BOTH, PROGRAM = "project admin", "accounting approver", "both", "the program"

# Written from the text of the domain, not from the code: (from, to, who).
TABLE = {
    "send": (("not_sent", "retrieved", "rejected", "voided"), "ready_to_export", SENDER),
    "retrieve": (("ready_to_export",), "retrieved", SENDER),
    "reject": (("ready_to_export", "failed"), "rejected", APPROVER),
    "accept": (("ready_to_export",), "exporting", APPROVER),
    "built": (("exporting",), "exported", PROGRAM),
    "fail": (("exporting",), "failed", PROGRAM),
    "retry": (("failed",), "exporting", APPROVER),
    "confirm": (("exported",), "posted", APPROVER),
    "void": (("exported", "posted"), "voided", BOTH),
}
ROADS = {
    "not_sent": (),
    "ready_to_export": ("send",),
    "retrieved": ("send", "retrieve"),
    "rejected": ("send", "reject"),
    "exporting": ("send", "accept"),
    "exported": ("send", "accept", "built"),
    "failed": ("send", "accept", "fail"),
    "posted": ("send", "accept", "built", "confirm"),
    "voided": ("send", "accept", "built", "void"),
}


def in_state(sage: SageWorld, state: str) -> InvoiceExport:
    """An export brought there along the machine's own roads."""
    export = InvoiceExport.objects.create(invoice=sage.approved())
    for step in ROADS[state]:
        by = sage.sender if step in ("send", "retrieve") else sage.approver
        export.reason, export.sage_record_number = "a reason", "70001" if step == "confirm" else ""
        getattr(export, step)(by, timezone.now())
        export.save()
    assert export.status == state
    return export


def every_access(sage: SageWorld):
    """All levels on both tools, with and without the privilege, own people and external ones; and the program.

    An external person's as `read_access` reads them (P-1): on commitments alone, and never with the privilege.
    """
    members = {
        False: sage.approver.membership_in(sage.company),
        True: sage.base.contact.membership_in(sage.company),
    }
    yield None
    for commitments, erp, may_push, is_external in product(Level, Level, (True, False), (True, False)):
        levels = {Tool.COMMITMENTS: commitments, Tool.ERP_INTEGRATIONS: Level.NONE if is_external else erp}
        pushes = may_push and not is_external
        yield Access(sage.approver, sage.company, sage.base.project, members[is_external], levels, pushes)


def test_what_was_granted_to_a_vendors_person_opens_nothing_of_accounting(sage):
    """P-1, P-4: the rows of the level and of the privilege are there, and count for nothing."""
    grants.set_level(sage.approver, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    opens = (may_look, may_keep_lists, is_accounting_approver, may_set_up)
    assert all(may(read_access(sage.approver, sage.company)) for may in opens)
    Membership.objects.filter(person=sage.approver).update(vendor=sage.base.vendor)
    assert not any(may(read_access(sage.approver, sage.company)) for may in opens)


def is_one_of(who: str, access) -> bool:
    if access is None or who == PROGRAM:
        return access is None and who == PROGRAM
    is_admin = not access.is_external and access.level(Tool.COMMITMENTS) == Level.ADMIN
    is_approver = (
        not access.is_external
        and access.level(Tool.ERP_INTEGRATIONS) in (Level.STANDARD, Level.ADMIN)
        and access.can_push_to_accounting
    )
    return {SENDER: is_admin, APPROVER: is_approver, BOTH: is_admin and is_approver}[who]


@pytest.mark.parametrize("state", list(ROADS))
def test_only_the_cells_of_the_table_move_and_only_for_whom_it_names(sage, state):
    """I-1 for the export's status: 9 states × 9 transitions × 65 holders of rights."""
    export, tried = in_state(sage, state), 0
    for (name, (sources, _, who)), access in product(TABLE.items(), every_access(sage)):
        transition = getattr(InvoiceExport, name)
        tried += 1
        if not is_one_of(who, access):
            with pytest.raises(NotAllowed):
                require(export, transition, access)
        elif state not in sources:
            with pytest.raises(NotNow):
                require(export, transition, access)
        else:
            require(export, transition, access)
    assert tried == 9 * 65


@pytest.mark.parametrize("state", list(ROADS))
def test_the_buttons_of_a_page_are_the_table(sage, state):
    """What a page offers comes from the machine: nothing to the reader, the program's moves to nobody."""
    export = in_state(sage, state)
    for access in every_access(sage):
        if access is None:
            continue
        offered = {move.name for move in export.get_available_user_status_transitions(access)}
        assert offered == {
            name for name, (sources, _, who) in TABLE.items() if state in sources and is_one_of(who, access)
        }


def machine_pairs() -> set[tuple[str, str]]:
    moves = InvoiceExport._meta.get_field("status").get_all_transitions(InvoiceExport)
    return {(str(move.source), str(move.target)) for move in moves}


def test_the_machine_has_exactly_the_moves_of_the_table():
    table = {(source, target) for sources, target, _ in TABLE.values() for source in sources}
    assert machine_pairs() == table


def test_the_trigger_in_the_database_allows_exactly_the_moves_of_the_machine():
    migration = import_module("erp_integrations.migrations.0002_triggers")
    assert set(migration.MOVES) == machine_pairs()
    assert len(migration.MOVES) == len(set(migration.MOVES))


def test_every_transition_has_words_for_its_button():
    moves = InvoiceExport._meta.get_field("status").get_all_transitions(InvoiceExport)
    assert all(move.custom.get("label") for move in moves)


@pytest.mark.parametrize("state", list(ROADS))
def test_raw_sql_moves_a_status_only_along_the_machine(sage, state):
    """R39, R40: `update()`, a shell or another program meet the trigger."""
    export = in_state(sage, state)
    for target in ExportStatus.values:
        if target == state or (state, target) in machine_pairs():
            continue
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE erp_integrations_invoiceexport SET status = %s WHERE id = %s", [target, export.pk])
    export.refresh_from_db()
    assert export.status == state


def test_an_export_can_only_begin_as_not_sent(sage):
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoiceExport.objects.create(
            invoice=sage.approved(), status="exported", sent_by=sage.sender, sent_at=timezone.now()
        )


def test_assigning_a_status_is_refused(sage):
    export = in_state(sage, "ready_to_export")
    with pytest.raises(AttributeError):
        export.status = "exported"


def test_a_sender_cannot_be_written_as_the_accepter(sage):
    """P-7 in the database, behind the application."""
    export = in_state(sage, "ready_to_export")
    export.accept(sage.sender, timezone.now())
    with pytest.raises(IntegrityError, match="whoever_sent_does_not_accept"), transaction.atomic():
        export.save()


def test_posted_needs_sages_record_number(sage):
    export = in_state(sage, "exported")
    export.confirm(sage.approver, timezone.now())
    with pytest.raises(IntegrityError, match="a_posted_invoice_is_known_in_sage"), transaction.atomic():
        export.save()


def test_rejected_needs_a_reason(sage):
    export = in_state(sage, "ready_to_export")
    export.reason = ""
    export.reject(sage.approver, timezone.now())
    with pytest.raises(IntegrityError, match="a_rejection_has_a_reason"), transaction.atomic():
        export.save()


def test_only_what_the_company_sends_can_be_sent(sage):
    """The company's setting may narrow sending to approved alone."""
    export = in_state(sage, "not_sent")
    assert exports_module.may_be_sent(export)
    export.invoice.__dict__["status"] = "approved_as_noted"
    assert exports_module.may_be_sent(export)
    sage.company.erp_settings.sendable = "approved_only"
    sage.company.erp_settings.save()
    again = InvoiceExport.objects.get(pk=export.pk)
    again.invoice.__dict__["status"] = "approved_as_noted"
    assert not exports_module.may_be_sent(again)
