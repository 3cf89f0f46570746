"""Accounting's answers: accept one, many or all; reject; confirm what Sage holds; void what it holds no more."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.decorators import company_view
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations import dry_run_sizes
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import Proposal, plain_findings
from erp_integrations.forms import (
    AcceptForm,
    ConfirmForm,
    CorrectRecordForm,
    RejectForm,
    VoidForm,
    chosen_exports,
    plain_ids,
)
from erp_integrations.models import InvoiceExport, RetainageRelease
from erp_integrations.permissions import VOID_RIGHT, may_void
from erp_integrations.views.queue import TAB_OF, CameFrom, about, load, require_approver, to_batch, to_export
from erp_integrations.views.shown import grouped, ticked_keys

IN_AN_ADDRESS = 200  # invoices; a web server reads 4,000 characters of one


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, fresh=True)
def accept(request, company):
    """First what will happen, with every warning to tick; only `confirmed` makes it happen. No script needed."""
    require_approver(request.access)
    asked = request.POST if request.method == "POST" else request.GET
    form, named = AcceptForm(request.POST), plain_ids(request.POST.getlist("export"))
    if "confirmed" not in request.POST or not named or not form.is_valid():
        return _ask_about(request, company, asked, form)
    try:
        batch = batches.accept(
            [InvoiceExport(pk=pk) for pk in named],
            company=company,
            by=request.user,
            accounting_date=form.cleaned_data["accounting_date"],
            ticked=ticked_keys(request.POST),
            seen={pk: mark for pk in named if (mark := request.POST.get(f"seen-{pk}"))},
        )
    except Refused as refused:
        return _ask_about(request, company, asked, form, refused=refused)
    built = " A worker is building the file." if batch.is_under_way else ""
    messages.success(request, f"Accepted as {batch.key}.{built}")
    return to_batch(request, company, batch.number)


def _ask_about(request, company, asked, form: AcceptForm, *, refused: Refused | None = None):
    """The confirmation of what was named; back to the queue when nothing of it is there."""
    chosen = list(chosen_exports(asked, company).with_part_of(request.user))
    if not chosen:
        messages.error(request, "Choose at least one invoice to accept.")
        return redirect(CameFrom.of(request, company).address)
    if refused:
        return _ask(request, company, chosen, form, refused=refused, status=refused.status)
    if "confirmed" in request.POST:
        return _ask(request, company, chosen, form, status=422)
    return _ask(request, company, chosen, AcceptForm(asked) if asked.get("accounting_date") else None)


@dataclass(frozen=True)
class Candidate:
    """One invoice of an acceptance. `why_not` says what keeps it out, `of_its_file` what keeps out all; else empty.

    `mark`: what is shown of it, for the acceptance to compare (I-5).
    """

    export: InvoiceExport
    mark: str
    errors: list[dict]
    why_not: str
    of_its_file: str

    @property
    def can_go(self) -> bool:
        return not self.errors and not self.why_not and not self.of_its_file


def _ask(request, company, chosen, form: AcceptForm | None, *, refused: Refused | None = None, status: int = 200):
    """The confirmation: count, sums, file, what becomes of it, each warning with its tick as it was left.

    Without a `form` nobody has named a day yet.
    """
    day = form.cleaned_data.get("accounting_date") if form and form.is_valid() else None
    proposal = exports.preview(chosen, accounting_date=day, by=request.user)
    form = form or AcceptForm(initial={"accounting_date": proposal.facts.accounting_date})
    is_the_day = any(error.rule == "S27" for error in proposal.errors)
    candidates = _candidates(chosen, proposal, request.access, is_the_day)
    found = plain_findings(proposal.findings)
    names = {str(export.invoice_id): export.invoice.number for export in chosen}
    errors = grouped(found, "error", names=names, mended_for=chosen)
    context = about(request, company) | {
        "came_from": CameFrom.of(request, company),
        "form": form,
        "day": day,
        "candidates": candidates,
        "can_go": [each.export.pk for each in candidates if each.can_go],
        "is_the_day": is_the_day,
        "is_long": len(candidates) > dry_run_sizes.AT_ONCE,
        "how": "get" if len(chosen) <= IN_AN_ADDRESS else "post",
        "all_can_go": not errors and all(each.can_go for each in candidates),
        "errors": errors,
        "warnings": grouped(found, "warning", ticked=ticked_keys(request.POST), names=names, mended_for=chosen),
        "totals": proposal.rows.totals,
        "period": proposal.lists.period_of(proposal.facts.accounting_date),
        "releases": proposal.rows.releases,
        "layout": proposal.rows.layout,
        "file_name": f"{proposal.rows.name}.xlsx",
        "refused": refused,
    }
    return render(request, "erp_integrations/accept.html", context, status=status)


OVER_ALL = ("S7", "S9")  # over all rows: where one invoice has an error of its own, they go with it


def _candidates(chosen, proposal: Proposal, access, is_the_day: bool) -> list[Candidate]:
    """An error of the whole file, such as a locked period (S27), keeps out each of them."""
    errors = plain_findings(proposal.errors)
    has_own = any(error["invoice_id"] for error in errors)
    is_of_all = any(not error["invoice_id"] and not (has_own and error["rule"] in OVER_ALL) for error in errors)
    of_its_file = "Not on this day" if is_the_day else "Not in this file" if is_of_all else ""
    marks = proposal.marks_of(chosen)
    return [
        Candidate(
            export,
            marks[export.pk],
            [error for error in errors if error["invoice_id"] == str(export.invoice_id)],
            _why_not(export, access),
            of_its_file,
        )
        for export in chosen
    ]


def _why_not(export: InvoiceExport, access) -> str:
    try:
        batches.require_acceptable(export, InvoiceExport.accept, access)
    except (Refused, NotAllowed) as refusal:
        return refusal.message
    return ""


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def reject(request, company, pk):
    require_approver(request.access)
    export = load(request, company, pk)
    back = CameFrom.of(request, company).under(TAB_OF[export.status])
    form = RejectForm(request.POST or None, initial={"seen": export.sending})
    if request.method == "POST" and form.is_valid():
        try:
            exports.reject(export, by=request.user, **form.cleaned_data)
        except Refused as refused:
            return _dialog(request, company, "reject", export, form, refused)
        messages.success(request, f"{export.invoice} is rejected. The sender gets your reason by mail.")
        return redirect(back.address)
    return _dialog(request, company, "reject", export, form)


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, fresh=True)
def void(request, company, pk):
    require_approver(request.access)
    export = load(request, company, pk)
    if not may_void(export, read_access(request.user, company, export.project)):
        raise NotAllowed(VOID_RIGHT)
    releases = list(RetainageRelease.objects.standing_of([export]))
    form = VoidForm(request.POST or None, releases=releases)
    if request.method == "POST" and form.is_valid():
        try:
            exports.void(export, by=request.user, **form.cleaned_data)
        except Refused as refused:
            return _dialog(request, company, "void", export, form, refused, releases=releases)
        messages.success(request, f"{export.invoice} is voided. It can be mended and sent again.")
        return to_export(request, company, pk)
    return _dialog(request, company, "void", export, form, releases=releases)


def _dialog(request, company, name: str, export, form, refused: Refused | None = None, **more):
    """The confirmation as a box over the page or as a page of its own; what was typed stays in it."""
    if refused and refused.field in form.fields:
        form.add_error(refused.field, refused.message)
    context = about(request, company) | {"export": export, "invoice": export.invoice, "form": form, "refused": refused}
    context |= {"came_from": CameFrom.of(request, company)} | more
    template = f"erp_integrations/{name}.html{'#dialog' if request.htmx else ''}"
    return render(request, template, context, status=refused.status if refused else 422 if form.errors else 200)


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def confirm(request, company, pk):
    """Sage holds it: said invoice by invoice, after what becomes of it (U6)."""
    require_approver(request.access)
    export = load(request, company, pk)
    back = _at_its_file(company, export) + CameFrom.of(request, company).query
    if why_not := _why_not_asked(request, export, exports.require_confirmable):
        messages.info(request, why_not)
        return redirect(back)
    form = ConfirmForm(request.POST if request.method == "POST" else None, only_releases=export.only_releases)
    if not form.is_valid():
        return _dialog(request, company, "confirm", export, form, back=back)
    number = form.cleaned_data["record_number"]
    try:
        exports.confirm(export, by=request.user, record_number=number)
    except Refused as refused:
        return _dialog(request, company, "confirm", export, form, refused, back=back)
    messages.success(request, f"{export.invoice} is posted" + (f": Sage record {number}." if number else "."))
    return redirect(back)


def _why_not_asked(request, export: InvoiceExport, require) -> str:
    """Before a page that asks: why it can't be done now. What is posted is refused by the action itself."""
    if request.method == "POST":
        return ""
    try:
        require(export, read_access(request.user, export.company, export.project))
    except NotNow as refused:
        return refused.message
    return ""


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def correct_record(request, company, pk):
    """The number under which Sage holds what is posted, where it was confirmed under a wrong one or under none."""
    require_approver(request.access)
    export = load(request, company, pk)
    if why_not := _why_not_asked(request, export, exports.require_correctable):
        messages.info(request, why_not)
        return to_export(request, company, pk)
    form = CorrectRecordForm(request.POST or None, was=export.sage_record_number)
    if request.method == "POST" and form.is_valid():
        try:
            exports.correct_record(export, by=request.user, **form.cleaned_data)
        except Refused as refused:
            return _dialog(request, company, "correct_record", export, form, refused)
        messages.success(
            request, f"{export.invoice} stands under Sage record {form.cleaned_data['record_number']} now."
        )
        return to_export(request, company, pk)
    return _dialog(request, company, "correct_record", export, form)


def _at_its_file(company, export: InvoiceExport) -> str:
    """The page of the newest file it was put into; its own where there was none."""
    number = export.items.order_by("-pk").values_list("batch__number", flat=True).first()
    name, key = ("erp-batch", number) if number else ("erp-export", export.pk)
    return reverse(name, args=[company.slug, key])
