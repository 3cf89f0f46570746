"""What the identities N-1 … N-13 are checked against: frozen records that a caller fills from the database."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from invoicing.calculations.lines import Line, LineInput
from invoicing.calculations.money import ZERO
from invoicing.calculations.summary import Summary


@dataclass(frozen=True, kw_only=True)
class PreviousLine:
    """What the previous invoice stored for a line: dollars, and the rates it held at."""

    key: str
    work_to_date: Decimal = ZERO
    stored_presently: Decimal = ZERO
    work_retainage_to_date: Decimal = ZERO
    stored_retainage: Decimal = ZERO
    work_retainage_rate: Decimal | None = None  # None: not known, or not on it, so no rate can differ
    stored_retainage_rate: Decimal | None = None

    @classmethod
    def of(cls, line: LineInput) -> "PreviousLine":
        line = Line.of(line)
        return cls(
            key=line.key,
            work_to_date=line.work_to_date,
            stored_presently=line.stored_presently,
            work_retainage_to_date=line.work_retainage_to_date,
            stored_retainage=line.stored_retainage,
            work_retainage_rate=line.work_retainage_rate,
            stored_retainage_rate=line.stored_retainage_rate,
        )


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """A line and what is known about it. Stored amounts are compared with the computed ones when they are given."""

    line: LineInput
    reason: str = ""  # why it is negative, or why its previous stored balance was typed
    is_unit_priced: bool = False
    is_over_billing_waived: bool = False  # counts on a unit-priced line only (N-4)
    is_change_order_approved: bool = True  # also for lines of the original schedule of values
    total_as_stored: Decimal | None = None
    work_retainage_as_stored: Decimal | None = None
    stored_retainage_as_stored: Decimal | None = None

    @property
    def result(self) -> Line:
        return Line.of(self.line)

    @property
    def may_pass_its_value(self) -> bool:
        """A measured quantity may exceed the estimate, once someone waived the limit (N-4, PA-33)."""
        return self.is_unit_priced and self.is_over_billing_waived


@dataclass(frozen=True, kw_only=True)
class PreviousCertificate:
    """Lines 6 and 5 of the previous invoice as they were certified; zero for the first invoice."""

    earned_less_retainage: Decimal = ZERO
    total_retainage: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class PeriodFacts:
    """The billing period's rules for this invoice (B-1, B-5). Dates are days in the project's time zone."""

    start_date: date
    end_date: date
    due_date: date  # with the extension of this commitment, when there is one
    submitted_date: date  # the day it was sent, or today while it is not
    accepts_bills: bool = True  # the period is open, or was when the bill was sent
    may_finish_late: bool = False  # an Admin put it back, or makes it himself
    goes_on_after: date | None = None  # first day of the previous invoice, or last one of the starting certificate


@dataclass(frozen=True, kw_only=True)
class WaitingChangeOrder:
    """Approved, and not on the invoice; its amount in dollars."""

    number: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """A sent bill of the same vendor that this one may be (R19); `due` in dollars.

    `number` is empty where whoever asks may not know of it (P-2).
    """

    number: str
    sent_date: date
    due: Decimal


@dataclass(frozen=True, kw_only=True)
class BillFacts:
    """Everything the remarks look at. `payment_due`: line 8 as stored, in dollars."""

    number: str
    payment_due: Decimal
    lines: tuple[Line, ...]
    look_alikes: tuple[LookAlike, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InvoiceFacts:
    """Everything the identities look at. `header` holds the invoice's amounts as stored, not as recomputed."""

    lines: tuple[LineFacts, ...]
    header: Summary
    original_contract_sum: Decimal
    approved_change_orders: Decimal  # net, of the change orders this invoice bills
    period: PeriodFacts
    waiting_change_orders: tuple[WaitingChangeOrder, ...] = ()  # while it can still take them up
    previous_lines: tuple[PreviousLine, ...] = ()
    previous_certificate: PreviousCertificate = PreviousCertificate()
    allows_over_billing: bool = False
    has_attachments: bool = False
    is_certified: bool = False  # approved: what only stops a bill on its way there is not asked any more
