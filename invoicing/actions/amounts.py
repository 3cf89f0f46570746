"""The amounts of an invoice: lines filled from the schedule and the previous invoice, and what people type on them."""

from collections.abc import Iterable, Set
from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import FilteredRelation, Q

from directory.models import Event
from directory.number_looks import bare_number
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions.reviews import ENTERED, WORDS_OF_A_LINE, why_not_reviewed
from invoicing.calculations.lines import Line, next_line, with_nothing_typed
from invoicing.calculations.money import ZERO, format_amount
from invoicing.models import Invoice, InvoiceLine, ScheduleLine, StartingCertificate, StartingLine, Verdict
from invoicing.models.bulk_writing import write_all
from invoicing.models.carried_lines import carried, store_carried
from invoicing.models.invoices import is_newest, is_unlocked
from invoicing.numbers import check_number
from invoicing.periods import check_day
from invoicing.permissions import ADMIN_RIGHT, BILL_RIGHT, is_project_admin, may_bill, may_edit_amounts
from invoicing.proof import refresh_header, settle
from invoicing.retainage import Rule, rule_of


def start(invoice: Invoice) -> None:
    """Store an invoice that is being made, with one line per billable line of the schedule (I-7).

    It keeps the retainage rule of this moment, for lines that come later and for its certificate (5.6).
    """
    rule = rule_of(invoice)
    if found := carried(invoice, rule.rate):
        sums, number_of_own = found
        for name, amount in asdict(sums).items():
            setattr(invoice, name, amount)
        own = invoice.commitment.lines.filter(retainage_rate=rule.rate) if number_of_own else ()
        invoice.retainage_rule = rule.to_keep([line.position for line in own])
        invoice.save()
        store_carried(invoice, rule.rate)
        return
    before = _with_lines_before(invoice, invoice.commitment.lines.billable())
    _keep_rule(invoice, rule, before)
    if invoice.goes_on_from:
        invoice.goes_on_from.lines_at_hand = [line for line in before.values() if line]
    lines = _new_lines(invoice, before)
    refresh_header(invoice, lines)
    invoice.save()
    store_new(invoice, lines)


def _keep_rule(invoice: Invoice, rule: Rule, added: Iterable[ScheduleLine]) -> None:
    """Which of the lines that come have a rate of their own that is the rule's number is kept with it."""
    invoice.retainage_rule = rule.to_keep(
        [*rule.own, *(each.position for each in added if each.retainage_rate == rule.rate)]
    )


def _new_lines(invoice: Invoice, before: dict[ScheduleLine, InvoiceLine | StartingLine | None]) -> list[InvoiceLine]:
    """Each line's previous amounts come from its line before (N-1)."""
    rule = rule_of(invoice)
    return [new_line(invoice, *lines, rule) for lines in before.items()]


def _with_lines_before(invoice: Invoice, schedule_lines) -> dict[ScheduleLine, InvoiceLine | StartingLine | None]:
    """{schedule line: its line on what the invoice goes on from, if it has one there}, in one query (F9)."""
    start = invoice.goes_on_from
    if isinstance(start, StartingCertificate):
        there = FilteredRelation("starting_line", condition=Q(starting_line__certificate=start))
    else:
        there = FilteredRelation("invoice_lines", condition=Q(invoice_lines__invoice=start))
    found = {}
    for line in schedule_lines.annotate(before=there).select_related("before"):
        line.commitment = invoice.commitment
        found[line] = getattr(line, "before", None)
        if found[line]:
            found[line].schedule_line = line
    return found


def store_new(invoice: Invoice, lines: list[InvoiceLine]) -> None:
    """New lines, once their invoice is stored itself; any number in one statement (F9)."""
    for line in lines:
        line.invoice = invoice
    write_all(lines)


