"""Where every commitment stands in one billing period: its state, its amount, and who has to act."""

from dataclasses import dataclass
from decimal import Decimal

from invoicing.actions.invitations import refusal
from invoicing.calculations.money import ZERO
from invoicing.deadlines import Deadline, deadlines_of
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice, InvoiceContact

NO_CONTACT, NOT_INVITED, INVITED, ACCEPTED, DECLINED = BEFORE_BILLING = (
    "no_contact",
    "not_invited",
    "invited",
    "accepted",
    "declined",
)
STATES = BEFORE_BILLING + tuple(Invoice.Status)
WORDS = {
    NO_CONTACT: "No invoice contact",
    NOT_INVITED: "Not invited",
    INVITED: "Invited",
    ACCEPTED: "Accepted",
    DECLINED: "Declined",
} | {status.value: status.label for status in Invoice.Status}
PICTURE = (
    # words, tone, the statuses that count
    ("Approved", "ok", Invoice.APPROVALS),
    (Invoice.Status.UNDER_REVIEW.label, "info", (Invoice.Status.UNDER_REVIEW,)),
    ("Sent back", "warn", (Invoice.Status.REVISE_AND_RESUBMIT,)),
)
ENDED = (Commitment.Status.TERMINATED, Commitment.Status.VOID, Commitment.Status.CLOSED)


@dataclass(frozen=True)
class Row:
    """One commitment in one period. `refusal` says why it can't be invited now; empty when it can."""

    commitment: Commitment
    contacts: list[InvoiceContact]
    invitation: Invitation | None
    invoice: Invoice | None
    refusal: str
    deadline: Deadline

    @property
    def state(self) -> str:
        if self.invoice:
            return self.invoice.status
        if self.invitation:
            return self.invitation.answer or INVITED
        return NOT_INVITED if self.contacts else NO_CONTACT

    @property
    def key(self) -> str:
        """The commitment's id as a form sends it."""
        return str(self.commitment.pk)

    @property
    def is_invitable(self) -> bool:
        return not self.refusal

    @property
    def is_billed(self) -> bool:
        """Sent at least once in this period."""
        return self.invoice is not None and self.invoice.status != Invoice.Status.DRAFT

    @property
    def counts(self) -> bool:
        """Whether a bill is expected: billable, and nobody said that there is nothing to bill."""
        return self.invoice is not None or (self.commitment.is_billable and self.state != DECLINED)

    @property
    def may_have_more_time(self) -> bool:
        """Whether an extension (B-5) would let somebody send what is not sent yet."""
        return self.commitment.is_billable and (self.invoice is None or self.invoice.status in Invoice.ENTERABLE)

    @property
    def needs_contact(self) -> bool:
        """The fix that the row itself offers: name an invoice contact."""
        return self.commitment.is_billable and not self.contacts

    @property
    def who_acts(self) -> str:
        """Whose turn it is, in a word or a name; "" when nobody's."""
        if not self.invoice and not self.commitment.is_billable:
            return ""
        if self.state in (NO_CONTACT, NOT_INVITED, Invoice.Status.UNDER_REVIEW):
            return "Project team"
        if self.state == Invoice.Status.PENDING_OWNER_APPROVAL:
            return "Owner"
        if self.state == DECLINED:
            return ""
        if self.invoice and self.invoice.is_certified:
            return "Accounting" if self.invoice.is_locked else "Project team"
        return self.commitment.vendor.name


def board_of(period: BillingPeriod, access) -> list[Row]:
    """Every commitment this person may see, in six queries however many; what has ended only where it was billed."""
    commitments = Commitment.objects.visible_to(access).select_related("vendor")
    commitments = list(commitments.prefetch_related("invoice_contacts__person"))
    invited = {each.commitment_id: each for each in period.invitations.select_related("answered_by")}
    bills = Invoice.objects.live().filter(billing_period=period).order_by("position")
    billed = {bill.commitment_id: bill for bill in bills}
    extended, for_all = deadlines_of(period), Deadline(period, period.due_date)
    rows = [
        _row(extended.get(each.pk, for_all), each, invited.get(each.pk), billed.get(each.pk)) for each in commitments
    ]
    return [row for row in rows if row.invoice or row.commitment.status not in ENDED]


def _row(deadline: Deadline, commitment: Commitment, invitation, invoice) -> Row:
    contacts = list(commitment.invoice_contacts.all())
    why_not = refusal(deadline, commitment, has_contact=bool(contacts), is_invoiced=invoice is not None)
    return Row(commitment, contacts, invitation, invoice, why_not, deadline)


def tabs_of(rows: list[Row], chosen: str = "") -> list[dict]:
    """The states that occur, in their order: state, words, how many, how much; and the chosen one in any case."""
    return [
        {
            "state": state,
            "label": WORDS[state],
            "count": len(here),
            "net": sum((row.invoice.current_payment_due for row in here if row.invoice), ZERO),
        }
        for state in STATES
        if (here := [row for row in rows if row.state == state]) or state == chosen
    ]


@dataclass(frozen=True)
class Progress:
    """How far a period's billing is: sent bills of expected ones, and their amounts in dollars."""

    billed: int
    expected: int
    parts: list[dict]

    @property
    def words(self) -> str:
        return f"{self.billed} of {self.expected} billed"

    @property
    def gross(self) -> Decimal:
        return sum((part["amount"] for part in self.parts), ZERO)


def progress_of(rows: list[Row]) -> Progress:
    amounts = [(row.invoice.status, row.invoice.gross_this_period) for row in rows if row.is_billed]
    return Progress(len(amounts), sum(row.counts for row in rows), picture_of(amounts))


def picture_of(amounts: list[tuple[str, Decimal]]) -> list[dict]:
    """Gross amounts by what became of them, as `money_picture` draws them; what is nothing is left out."""
    parts = [
        {"label": label, "tone": tone, "amount": sum((gross for status, gross in amounts if status in statuses), ZERO)}
        for label, tone, statuses in PICTURE
    ]
    return [part for part in parts if part["amount"]]
