"""Who hears of what happens to a bill (section 7). One function an event; each mail is recorded on its object."""

from invoicing.notifications.beside_invoices import commented, mails_payments, paid
from invoicing.notifications.invites import (
    due_date_extended,
    invited,
    new_link,
    not_me,
    passed_on,
    reminded,
    reminded_about,
)
from invoicing.notifications.invoices import Return, approved, deleted, moved, reopened, return_of, sent_back, submitted
from invoicing.notifications.recipients import (
    CONTACT,
    LISTED,
    TEAM,
    contacts_of,
    is_told_as_contact,
    may_be_told,
    told_of_bills,
)

__all__ = [
    "CONTACT",
    "LISTED",
    "TEAM",
    "Return",
    "approved",
    "commented",
    "contacts_of",
    "deleted",
    "due_date_extended",
    "invited",
    "is_told_as_contact",
    "mails_payments",
    "may_be_told",
    "moved",
    "new_link",
    "not_me",
    "paid",
    "passed_on",
    "reminded",
    "reminded_about",
    "reopened",
    "return_of",
    "sent_back",
    "submitted",
    "told_of_bills",
]
