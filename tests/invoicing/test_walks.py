"""Random walks over commitments and their bills: after every step everything that must hold does hold (R48, G5)."""

import os
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from directory.kept import kept
from directory.models import Event
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions import (
    amounts,
    closing,
    commitment_moves,
    commitments,
    deleting,
    due_dates,
    invoices,
    retainage,
    reviews,
)
from invoicing.calculations import identities
from invoicing.calculations.money import ZERO, to_cents
from invoicing.calculations.retainage import RetainageStep
from invoicing.models import BillingPeriod, Commitment, Invoice, Verdict
from invoicing.proof import identities_of, lines_of
from invoicing.retainage import rules_of
from invoicing.separation_of_duties import raised_by
from tests.factories import D, World, world
from tests.invoicing.walks import APPROVALS, ENTERABLE, SOURCES, TURNS, Bill, Contract, Job

pytestmark = pytest.mark.django_db
REFUSALS = (NotAllowed, NotNow, Refused, Stale)
SENDABLE = {"approved", "pending_owner_approval"}
STEPS_IN_CI = 2_500
STEPS = STEPS_IN_CI if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 250  # of each part
PARTS = 4  # each from an empty company
PEOPLE = st.sampled_from(["contact", "contact", "admin", "second_admin", "second_admin", "reader"])
ADMINS = st.sampled_from(["admin", "second_admin"])
CONTRACT = st.integers(0, 1)
PART = st.sampled_from([D("0"), D("0.25"), D("0.5"), D("1")])
AROUND = [
    "lock",
    "take_up",
    "next_period",
    "contact",
    "extend",
    "close_period",
    "change_order",
    "lock",
    "rates",
    "turn",
]
NUMBERS = st.sampled_from(["A-1", "a-1", "A-2", "A-3", "A-4", "A-5"])
MOVES = {
    "submit": lambda invoice, by: invoices.submit(invoice, by=by),
    "withdraw": lambda invoice, by: invoices.withdraw(invoice, by=by),
    "save_draft": lambda invoice, by: invoices.save_draft(invoice, by=by),
    "send_back": lambda invoice, by: invoices.send_back(invoice, by=by, comment="See the plans"),
    "approve": lambda invoice, by: invoices.approve(invoice, by=by),
    "approve_as_noted": lambda invoice, by: invoices.approve_as_noted(invoice, by=by, comment="Noted"),
    "hold_for_owner": lambda invoice, by: invoices.hold_for_owner(invoice, by=by),
    "reopen": lambda invoice, by: invoices.reopen(invoice, by=by, reason="Wrong rate"),
}
MUST_HAPPEN = {*MOVES, *TURNS, "create", "enter", "decide", "delete", "restore", "restore after a change"}
MUST_HAPPEN |= {"extend", "close period", "lock", "take up change orders", "set rates"}
WALKED: dict[int, Counter] = {}  # of each part that this process walked, what was done
FIGURES = (
    "total_completed_and_stored",
    "work_retainage",
    "stored_retainage",
    "gross_this_period",
    "retainage_released",
)


def with_bills(test) -> bool:
    return any(contract.live for contract in test.job.contracts)


