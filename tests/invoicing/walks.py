"""What a bill goes through, in plain Python: the model that random walks are compared with (5.1, R48)."""

from dataclasses import dataclass, field

APPROVALS = {"pending_owner_approval", "approved_as_noted", "approved"}
CERTIFIED = {"approved_as_noted", "approved"}
ENTERABLE = {"draft", "revise_and_resubmit"}
ADMINS = {"admin", "second_admin"}
SOURCES = {  # written from the table of 5.1, not from the code
    "submit": ENTERABLE,
    "withdraw": {"under_review"},
    "save_draft": {"revise_and_resubmit"},
    "send_back": {"under_review", *APPROVALS},
    "approve": {"under_review", "pending_owner_approval", "approved_as_noted"},
    "approve_as_noted": {"under_review", "pending_owner_approval"},
    "hold_for_owner": {"under_review"},
    "reopen": APPROVALS,
}
TARGETS = {
    "submit": "under_review",
    "withdraw": "draft",
    "save_draft": "draft",
    "send_back": "revise_and_resubmit",
    "approve": "approved",
    "approve_as_noted": "approved_as_noted",
    "hold_for_owner": "pending_owner_approval",
    "reopen": "under_review",
}
TURNS = {  # of a subcontract that was billed: from where, to where
    "complete": ({"approved"}, "complete"),
    "resume": ({"complete", "terminated"}, "approved"),
    "terminate": ({"approved", "complete"}, "terminated"),
}
NEEDS_NEWEST = {"submit", "withdraw", "save_draft", "send_back", "reopen"}
NEEDS_BILLABLE = {"submit", "send_back", "reopen", "approve", "approve_as_noted"}
SENT_TOO = {"approve", "approve_as_noted"}
BILLERS_MOVES = {"submit", "withdraw", "save_draft"}


@dataclass(eq=False)
class Bill:
    """`key` is the number once it was reserved, until the bill is given another. `sender` sent it last, `senders` ever.

    `opened`: once its review has begun; `came_back`: restored, perhaps onto other amounts, and not typed on since.
    """

    pk: int
    contract: "Contract"
    position: int
    period: int
    is_extra: bool
    status: str = "draft"
    number: str = ""
    key: str = ""
    starter: str = ""
    sender: str = ""
    senders: set[str] = field(default_factory=set)
    moves: int = 0
    opened: bool = False
    may_finish_late: bool = False
    locked: bool = False
    deleted: bool = False
    came_back: bool = False

    @property
    def is_newest(self) -> bool:
        return not any(other.position > self.position for other in self.contract.live)


@dataclass(eq=False)
class Contract:
    """A commitment: its status and bills, whether the contact may bill, and the periods that it has more time in."""

    pk: int
    status: str = "approved"
    has_contact: bool = True
    change_orders: int = 0
    bills: list[Bill] = field(default_factory=list)
    extended: set[int] = field(default_factory=set)

    @property
    def live(self) -> list[Bill]:
        return sorted((bill for bill in self.bills if not bill.deleted), key=lambda bill: bill.position)

    @property
    def may_end(self) -> bool:
        """C-1: none of its bills is open."""
        return not self.has_ended and all(bill.status in CERTIFIED for bill in self.live)

    @property
    def has_ended(self) -> bool:
        return self.status == "terminated"

    def may_bill(self, by: str) -> bool:
        return by in ADMINS or (by == "contact" and self.has_contact)


@dataclass(eq=False)
class Job:
    """All of it: two contracts of one vendor, and which period is open."""

    contracts: list[Contract]
    periods: list[int]
    open_period: int | None

    @property
    def live(self) -> list[Bill]:
        return [bill for contract in self.contracts for bill in contract.live]

    def is_closed(self, contract: Contract, period: int) -> bool:
        return period != self.open_period and period not in contract.extended

    def starts(self, contract: Contract, period: int, by: str) -> bool:
        """I-3, I-7."""
        is_extra = any(bill.period == period for bill in contract.live)
        settled = not contract.live or contract.live[-1].status in APPROVALS
        is_allowed = by in ADMINS or not is_extra
        may = contract.may_bill(by) and not contract.has_ended
        return may and settled and is_allowed and not self.is_closed(contract, period)

    def turns(self, name: str, contract: Contract) -> bool:
        """Whether an admin can move the commitment itself so."""
        if name == "terminate" and not contract.may_end:
            return False
        return contract.status in TURNS[name][0]

    def takes_amounts(self, bill: Bill, by: str) -> bool:
        """I-3, I-4."""
        if bill.locked or not bill.is_newest or not bill.contract.may_bill(by):
            return False
        return bill.status in ENTERABLE or (bill.status == "under_review" and by in ADMINS)

    def moves(self, name: str, bill: Bill, by: str, *, has_rejected: bool = False, raised: bool = False) -> bool:
        """Whether the move called `name` is possible: who, from where, and every guard of 5.1 but the identities."""
        may = bill.contract.may_bill(by) if name in BILLERS_MOVES else by in ADMINS
        is_locked = bill.locked and not (name in SENT_TOO and bill.status == "pending_owner_approval")  # 6.2
        if not may or bill.status not in SOURCES[name] or is_locked:
            return False
        if name in NEEDS_NEWEST and not bill.is_newest:
            return False
        if name in NEEDS_BILLABLE and bill.contract.has_ended:
            return False
        if name == "submit":
            return self._may_be_sent(bill, by)
        if name == "withdraw":
            return not bill.opened and (bill.sender in ADMINS) == (by in ADMINS)
        if name in ("approve", "approve_as_noted"):
            earlier = (other for other in bill.contract.live if other.position < bill.position)
            in_turn = all(other.status in CERTIFIED for other in earlier)
            return by not in {bill.starter, *bill.senders} and not raised and in_turn and not has_rejected
        return True

    def _may_be_sent(self, bill: Bill, by: str) -> bool:
        in_time = by in ADMINS or bill.may_finish_late or not self.is_closed(bill.contract, bill.period)
        taken = {other.key for other in self.live if other is not bill} - {""}
        return in_time and bool(bill.number) and bill.number.casefold() not in taken

    def move(self, name: str, bill: Bill, by: str) -> None:
        bill.status, bill.moves = TARGETS[name], bill.moves + 1
        if name == "submit":
            bill.senders.add(by)
            bill.sender, bill.key, bill.opened = by, bill.number.casefold(), False
            bill.may_finish_late |= by in ADMINS
        elif name not in BILLERS_MOVES:
            bill.opened = True  # whoever decides begins the review
        if name == "send_back":
            bill.may_finish_late = True

    def deletes(self, bill: Bill, by: str) -> bool:
        """I-3."""
        if bill.deleted or bill.locked or not bill.is_newest or bill.status in APPROVALS:
            return False
        return by in ADMINS or (bill.contract.may_bill(by) and bill.status == "draft" and not bill.sender)

    def restores(self, bill: Bill, by: str) -> bool:
        """I-3, I-6: while it would still be the newest, and nobody took its number or its period."""
        live = bill.contract.live
        follows = len(live) == bill.position - 1 and (not live or live[-1].status in APPROVALS)
        number_free = not bill.key or bill.key not in {other.key for other in self.live}
        period_free = bill.is_extra or not any(b.period == bill.period and not b.is_extra for b in live)
        return by in ADMINS and not bill.contract.has_ended and follows and number_free and period_free