def new_line(
    invoice: Invoice, schedule_line: ScheduleLine, before: InvoiceLine | StartingLine | None, rule: Rule
) -> InvoiceLine:
    """The line as it starts: under the invoice's rule, unless it has a rate of its own. 0 is a rate."""
    own = schedule_line.retainage_rate
    line = InvoiceLine(
        invoice=invoice,
        schedule_line=schedule_line,
        scheduled_value=schedule_line.amount,
        work_retainage_rate=rule.rate if own is None else own,
        stored_retainage_rate=rule.stored_rate,
    )
    if before:
        start = next_line(before.as_line())
        line.work_previous = start.work_previous
        line.stored_previous = start.stored_previous
        line.quantity_previous = before.quantity_previous + (before.quantity_this_period or ZERO)
        line.work_retainage_previous = start.work_retainage_previous
        line.stored_retainage_previous = start.stored_retainage_previous
        line.stored_retainage = start.stored_retainage_typed or ZERO
        line.stored_retainage_is_typed = start.stored_retainage_typed is not None
    settle(line)
    return line


CARRIED = (
    "scheduled_value",
    "work_previous",
    "stored_previous",
    "quantity_previous",
    "work_retainage_previous",
    "stored_retainage_previous",
)


def carry_again(invoice: Invoice) -> dict[str, list[str]]:
    """Take the previous amounts anew from what the invoice goes on from now (N-1); what changed, in dollars.

    As on a new one (I-7), but what people typed on it and its rates stay. A line whose previous amounts are others is
    open again (I-8). The caller saves the header.
    """
    before = _with_lines_before(invoice, invoice.commitment.lines.billable())
    lines = {line.schedule_line_id: line for line in invoice.lines.all()}
    changes, changed, lacking, rule = {}, [], {}, rule_of(invoice)
    for schedule_line, last in before.items():
        line = lines.get(schedule_line.pk)
        if line is None:
            lacking |= {schedule_line: last} if last else {}
            continue
        line.schedule_line = schedule_line
        told = _carry_line_again(line, new_line(invoice, schedule_line, last, rule))
        if told:
            changes |= {f"{schedule_line.key} {_words(name)}": pair for name, pair in told.items()}
            changed.append(line)
    write_all(changed, [*CARRIED, *TYPED, *SETTLED, "verdict"])
    store_new(invoice, _new_lines(invoice, lacking))
    if rule.is_kept:
        _keep_rule(invoice, rule, lacking)
    certified = invoice.goes_on_from.earned_less_retainage if invoice.goes_on_from else ZERO
    if invoice.previous_certificates != certified:
        changes["previous certificates"] = [str(invoice.previous_certificates), str(certified)]
        invoice.previous_certificates = certified
    if changes or lacking:
        refresh_header(invoice)
    added = {f"{line.key} work previous": ["", str(last.as_line().work_to_date)] for line, last in lacking.items()}
    return changes | added


def _carry_line_again(line: InvoiceLine, start: InvoiceLine) -> dict[str, list[str]]:
    """{column: [old, new]} of what is another now; `start`: the same line as it would begin today."""
    told = {name: [str(getattr(line, name)), str(getattr(start, name))] for name in CARRIED}
    told = {name: pair for name, pair in told.items() if getattr(line, name) != getattr(start, name)}
    if not told:
        return {}
    if line.stored_retainage_typed in (None, line.stored_retainage_previous):
        for name in ("stored_retainage_is_typed", "stored_retainage", "stored_retainage_set_aside"):
            setattr(line, name, getattr(start, name))
    for name in CARRIED:
        setattr(line, name, getattr(start, name))
    settle(line)
    line.verdict = Verdict.NONE
    return told


@transaction.atomic
def take_up_change_orders(invoice: Invoice, *, by) -> Invoice:
    """Add the lines of change orders approved since the invoice was started (I-7); where it has them all, nothing.

    In Under Review an Admin adds them, which begins the review as an allowed amount does.
    """
    invoice = _for_editing(invoice, by, None)
    lacking = invoice.commitment.lines.not_on(invoice).select_related("change_order")
    added, rule = _with_lines_before(invoice, lacking), rule_of(invoice)
    if not added:
        return invoice
    store_new(invoice, _new_lines(invoice, added))
    if rule.is_kept:
        _keep_rule(invoice, rule, added)
    if invoice.status == Invoice.Status.UNDER_REVIEW:
        invoice.begin_review(saves=False)
    net_before = invoice.net_change_orders
    refresh_header(invoice)
    _save_header(invoice, by, "added change orders", _told_of_added(added, net_before, invoice.net_change_orders))
    return invoice


