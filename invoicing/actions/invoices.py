"""An invoice's life: made from the previous one, sent, decided. Every status changes through `_move`."""

from collections.abc import Callable, Collection

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_fsm import can_proceed, has_transition_perm

from directory.kept import kept
from directory.machines import words_of
from directory.models import Event
from directory.number_looks import bare_number, number_key
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.actions import amounts, invitations, looks, submissions
from invoicing.actions.approvals import (
    must_be_certifiable,
    must_be_endorsed,
    must_be_seen,
    must_hold,
    must_not_have_rejected_lines,
    rejected_lines,
)
from invoicing.deadlines import MORE_TIME, Deadline, deadline_of_bill, why_not_theirs
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice, InvoiceType
from invoicing.numbers import check_number_is_free
from invoicing.permissions import ADMIN_RIGHT, BILL_RIGHT, is_project_admin, may_bill_commitment, may_send_late
from invoicing.proof import lines_of, summary_of
from invoicing.waiting import waiting_of, waits_in_words


@transaction.atomic
def create(commitment: Commitment, period: BillingPeriod, *, by, invoice_type: InvoiceType | None = None) -> Invoice:
    """The next invoice, filled from the previous one (I-7). Admins always get all three types of column (I-2)."""
    periods = BillingPeriod.objects.select_for_update(of=("self",))
    period = periods.select_related("project__company", "project__billing_settings").get(pk=period.pk)
    Commitment.objects.select_for_update().values("pk").get(pk=commitment.pk)
    commitment = _on_the_way_to(commitment=commitment.pk, period=period.pk)[0]
    access = read_access(by, period.project.company, period.project)
    if commitment.project_id != period.project_id or not may_bill_commitment(commitment, access):
        raise NotAllowed(BILL_RIGHT)
    as_admin = is_project_admin(access)
    commitment.project = period.project
    previous, invitation, own = (getattr(commitment, name, None) for name in ("newest", "invitation", "own"))
    is_extra = commitment.is_billed_there
    deadline = Deadline.of(period, own and own.due_date)
    _check_start(commitment, deadline, previous, is_extra, is_invited=invitation is not None, as_admin=as_admin)
    if as_admin or invitation is None:
        invoice_type = invoice_type or InvoiceType.WORK_AND_RELEASE
    else:
        invoice_type = InvoiceType(invitation.invoice_type)
    invoice = Invoice(
        commitment=commitment,
        vendor_id=commitment.vendor_id,
        listed_in=period.project,
        billing_period=period,
        previous=previous,
        position=previous.position + 1 if previous else 1,
        invoice_type=invoice_type,
        is_extra=is_extra,
        billing_date=deadline.due_date,
        period_start_date=period.start_date,
        period_end_date=period.end_date,
        due_date=deadline.due_date,
        created_by=by,
    )
    if invoice.goes_on_from:
        invoice.previous_certificates = invoice.goes_on_from.earned_less_retainage
    amounts.start(invoice)
    if invitation and invitation.answer == Invitation.Answer.DECLINED:
        invitations.take_back_held(invitation, by=by, reason="A bill was started.")
    Event.objects.record("started", invoice, by=by, to_state=invoice.status)
    return invoice


@kept
def _on_the_way_to(commitment, period):
    return Commitment.objects.on_the_way_to(period).filter(pk=commitment)[:1]


def _check_start(
    commitment: Commitment, deadline: Deadline, previous, is_extra: bool, *, is_invited: bool, as_admin: bool
) -> None:
    why_over = deadline.why_over(if_closed="Bill the open one.", if_late=MORE_TIME)
    if commitment.why_not_billable:
        raise NotNow(commitment.why_not_billable)
    if deadline.is_closed:
        raise NotNow(why_over)
    if previous and previous.status not in Invoice.APPROVALS:
        words = waits_in_words(waiting_of([commitment])[commitment.pk], "invoice" if as_admin else "bill")
        raise NotNow(f"{words}. The next one starts when it is approved.")
    if as_admin:
        return
    if is_extra:
        raise NotNow("This commitment has a bill in this period already. Ask the project team for a second one.")
    if why_not := why_not_theirs(deadline.period, previous, is_invited=is_invited) or why_over:
        raise NotNow(why_not)


