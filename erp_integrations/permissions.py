"""Who may do what on the way to accounting (domain 1.2), in terms of `Access`.

A vendor's people hold no level on ERP Integrations and no privilege, whatever was granted to them: `read_access` sees
to it, so nothing here asks whose person it is.

Each predicate takes the export first and the access second, which is also how django-fsm calls `permission=`. What the
program does by itself carries no access at all: `access` is None there.
"""

from django.db.models import Case, Exists, OuterRef, Q, Value, When

from directory.models import Event
from directory.models.events import subject_names
from directory.permissions import PUSH_RIGHT, Level, Tool, objects_with_level, right_named
from invoicing.permissions import ADMIN_RIGHT as SEND_RIGHT
from invoicing.permissions import is_project_admin
from invoicing.separation_of_duties import parts_in_approvals, parts_in_claims

LIST_KEEPERS = (Tool.ERP_INTEGRATIONS, Level.STANDARD)
ANSWER_RIGHT = f"{right_named(Tool.ERP_INTEGRATIONS, Level.STANDARD)} and {PUSH_RIGHT}"
SET_UP_RIGHT = right_named(Tool.ERP_INTEGRATIONS, Level.ADMIN)
VOID_RIGHT = f"{SEND_RIGHT}, {ANSWER_RIGHT}"
SENT = "sent to ERP"  # as the record says that somebody did


def may_look(access) -> bool:
    """Accounting staff: the queue, exports, downloads."""
    return access.allows(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)


def may_keep_lists(access) -> bool:
    """Upload Sage's lists, link to what stands in them, compare with its payables. The level alone (P-4)."""
    return access.allows(*LIST_KEEPERS)


def require_list_keeper(access) -> None:
    """Raises NotAllowed, naming the right and who holds it, unless it `may_keep_lists`."""
    access.require(*LIST_KEEPERS)


def is_accounting_approver(access) -> bool:
    """Standard or Admin on ERP Integrations *and* holder of Can Push to Accounting (P-4); one alone is not enough."""
    return access.allows(Tool.ERP_INTEGRATIONS, Level.STANDARD) and access.can_push_to_accounting


def may_set_up(access) -> bool:
    """How files are made: settings and layouts. The level alone: whoever sets up accepts nothing by it (P-4)."""
    return access.allows(Tool.ERP_INTEGRATIONS, Level.ADMIN)


def may_send(export, access) -> bool:
    """Send, send again, take back: the project's invoice administrators."""
    return access is not None and is_project_admin(access)


def may_answer(export, access) -> bool:
    """Accept, reject, try again, record what Sage did."""
    return access is not None and is_accounting_approver(access)


def may_void(export, access) -> bool:
    return may_send(export, access) and may_answer(export, access)


def projects_where_may_void(access) -> set[int]:
    """Ids of the projects of whose exports `may_void` says yes: its twin for a page with many, in one query at most."""
    if not is_accounting_approver(access):
        return set()
    held = objects_with_level(access.person, Tool.COMMITMENTS, Level.ADMIN)
    return set(held.filter(company=access.company).values_list("pk", flat=True))


def earlier_part(person) -> Case:
    """What this person did to an invoice before accounting answers it, "" for nothing, for a query over exports.

    Whoever sent it and took it back had a hand in it too: the export names the last alone, so the record is asked.
    """
    told = Event.objects.of_one(subject_names("erp_integrations.invoiceexport", OuterRef("pk")), by=person)
    sent = When(Q(sent_by=person) | Q(Exists(told.filter(verb=SENT))), then=Value("sent"))
    approved, claimed = parts_in_approvals(person, "invoice__"), parts_in_claims(person, "invoice__")
    return Case(sent, *approved, *claimed, default=Value(""))


def conflict_of(export) -> str:
    """Why separation of duties keeps the person of `with_part_of` from accepting it (P-7, R78); "" when nothing does.

    AttributeError where the export was read without asking for the part of anybody.
    """
    part = export.part if export.company.separate_sender_and_accepter else ""
    return f"You {part} {export.invoice}, so someone else accepts it (separation of duties)." if part else ""


def is_the_program(export, access) -> bool:
    """Built and failed are no person's to say."""
    return access is None
