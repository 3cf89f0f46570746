"""R66: a right that goes while an action waits for a lock is missed when the wait is over. Each action is tried."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from directory.actions import (
    companies,
    directory_uploads,
    joining,
    people,
    permission_templates,
    privileges,
    projects,
    standing,
    vendor_changes,
    vendors,
)
from directory.actions.grants import LevelChange, change_levels, set_level
from directory.actions.projects import ProjectEntry
from directory.actions.vendors import Details
from directory.models import AccountingPrivilege, Membership, Person, PrivilegeRequest, Vendor, VendorChange
from directory.permissions import Level, Tool, people_with_level
from directory.refusals import NotAllowed
from erp_integrations.actions import batches, exports, reconciliations, results
from erp_integrations.models import ErpSettings, ExportBatch, InvoiceExport, ListKind, Reconciliation
from invoicing.actions import (
    amounts,
    billing_periods,
    change_orders,
    closing,
    commitment_moves,
    deleting,
    invoice_periods,
    invoices,
    payments,
    retainage,
    reviews,
)
from invoicing.actions.closing import Fate
from invoicing.calculations.replay import RetainageRules
from invoicing.models import BillingPeriod, Commitment, Invoice, Verdict
from invoicing.periods import PeriodDates
from tests.directory.directory_pages import directory_admin
from tests.erp_integrations.test_reconciliations import LIST_DAY, row_of
from tests.erp_integrations.world import ACCOUNTING_DATE, SageWorld, record_number, sage_world
from tests.factories import payment_of, world
from tests.test_races import fails

PEOPLE = b"E-mail,Name\nn@x.example,N"

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """A company with something of everything that an action could be about."""

    def __init__(self):
        self.w = w = world()
        self.other, self.ada = directory_admin(w, "Theo Other"), directory_admin(w)
        self.template = permission_templates.create(w.company, "Site team", by=self.other)
        self.empty = permission_templates.create(w.company, "Nobody yet", by=self.other)
        permission_templates.add_person(self.template, w.staff, by=self.other)
        self.bolt = vendors.enter(w.company, Details("Bolt Electric"), by=self.other)
        self.gone = vendors.enter(w.company, Details("Gone Works"), by=self.other)
        vendors.deactivate(self.gone, by=self.other, reason="Gone")
        vendors.change(w.vendor, Details("Acme Concrete", phone="555 0100 200"), by=self.other, reason="A letter")
        self.change = VendorChange.objects.get()
        self.place = w.reader.memberships.get()
        self.request = privileges.ask(w.staff, w.company, by=self.other, reason="Covers")
        self.upload = directory_uploads.take_in(w.company, "people", "a.csv", PEOPLE, by=self.ada)

    def of_a_directory_admin(self) -> dict:
        w, company, ada = self.w, self.w.company, self.ada
        level = LevelChange(w.reader, Tool.COMMITMENTS, w.project, Level.STANDARD, Level.READ_ONLY)
        call = {
            "called_number": "555 0199 300",
            "spoke_with": "Lee",
            "called_at": timezone.now(),
        }
        entry, digest = ProjectEntry("Pier", "P4", "America/Chicago"), directory_uploads.plan_of(self.upload).digest
        return {
            "add a person": lambda: people.add_person(company, "new@x.example", "New", by=ada),
            "edit a person": lambda: people.edit_person(self.place, "Boss", by=ada),
            "move a person": lambda: people.change_employer(self.place, self.bolt, "", by=ada),
            "take a person out": lambda: people.deactivate_membership(self.place, by=ada, reason="x"),
            "invite again": lambda: people.invite_again(self.place, by=ada),
            "enter a vendor": lambda: vendors.enter(company, Details("New Vendor"), by=ada),
            "change a vendor": lambda: vendors.change(self.bolt, Details("Bolt Electric", "V-9"), by=ada),
            "deactivate a vendor": lambda: vendors.deactivate(self.bolt, by=ada, reason="x"),
            "reactivate a vendor": lambda: vendors.reactivate(self.gone, by=ada),
            "verify a change": lambda: vendor_changes.verify(self.change, by=ada, **call),
            "decline a change": lambda: vendor_changes.decline(self.change, by=ada, note="x"),
            "make a template": lambda: permission_templates.create(company, "Another", by=ada),
            "rename a template": lambda: permission_templates.rename(self.template, "Other", by=ada),
            "delete a template": lambda: permission_templates.delete(self.empty, by=ada),
            "put into a template": lambda: permission_templates.add_person(self.template, w.reader, by=ada),
            "take out of a template": lambda: permission_templates.remove_person(self.template, w.staff, by=ada),
            "change levels": lambda: change_levels(company, [level], by=ada),
            "change settings": lambda: companies.change_settings(company, {"needs_second_factor": True}, by=ada),
            "begin a project": lambda: projects.add_project(company, entry, "pier", by=ada, like=w.project),
            "change a project": lambda: projects.change_project(w.project, entry, by=ada),
            "end a project": lambda: projects.end_project(w.project, by=ada),
            "ask for the privilege": lambda: privileges.ask(w.reader, company, by=ada, reason="x"),
            "take the question back": lambda: privileges.take_back(self.request, by=ada),
            "take in a list": lambda: directory_uploads.take_in(company, "people", "b.csv", PEOPLE, by=ada),
            "apply a list": lambda: directory_uploads.apply(self.upload, by=ada, digest=digest),
        }

    def of_a_site_owner(self) -> dict:
        w, boss = self.w, self.w.owner
        held = AccountingPrivilege.objects.get(person=w.approver)
        level = LevelChange(w.reader, Tool.COMMITMENTS, w.project, Level.STANDARD, Level.READ_ONLY)
        return {
            "grant": lambda: privileges.grant(w.reader, w.company, by=boss, reason="x"),
            "grant a request": lambda: privileges.grant_request(self.request, by=boss, reason="x"),
            "decline a request": lambda: privileges.decline_request(self.request, by=boss, reason="x"),
            "withdraw": lambda: privileges.withdraw(held, by=boss, reason="x"),
            "change levels": lambda: change_levels(w.company, [level], by=boss),
            "close a login": lambda: standing.change_standing(w.reader, {"is_active": False}, by=boss, reason="x"),
            "rename a login": lambda: standing.rename_login(w.reader, "Other", by=boss),
            "enter a vendor": lambda: vendors.enter(w.company, Details("New Vendor"), by=boss),
        }


def outcomes(acts: dict, take_away, give_back) -> dict[str, str]:
    return {name: _outcome(act, take_away, give_back) for name, act in acts.items()}


def _outcome(act, take_away, give_back) -> str:
    outcome = meanwhile(take_away, act)
    with transaction.atomic():
        give_back()
    return outcome


def meanwhile(first, second) -> str:
    """What becomes of `second`, begun while `first` is done and not committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(_tried, second)
            has_waited = _waits(waiting) and not waiting.done()
        outcome = waiting.result(timeout=30)
    return outcome if has_waited else f"{outcome} without waiting"


