"""What a status looks like: decided here, once."""

from collections.abc import Iterable
from typing import NamedTuple

from django import template
from django.db.models import Model
from django.utils.safestring import SafeString

from config.ui.icons import badge
from config.words import state_in_words
from directory.models import Membership
from erp_integrations.models import ExportStatus
from invoicing.board import WORDS as BOARD_WORDS
from invoicing.labels import STAGES_IN_ERP
from invoicing.models import InvoiceStatus

register = template.Library()


class Look(NamedTuple):
    """A status as people see it: tone (neutral, info, ok, warn, bad), icon, and words where no model's own are at hand.

    "" where those are its value: a page says “Partly paid” of partly_paid by itself.
    """

    tone: str
    icon: str
    label: str = ""


STATUSES = {
    # invoices
    "draft": Look("neutral", "pencil", InvoiceStatus.DRAFT.label),
    "under_review": Look("info", "eye", InvoiceStatus.UNDER_REVIEW.label),
    "revise_and_resubmit": Look("warn", "rotate-ccw", InvoiceStatus.REVISE_AND_RESUBMIT.label),
    "pending_owner_approval": Look("info", "hourglass", InvoiceStatus.PENDING_OWNER_APPROVAL.label),
    "approved_as_noted": Look("ok", "circle-check", InvoiceStatus.APPROVED_AS_NOTED.label),
    "approved": Look("ok", "circle-check", InvoiceStatus.APPROVED.label),
    # commitments and change orders
    "out_for_bid": Look("neutral", "send"),
    "out_for_signature": Look("info", "pencil"),
    "processing": Look("neutral", "clock"),
    "submitted": Look("info", "send"),
    "partially_received": Look("info", "circle-dot"),
    "received": Look("ok", "check"),
    "complete": Look("neutral", "badge-check"),
    "terminated": Look("bad", "ban"),
    "pending": Look("info", "hourglass"),
    "rejected": Look("bad", "circle-x"),
    "no_charge": Look("neutral", "check"),
    "void": Look("neutral", "ban"),
    # billing periods and invitations
    "open": Look("ok", "circle-dot"),
    "closed": Look("neutral", "lock"),
    "no_contact": Look("warn", "triangle-alert", BOARD_WORDS["no_contact"]),
    "not_invited": Look("neutral", "circle-dashed", BOARD_WORDS["not_invited"]),
    "invited": Look("info", "mail", BOARD_WORDS["invited"]),
    "accepted": Look("ok", "check", BOARD_WORDS["accepted"]),
    "declined": Look("neutral", "x", BOARD_WORDS["declined"]),
    "in_erp": Look("ok", "landmark", BOARD_WORDS["in_erp"]),
    "gap": Look("warn", "triangle-alert", "Set-up"),
    # requests for Can Push to Accounting
    "waiting": Look("info", "hourglass"),
    "granted": Look("ok", "check"),
    "taken_back": Look("neutral", "undo-2"),
    # payments
    "nothing_due": Look("neutral", "check"),
    "not_paid": Look("neutral", "circle-dashed"),
    "partly_paid": Look("info", "circle-dot"),
    "paid": Look("ok", "circle-check"),
    "overpaid": Look("warn", "triangle-alert"),
    # files made in the background
    "making": Look("info", "refresh-cw"),
    "ready": Look("ok", "circle-check"),
    "failed": Look("bad", "triangle-alert"),
    "expired": Look("neutral", "clock"),
    # people of a directory
    "active": Look("ok", "check"),
    "asked": Look("info", "mail", Membership.State.ASKED.label),
    "deactivated": Look("neutral", "ban"),
}
# The second state machine has words in common with the first, and another meaning for them.
EXPORT_STATUSES = {
    "not_sent": Look("neutral", "circle-dashed", ExportStatus.NOT_SENT.label),
    "ready_to_export": Look("info", "hourglass", ExportStatus.READY_TO_EXPORT.label),
    "sent": Look("info", "hourglass", STAGES_IN_ERP["sent"]),
    "exporting": Look("info", "refresh-cw", ExportStatus.EXPORTING.label),
    "exported": Look("ok", "file-spreadsheet", ExportStatus.EXPORTED.label),
    "posted": Look("ok", "badge-check", ExportStatus.POSTED.label),
    "retrieved": Look("neutral", "undo-2", ExportStatus.RETRIEVED.label),
    "rejected": Look("bad", "circle-x", ExportStatus.REJECTED.label),
    "failed": Look("bad", "triangle-alert", ExportStatus.FAILED.label),
    "voided": Look("neutral", "ban", ExportStatus.VOIDED.label),
    # export batches
    "pending": Look("info", "clock"),
    "building": Look("info", "refresh-cw"),
    "ready": Look("ok", "file-spreadsheet"),
    "downloaded": Look("ok", "download"),
    "dead": Look("bad", "triangle-alert"),
}


@register.simple_tag
def status_badge(subject: object, field: str = "status") -> SafeString:
    """The badge of a model instance's status field, or of a plain status word; `field="export"` for an export's word.

    Anything from erp_integrations is read with the words of the export machine (E-4).
    """
    value = subject if isinstance(subject, str) else str(getattr(subject, field))
    look = look_of(value, is_export=field.startswith("export") or in_export(subject))
    return badge(look.tone, look.icon, status_words(subject, field, value, look))


@register.simple_tag
def status_badges(subjects: Iterable, field: str = "status") -> dict[str, SafeString]:
    """The badge of every status that occurs among them, each drawn once, however many rows there are."""
    found = {getattr(each, field): each for each in subjects}
    return {value: status_badge(each, field) for value, each in found.items() if value}


def status_words(subject: object, field: str, value: str, look: Look) -> str:
    return own_words(subject, field) or look.label or value.replace("_", " ").capitalize()


def look_of(value: str, *, is_export: bool) -> Look:
    first = EXPORT_STATUSES if is_export else STATUSES
    return first.get(value) or STATUSES.get(value) or EXPORT_STATUSES.get(value) or Look("neutral", "circle-dot")


def in_export(subject: object) -> bool:
    """Does this row, or the row this event is about, belong to the export machine?"""
    about = str(getattr(subject, "subject", ""))
    own = subject._meta.app_label if isinstance(subject, Model) else ""
    return own == "erp_integrations" or about.startswith("erp_integrations.")


def own_words(subject: object, field: str) -> str:
    """What the row's own model calls its status; an event's, what the model it is about calls it."""
    if field in ("from_state", "to_state"):
        return state_in_words(subject, getattr(subject, field))
    words = getattr(subject, f"get_{field}_display", None)
    return str(words() if words else getattr(getattr(subject, field, ""), "label", ""))
