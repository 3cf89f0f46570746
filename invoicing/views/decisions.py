"""What finishing a review can mean for this invoice and this person, in words, before anything is done (U6)."""

from dataclasses import dataclass

from directory.models import Person
from directory.permissions import Level, Tool, names_with_level
from invoicing.actions.approvals import in_the_way
from invoicing.actions.invoices import why_not_sent_back
from invoicing.actions.reviews import mark_of_verdicts
from invoicing.calculations import identities
from invoicing.calculations.findings import Identity
from invoicing.models import BillingSettings, Endorsement, Invoice
from invoicing.notifications import Return, contacts_of, return_of
from invoicing.proof import remarks_on
from invoicing.safeguards import (
    MissingPaper,
    endorsement_of,
    limit_in_words,
    missing_papers,
    needs_two,
    why_not_second,
)
from invoicing.separation_of_duties import conflict_of
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
    """`options` are possible. What stands against an approval: `errors`, `papers` that block, and what is `in_the_way`.

    `warnings` need a tick to approve it (5.5); `verdicts` is the mark of those that stand on its lines.
    """

    options: list[Option]
    rejected: list[ReviewRow]
    letter: Return | None
    contacts: list[Person]
    open_lines: int
    rest: int
    first_open: ReviewRow | None
    errors: tuple[Identity, ...]
    warnings: tuple[Identity, ...]
    verdicts: str
    remarks: tuple[Identity, ...]
    duties: str
    not_offered: str
    papers: list[MissingPaper]
    endorsed: Endorsement | None
    why_nothing: str
    in_the_way: list[str]

    @property
    def proposed(self) -> str:
        """The option selected beforehand; "" when none suggests itself, and for an approval that would be refused.

        Nothing is proposed instead of that: what is held for the owner could not be mended (U3).
        """
        names = [option.name for option in self.options]
        if self.rejected and "send_back" in names:
            return "send_back"
        if self.errors or self.in_the_way or self.is_blocked_by_paper:
            return ""
        return next((name for name in ("approve", "endorse") if name in names), "")

    @property
    def is_plain(self) -> bool:
        """The proposal can be confirmed at once (U3): every line is decided, none rejected, nothing is to be read."""
        to_read = (self.rejected, self.open_lines, self.warnings, self.remarks, self.papers, self.duties)
        return bool(self.proposed) and not any(to_read)

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
    errors = identities.errors(found.identities)
    approves = any(name in APPROVING for name in names)
    lines = [row.line for row in found.rows]
    letter = return_of(invoice, lines) if contacts and "send_back" in names else None
    return Decision(
        options=[Option(name, moves[name], ICONS[name], FOLLOWS[name](invoice, contacts, letter)) for name in names],
        rejected=found.rejected,
        letter=letter,
        contacts=contacts,
        open_lines=found.counts["todo"],
        rest=found.rest,
        first_open=found.first_open,
        errors=errors,
        warnings=identities.warnings(found.identities) if approves else (),
        verdicts=mark_of_verdicts(lines),
        remarks=remarks_on(invoice, lines, access),
        duties=duties,
        not_offered=" ".join(
            filter(None, (_why_not_sent_back(invoice, moves), _why_not_approved(moves, names, found, duties)))
        ),
        papers=papers,
        endorsed=first,
        why_nothing=_why_nothing(invoice),
        in_the_way=in_the_way(invoice, lines, holds=not errors) if approves else [],
    )


def _why_nothing(invoice: Invoice) -> str:
    if not invoice.is_locked and not invoice.commitment.is_billable:
        return invoice.why_not(Invoice.send_back)
    sent = " and sent to ERP" if invoice.is_locked else ""
    return f"It is {invoice.get_status_display()}{sent}: there is nothing to decide on it now."


def _duties(invoice: Invoice, access, first: Endorsement | None) -> str:
    """P-7, R80, R84: why this person can't approve it, and who can."""
    conflict = conflict_of(invoice, access.person) or why_not_second(first, access.person)
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


def _why_not_sent_back(invoice: Invoice, moves: dict) -> str:
    """U3: what stands against sending back what can still be decided on."""
    if not moves or "send_back" in moves:
        return ""
    if not invoice.has_later:
        return f"Not offered: Send back. {why_not_sent_back(invoice)}"
    later = invoice.commitment.invoices.live().filter(position__gt=invoice.position).order_by("position").first()
    words = (
        f"Invoice {later.position}, {later.get_status_display()}, builds on this one, and only the newest can go back."
    )
    remedy = "" if later.status in Invoice.APPROVALS else " Delete that one first; it can be brought back afterwards."
    return f"Not offered: Send back. {words}{remedy}"


def _why_not_approved(moves: dict, names: list[str], found: Review, duties: str) -> str:
    """U3: what stands between this invoice and the approvals that the machine would take otherwise."""
    missing = [moves[name] for name in APPROVING if name in moves and name not in names]
    if duties or not missing:
        return ""
    stuck = [row for row in found.rejected if not row.is_reduced]
    rows = stuck or found.rejected
    which = ", ".join(str(row.line.schedule_line.position) for row in rows[:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    many = len(rows) > 1
    lines = f"Line{'s' if many else ''} {which}{more} {'are' if many else 'is'} rejected"
    if stuck:
        because = f"{lines} and not reduced. Allow less there, or send it back."
    else:
        because = f"{lines}. Less is allowed there, so it can be approved as noted."
    return f"Not offered: {' and '.join(missing)}. {because}"


ICONS = {
    "approve": "circle-check",
    "approve_as_noted": "message-square",
    "endorse": "check",
    "hold_for_owner": "hourglass",
    "send_back": "rotate-ccw",
}


LOCKED = "Its amounts and verdicts are locked then, until the review is reopened."


def _approve(invoice: Invoice, contacts: list[Person], letter: Return | None) -> list[str]:
    due = f"{invoice.current_payment_due:,.2f} is approved for payment and can be sent to ERP."
    if not BillingSettings.of(invoice.project).mails_approval:
        return [due, LOCKED, "Nobody gets a mail: the project's setting says so."]
    return [due, LOCKED, mailed_in_words(contacts)]


def _as_noted(invoice: Invoice, contacts: list[Person], letter: Return | None) -> list[str]:
    return ["Your comment stands beside the approval.", *_approve(invoice, contacts, letter)]


def _endorse(invoice: Invoice, contacts: list[Person], letter: Return | None) -> list[str]:
    return [
        f"{limit_in_words(invoice.company)} You are the first; it stays in review until another Admin approves. "
        "Nobody gets a mail and nothing is locked; another amount voids it."
    ]


def _hold(invoice: Invoice, contacts: list[Person], letter: Return | None) -> list[str]:
    return ["It waits for the owner. Nobody gets a mail, and nothing can be changed until it is decided."]


def _send_back(invoice: Invoice, contacts: list[Person], letter: Return | None) -> list[str]:
    return [
        f"{invoice.vendor.name} can change it and send it again, also after the due date.",
        mailed_in_words(contacts, _carried(letter)),
    ]


def _carried(letter: Return | None) -> str:
    only_there = f"; {letter.left_out:,} of them in its plain text only" if letter and letter.left_out else ""
    return f"with every rejected line and its reason{only_there}"


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