def _told_of_added(lines: Iterable[ScheduleLine], net_before: Decimal, net: Decimal) -> dict[str, list[str]]:
    """Which orders and lines came, and what that made of line 2, in dollars (I-10)."""
    orders = dict.fromkeys(line.change_order.number for line in lines if line.change_order)
    values = {f"{line.key} {_words('scheduled_value')}": ["", str(line.amount)] for line in lines}
    return {"change orders": ["", ", ".join(orders)], **values, "net_change_orders": [str(net_before), str(net)]}


@dataclass(frozen=True)
class HeaderEntry:
    """What the header of an invoice takes from a person."""

    number: str
    billing_date: object


SAVED_IN_BETWEEN = "Somebody else saved this invoice in between. Both versions are below; nothing was overwritten."


def _for_editing(invoice: Invoice, by, version: int | None) -> Invoice:
    """The invoice locked for a change of amounts (I-4), or the refusal."""
    invoice = Invoice.objects.locked(invoice.pk)
    access = read_access(by, invoice.company, invoice.project)
    if not may_bill(invoice, access):
        raise NotAllowed(BILL_RIGHT)
    if invoice.deleted_at:
        raise NotNow("It was deleted meanwhile.")
    if version is not None and version != invoice.version:
        raise Stale(SAVED_IN_BETWEEN)
    if not may_edit_amounts(invoice, access):
        raise NotNow(_why_no_edit(invoice))
    if not is_newest(invoice):
        raise NotNow(is_newest.refusal)
    return invoice


def _why_no_edit(invoice: Invoice) -> str:
    if invoice.is_locked:
        return is_unlocked.refusal.format(invoice=invoice)
    return f"It is {invoice.get_status_display()}. Amounts can't be changed in this status."


@transaction.atomic
def save_lines(
    invoice: Invoice,
    entries: dict,
    *,
    by,
    version: int,
    header: HeaderEntry | None = None,
    opened: Set[int] = frozenset(),
) -> Invoice:
    """Save typed amounts: {line id: {field: value}}, values as the model's fields take them (Decimal dollars).

    `opened`: ids of the approved lines of a bill that came back which this person said to change anyway; the figures of
    the others stay (9.4, I-8). In Under Review the amounts are the allowed ones; the claimed ones stand in the
    submission and stay (I-4), and what somebody else had approved is open again.
    """
    invoice = _for_editing(invoice, by, version)
    access = read_access(by, invoice.company, invoice.project)
    _must_fit(invoice, entries, access)
    if any("allowed_reason" in entry for entry in entries.values()) and (said := why_not_reviewed(invoice)):
        raise NotNow(said)
    lines = {line.pk: line for line in invoice.lines.select_related("schedule_line")}
    unknown = entries.keys() - lines.keys()
    if unknown:
        raise Refused("One of these lines is not on this invoice. Open the page again.")
    changes, changed = {}, {}
    for pk, entry in entries.items():
        before, was = _figures(lines[pk]), lines[pk].as_line()
        _enter(lines[pk], entry)
        after = _figures(lines[pk])
        if pk not in opened:
            _must_not_be_approved(invoice, lines[pk], before, after)
        _must_be_stored_here(invoice, lines[pk], before["stored_new"])
        _must_say_why(lines[pk], entry, is_other=before["stored_balance_typed"] != after["stored_balance_typed"])
        if before != after and invoice.status == Invoice.Status.UNDER_REVIEW:
            lines[pk].allowed_by = by
            _open_again(lines[pk], by, before, after)
        if before != after:
            changed[lines[pk]] = was
        key = lines[pk].schedule_line.key
        changes |= {f"{key} {_words(n)}": [before[n], after[n]] for n in after if before[n] != after[n]}
    _must_release_nothing(invoice, changed, access)
    if header:
        _enter_header(invoice, header, changes)
    if changes and invoice.status == Invoice.Status.UNDER_REVIEW:
        invoice.begin_review(saves=False)
    write_all([lines[pk] for pk in entries], TYPED + SETTLED + ANSWERED_FOR)
    refresh_header(invoice)
    _save_header(invoice, by, ENTERED, changes)
    return invoice


