"""The page of one commitment, and who bills it."""

from decimal import Decimal

from django.contrib import messages
from django.db.models import FilteredRelation, OuterRef, Q, Subquery
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import READ
from directory.models import Event
from directory.permissions import Level
from directory.refusals import Refused
from directory.views.answers import part_of
from invoicing.actions import commitments
from invoicing.actions.retainage import why_no_rules
from invoicing.actions.schedules import Schedule, locked_because
from invoicing.calculations.lines import percent_of
from invoicing.calculations.money import ZERO
from invoicing.cautions import cautions_about
from invoicing.deadlines import bills_and_deadlines
from invoicing.decorators import commitment_view
from invoicing.forms.attachments import FileForm
from invoicing.forms.commitments import (
    AccessForm,
    ContactForm,
    candidates,
    people_about,
)
from invoicing.labels import noun_for
from invoicing.models import ChangeOrder, Commitment, CostTypeName, Invoice
from invoicing.permissions import (
    is_project_admin,
    may_attach_to_commitment,
    may_bill_commitment,
    may_create_commitments,
    may_edit_commitment,
)
from invoicing.views.doors import must_administer
from invoicing.views.standings import Standing


@commitment_view(Level.READ_ONLY, methods=READ)
def commitment_page(request, commitment):
    return show(request, commitment)


def show(
    request, commitment: Commitment, *, status: int = 200, refused: Refused | None = None, more: dict | None = None
):
    """The page of one; with `refused`, why nothing was done on top, and its status. `more`: forms as they came back."""
    access, project = request.access, commitment.project
    offered = moves(commitment, access)
    is_admin = is_project_admin(access)
    every_bill, deadlines = bills_and_deadlines(commitment)
    bills = [bill for bill in every_bill if bill.deleted_at is None]
    period = next((each.period for each in deadlines if each.period.is_open), None)
    people, may_edit = people_about(commitment, access), may_edit_commitment(commitment, access)
    deleted = _restorable(every_bill, bills) if is_admin else None
    context = {
        "project": project,
        "commitment": commitment,
        "noun": noun_for(access),
        "is_admin": is_admin,
        "may_bill": may_bill_commitment(commitment, access),
        "bills": bills,
        "deleted": deleted,
        "deletion": deleted and Event.objects.about(deleted).filter(verb="deleted").first(),
        "waiting": bills[0] if bills and bills[0].status not in Invoice.APPROVALS else None,
        "period": period,
        "deadlines": deadlines,
        "has_bill_now": bool(period and any(bill.billing_period_id == period.pk for bill in bills)),
        "contacts": people.contacts,
        "form": ContactForm(commitment, people=people.candidates) if is_admin else None,
        "candidates": len(people.candidates),
        "colleagues": people.on_list,
        "access_form": AccessForm(commitment, people=people.others) if is_admin else None,
        "attachments": commitment.attachments.select_related("uploaded_by"),
        "file_form": FileForm() if may_attach_to_commitment(commitment, access) else None,
        "events": Event.objects.about(commitment)[:50],
        "refused": refused,
        "cautions": cautions_about(commitment, access),
        "may_edit": may_edit,
        "may_set_retainage": is_admin and not why_no_rules(commitment),
        "may_create": may_create_commitments(access),
        "may_change_schedule": may_edit and not locked_because(Schedule(commitment)),
        "moves": offered,
        "next_move": next((each for each in offered if each["name"] == NEXT.get(commitment.status)), None),
    } | _schedule(commitment, bills, access)
    context["primary"] = _primary(context)
    context |= more or {}
    return render(request, "invoicing/commitment.html", context, status=refused.status if refused else status)


def _restorable(every_bill: list[Invoice], bills: list[Invoice]) -> Invoice | None:
    """The invoice deleted last whose place nobody took since (I-3)."""
    place = bills[0].position + 1 if bills else 1
    gone = [bill for bill in every_bill if bill.deleted_at and bill.position == place]
    return max(gone, key=lambda bill: bill.deleted_at, default=None)


# What an Admin most likely does next in each status; all else stands under "More".
NEXT = {
    Commitment.Status.DRAFT: "approve",
    Commitment.Status.OUT_FOR_BID: "send_out_for_signature",
    Commitment.Status.OUT_FOR_SIGNATURE: "approve",
    Commitment.Status.PROCESSING: "submit",
    Commitment.Status.SUBMITTED: "receive",
    Commitment.Status.PARTIALLY_RECEIVED: "receive",
    Commitment.Status.RECEIVED: "approve",
}


def moves(commitment: Commitment, access) -> list[dict]:
    """What the machine lets this person do now. `asks`: a page stands before it, for a reason or because it binds."""
    return [
        {"name": each.name, "asks": each.custom["needs_reason"] or each.name == "approve", **each.custom}
        for each in commitment.get_available_user_status_transitions(access)
    ]


def _primary(page: dict) -> str:
    """The one button of the head: this person's next step in this state; "" when it is not their turn."""
    if page["waiting"]:
        return "open"
    if page["may_bill"] and page["period"] and page["commitment"].is_billable and not page["has_bill_now"]:
        return "start"
    if page["next_move"]:
        return "move"
    return "edit" if page["may_edit"] else ""


