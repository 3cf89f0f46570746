"""One answer for many invoices: first which, and what happens; then what became of each."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.decorators import company_view
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotNow
from erp_integrations.actions import many
from erp_integrations.forms import CancelForm, RejectForm, chosen_exports
from erp_integrations.models import ExportStatus, InvoiceExport, RetainageRelease
from erp_integrations.views.batches import load
from erp_integrations.views.queue import CameFrom, about, require_approver
from invoicing.calculations.money import ZERO
from invoicing.forms.bulk_decisions import MOST


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def reject(request, company):
    """Those that the queue's boxes tick, with one reason (9.6); without a reason nothing is rejected."""
    require_approver(request.access)
    came_from = CameFrom.of(request, company)
    chosen = list(chosen_exports(request.POST if request.method == "POST" else request.GET, company)[: MOST + 1])
    if not 0 < len(chosen) <= MOST:
        words = (
            f"Tick {MOST} at most, and reject some at a time." if chosen else "Choose at least one invoice to reject."
        )
        messages.error(request, words)
        return redirect(came_from.address)
    form = RejectForm(request.POST if "asked" in request.POST else None)
    if form.is_valid():
        seen = {export.pk: request.POST.get(f"seen-{export.pk}", "") for export in chosen}
        answers = many.reject_each(chosen, by=request.user, reason=form.cleaned_data["reason"], seen=seen)
        return _told(request, company, answers, "rejected", came_from=came_from)
    context = about(request, company) | _sorted_out(many.foretold_rejections(chosen, request.access))
    context |= {"form": form, "came_from": came_from}
    return render(request, "erp_integrations/reject_many.html", context, status=422 if form.errors else 200)


STANDS = {
    ExportStatus.POSTED: "It is confirmed in Sage: void it on its own page, once Sage holds it no more.",
    ExportStatus.FAILED: "Its file was never built: reject it instead.",
    ExportStatus.EXPORTING: "Its file is still being built.",
}


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, fresh=True)
def cancel(request, company, number):
    """Void what a file brought and nobody has confirmed (9.7): one reason, one statement, a result for each.

    What Sage was said to hold stays: each of those takes a look into 4-2 of its own. So does what the page did not
    say would go (I-5): nobody has stated of it that Sage holds it no more.
    """
    require_approver(request.access)
    batch = load(company, number)
    live = InvoiceExport.objects.filter(items__batch=batch, items__is_live=True)
    chosen = list(live.with_context().order_by("items__position"))
    held = {project: read_access(request.user, company, project) for project in {each.project for each in chosen}}
    context = about(request, company) | _sorted_out(_foretold_voids(chosen, held))
    context |= {"batch": batch, "came_from": CameFrom.of(request, company)}
    context["releases"] = list(RetainageRelease.objects.standing_of(context["going"]).order_by("item__position", "pk"))
    form, status = CancelForm(request.POST or None, releases=context["releases"]), 200
    if request.method == "POST":
        shown = set(request.POST.getlist("export"))
        going = [export for export in context["going"] if str(export.pk) in shown]
        if going and form.is_valid():
            told = {"reason": form.cleaned_data["reason"], "sage_holds_it_no_more": True, "retention_is_raised": True}
            answers = many.void_each(going, by=request.user, **told)
            return _told(request, company, answers, "voided", batch=batch, came_from=context["came_from"])
        status = 422 if going else 409
    return render(request, "erp_integrations/cancel.html", context | {"form": form}, status=status)


def _foretold_voids(chosen: list[InvoiceExport], held) -> list[many.Answered]:
    """In the order of the file; what is confirmed, failed or still being built is no matter of cancelling it."""
    others = {each.pk: many.Answered(each, NotNow(STANDS[each.status])) for each in chosen if each.status in STANDS}
    told = many.foretold_voids([each for each in chosen if each.pk not in others], held)
    others |= {answer.export.pk: answer for answer in told}
    return [others[each.pk] for each in chosen]


def _sorted_out(answers: list[many.Answered]) -> dict:
    going = [answer.export for answer in answers if not answer.refusal]
    return {
        "going": going,
        "staying": [(answer.export, answer.refusal.message) for answer in answers if answer.refusal],
        "total": sum((export.invoice.current_payment_due for export in going), ZERO),
    }


def _told(request, company, answers: list[many.Answered], done: str, **more):
    """Row by row what became of each; `done`: the word for one that was."""
    context = about(request, company) | more | {
        "answers": answers,
        "done": done,
        "done_count": sum(answer.refusal is None for answer in answers),
        "refused_count": sum(answer.refusal is not None for answer in answers),
    }  # fmt: skip
    return render(request, "erp_integrations/answered_many.html", context)
