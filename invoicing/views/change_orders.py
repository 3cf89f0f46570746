"""Change orders of a commitment: entering one, its page with its lines and what it does to the sum, its moves."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render

from directory.machines import no_longer
from directory.models import Event
from directory.permissions import Level
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from directory.unsaved import Unsaved, kept_for
from directory.views.answers import part_of, show_at_its_field
from invoicing.actions import change_orders
from invoicing.actions.schedules import Schedule
from invoicing.calculations.lines import percent_of
from invoicing.calculations.money import ZERO
from invoicing.decorators import commitment_view
from invoicing.forms.change_orders import ChangeOrderForm
from invoicing.forms.commitments import MoveForm
from invoicing.forms.versions import differences, on_version
from invoicing.labels import noun_for
from invoicing.models import ChangeOrder, Commitment, Invoice, cost_types_of
from invoicing.permissions import (
    ADMIN_RIGHT,
    DRAFT_RIGHT,
    is_project_admin,
    may_create_commitments,
    may_edit_change_order,
)
from invoicing.views.doors import must_administer
from invoicing.views.schedules import edit_schedule


def _at(change_order: ChangeOrder) -> tuple[str, str, int]:
    commitment = change_order.commitment
    return commitment.project.slug, commitment.number, change_order.pk


def _of(commitment: Commitment, pk: int, access) -> ChangeOrder:
    change_order = get_object_or_404(commitment.change_orders.visible_to(access), pk=pk)
    change_order.commitment = commitment
    return change_order


def _must_edit(request, change_order: ChangeOrder) -> None:
    if not may_edit_change_order(change_order, request.access):
        raise NotAllowed(ADMIN_RIGHT)


@commitment_view(Level.READ_ONLY)
def new(request, commitment):
    """A draft, by any of the company's own people with Standard (1.2)."""
    if not may_create_commitments(request.access):
        raise NotAllowed(DRAFT_RIGHT)
    form = ChangeOrderForm(request.POST or None, initial={"number": f"CO-{commitment.change_orders.count() + 1}"})
    if request.method == "POST" and form.is_valid():
        number, title = form.cleaned_data["number"], form.cleaned_data["title"]
        try:
            made = change_orders.enter(commitment, number, title, [], by=request.user)
        except Refused as refused:
            show_at_its_field(form, refused)
        else:
            messages.success(request, f"{made.number} is a draft. Its lines come next.")
            return redirect("change-order-lines", *_at(made))
    context = {"project": commitment.project, "commitment": commitment, "form": form}
    return render(request, "invoicing/change_order_new.html", context, status=422 if form.errors else 200)


@commitment_view(Level.READ_ONLY)
def page(request, commitment, pk):
    """POST changes its number and title."""
    change_order = _of(commitment, pk, request.access)
    if request.method != "POST":
        return _show(request, change_order)
    _must_edit(request, change_order)
    form = ChangeOrderForm(request.POST)
    if not form.is_valid():
        return _show(request, change_order, form, status=422)
    typed = form.cleaned_data
    try:
        change_orders.edit(
            change_order, typed["number"], typed["title"], by=request.user, version=typed["version"] or 0
        )
    except Stale:
        return _show_both_versions(request, change_order, form)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, change_order, form, status=refused.status)
    messages.success(request, "Saved.")
    return redirect("change-order", *_at(change_order))


@dataclass(frozen=True)
class Effect:
    """What happens to the contract sum, in dollars: `change` is negative for a deduction."""

    before: Decimal
    change: Decimal

    @property
    def after(self) -> Decimal:
        return self.before + self.change

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.change, self.before)

    @property
    def parts(self) -> list[dict]:
        """As it is drawn: the larger of both sums, and which part of it comes or goes."""
        comes = self.change >= 0
        whole = {"label": "Contract sum now" if comes else "What stays", "tone": "neutral"}
        part = {"label": "Added" if comes else "Taken off", "tone": "ok" if comes else "warn"}
        return [whole | {"amount": min(self.before, self.after)}, part | {"amount": abs(self.change)}]


def _show_both_versions(request, change_order: ChangeOrder, form: ChangeOrderForm):
    """I-5: what is stored beside what was typed, which saving again, knowingly, puts in its place."""
    commitment = change_order.commitment
    commitment.refresh_from_db(fields=["version"])
    change_order = _of(commitment, change_order.pk, request.access)
    found = differences(form, {"number": change_order.number, "title": change_order.title})
    again = ChangeOrderForm(on_version(form.data, commitment.version))
    return _show(request, change_order, again, status=409, found=found)


