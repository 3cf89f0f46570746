"""Who may do what on the way to accounting (domain 1.2), in terms of `Access`.

Each predicate takes the export first and the access second, which is also how django-fsm calls `permission=`. What the
program does by itself carries no access at all: `access` is None there.
"""

from directory.permissions import PUSH_RIGHT, Level, Tool, right_named
from invoicing.permissions import is_project_admin

SEND_RIGHT = right_named(Tool.COMMITMENTS, Level.ADMIN)
ANSWER_RIGHT = f"{right_named(Tool.ERP_INTEGRATIONS, Level.STANDARD)} and {PUSH_RIGHT}"
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


def may_send(export, access) -> bool:
    """Send, send again, take back: the project's invoice administrators."""
    return access is not None and is_project_admin(access)


def may_answer(export, access) -> bool:
    """Accept, reject, try again, record what Sage did."""
    return access is not None and is_accounting_approver(access)


def may_void(export, access) -> bool:
    return may_send(export, access) and may_answer(export, access)


def is_the_program(export, access) -> bool:
    """Built and failed are no person's to say."""
    return access is None
