"""Who may do what with commitments and invoices (domain 1.2), in terms of `Access`; beside a predicate, its list twin.

Each predicate takes the thing first and the access second, which is also how django-fsm calls `permission=`.
"""

from django.db.models import Q

from directory.permissions import Level, Tool, right_named

ADMIN_RIGHT = right_named(Tool.COMMITMENTS, Level.ADMIN)
DRAFT_RIGHT = right_named(Tool.COMMITMENTS, Level.STANDARD)
BILL_RIGHT = f"{right_named(Tool.COMMITMENTS, Level.STANDARD)} as invoice contact, or {ADMIN_RIGHT}"


def is_project_admin(access) -> bool:
    """Invoice administrator: one of the company's own people with Admin on Commitments."""
    return not access.is_external and access.allows(Tool.COMMITMENTS, Level.ADMIN)


def is_contact(commitment, access) -> bool:
    """Named on the commitment as invoice contact, and still employed by its vendor."""
    return access.vendor_id == commitment.vendor_id and any(
        contact.person_id == access.person.pk for contact in commitment.invoice_contacts.all()
    )


def may_see_commitment(commitment, access) -> bool:
    """P-1, P-2. The list twin is `visible_commitments`; across projects it is `seen.seen_commitments`."""
    if not access.allows(Tool.COMMITMENTS, Level.READ_ONLY):
        return False
    if access.is_external:
        return is_contact(commitment, access)
    return (
        not commitment.is_private
        or is_project_admin(access)
        or commitment.access_list.filter(pk=access.person.pk).exists()
    )


def visible_commitments(access) -> Q:
    """`may_see_commitment` for lists, within the access's project."""
    if not access.allows(Tool.COMMITMENTS, Level.READ_ONLY):
        return Q(pk__in=[])
    here = Q(project=access.project)
    if access.is_external:
        return here & Q(vendor=access.vendor_id, invoice_contacts__person=access.person)
    if is_project_admin(access):
        return here
    return here & (Q(is_private=False) | Q(access_list=access.person))


def may_create_commitments(access) -> bool:
    """Enter a draft: the company's own people with Standard (1.2)."""
    return not access.is_external and access.allows(Tool.COMMITMENTS, Level.STANDARD)


def may_edit_commitment(commitment, access) -> bool:
    """Its fields: an Admin; while it is a draft, also whoever entered it (1.2)."""
    return is_project_admin(access) or _has_own_draft(commitment, commitment, access)


def may_edit_change_order(change_order, access) -> bool:
    """Its number, title and lines: an Admin; while it is a draft, also whoever entered it (1.2)."""
    return is_project_admin(access) or _has_own_draft(change_order, change_order.commitment, access)


def _has_own_draft(entered, commitment, access) -> bool:
    is_own_draft = entered.status == entered.Status.DRAFT and entered.created_by_id == access.person.pk
    return is_own_draft and may_create_commitments(access) and may_see_commitment(commitment, access)


def may_move_change_order(change_order, access) -> bool:
    """Its status: an Admin (1.2)."""
    return is_project_admin(access)


def may_move_commitment(commitment, access) -> bool:
    """Change its status, its access list and its contacts."""
    return is_project_admin(access)


def may_attach_to_commitment(commitment, access) -> bool:
    """The company's own people with Standard, as far as they see it."""
    return may_create_commitments(access) and may_see_commitment(commitment, access)


def may_answer(invitation, access) -> bool:
    """Accept or decline an invite: any contact who can see the commitment."""
    return access.allows(Tool.COMMITMENTS, Level.READ_ONLY) and is_contact(invitation.commitment, access)


def may_bill_commitment(commitment, access) -> bool:
    """Create and enter invoices: a contact with Standard, or an Admin on their behalf."""
    if is_project_admin(access):
        return True
    return access.allows(Tool.COMMITMENTS, Level.STANDARD) and is_contact(commitment, access)


def may_start(access) -> bool:
    """Whether there can be a commitment of the project that they bill: which one it is, `may_bill_commitment` says."""
    return is_project_admin(access) or (access.is_external and access.allows(Tool.COMMITMENTS, Level.STANDARD))


def may_send_late(invoice, access) -> bool:
    """B-5: an Admin sends what can still be entered, whether it is late or its period is closed."""
    return invoice.status in invoice.ENTERABLE and is_project_admin(access)


def may_bill(invoice, access) -> bool:
    return may_bill_commitment(invoice.commitment, access)


def may_review(invoice, access) -> bool:
    """Verdicts, allowed amounts, retainage, every decision about an invoice, and sending it to ERP."""
    return is_project_admin(access)


def may_see_verdicts(invoice, access) -> bool:
    """What reviewers say of a line, allow and approve first is their own while they review (U6).

    What they decided is the contacts' too. Holding it for the owner is a decision: it is recorded (I-10).
    """
    return not access.is_external or invoice.status != invoice.Status.UNDER_REVIEW


def may_record_payments(invoice, access) -> bool:
    """Record what was paid, and take a record back."""
    return is_project_admin(access)


def may_delete(invoice, access) -> bool:
    """I-3: an Admin; whoever bills, while it is a draft that nobody ever sent."""
    if is_project_admin(access):
        return True
    is_unsent_draft = invoice.status == invoice.Status.DRAFT and invoice.submitted_at is None
    return is_unsent_draft and may_bill(invoice, access)


def may_attach(invoice, access) -> bool:
    """Attach files: contacts with Standard and the company's own people with Standard."""
    if not access.allows(Tool.COMMITMENTS, Level.STANDARD):
        return False
    return not access.is_external or is_contact(invoice.commitment, access)


def may_comment(invoice, access) -> bool:
    """Say something to the other side: contacts with Standard and the company's own people with Standard."""
    return may_attach(invoice, access)


def may_note(invoice, access) -> bool:
    """Leave a note for the company's own people, who alone ever see it."""
    return not access.is_external and may_comment(invoice, access)


def may_edit_amounts(invoice, access) -> bool:
    """I-4: in Draft and Revise & Resubmit whoever bills; in Under Review an Admin; nobody once sent to ERP."""
    if invoice.is_locked:
        return False
    if invoice.status in invoice.ENTERABLE:
        return may_bill(invoice, access)
    return invoice.status == invoice.Status.UNDER_REVIEW and may_review(invoice, access)
