"""Deciding about several invoices of a project at once: what is asked, and what became of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Prefetch, prefetch_related_objects
from django.shortcuts import redirect, render

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from invoicing.actions import bulk_decisions
from invoicing.actions.reviews import mark_of_verdicts
from invoicing.forms.bulk_decisions import MOST, BulkForm, marks_of, versions_of
from invoicing.models import BillingSettings, Invoice, InvoiceContact, InvoiceLine, Verdict
from invoicing.views.doors import must_administer
from invoicing.views.invoice_lists import chosen as chosen_in
from invoicing.views.invoice_lists import list_address


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def decide(request, project):
    """From the list come the ticked invoices; the page asks what to do, comes back here, and shows each result."""
    must_administer(request.access)
    back, chosen = list_address(request, project), _chosen(request, project)
    if not chosen:
        messages.error(request, "Tick at least one invoice to decide about.")
        return redirect(back)
    if len(chosen) > MOST:
        messages.error(request, f"Those were {len(chosen)} invoices. Tick {MOST} at most, and decide some at a time.")
        return redirect(back)
    is_asked = "decision" in request.POST or "asked" in request.POST
    form, seen = BulkForm(request.POST if is_asked else None), marks_of(request.POST.getlist("verdicts"))
    if not is_asked or not form.is_valid():
        context = {"project": project, "back": back, "chosen": _asked_about(chosen, seen), "form": form}
        context |= {"mails_approval": BillingSettings.of(project).mails_approval}
        return render(request, "invoicing/bulk_decide.html", context, status=422 if is_asked else 200)
    decision, comment = form.cleaned_data["decision"], form.cleaned_data["comment"]
    results = bulk_decisions.decide(chosen, decision, comment, by=request.user, verdicts=seen)
    context = {
        "project": project,
        "back": back,
        "results": results,
        "done": [each for each in results if not each.refusal],
        "refused": [each for each in results if each.refusal],
        "words": bulk_decisions.DECISIONS[decision][0],
    }
    return render(request, "invoicing/bulk_decided.html", context)


@dataclass(frozen=True)
class AskedAbout:
    """What whoever decides about many at once should know of one (U6): what nobody judged, and who hears of it.

    `verdicts` is the mark of those that the page showed first.
    """

    invoice: Invoice
    verdicts: str
    open_lines: int
    told: list[str]


def _asked_about(chosen: Sequence[Invoice], seen: Mapping[int, str]) -> list[AskedAbout]:
    """As many queries for two hundred as for one."""
    contacts = InvoiceContact.objects.acting().select_related("person").order_by("person__name")
    prefetch_related_objects(chosen, Prefetch("commitment__invoice_contacts", contacts, to_attr="who_acts"))
    reviewed = [invoice.pk for invoice in chosen if invoice.status == Invoice.Status.UNDER_REVIEW]
    lines = defaultdict(list)
    judged = InvoiceLine.objects.filter(invoice__in=reviewed).order_by()
    for line in judged.values_list("invoice", "pk", "verdict", "verdict_reason", named=True):
        lines[line.invoice].append(line)
    return [
        AskedAbout(
            each,
            seen.get(each.pk, mark_of_verdicts(lines[each.pk])),
            sum(line.verdict == Verdict.NONE for line in lines[each.pk]),
            [contact.person.name for contact in each.commitment.who_acts],
        )
        for each in chosen
    ]


def _chosen(request, project) -> list[Invoice]:
    """The ticked invoices, or all that match, with the versions that were looked at (I-5)."""
    versions = versions_of(request.POST.getlist("invoice"))
    found = sorted(chosen_in(request, project), key=lambda invoice: (invoice.commitment.number, invoice.position))
    for invoice in found:
        invoice.version = versions.get(invoice.pk) or invoice.version
    return found