def _schedule(commitment: Commitment, bills: list[Invoice], access) -> dict:
    """The schedule of values: original lines, then each change order with its own, and what was billed on each."""
    start = getattr(commitment, "starting_certificate", None)
    counted = Standing(commitment, ZERO, bills[0] if bills else None, start).counted
    groups = [{"change_order": None, "rows": []}]
    groups += [{"change_order": order, "rows": []} for order in commitment.change_orders.visible_to(access)]
    by_order = {group["change_order"].pk if group["change_order"] else None: group for group in groups}
    for line in _lines_with_billed(commitment, counted):
        if line.change_order_id not in by_order:
            continue
        done = _billed_on(line)
        row = {"line": line, "billed": done, "percent": percent_of(done, line.amount), "left": line.amount - done}
        by_order[line.change_order_id]["rows"].append(row | {"type": line.type_name or line.get_cost_type_display()})
    for group in groups:
        group["sum"] = sum((row["line"].amount for row in group["rows"]), ZERO)
    start_lines = start.lines.select_related("schedule_line") if start else None
    return {"groups": groups, "sums": _sums(groups), "counted": counted, "start": start, "start_lines": start_lines}


def _lines_with_billed(commitment: Commitment, counted):
    """Every schedule line; as `counted_line` what the invoice or certificate that counts says of it, in one query.

    `type_name`: what the company calls its cost type, if it has a name for it.
    """
    named = CostTypeName.objects.filter(company=commitment.company_id, cost_type=OuterRef("cost_type"))
    lines = commitment.lines.select_related("cost_code").annotate(type_name=Subquery(named.values("name")[:1]))
    if not counted:
        return lines
    name, of = ("invoice_lines", "invoice") if isinstance(counted, Invoice) else ("starting_line", "certificate")
    found = FilteredRelation(name, condition=Q(**{f"{name}__{of}": counted}))
    return lines.annotate(counted_line=found).select_related("cost_code", "counted_line")


def _billed_on(line) -> Decimal:
    counted = getattr(line, "counted_line", None)
    if counted is None:
        return ZERO
    counted.schedule_line = line
    return counted.as_line().total_completed_and_stored


def _sums(groups: list[dict]) -> dict:
    original, *orders = groups
    changes = _sum_in(orders, ChangeOrder.Status.APPROVED)
    billed = sum((row["billed"] for group in groups for row in group["rows"]), ZERO)
    to_date = original["sum"] + changes
    return {
        "original": original["sum"],
        "changes": changes,
        "by_status": _by_status(orders),
        "with_pending": to_date + _sum_in(orders, ChangeOrder.Status.PENDING),
        "to_date": to_date,
        "billed": billed,
        "left": to_date - billed,
        "percent": percent_of(billed, to_date),
    }


def _sum_in(orders: list[dict], status: str) -> Decimal:
    return sum((group["sum"] for group in orders if group["change_order"].status == status), ZERO)


# In the order in which they weigh: what counts, what may come, what does not count.
WEIGHT = ("approved", "pending", "draft", "no_charge", "rejected", "void")


def _by_status(orders: list[dict]) -> list[dict]:
    """Change orders added up by their status; an order is an addition or a deduction as a whole (G702)."""
    found = []
    for status in WEIGHT:
        here = [group for group in orders if group["change_order"].status == status]
        if here:
            added = sum((group["sum"] for group in here if group["sum"] > 0), ZERO)
            taken = sum((group["sum"] for group in here if group["sum"] < 0), ZERO)
            sums = {"added": added, "taken": taken, "net": added + taken}
            found.append({"order": here[0]["change_order"], "count": len(here)} | sums)
    return found


@commitment_view(Level.ADMIN)
def add_contact(request, commitment):
    """P-3: naming somebody gives them Standard on the project's Commitments if they have less.

    Asked from a billing board, which is named, it leads back there.
    """
    must_administer(request.access)
    period = _board_named(commitment, (request.POST or request.GET).get("period", ""))
    if request.method != "POST":
        return _ask_for_contact(request, commitment, period)
    form = ContactForm(commitment, request.POST)
    if not form.is_valid():
        return show(request, commitment, status=422, more={"form": form})
    person = form.cleaned_data["person"]
    try:
        given = commitments.add_contact(commitment, person, by=request.user)
    except Refused as refused:
        form.add_error("person", refused.message)
        return show(request, commitment, status=refused.status, more={"form": form})
    right = f" {person.name} was given {given.label} on Commitments of {commitment.project.name}." if given else ""
    messages.success(request, f"{person.name} can bill {commitment.number} now.{right}")
    if period:
        return redirect("period", commitment.project.slug, period.pk)
    return redirect("commitment", commitment.project.slug, commitment.number)


def _board_named(commitment: Commitment, named: str):
    is_id = named.isascii() and named.isdecimal() and len(named) < 19
    return commitment.project.billing_periods.filter(pk=named).first() if is_id else None


def _ask_for_contact(request, commitment: Commitment, period):
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "period": period,
        "form": ContactForm(commitment),
        "candidates": candidates(commitment).exists(),
    }
    return render(request, part_of(request, "invoicing/contact_add.html"), context)


@commitment_view(Level.ADMIN)
def remove_contact(request, commitment, pk):
    must_administer(request.access)
    contact = get_object_or_404(commitment.invoice_contacts.select_related("person"), pk=pk)
    if request.method == "POST":
        commitments.remove_contact(contact, by=request.user)
        messages.success(request, f"{contact.person.name} no longer sees or bills {commitment.number}.")
        return redirect("commitment", commitment.project.slug, commitment.number)
    context = {"project": commitment.project, "commitment": commitment, "contact": contact}
    template = part_of(request, "invoicing/contact_remove.html")
    return render(request, template, context)