def _enter(line: InvoiceLine, entry: dict) -> None:
    for name, value in entry.items():
        setattr(line, name, value)
    if "stored_retainage" in entry:
        line.stored_retainage_set_aside = None
    settle(line)


LOCKED = (
    "Not changed: this line was approved and is locked. Press Change anyway on the sheet to change it; its approval is "
    "dropped then."
)


def _must_not_be_approved(invoice: Invoice, line: InvoiceLine, before: dict, after: dict) -> None:
    """However the figures come in: typed, pasted, filled in or from a workbook."""
    if invoice.status not in Invoice.ENTERABLE or line.verdict != Verdict.APPROVED:
        return
    if _amounts_differ(before, after):
        raise Refused(f"Line {line.schedule_line.position}: {LOCKED}")


def _amounts_differ(before: dict, after: dict) -> bool:
    return any(before[name] != after[name] for name in after.keys() - WORDS_OF_A_LINE)


def _open_again(line: InvoiceLine, by, before: dict, after: dict) -> None:
    """Nobody approves another person's figure unasked. A rejection stays: less is allowed than was claimed (5.1).

    Who had approved it stays beside the line until its next verdict.
    """
    if line.verdict == Verdict.APPROVED and line.verdict_by_id != by.pk and _amounts_differ(before, after):
        before["verdict"], after["verdict"] = Verdict.APPROVED.label, Verdict.NONE.label
        line.verdict = Verdict.NONE


def _must_say_why(line: InvoiceLine, entry: dict, *, is_other: bool) -> None:
    """PM is what the previous invoice left, unless an Admin types another balance and says why (5.2)."""
    has_reason = (entry.get("note") or entry.get("allowed_reason") or "").strip()
    if is_other and line.stored_balance_typed is not None and not has_reason:
        raise Refused(
            f"Line {line.schedule_line.position}: say in its note why another balance than the previous invoice's "
            "is stored. Both are saved together."
        )


# Which columns a type of invoice takes (I-2), and which only an Admin types (1.2).
WORK = {"work_this_period", "quantity_this_period", "stored_moved", "stored_new", "stored_balance_typed"}
RELEASE = {"retainage_released"}
ADMINS_ONLY = {
    "work_retainage",
    "work_retainage_is_typed",
    "stored_retainage",
    "stored_retainage_is_typed",
    "stored_balance_typed",
    "over_billing_is_waived",
    "allowed_reason",
}


def _must_fit(invoice: Invoice, entries: dict, access) -> None:
    typed = {name for entry in entries.values() for name, value in entry.items() if _says_something(name, value)}
    if not is_project_admin(access) and ADMINS_ONLY & {name for entry in entries.values() for name in entry}:
        raise NotAllowed(ADMIN_RIGHT)
    if RELEASE & typed and not invoice.type.allows_release:
        raise Refused(f"This invoice bills {invoice.type.label.lower()}; it takes no release of retainage.")
    if WORK & typed and not invoice.type.allows_work:
        raise Refused("This invoice only releases retainage; it takes no work and no materials.")


def _says_something(name: str, value) -> bool:
    """No amount and no tick are nothing; that no material is left of before is something."""
    return value is not None if name == "stored_balance_typed" else bool(value)