def _show(request, change_order: ChangeOrder, form=None, *, refused=None, found=None, status: int = 200):
    """`form`: its number and title as they came back; `found`: how they differ from what somebody else saved."""
    commitment = change_order.commitment
    lines, types = list(Schedule(commitment, change_order).lines), cost_types_of(commitment.company_id)
    total = sum((line.amount for line in lines), ZERO)
    to_date = commitment.contract_sum_to_date
    is_approved = change_order.status == ChangeOrder.Status.APPROVED
    typed = {"number": change_order.number, "title": change_order.title, "version": commitment.version}
    moves = [each.name for each in change_order.get_available_user_status_transitions(request.access)]
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "change_order": change_order,
        "lines": [{"line": line, "type": types[line.cost_type]} for line in lines],
        "total": total,
        "effect": Effect(to_date - total if is_approved else to_date, total),
        "form": form or ChangeOrderForm(initial=typed),
        "may_edit": change_order.is_open and may_edit_change_order(change_order, request.access),
        "is_admin": is_project_admin(request.access),
        "differences": found,
        "is_stale": found is not None,
        "moves": [{"name": name, **change_orders.words_of(name)} for name in change_orders.MOVES if name in moves],
        "refused": refused,
        "noun": noun_for(request.access),
        "events": Event.objects.about(change_order)[:50],
    }
    status = refused.status if refused else status
    return render(request, "invoicing/change_order.html", context, status=status)


@commitment_view(Level.READ_ONLY)
def lines(request, commitment, pk):
    change_order = _of(commitment, pk, request.access)
    _must_edit(request, change_order)
    return edit_schedule(request, Schedule(commitment, change_order))


@commitment_view(Level.READ_ONLY)
def move(request, commitment, pk, name: str):
    """Another status; GET asks, with what will happen."""
    change_order = _of(commitment, pk, request.access)
    must_administer(request.access)
    if name not in change_orders.MOVES:
        raise Http404
    if name not in {each.name for each in change_order.get_available_user_status_transitions(request.access)}:
        return _not_moved(request, change_order, name, NotNow(no_longer(change_order)))
    words = change_orders.words_of(name)
    if request.method != "POST":
        kept = kept_for(request)
        reason = kept.fields.get("reason", "") if kept else ""
        form = MoveForm(version=commitment.version, needs_reason=words["needs_reason"], reason=reason)
        return _ask(request, change_order, name, form, kept=kept)
    form = MoveForm(request.POST, version=commitment.version, needs_reason=words["needs_reason"])
    if not form.is_valid():
        return _ask(request, change_order, name, form)
    asked = form.cleaned_data
    try:
        moved = change_orders.move(
            change_order, name, by=request.user, reason=asked["reason"], version=asked["version"] or 0
        )
    except Refused as refused:
        return _not_moved(request, change_order, name, refused)
    messages.success(request, f"{moved.number} is {moved.get_status_display()} now.")
    return redirect("change-order", *_at(moved))


def _not_moved(request, change_order: ChangeOrder, name: str, refused: Refused):
    """Its page says why; with a reason typed it is the question again, and the reason stands in it."""
    now = _of(change_order.commitment, change_order.pk, request.access)
    if not request.POST.get("reason"):
        return _show(request, now, refused=refused)
    now.commitment.refresh_from_db(fields=["version"])
    needs_reason = change_orders.words_of(name)["needs_reason"]
    form = MoveForm(version=now.commitment.version, needs_reason=needs_reason, reason=request.POST["reason"])
    return _ask(request, now, name, form, refused)


def _ask(
    request,
    change_order: ChangeOrder,
    name: str,
    form: MoveForm,
    refused: Refused | None = None,
    kept: Unsaved | None = None,
):
    commitment = change_order.commitment
    total = sum((line.amount for line in change_order.lines.all()), ZERO)
    turns = {"approve": total, "take_back": -total}  # what it does to the contract sum; all else does nothing
    effect = Effect(commitment.contract_sum_to_date, turns[name]) if name in turns else None
    waiting = commitment.invoices.live().filter(status__in=Invoice.ENTERABLE).first()
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "change_order": change_order,
        "name": name,
        "words": change_orders.words_of(name),
        "waiting": waiting,
        "effect": effect,
        "refused": refused,
        "kept": kept,
        "is_over": isinstance(refused, NotNow),
        "why_not": change_orders.why_no_sum(effect.after) if effect else "",
        "form": form,
    }
    template = part_of(request, "invoicing/change_order_move.html")
    return render(request, template, context, status=refused.status if refused else 422 if form.errors else 200)