class Walk(RuleBasedStateMachine):
    """One company for each walk, taken back at its end; `done` counts the steps, by what they were."""

    there: World
    commitments: list[Commitment]
    first_period: BillingPeriod
    done: Counter

    def __init__(self):
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        self.periods = [self.first_period]
        contracts = [Contract(commitment.pk) for commitment in self.commitments]
        self.job = Job(contracts, [self.first_period.pk], self.first_period.pk)
        self.touched = (contracts[0],)
        self.looked = {}
        self.proved = {}

    def teardown(self):
        try:
            for contract in self.job.contracts:
                for invoice in Invoice.objects.live().filter(commitment=contract.pk):
                    self._adds_up(invoice, contract)  # also those that others were built upon
        finally:
            transaction.set_rollback(True)
            self.around.__exit__(None, None, None)

    # One step

    def attempt(self, what: str, act, expected: bool | None, *touched: Contract):
        """What the act gives; None when it was refused. `expected`: what the model says; None where it can't tell.

        Whoever acts more than once in a step calls `everything_holds` in between, once the model knows.
        """
        self.touched = touched
        try:
            with transaction.atomic():
                made = act()
        except REFUSALS as refusal:
            assert expected is not True, f"{what} was refused: {refusal.message}"
            self.done[f"{what}, refused"] += 1
            return None
        assert expected is not False, f"{what} was done"
        self.looked.clear()
        self.done[what] += 1
        return made

    def commitment_of(self, contract: Contract) -> Commitment:
        return self.commitments[self.job.contracts.index(contract)]

    def person(self, name: str):
        return getattr(self.there, name)

    def one_of(self, data, bills: list):
        return bills[data.draw(st.integers(0, len(bills) - 1))]

    def invoice(self, bill: Bill) -> Invoice:
        [invoice] = _in_context(pk=bill.pk)
        return invoice

    # Bills

    @rule(data=st.data(), place=CONTRACT, by=PEOPLE)
    def create(self, data, place, by):
        self.start(self.job.contracts[place], self.some_period(data), by)

    def start(self, contract: Contract, period: BillingPeriod, by: str) -> None:
        is_extra = any(bill.period == period.pk for bill in contract.live)
        made = self.attempt(
            "create",
            lambda: invoices.create(self.commitment_of(contract), period, by=self.person(by)),
            self.job.starts(contract, period.pk, by),
            contract,
        )
        if made:
            contract.bills.append(Bill(made.pk, contract, len(contract.live) + 1, period.pk, is_extra, starter=by))
        self.everything_holds()

    @precondition(with_bills)
    @rule(
        data=st.data(), by=PEOPLE, part=PART, kind=st.sampled_from(["work", "store", "move", "release"]), number=NUMBERS
    )
    def enter(self, data, by, part, kind, number):
        bill = self.one_of(data, [contract.live[-1] for contract in self.job.contracts if contract.live])
        self.type_on(bill, by, part, kind, number)

    def type_on(self, bill: Bill, by: str, part, kind: str, number: str) -> None:
        """A part of what is left on each line; always within its limits, so that the model needs no arithmetic."""
        invoice = self.invoice(bill)
        header = None
        if bill.status in ENTERABLE:
            header = amounts.HeaderEntry(number=number, billing_date=invoice.billing_date)
        lines = list(invoice.lines.all())
        typed = {line.pk: figures(line, part, kind) for line in lines}
        is_change = any(getattr(line, name) != value for line in lines for name, value in typed[line.pk].items())
        anyway = {line.pk for line in lines}  # whoever types on an approved line says so (9.4)
        saved = self.attempt(
            "enter",
            lambda: amounts.save_lines(
                invoice, typed, by=self.person(by), version=invoice.version, header=header, opened=anyway
            ),
            self.job.takes_amounts(bill, by),
            bill.contract,
        )
        if saved:
            bill.came_back = False
        if saved and header:
            bill.key = bill.key if bill.number == number else ""
            bill.number = number
        elif saved and is_change:
            bill.opened = True  # an allowed amount begins the review
        self.everything_holds()

    @precondition(with_bills)
    @rule(data=st.data(), name=st.sampled_from(sorted(MOVES)), by=PEOPLE)
    def move_any(self, data, name, by):
        """Whatever comes to somebody's mind."""
        self.move(name, self.one_of(data, self.job.live), by)

    @precondition(with_bills)
    @rule(data=st.data(), by=PEOPLE)
    def move_on(self, data, by):
        """One of the moves that its status has."""
        bill = self.one_of(data, self.job.live)
        self.move(data.draw(st.sampled_from(sorted(n for n in SOURCES if bill.status in SOURCES[n]))), bill, by)

    @rule(data=st.data(), place=CONTRACT, times=st.integers(1, 3))
    def go_on(self, data, place, times):
        """What comes next when all goes well, so that walks get far: started, entered, sent, approved, the next one."""
        contract = self.job.contracts[place]
        if contract.has_ended:
            self.turn_to("resume", contract)
        for _ in range(times):
            newest = contract.live[-1] if contract.live else None
            if newest is None or newest.status in APPROVALS:
                if self.job.open_period is None or (newest and newest.period == self.job.open_period):
                    self.next_period(data, place)
                self.start(contract, self.periods[-1], "admin")
            elif newest.status == "under_review":
                self.move("approve", newest, data.draw(ADMINS))
            elif not newest.number:
                self.type_on(newest, "contact", D("0.25"), "work", data.draw(NUMBERS))
            else:
                self.move("submit", newest, "admin")

    def move(self, name: str, bill: Bill, by: str) -> None:
        invoice = self.invoice(bill)
        rejected = list(invoice.lines.filter(verdict=Verdict.REJECTED)) if name.startswith("approve") else []
        has_rejected = any(name == "approve" or not is_less(invoice, line) for line in rejected)
        raised = self.there.company.separate_raiser_and_approver and raised_by(invoice, self.person(by))
        expected = self.job.moves(name, bill, by, has_rejected=has_rejected, raised=raised)
        if self.attempt(name, lambda: MOVES[name](invoice, self.person(by)), expected, bill.contract):
            self.job.move(name, bill, by)
        self.everything_holds()

    @precondition(lambda self: any(bill.status == "under_review" for bill in self.job.live))
    @rule(data=st.data(), by=PEOPLE, verdict=st.sampled_from(Verdict), everything=st.booleans())
    def decide(self, data, by, verdict, everything):
        bill = self.one_of(data, [each for each in self.job.live if each.status == "under_review"])
        invoice, person = self.invoice(bill), self.person(by)
        line = invoice.lines.all()[data.draw(st.integers(0, 1))]
        if everything:
            act = lambda: [reviews.approve_the_rest(invoice, by=person)]  # noqa: E731
        else:
            act = lambda: reviews.decide(line, verdict, "Not there yet", by=person)  # noqa: E731
        if self.attempt("decide", act, by in ("admin", "second_admin"), bill.contract):
            bill.opened = True

    @precondition(lambda self: any(contract.bills for contract in self.job.contracts))
    @rule(data=st.data(), by=PEOPLE)
    def delete_or_restore(self, data, by):
        bill = self.one_of(data, [bill for contract in self.job.contracts for bill in contract.bills])
        if bill.deleted:
            self.restore(bill, by)
        else:
            self.delete(bill, by)

    def delete(self, bill: Bill, by: str) -> None:
        act = lambda: deleting.delete(self.invoice(bill), reason="Twice", by=self.person(by))  # noqa: E731
        if self.attempt("delete", act, self.job.deletes(bill, by), bill.contract):
            bill.deleted = True
        self.everything_holds()

    def restore(self, bill: Bill, by: str) -> bool:
        act = lambda: deleting.restore(self.invoice(bill), by=self.person(by))  # noqa: E731
        restored = self.attempt("restore", act, self.job.restores(bill, by), bill.contract)
        if restored:
            bill.deleted, bill.came_back = False, True
        self.everything_holds()
        return bool(restored)

    @precondition(lambda self: any(len(contract.live) > 1 for contract in self.job.contracts))
    @rule(data=st.data(), part=PART, number=NUMBERS)
    def come_back_to_another(self, data, part, number):
        """The newest is deleted, the one before it reopened and changed; then the newest is brought back."""
        contract = self.one_of(data, [each for each in self.job.contracts if len(each.live) > 1])
        *_, before, newest = contract.live
        moves = before.moves
        self.delete(newest, "admin")
        self.move("reopen", before, "admin")
        self.type_on(before, "admin", part, "work", number)
        self.move("approve", before, "second_admin")
        if newest.deleted and self.restore(newest, "admin"):
            if before.moves == moves + 2:
                self.done["restore after a change"] += 1
            self.type_on(newest, "admin", part, "work", number)  # of its own amounts some may not fit any more

    @precondition(lambda self: any(contract.live and contract.may_end for contract in self.job.contracts))
    @rule(data=st.data(), name=st.sampled_from(["reopen", "send_back"]), for_good=st.booleans())
    def end_it(self, data, name, for_good):
        """All is certified and it is terminated: nobody opens its newest bill again until it is taken up (2)."""
        contract = self.one_of(data, [each for each in self.job.contracts if each.live and each.may_end])
        self.turn_to("terminate", contract)
        self.move(name, contract.live[-1], "admin")
        if not for_good:
            self.turn_to("resume", contract)

    # What stands around them

    @rule(data=st.data(), what=st.sampled_from(AROUND), place=CONTRACT)
    def around_them(self, data, what, place):
        getattr(self, what)(data, place)

    def change_order(self, data, place):
        if self.job.contracts[place].change_orders == 3:
            return  # many lines make slow steps
        self.job.contracts[place].change_orders += 1
        line = self.there.line("Extra work", data.draw(st.sampled_from(["120.00", "-75.50", "0.01"])))
        act = lambda: self.there.change_order(self.commitments[place], [line])  # noqa: E731
        self.attempt("change order", act, not self.job.contracts[place].has_ended, self.job.contracts[place])

    def rates(self, data, place):
        """Other rates, on a scale or not, for the bills to come."""
        contract, commitment = self.job.contracts[place], Commitment.objects.get(pk=self.job.contracts[place].pk)
        steps = data.draw(
            st.sampled_from([(), (RetainageStep(rate=D(10), until_amount=D(20)), RetainageStep(rate=D(5)))])
        )
        rules = replace(rules_of(commitment), work_rate=data.draw(st.sampled_from([D(0), D(5), D(10)])), steps=steps)
        more = {"holds_stored": True, "version": commitment.version, "by": self.there.admin}
        act = lambda: retainage.set_rules(commitment, rules, **more)  # noqa: E731
        self.attempt("set rates", act, not contract.has_ended, contract)

    def turn(self, data, place):
        """The commitment itself goes on: complete, terminated, taken up again."""
        self.turn_to(data.draw(st.sampled_from(sorted(TURNS))), self.job.contracts[place])

    def turn_to(self, name: str, contract: Contract) -> None:
        commitment = Commitment.objects.get(pk=contract.pk)
        act = lambda: commitment_moves.move(commitment, name, by=self.there.admin, reason="So agreed")  # noqa: E731
        if self.attempt(name, act, self.job.turns(name, contract), contract):
            contract.status = TURNS[name][1]
        self.everything_holds()

    def take_up(self, data, place):
        contract, by = self.job.contracts[place], data.draw(PEOPLE)
        if contract.live:
            bill = contract.live[-1]
            act = lambda: amounts.take_up_change_orders(self.invoice(bill), by=self.person(by))  # noqa: E731
            self.attempt("take up change orders", act, self.job.takes_amounts(bill, by), contract)

    def extend(self, data, place):
        contract, period = self.job.contracts[place], self.some_period(data)
        until = date(2035, 1, 1) + timedelta(days=data.draw(st.integers(1, 9)))
        more = {"by": self.there.admin, "reason": "Rain"}
        act = lambda: due_dates.extend(period, self.commitments[place], until, **more)  # noqa: E731
        if self.attempt("extend", act, None, contract):
            contract.extended.add(period.pk)

    def some_period(self, data) -> BillingPeriod:
        """Mostly the newest one."""
        back = data.draw(st.sampled_from([0, 0, 0, 1, 2]))
        return self.periods[-1 - (back if back < len(self.periods) else 0)]

    def next_period(self, data, place):
        last = self.periods[-1].start_date
        month = last.replace(year=last.year + last.month // 12, month=last.month % 12 + 1)
        period = self.attempt("open period", lambda: self.there.period(month), True, *self.job.contracts)
        self.periods.append(period)
        self.job.open_period = period.pk
        self.everything_holds()

    def close_period(self, data, place):
        period = self.periods[-1]
        act = lambda: closing.close_and_settle(period, {}, by=self.there.admin)  # noqa: E731
        if self.attempt("close period", act, self.job.open_period == period.pk, *self.job.contracts):
            self.job.open_period = None

    def contact(self, data, place):
        """Removed, or named again."""
        contract, commitment, by = self.job.contracts[place], self.commitments[place], self.there.admin
        if contract.has_contact:
            named = commitment.invoice_contacts.get()
            act = lambda: [commitments.remove_contact(named, by=by)]  # noqa: E731
        else:
            act = lambda: [commitments.add_contact(commitment, self.there.contact, by=by)]  # noqa: E731
        self.attempt("remove contact" if contract.has_contact else "add contact", act, True, contract)
        contract.has_contact = not contract.has_contact

    def lock(self, data, place):
        """Sent to accounting, or taken back; by the setting also what waits for its owner (6.2)."""
        bills = [each for each in self.job.contracts[place].live if each.status in SENDABLE or each.locked]
        if bills:
            bill = self.one_of(data, bills)
            act = invoices.unlock if bill.locked else invoices.lock
            self.attempt("lock", lambda: [act(Invoice.objects.locked(bill.pk))], True, bill.contract)
            bill.locked = not bill.locked

    # What must hold, whatever was done

    @invariant()
    def everything_holds(self):
        """After every act. One that was refused and wrote nothing left each row as it was looked at before."""
        written = connection.connection.total_changes if connection.vendor == "sqlite" else object()
        for contract in self.touched:
            if self.looked.get(contract) != written:
                self._looks_right(contract)
                self.looked[contract] = written

    def _looks_right(self, contract: Contract) -> None:
        found = _bills_of(commitment=contract.pk)
        self._is_as_the_model_says(found, contract)
        live = [invoice for invoice in found if invoice.deleted_at is None]
        self._is_a_chain(live)
        if live:
            *before, newest = live
            self._adds_up(newest, contract)
            self.proved[newest.pk] = figures_of(newest)
            for each in before:
                assert figures_of(each) == self.proved[each.pk], "one that others build on has changed"

    def _is_as_the_model_says(self, found: list[Invoice], contract: Contract) -> None:
        ours = {bill.pk: bill for bill in contract.bills}
        assert {each.pk for each in found} == ours.keys()
        for each in found:
            bill = ours[each.pk]
            assert (each.status, each.position, each.billing_period_id) == (bill.status, bill.position, bill.period)
            assert (each.deleted_at is not None, each.is_locked, each.is_extra) == (
                bill.deleted,
                bill.locked,
                bill.is_extra,
            )
            assert (each.number, each.number_key, each.may_finish_late) == (bill.number, bill.key, bill.may_finish_late)
        if found:
            moves = (
                Event.objects.about(*found)
                .exclude(from_state="")
                .exclude(to_state="")
                .values_list("to_state", flat=True)
            )
            assert len(moves) == sum(bill.moves for bill in contract.bills)

    def _is_a_chain(self, live: list[Invoice]) -> None:
        """Positions without a gap, each on the one before it, line 7 as that one certified; one bill a period."""
        assert [each.position for each in live] == list(range(1, len(live) + 1))
        for before, each in zip([None, *live], live, strict=False):
            assert each.previous_id == (before.pk if before else None)
            assert each.previous_certificates == (before.earned_less_retainage if before else ZERO)
            assert before is None or before.status in APPROVALS or before.status == "under_review"
        periods = [each.billing_period_id for each in live if not each.is_extra]
        assert len(periods) == len(set(periods))
        keys = [each.number_key for each in live if each.number_key]
        assert len(keys) == len(set(keys))
        assert all(each.number_key for each in live if each.status not in ENTERABLE)

    def _adds_up(self, invoice: Invoice, contract: Contract) -> None:
        """5.5. Until it is sent a draft may stand in a closed period; what came back, over what is stored or held."""
        invoice.commitment = self.commitment_of(contract)
        [bill] = [each for each in contract.bills if each.pk == invoice.pk]
        may_break = {"N-12"} if invoice.status in ENTERABLE else set()
        may_break |= {"N-3", "N-4", "N-5"} if bill.came_back else set()
        lines = lines_of(invoice)
        broken = identities.errors(identities_of(invoice, lines))
        assert {each.number for each in broken} <= may_break, broken
        worked = [line.as_line() for line in lines]
        assert invoice.total_completed_and_stored == sum((each.total_completed_and_stored for each in worked), ZERO)
        assert invoice.total_retainage == sum((each.total_retainage for each in worked), ZERO)


@kept
def _in_context(pk):
    return Invoice.objects.with_context().select_related("commitment__starting_certificate").filter(pk=pk)


@kept
def _bills_of(commitment):
    return Invoice.objects.filter(commitment=commitment).order_by("position", "pk")


def figures_of(invoice: Invoice) -> tuple:
    return tuple(getattr(invoice, name) for name in FIGURES)


def is_less(invoice, line) -> bool:
    """5.1: the amount of a rejected line was reduced; of its total, of what moves to work or of a release."""
    [claim] = [each for each in invoice.submissions.last().lines if each["line"] == line.schedule_line_id]
    now = {"stored_moved": line.stored_moved, "retainage_released": line.retainage_released}
    now["total_completed_and_stored"] = line.as_line().total_completed_and_stored
    less = [D(claim[name]) > amount for name, amount in now.items()]
    more = [D(claim[name]) < amount for name, amount in now.items()]
    return any(less) and not any(more)


def figures(line, part, kind) -> dict:
    """What is typed on a line: `part` of what is left of it as work or stored material, moved, or released."""
    left = line.scheduled_value - line.work_previous - line.stored_previous
    amount = to_cents(left * part)
    held = line.work_retainage_previous
    return {
        "work_this_period": amount if kind in ("work", "release") else ZERO,
        "stored_new": amount if kind == "store" and left > 0 else ZERO,
        "stored_moved": line.stored_previous if kind == "move" else ZERO,
        "retainage_released": held if kind == "release" else ZERO,  # of a deduction, too: else it is too much (N-5)
        "note": "A credit",
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_people_do_in_whatever_order_everything_holds(part):
    there = world()
    lines = [there.line("Footings", "1000.00"), there.line("Slab", "333.33", rate="5")]
    walk = type(
        f"Walk{part}", (Walk,), {"there": there, "done": Counter(), "first_period": there.period(date(2030, 1, 1))}
    )
    walk.commitments = [there.commitment(lines), there.commitment(lines)]
    profile = settings(
        max_examples=5,
        phases=[Phase.generate],  # a shorter walk to the same fault costs minutes: run its blob by hand
        stateful_step_count=100,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    for round_ in count(part * 1_000):  # the same walks each time: a fault that is found stays found
        run_state_machine_as_test(seed(round_)(walk), settings=profile)
        if walk.done.total() >= STEPS:
            break
    WALKED[part] = walk.done
    refused = sum(times for what, times in walk.done.items() if what.endswith("refused"))
    assert refused < walk.done.total() * 0.85, walk.done


def test_every_move_happened_somewhere():
    """G5: of the whole walk, in ten thousand steps."""
    assert PARTS * STEPS_IN_CI >= 10_000
    if STEPS < STEPS_IN_CI or WALKED.keys() != set(range(PARTS)):
        pytest.skip("Only the long walk meets every move, and only where its parts were all walked here.")
    assert not MUST_HAPPEN - set().union(*WALKED.values())