def _must_release_nothing(invoice: Invoice, changed: dict[InvoiceLine, Line], access) -> None:
    """I-2: retainage that is typed below what is held gives some back, by whichever cell; so does emptying one.

    What falls with material that moves to work at a lower rate, or with a lower rate, is nobody's release; nor is what
    was given back before this was asked. `changed`: {line as it is now: the same as it was}.
    """
    releasing = [line for line in changed if line.as_line().retainage_released_this_period > 0]
    if invoice.type.allows_release or not releasing:
        return
    planned = invoice.commitment.lines.filter(pk__in=[line.schedule_line_id for line in releasing])
    before = _with_lines_before(invoice, planned)
    for line in releasing:
        last = before[line.schedule_line]
        start = next_line(last.as_line()).stored_retainage_typed if last else None
        released = _released_by_typing(line.as_line(), start)
        if released > max(ZERO, _released_by_typing(changed[line], start)):
            raise Refused(
                f"Line {line.schedule_line.position}: such an amount releases {format_amount(released)}, and this "
                f"invoice bills {invoice.type.label.lower()}, which takes no release. "
                f"{_to_hold(line.as_line(), released, start, is_admin=is_project_admin(access))}"
            )


def _released_by_typing(line: Line, carried: Decimal | None) -> Decimal:
    """`carried`: as `with_nothing_typed` takes it; in dollars."""
    by_itself = with_nothing_typed(line, carried).retainage_released_this_period
    return line.retainage_released_this_period - by_itself


def _to_hold(line: Line, released: Decimal, carried: Decimal | None, *, is_admin: bool) -> str:
    """The least that has to be typed, so that what is `released` isn't, and in which cell."""
    on_stored = line.stored_retainage < with_nothing_typed(line, carried).stored_retainage
    least = format_amount(released + (line.stored_retainage if on_stored else line.work_retainage))
    where = "on stored materials" if on_stored else "on the work"
    return f"Hold at least {least} {where}." if is_admin else f"Ask a project Admin to type {least} as held {where}."


def _must_be_stored_here(invoice: Invoice, line: InvoiceLine, stored_before: str) -> None:
    """What a commitment does not bill separately is not stored anew; what was typed before may stay or go (2)."""
    if invoice.commitment.bills_stored_materials or not line.stored_new or str(line.stored_new) == stored_before:
        return
    raise Refused(
        f"Line {line.schedule_line.position}: {invoice.commitment.number} does not bill stored materials. "
        "Enter the work, or have an Admin switch stored materials on."
    )


TYPED = [
    "work_this_period",
    "stored_moved",
    "stored_new",
    "stored_balance_typed",
    "quantity_this_period",
    "over_billing_is_waived",
    "work_retainage_is_typed",
    "stored_retainage_is_typed",
    "retainage_released",
    "note",
    "allowed_reason",
]
SETTLED = ["work_retainage", "stored_retainage", "stored_retainage_set_aside"]
ANSWERED_FOR = ["allowed_by", "verdict"]


def _words(field: str) -> str:
    return field.replace("_", " ")


def _figures(line: InvoiceLine) -> dict[str, str]:
    return {name: str(getattr(line, name)) for name in TYPED + SETTLED}


def _enter_header(invoice: Invoice, header: HeaderEntry, changes: dict) -> None:
    if header.number != invoice.number and invoice.status not in Invoice.ENTERABLE:
        raise Refused("It was sent under this number, which is reserved. Send it back to change it.", field="number")
    if header.billing_date != invoice.billing_date:
        check_day(header.billing_date, "billing_date")
    if header.number:
        check_number(header.number)
    if header.number != invoice.number:
        invoice.number_key = ""  # what it was sent under is free again; the new one is reserved when it is sent (I-6)
    for name in ("number", "billing_date"):
        old, new = getattr(invoice, name), getattr(header, name)
        if old != new:
            changes[name] = [str(old), str(new)]
            setattr(invoice, name, new)
    if invoice.bare_number is not None:  # it was sent, so it is found by its look-alikes, as it is called now (R19)
        invoice.bare_number = bare_number(invoice.number)


def _save_header(invoice: Invoice, by, verb: str, changes: dict) -> None:
    invoice.version += 1
    invoice.save()
    Event.objects.record(verb, invoice, by=by, changes=changes)