def _tried(act) -> str:
    try:
        act()
    except NotAllowed:
        return "refused"
    except Exception as other:  # told by the assertion, with the act's name
        return repr(other)
    finally:
        connection.close()
    return "done"


def _waits(waiting) -> bool:
    """Whether somebody waits for a lock of ours by now; not if it was `waiting` that ended without."""
    until = time.monotonic() + 10
    while time.monotonic() < until and not waiting.done():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.01)
    return False


needs_two_writers = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL has two writers at once"
)


@needs_two_writers
def test_a_directory_admin_who_is_one_no_more_does_nothing():
    stage = Stage()
    ada, company, boss = stage.ada, stage.w.company, stage.w.owner
    acts = stage.of_a_directory_admin()
    found = outcomes(
        acts,
        lambda: set_level(ada, Tool.COMPANY_DIRECTORY, company, Level.NONE, by=boss),
        lambda: set_level(ada, Tool.COMPANY_DIRECTORY, company, Level.ADMIN, by=boss),
    )
    assert found == dict.fromkeys(acts, "refused")
    assert Vendor.objects.count() == 3 and PrivilegeRequest.objects.waiting().count() == 1


@needs_two_writers
def test_a_site_owner_who_is_one_no_more_does_nothing():
    stage = Stage()
    boss, row = stage.w.owner, Person.objects.filter(pk=stage.w.owner.pk)
    acts = stage.of_a_site_owner()
    found = outcomes(acts, lambda: row.update(is_superuser=False), lambda: row.update(is_superuser=True))
    assert found == dict.fromkeys(acts, "refused")
    assert AccountingPrivilege.objects.live().count() == 1
    boss.refresh_from_db()
    assert boss.is_superuser


