"""What finishing a review can mean for this invoice and this person, in words, before anything is done (U6)."""

from dataclasses import dataclass

from directory.models import Person
from directory.permissions import Level, Tool, names_with_level
from invoicing.calculations import identities
from invoicing.calculations.findings import Identity
from invoicing.models import Endorsement, Invoice
from invoicing.notifications import Return, contacts_of, return_of
from invoicing.opening import settings_of
from invoicing.proof import remarks_on
from invoicing.safeguards import MissingPaper, conflict_of, endorsement_of, limit_in_words, missing_papers, needs_two
from invoicing.views.review_rows import Review, ReviewRow, review_of

ORDER = ("approve", "approve_as_noted", "endorse", "hold_for_owner", "send_back")
APPROVING = ("approve", "approve_as_noted", "endorse")


@dataclass(frozen=True)
class Option:
    """One move of the machine, or the first of two approvals: its name, the verb on it, and what follows."""

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
    letter: Return | None
    contacts: list[Person]
    open_lines: int
    rest: int
    first_open: ReviewRow | None
    errors: tuple[Identity, ...]
    remarks: tuple[Identity, ...]
    duties: str
    papers: list[MissingPaper]
    endorsed: Endorsement | None
    why_nothing: str

    @property
    def is_blocked_by_paper(self) -> bool:
        return any(paper.blocks for paper in self.papers)

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
    found = review_of(invoice, access.person)
    moves = {move.name: move.custom["label"] for move in invoice.get_available_user_status_transitions(access)}
    first = endorsement_of(invoice)
    papers = missing_papers(invoice) if "approve" in moves else []
    if "approve" in moves and first is None and needs_two(invoice):
        moves = {name: label for name, label in moves.items() if name not in APPROVING}
        moves["endorse"] = "Give the first approval"
    duties = _duties(invoice, access, first)
    names = [name for name in ORDER if name in moves and _makes_sense(name, found, duties)]
    contacts = contacts_of(invoice.commitment)
    return Decision(
        options=[Option(name, moves[name], ICONS[name], FOLLOWS[name](invoice, contacts)) for name in names],
        proposed=_proposed(names, found),
        rejected=found.rejected,
        letter=return_of(invoice) if contacts and "send_back" in names else None,
        contacts=contacts,
        open_lines=found.counts["todo"],
        rest=found.rest,
        first_open=found.first_open,
        errors=identities.errors(found.identities),
        remarks=remarks_on(invoice, [row.line for row in found.rows]),
        duties=duties,
        papers=papers,
        endorsed=first,
        why_nothing=f"It is {invoice.get_status_display()}{' and sent to ERP' if invoice.is_locked else ''}: "
        "there is nothing to decide on it now.",
    )


def _duties(invoice: Invoice, access, first: Endorsement | None) -> str:
    """P-7, R80, R84: why this person can't approve it, and who can."""
    conflict = conflict_of(invoice, access.person)
    if not conflict and first and first.by_id == access.person.pk:
        conflict = "You gave the first approval, so another Admin gives the second."
    if not conflict:
        return ""
    admins = names_with_level(access.project, Tool.COMMITMENTS, Level.ADMIN)
    others = [name for name in admins if name != access.person.name]
    return f"{conflict} Who can: {', '.join(others) or 'another Admin'}."


def _makes_sense(name: str, found: Review, duties: str) -> bool:
    if name in APPROVING and duties:
        return False
    if name == "approve" and found.rejected:
        return False
    return name != "approve_as_noted" or all(row.is_reduced for row in found.rejected)


def _proposed(names: list[str], found: Review) -> str:
    if found.rejected and "send_back" in names:
        return "send_back"
    return next((name for name in ("approve", "endorse") if name in names), "")


ICONS = {
    "approve": "circle-check",
    "approve_as_noted": "message-square",
    "endorse": "check",
    "hold_for_owner": "hourglass",
    "send_back": "rotate-ccw",
}


LOCKED = "Its amounts and verdicts are locked then, until the review is reopened."


def _approve(invoice: Invoice, contacts: list[Person]) -> list[str]:
    due = f"{invoice.current_payment_due:,.2f} is approved for payment and can be sent to ERP."
    if not settings_of(invoice.project).mails_approval:
        return [due, LOCKED, "Nobody gets a mail: the project's setting says so."]
    return [due, LOCKED, mailed_in_words(contacts)]


def _as_noted(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return ["Your comment stands beside the approval.", *_approve(invoice, contacts)]


def _endorse(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return [
        f"{limit_in_words(invoice.company)} You are the first; it stays in review until another Admin approves. "
        "Nobody gets a mail and nothing is locked; another amount voids it."
    ]


def _hold(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return ["It waits for the owner. Nobody gets a mail, and nothing can be changed until it is decided."]


def _send_back(invoice: Invoice, contacts: list[Person]) -> list[str]:
    return [
        f"{invoice.vendor.name} can change it and send it again, also after the due date.",
        mailed_in_words(contacts, "with every rejected line and its reason"),
    ]


def mailed_in_words(contacts: list[Person], what: str = "") -> str:
    """Who gets a mail, by name and address (U6). `what`: what it carries."""
    if not contacts:
        return "Nobody gets a mail: the commitment has no invoice contact."
    names = ", ".join(f"{person.name} ({person.email})" for person in contacts)
    return f"{names} {'gets' if len(contacts) == 1 else 'get'} a mail{' ' if what else ''}{what}."


FOLLOWS = {
    "approve": _approve,
    "approve_as_noted": _as_noted,
    "endorse": _endorse,
    "hold_for_owner": _hold,
    "send_back": _send_back,
}
