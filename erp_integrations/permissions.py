"""Who may do what on the way to accounting (domain 1.2), in terms of `Access`.

Each predicate takes the export first and the access second, which is also how django-fsm calls `permission=`. What the
program does by itself carries no access at all: `access` is None there.
"""

from directory.permissions import PUSH_RIGHT, Level, Tool, right_named
from invoicing.permissions import is_project_admin

SEND_RIGHT = right_named(Tool.COMMITMENTS, Level.ADMIN)
ANSWER_RIGHT = f"{right_named(Tool.ERP_INTEGRATIONS, Level.STANDARD)} and {PUSH_RIGHT}"
SET_UP_RIGHT = right_named(Tool.ERP_INTEGRATIONS, Level.ADMIN)
VOID_RIGHT = f"{SEND_RIGHT}, {ANSWER_RIGHT}"


def may_look(access) -> bool:
    """Accounting staff: the queue, exports, downloads. Never an external person."""
    return not access.is_external and access.allows(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)


def is_accounting_approver(access) -> bool:
    """Standard or Admin on ERP Integrations *and* holder of Can Push to Accounting (P-4); one alone is not enough."""
    return (
        not access.is_external
        and access.allows(Tool.ERP_INTEGRATIONS, Level.STANDARD)
        and access.can_push_to_accounting
    )


def may_set_up(access) -> bool:
    """How files are made: settings and layouts. The level alone: whoever sets up accepts nothing by it (P-4)."""
    return not access.is_external and access.allows(Tool.ERP_INTEGRATIONS, Level.ADMIN)


def may_send(export, access) -> bool:
    """Send, send again, take back: the project's invoice administrators."""
    return access is not None and is_project_admin(access)


def may_answer(export, access) -> bool:
    """Accept, reject, try again, record what Sage did."""
    return access is not None and is_accounting_approver(access)


def may_void(export, access) -> bool:
    return may_send(export, access) and may_answer(export, access)


def earlier_part(export, person) -> str:
    """What this person did to the invoice before accounting answers it: "sent", "approved", "submitted" or ""."""
    invoice = export.invoice
    parts = (("sent", export.sent_by_id), ("approved", invoice.approved_by_id), ("submitted", invoice.submitted_by_id))
    return next((done for done, by in parts if by == person.pk), "")


def conflict_of(export, person) -> str:
    """Why separation of duties keeps this person from accepting it (P-7, R78); "" when nothing does."""
    part = earlier_part(export, person) if export.company.separate_sender_and_accepter else ""
    return f"You {part} {export.invoice}, so someone else accepts it (separation of duties)." if part else ""


def is_the_program(export, access) -> bool:
    """Built and failed are no person's to say."""
    return access is None