def _move(
    invoice: Invoice,
    move: Callable,
    *,
    by,
    right: str,
    reason: str = "",
    guard: Callable[[Invoice, object], None] | None = None,
    then: Callable[[Invoice], None] | None = None,
    changes: dict | None = None,
) -> Invoice:
    """The one door for a status: locks in order, right, version, state, guard, transition, save, event, mail (I-1).

    Only the version that was handed in is moved: amounts saved in between were not looked at (I-5). `move` is a
    transition of `Invoice`; `guard` raises what the machine itself can't know; `then` does what follows in the same
    transaction.
    """
    with transaction.atomic():
        looked_at, invoice = invoice.version, Invoice.objects.locked(invoice.pk)
        access = read_access(by, invoice.company, invoice.project)
        bound = move.__get__(invoice)
        if not _has_right(invoice, move, access):
            raise NotAllowed(right)
        looks.must_be_as_seen(invoice, looked_at)
        if not can_proceed(bound):
            raise NotNow(invoice.why_not(move))
        if not has_transition_perm(bound, access):
            raise NotAllowed(right)
        if guard:
            guard(invoice, access)
        before = invoice.status
        bound(by, timezone.now())
        if right == ADMIN_RIGHT:
            invoice.begin_review(saves=False)
        if not invoice.is_locked:  # else accounting has it as before
            invoice.waits_since = timezone.now()
        invoice.version += 1
        invoice.save()
        Event.objects.record(
            words_of(move)["done"],
            invoice,
            by=by,
            from_state=before,
            to_state=invoice.status,
            reason=reason,
            changes=changes,
        )
        if then:
            then(invoice)
    return invoice


def _transitions(move: Callable):
    return move._django_fsm.transitions.values()


def _has_right(invoice: Invoice, move: Callable, access) -> bool:
    return any(transition.permission(invoice, access) for transition in _transitions(move))


def submit(invoice: Invoice, *, by, seen: Collection[str] | None = None) -> Invoice:
    """Send the bill: number reserved (I-6), all identities hold (5.5), the claim frozen as a submission.

    `seen`: the warnings that the sender ticked, kept in the event; None where nobody was asked. Which revision it is
    stands in the event, too (9.3).
    """
    noted: dict = {}

    def may_be_sent(invoice, access):
        _may_be_sent(invoice, access)
        must_be_seen(must_hold(invoice), seen)
        sent_before = invoice.submissions.count()
        noted["revision"] = [str(sent_before or ""), str(sent_before + 1)]
        if seen:
            noted["warnings seen"] = ["", ", ".join(seen)]

    try:
        return _move(
            invoice,
            Invoice.submit,
            by=by,
            right=BILL_RIGHT,
            guard=may_be_sent,
            then=_freeze_claim,
            changes=noted,
        )
    except IntegrityError as error:
        if "number_key" not in str(error) and "a_vendor_uses_an_invoice_number_once" not in str(error):
            raise
        raise Refused("Another invoice of this vendor has this number. Use its own.", field="number") from None


def _may_be_sent(invoice: Invoice, access) -> None:
    invoice.may_finish_late |= may_send_late(invoice, access)
    why_over = deadline_of_bill(invoice).why_over(
        if_closed="Ask the project team to put this bill back to you.", if_late=MORE_TIME
    )
    if why_over:
        raise NotNow(why_over)
    check_number_is_free(invoice)
    invoice.number_key, invoice.bare_number = number_key(invoice.number), bare_number(invoice.number)


def _freeze_claim(invoice: Invoice) -> None:
    submissions.freeze(invoice)
    notifications.submitted(invoice)


def _freeze_review(by, and_tell: Callable | None = None) -> Callable[[Invoice], None]:
    """What follows a decision: its record, then its mail."""

    def then(invoice: Invoice) -> None:
        submissions.freeze_review(invoice, by)
        if and_tell:
            and_tell(invoice, by)

    return then


def withdraw(invoice: Invoice, *, by) -> Invoice:
    """Take a bill back before its review has begun; only the side that sent it."""

    def same_side(invoice, access):
        places = invoice.submitted_by.memberships.filter(company=invoice.company)  # also of one who has left since
        if places.exclude(vendor=None).exists() != access.is_external:
            raise NotNow("The other side sent it. Ask them to withdraw it, or send it back.")
        if access.is_external and deadline_of_bill(invoice).is_over:
            raise NotNow("Withdrawn now, it could not be sent again: its time is over. Ask the team to send it back.")

    return _move(invoice, Invoice.withdraw, by=by, right=BILL_RIGHT, guard=same_side)


def save_draft(invoice: Invoice, *, by) -> Invoice:
    return _move(invoice, Invoice.save_draft, by=by, right=BILL_RIGHT)


def send_back(invoice: Invoice, *, by, comment: str = "") -> Invoice:
    """Revise & Resubmit: at least one rejected line or an overall comment; the mail carries every rejected line."""

    def has_cause(invoice, access):
        invoice.comment = comment.strip()
        if not invoice.comment and not rejected_lines(invoice).exists():
            raise Refused("Reject a line with a reason, or say in the comment what has to change.", field="comment")

    return _move(
        invoice,
        Invoice.send_back,
        by=by,
        right=ADMIN_RIGHT,
        reason=comment,
        guard=has_cause,
        then=_freeze_review(by, notifications.sent_back),
    )