# What somebody does with money, each act while somebody else holds one of the things that it may touch

HELD = (BillingPeriod, Commitment, Invoice, InvoiceExport, ExportBatch, ErpSettings)


def with_money(sage: SageWorld) -> dict[str, tuple]:
    """{name: (who, act)} in a company that has a bill in every state."""
    w, period, acts = sage.base, sage.base.project.billing_periods.get(), {}
    admin, approver, both = w.admin, sage.approver, sage.all_rights()
    draft, entered = w.draft(), w.entered()
    submitted, returned = w.submitted(), w.sent_back()
    reviewed, endable = w.submitted(), w.commitment()
    reviews.approve_the_rest(reviewed, by=admin)
    approved, paid, sent = sage.approved(), w.approved(), sage.sent()
    payment = payments.record_payment(paid, payment_of("100.00"), by=admin)
    failed, exported, posted = fails(sage.accepted()), sage.exported(), sage.exported()
    exports.confirm(posted, by=approver, record_number=record_number())
    found = sage.exported()
    sage.load(ListKind.PAYABLE_INVOICES, row_of(found), as_of_date=LIST_DAY)
    compared = reconciliations.reconcile(sage.company, by=approver)
    order = change_orders.enter(endable, "CO-1", "More", [w.line("More of it", "200.00")], by=admin)
    ticked, entries = sage.warnings(sent), {line.pk: {"work_this_period": Decimal(5)} for line in draft.lines.all()}
    next_days = [date(2030, 7, 1), date(2030, 7, 31), date(2030, 7, 25)]
    later = PeriodDates(period.start_date, period.end_date, period.due_date + timedelta(days=1))
    endable = Commitment.objects.get(pk=endable.pk)  # with its order, it is another version
    rules = RetainageRules(work_rate=Decimal(5), stored_rate=Decimal(5))

    def of(who, **named):
        acts.update({name.replace("_", " "): (who, act) for name, act in named.items()})

    of(
        approver,
        accept=lambda: batches.accept([sent], by=approver, accounting_date=ACCOUNTING_DATE, ticked=ticked),
        try_again=lambda: batches.retry(failed, by=approver, ticked=ticked),
        reject=lambda: exports.reject(sent, by=approver, reason="Twice"),
        reject_what_failed=lambda: exports.reject(failed_export(failed), by=approver, reason="Twice"),
        change_the_header=lambda: exports.change_header(sent, exports.HeaderEdit("Other words"), by=approver),
        confirm=lambda: exports.confirm(exported, by=approver, record_number=record_number()),
        confirm_what_was_found=lambda: confirmed(compared, by=approver),
        record_what_Sage_said=lambda: results.report_refusal(exported, by=approver, message="No such job"),
        correct_the_record=lambda: exports.correct_record(
            posted, by=approver, record_number=record_number(), reason="Mistyped"
        ),
    )
    of(both, void=lambda: exports.void(exported, by=both, reason="Twice", sage_holds_it_no_more=True))
    of(
        admin,
        send=lambda: exports.send_one(approved, by=admin),
        take_back_what_was_sent=lambda: exports.retrieve(sent, by=admin),
        decide_on_a_line=lambda: reviews.decide(submitted.lines.first(), Verdict.APPROVED, by=admin),
        approve_the_rest=lambda: reviews.approve_the_rest(submitted, by=admin),
        approve=lambda: invoices.approve(reviewed, by=admin),
        send_back=lambda: invoices.send_back(submitted, by=admin, comment="Look again"),
        reopen=lambda: invoices.reopen(approved, by=admin, reason="Look again"),
        delete=lambda: deleting.delete(submitted, by=admin, reason="Twice"),
        record_a_payment=lambda: payments.record_payment(approved, payment_of("1.00"), by=admin),
        take_back_a_payment=lambda: payments.take_back_payment(payment, by=admin, reason="Twice"),
        close_a_period=lambda: closing.close_and_settle(period, {draft.pk: Fate.MOVE}, by=admin, opens_next=True),
        open_a_period=lambda: billing_periods.open_period(w.project, *next_days, by=admin),
        change_a_period=lambda: billing_periods.change_dates(period, later, by=admin, version=period.version),
        approve_a_change_order=lambda: change_orders.move(order, "approve", by=admin),
        end_a_commitment=lambda: commitment_moves.move(endable, "void", by=admin, reason="As agreed"),
        set_retainage=lambda: retainage.set_rules(endable, rules, holds_stored=True, version=endable.version, by=admin),
    )
    of(
        w.contact,
        start=lambda: invoices.create(endable, period, by=w.contact),
        enter_amounts=lambda: amounts.save_lines(draft, entries, by=w.contact, version=draft.version),
        submit=lambda: invoices.submit(entered, by=w.contact),
        take_back_a_bill=lambda: invoices.withdraw(submitted, by=w.contact),
        send_again=lambda: invoices.submit(returned, by=w.contact),
    )
    return acts


