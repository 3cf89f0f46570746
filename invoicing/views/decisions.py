"""What finishing a review can mean for this invoice and this person, in words, before anything is done (U6)."""

from dataclasses import dataclass

from directory.models import Person
from directory.permissions import Level, Tool, names_with_level
from invoicing.actions import billing_periods
from invoicing.calculations import identities
from invoicing.calculations.findings import Identity
from invoicing.models import Invoice
from invoicing.views.review_rows import Review, ReviewRow, review_of

ORDER = ("approve", "approve_as_noted", "hold_for_owner", "send_back")
APPROVING = ("approve", "approve_as_noted")


@dataclass(frozen=True)
class Option:
    """One move of the machine: its name, the verb on it, and what follows."""

    name: str
    label: str
    icon: str
    follows: list[str]


@dataclass(frozen=True)
class Decision:
    """`options` are possible; `proposed` is the one selected beforehand, "" when none suggests itself."""

    options: list[Option]
    proposed: str
    rejected: list[ReviewRow]
    open_lines: int
    rest: int
    first_open: ReviewRow | None
    errors: tuple[Identity, ...]
    duties: str
    why_nothing: str

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(option.name, option.label) for option in self.options]

    @property
    def may_approve(self) -> bool:
        return any(option.name in APPROVING for option in self.options)

    @property
    def only(self) -> Option | None:
        return self.options[0] if len(self.options) == 1 else None


def decision_for(invoice: Invoice, access) -> Decision:
    found = review_of(invoice)
    moves = {move.name: move.custom["label"] for move in invoice.get_available_user_status_transitions(access)}
    duties = _duties(invoice, access)
    names = [name for name in ORDER if name in moves and _makes_sense(name, found, duties)]
    contacts = [contact.person for contact in invoice.commitment.invoice_contacts.select_related("person")]
    return Decision(
        options=[Option(name, moves[name], ICONS[name], FOLLOWS[name](invoice, contacts)) for name in names],
        proposed=_proposed(names, found),
        rejected=found.rejected,
        open_lines=found.counts["todo"],
        rest=found.rest,
        first_open=found.first_open,
        errors=identities.errors(found.identities),
        duties=duties,
        why_nothing=f"It is {invoice.get_status_display()}{' and sent to ERP' if invoice.is_locked else ''}: "
        "there is nothing to decide on it now.",
    )


def _duties(invoice: Invoice, access) -> str:
    """P-7: why this person can't approve it, and who can."""
    if not invoice.company.separate_submitter_and_approver or invoice.submitted_by_id != access.person.pk:
        return ""
    admins = names_with_level(access.project, Tool.COMMITMENTS, Level.ADMIN)
    others = [name for name in admins if name != access.person.name]
    return f"You submitted this invoice, so someone else approves it: {', '.join(others) or 'another Admin'}."


def _makes_sense(name: str, found: Review, duties: str) -> bool:
    if name in APPROVING and duties:
        return False
    if name == "approve" and found.rejected:
        return False
    return name != "approve_as_noted" or all(row.is_reduced for row in found.rejected)


def _proposed(names: list[str], found: Review) -> str:
    if found.rejected and "send_back" in names:
        return "send_back"
    return "approve" if "approve" in names else ""


ICONS = {
    "approve": "circle-check",
    "approve_as_noted": "message-square",
    "hold_for_owner": "hourglass",
    "send_back": "rotate-ccw",
}


def _approve(invoice: Invoice, contacts: list[Person]) -> list[str]:
    due = f"{invoice.current_payment_due:,.2f} is approved for payment and can be sent to ERP."
    if not billing_periods.settings_of(invoice.project).mails_approval:
        return [due, "Nobody gets a mail: the project's setting says so."]
    return [due, _mailed(contacts)]


def _as_noted(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return ["Your comment stands beside the approval.", *_approve(invoice, contacts)]


def _hold(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return ["It waits for the owner. Nobody gets a mail, and nothing can be changed until it is decided."]


def _send_back(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return [
        f"{invoice.vendor.name} can change it and send it again, also after the due date.",
        _mailed(contacts, "with every rejected line and its reason"),
    ]


def _mailed(contacts: list[Person], what: str = "") -> str:
    if not contacts:
        return "Nobody gets a mail: the commitment has no invoice contact."
    names = ", ".join(f"{person.name} ({person.email})" for person in contacts)
    return f"{names} {'gets' if len(contacts) == 1 else 'get'} a mail{' ' if what else ''}{what}."


FOLLOWS = {"approve": _approve, "approve_as_noted": _as_noted, "hold_for_owner": _hold, "send_back": _send_back}