def approve(
    invoice: Invoice,
    *,
    by,
    comment: str = "",
    goes_ahead_because: str = "",
    seen: Collection[str] | None = None,
) -> Invoice:
    """`goes_ahead_because`: why it is approved although a paper is missing that the company insists on (R85).

    `seen`: the warnings that were ticked, kept in the event; None where nobody was asked (5.5).
    """
    noted: dict = {}

    def all_is_well(invoice, access):
        noted.update(must_be_certifiable(invoice, access, goes_ahead_because, seen))
        must_be_endorsed(invoice, access)
        if rejected_lines(invoice).exists():
            raise NotNow("A line is rejected. Change its verdict, send the invoice back, or approve it as noted.")
        if comment.strip() or invoice.status != Invoice.Status.APPROVED_AS_NOTED:  # what was noted stands
            invoice.comment = comment.strip()  # what was said when it was sent back is no word on the approval

    return _move(
        invoice,
        Invoice.approve,
        by=by,
        right=ADMIN_RIGHT,
        reason=comment,
        guard=all_is_well,
        then=_freeze_review(by, notifications.approved),
        changes=noted,
    )


def approve_as_noted(
    invoice: Invoice, *, by, comment: str, goes_ahead_because: str = "", seen: Collection[str] | None = None
) -> Invoice:
    """With an overall comment; a rejected line only if its amount was reduced. Otherwise as `approve`."""
    noted: dict = {}

    def is_noted(invoice, access):
        noted.update(must_be_certifiable(invoice, access, goes_ahead_because, seen))
        must_be_endorsed(invoice, access)
        if not comment.strip():
            raise Refused("Say what is noted: the comment goes with the approval.", field="comment")
        must_not_have_rejected_lines(invoice)
        invoice.comment = comment.strip()

    return _move(
        invoice,
        Invoice.approve_as_noted,
        by=by,
        right=ADMIN_RIGHT,
        reason=comment,
        guard=is_noted,
        then=_freeze_review(by, notifications.approved),
        changes=noted,
    )


def hold_for_owner(invoice: Invoice, *, by, comment: str = "") -> Invoice:
    def is_said(invoice, access):
        invoice.comment = comment.strip()

    move = Invoice.hold_for_owner
    return _move(invoice, move, by=by, right=ADMIN_RIGHT, reason=comment, guard=is_said, then=_freeze_review(by))


def reopen(invoice: Invoice, *, by, reason: str) -> Invoice:
    def has_reason(invoice, access):
        if not reason.strip():
            raise Refused("Say why it is reopened: the contacts are told.", field="reason")

    return _move(
        invoice,
        Invoice.reopen,
        by=by,
        right=ADMIN_RIGHT,
        reason=reason,
        guard=has_reason,
        then=lambda moved: notifications.reopened(moved, reason, by),
    )


def why_not_reopened(invoice: Invoice) -> str:
    """What the machine would answer, before anybody types a reason; "" where it can be reopened."""
    return "" if can_proceed(invoice.reopen) else invoice.why_not(Invoice.reopen)


def why_not_sent_back(invoice: Invoice) -> str:
    return "" if can_proceed(invoice.send_back) else invoice.why_not(Invoice.send_back)


# What the ERP side asks, inside its own transaction and with the invoice locked


def lock(invoice: Invoice) -> None:
    """Sent to ERP: only attachments can be added (I-4)."""
    _mark(invoice, is_locked=True, is_exported=False)
    _pass_on(invoice)


def close(invoices: Collection[Invoice]) -> None:
    """They stand in a file: attachments can no longer be added either (I-4). One query for all."""
    marks = {"is_locked": True, "is_exported": True, "is_posted": False}
    Invoice.objects.filter(pk__in=[invoice.pk for invoice in invoices]).update(**marks)


def settle(invoices: Collection[Invoice]) -> None:
    """Sage holds them: there is nothing left to do. One query for all."""
    Invoice.objects.filter(pk__in=[invoice.pk for invoice in invoices]).update(is_posted=True)


def unlock(invoice: Invoice) -> None:
    """Back from ERP: the project team can act on it again."""
    if invoice.lines.exclude(retainage_released=0).exists():
        _add_up_anew(invoice)
    _mark(invoice, is_locked=False, is_exported=False)
    _pass_on(invoice)


def _add_up_anew(invoice: Invoice) -> None:
    """What a file of an older program says as held and released at once, as it would be now (decision 38).

    The program does it, whoever takes the bill back; what is due stays, so the first of two approvals comes along.
    """
    anew = summary_of(invoice, lines_of(invoice))
    changes = {}
    for name in ("retainage_newly_held", "retainage_released"):
        old, new = getattr(invoice, name), getattr(anew, name)
        if old != new:
            changes[name] = [str(old), str(new)]
            setattr(invoice, name, new)
    if not changes:
        return
    invoice.endorsements.filter(version=invoice.version - 1).update(version=invoice.version)
    invoice.version += 1
    invoice.save(update_fields=[*changes, "version"])
    Event.objects.record("added up anew", invoice, by=None, changes=changes)


def _mark(invoice: Invoice, *, is_locked: bool, is_exported: bool) -> None:
    invoice.is_locked, invoice.is_exported, invoice.is_posted = is_locked, is_exported, False
    invoice.save(update_fields=["is_locked", "is_exported", "is_posted"])


def _pass_on(invoice: Invoice) -> None:
    """Somebody else has to act from now on."""
    invoice.waits_since = timezone.now()
    invoice.save(update_fields=["waits_since"])