def confirmed(compared: Reconciliation, *, by) -> None:
    """One that can't be posted never holds up the others, so each tells its refusal by itself."""
    [posting] = reconciliations.confirm_found(compared, compared.outcomes.values_list("pk", flat=True), by=by)
    if posting.refusal:
        raise posting.refusal


def failed_export(batch: ExportBatch) -> InvoiceExport:
    return InvoiceExport.objects.with_context().get(items__batch=batch)


def undone(act):
    """As a person does it, and then as if it had not been: whoever waits, waits in the act."""

    def whole():
        with transaction.atomic():
            act()
            transaction.set_rollback(True)

    return whole


def while_held(model, who, act) -> str:
    """What becomes of the act where `who` loses their place in the company while rows of the model are held."""
    place = Membership.objects.filter(person=who)

    def take_away():
        list(model.objects.select_for_update(of=("self",)).values_list("pk"))
        place.update(is_active=False)

    return _outcome(undone(act), take_away, lambda: place.update(is_active=True))


@needs_two_writers
def test_whoever_waited_with_money_in_hand_is_asked_for_their_right_after_the_wait():
    acts = with_money(sage_world())
    found = {(name, held.__name__): while_held(held, *of) for name, of in acts.items() for held in HELD}
    assert {which: how for which, how in found.items() if how not in ("refused", "done without waiting")} == {}
    assert {name for (name, _), how in found.items() if how == "refused"} == acts.keys(), "each waits for something"


@needs_two_writers
@pytest.mark.parametrize("held", [BillingPeriod, Commitment, Invoice])
def test_whoever_waited_to_move_a_bill_is_asked_for_their_right_after_the_wait(held):
    sage = sage_world()
    w, bill = sage.base, sage.base.draft()
    sage.next_month()
    target = w.project.billing_periods.get(status="open")
    assert while_held(held, w.admin, lambda: invoice_periods.move(bill, target, by=w.admin)) == "refused"


# What else two acts at once must not leave behind


@needs_two_writers
def test_the_last_two_directory_admins_do_not_go_at_once():
    stage = Stage()
    w, boss = stage.w, Person.objects.create_superuser("second@example.com", "pw", name="Second Owner")

    def take_from(who, by):
        level = LevelChange(who, Tool.COMPANY_DIRECTORY, w.company, Level.NONE, Level.ADMIN)
        return lambda: change_levels(w.company, [level], by=by)

    assert "Nobody would be left" in meanwhile(take_from(stage.ada, w.owner), take_from(stage.other, boss))
    assert list(people_with_level(w.company, Tool.COMPANY_DIRECTORY, Level.ADMIN)) == [stage.other]


@needs_two_writers
def test_nobody_comes_to_a_vendor_that_is_deactivated_in_this_moment():
    stage = Stage()
    company, bolt = stage.w.company, stage.bolt
    known = world("Harbor Works").reader
    asked = people.add_person(company, known.email, "", vendor=bolt, by=stage.other)

    def leave():
        vendors.deactivate(bolt, by=stage.other, reason="Gone")

    def come():
        people.add_person(company, "new@x.example", "New", vendor=bolt, by=stage.ada, address_is_checked=True)

    assert "is deactivated" in meanwhile(leave, come)
    vendors.reactivate(bolt, by=stage.ada)
    assert meanwhile(come, leave) == "done"
    assert not bolt.memberships.filter(is_active=True).exists()
    vendors.reactivate(bolt, by=stage.ada)
    assert "no longer a vendor" in meanwhile(leave, lambda: joining.join(asked, by=known))
