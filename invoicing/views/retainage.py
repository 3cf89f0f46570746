"""How a commitment holds retainage: rules for invoices to come, and what they would have held on those there are."""

from django.contrib import messages
from django.db.models import Prefetch
from django.shortcuts import redirect, render

from directory.permissions import Level
from directory.refusals import Refused
from directory.views.answers import show_at_its_field
from invoicing.actions import retainage
from invoicing.calculations.money import ZERO
from invoicing.cautions import cautions_about_scale
from invoicing.decorators import commitment_view
from invoicing.forms.retainage import RetainageForm
from invoicing.models import Commitment, InvoiceLine
from invoicing.retainage import Comparison, had_been_on, rules_of
from invoicing.views.doors import must_administer


@commitment_view(Level.ADMIN)
def rules(request, commitment):
    """GET shows the rules in force; POST with `then=preview` compares what is typed, without it saves.

    Of a commitment that is over they are there to be read; what is sent all the same is shown again, and kept nowhere.
    """
    must_administer(request.access)
    lines = list(commitment.lines.select_related("cost_code"))
    in_force = rules_of(commitment)
    if request.method != "POST":
        return _show(request, commitment, in_force, RetainageForm(commitment, lines, in_force))
    form = RetainageForm(commitment, lines, in_force, request.POST)
    if retainage.why_no_rules(commitment):
        return _show(request, commitment, in_force, form, status=409)
    if not form.is_valid():
        return _show(request, commitment, in_force, form, status=422)
    if request.POST.get("then") == "preview":
        return _show(request, commitment, in_force, form, is_preview=True)
    try:
        retainage.set_rules(
            commitment,
            form.rules,
            holds_stored=form.holds_stored,
            version=form.cleaned_data["version"],
            by=request.user,
        )
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, commitment, in_force, form, status=refused.status)
    for caution in cautions_about_scale(commitment, form.rules.steps):
        messages.warning(request, f"{caution.words} {caution.remedy}")
    messages.success(request, "Saved. It counts from the next invoice on; those that exist keep theirs.")
    return redirect("commitment", commitment.project.slug, commitment.number)


def _show(
    request, commitment: Commitment, in_force, form: RetainageForm, *, is_preview: bool = False, status: int = 200
):
    asked, over = form.rules if is_preview else in_force, retainage.why_no_rules(commitment)
    comparisons = had_been_on(asked, _invoices(commitment), getattr(commitment, "starting_certificate", None))
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "form": form,
        "is_preview": is_preview,
        "over": over,
        "is_stale": status == 409 and not over,
        "in_force": in_force,
        "cautions": cautions_about_scale(commitment, asked.steps) if status == 200 and not over else [],
        "comparisons": comparisons,
        "most": _most(comparisons),
        "sums": {
            "held": sum((each.held for each in comparisons), ZERO),
            "would": sum((each.would.newly_held for each in comparisons), ZERO),
            "difference": sum((each.difference for each in comparisons), ZERO),
        },
    }
    return render(request, "invoicing/retainage.html", context, status=status)


def _invoices(commitment: Commitment):
    invoices = commitment.invoices.live().select_related("billing_period").order_by("position")
    return list(invoices.prefetch_related(Prefetch("lines", InvoiceLine.objects.select_related("schedule_line"))))


def _most(comparisons: list[Comparison]):
    """What a full bar stands for, in dollars."""
    return max((max(each.held, each.would.newly_held) for each in comparisons), default=ZERO)
