"""Reviewing an invoice: verdicts line by line, other amounts, the rest in one step, and the decision at the end."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import READ, WRITE
from directory.models import Event
from directory.moments import moment_in_words
from directory.permissions import Level
from directory.refusals import NotNow, Refused, Stale
from invoicing.actions import amounts, approvals, invoices, reviews
from invoicing.decorators import invoice_view
from invoicing.forms.reviews import AmountForm, FinishForm, ReopenForm, StepForm, VerdictForm
from invoicing.models import Invoice, InvoiceLine, Verdict
from invoicing.views.decisions import decision_for
from invoicing.views.doors import must_administer
from invoicing.views.invoices import about, address, summary_rows
from invoicing.views.reasons import recent_reasons
from invoicing.views.review_rows import Review, ReviewRow, review_of, row_of, verdict_counts

FILTERS = (
    ("all", "All"),
    ("todo", "To do"),
    ("changed", "Changed"),
    ("since", "Since I last looked"),
    ("rejected", "Rejected"),
    ("approved", "Approved"),
    ("problems", "Problems"),
)


@invoice_view(Level.ADMIN, methods=READ)
def review(request, invoice):
    must_administer(request.access)
    if invoice.status != Invoice.Status.UNDER_REVIEW:
        messages.info(request, f"It is {invoice.get_status_display()}. Lines are reviewed while it is Under Review.")
        return redirect(address(invoice))
    found = review_of(invoice, request.user)
    attachments = list(invoice.attachments.all())
    show = request.GET.get("show", "all")
    context = about(request, invoice) | _progress(invoice, found.counts)
    context |= {
        "review": found,
        "has_stored": found.has_stored,
        "show": show if show in found.counts else "all",
        "undo": _undo(invoice, found),
        "is_first_look": found.looked_at is None,
        "summary": summary_rows(invoice),
        "totals": found.totals,
        "checks": len({identity.number for identity in found.identities}),
        "broken": {identity.number for identity in found.identities if not identity.holds},
        "header_broken": [each for each in found.identities if not each.holds and not each.line_key],
        "attachments": attachments,
        "attachments_words": f"Attachments ({len(attachments)})",
        "submission": found.submission,
    }
    return render(request, "invoicing/review.html", context)


def _undo(invoice: Invoice, found: Review) -> dict | None:
    """The newest step of approving the other lines, while any line still stands as it left it (U6)."""
    step = invoice.bulk_approvals.filter(undone_at=None, at__gte=invoice.submitted_at).select_related("by").last()
    mark = step and (Verdict.APPROVED, step.by_id, step.at)
    lines = [row.line for row in found.rows]
    count = sum((line.verdict, line.verdict_by_id, line.verdict_at) == mark for line in lines)
    return {"step": step, "count": count} if count else None


def _progress(invoice: Invoice, counts: dict[str, int]) -> dict:
    """What the counters say; those that a verdict changes come back with it."""
    return {
        "invoice": invoice,
        "project": invoice.project,
        "commitment": invoice.commitment,
        "review_counts": counts,
        "chips": [{"show": show, "label": label, "count": counts[show]} for show, label in FILTERS if show in counts],
        "decided": counts["all"] - counts["todo"],
        "progress_words": f"{counts['approved']} approved · {counts['rejected']} rejected · {counts['todo']} to do",
    }


@invoice_view(Level.ADMIN)
def decide(request, invoice, line):
    """One verdict. Without a reason a rejection asks for one, in the row or on a page of its own."""
    must_administer(request.access)
    line = _line(invoice, line)
    if request.method != "POST":
        return _answer(request, invoice, line, asks=not request.htmx)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        said = form.errors.get("reason", ["Press Approve or Reject."])[0]
        return _answer(request, invoice, line, asks=True, said=said, status=422)
    if form.cleaned_data["pressed"] != line.verdict:
        return _somebody_was_first(request, invoice, line, form)
    if form.asks_for_reason:
        return _answer(request, invoice, line, asks=True)
    return _decided(request, invoice, line, form)


def _decided(request, invoice: Invoice, line: InvoiceLine, form: VerdictForm):
    reason = form.cleaned_data["reason"]
    try:
        line = reviews.decide(line, form.verdict, reason, by=request.user)
    except Refused as refused:
        if refused.field != "reason":
            raise
        return _answer(request, invoice, line, asks=True, said=refused.message, reason=reason, status=422)
    return _answer(request, invoice, line)


def _line(invoice: Invoice, pk: int) -> InvoiceLine:
    line = get_object_or_404(invoice.lines.select_related("schedule_line", "verdict_by"), pk=pk)
    line.invoice = invoice
    return line


def _somebody_was_first(request, invoice: Invoice, line: InvoiceLine, form: VerdictForm):
    """Their verdict with two answers, unless it is the same as this person's."""
    reason = form.cleaned_data["reason"]
    if form.verdict == line.verdict and not reason:
        return _answer(request, invoice, line)
    theirs = f"{line.verdict_by} says: {line.get_verdict_display()}" if line.verdict else "The verdict was taken back"
    theirs += f", “{line.verdict_reason}”" if line.verdict == Verdict.REJECTED else ""
    mine = f"Yours would be: {form.verdict.label}{f', “{reason}”' if reason else ''}"
    said = f"{theirs}. {mine}. Nothing was overwritten."
    return _answer(request, invoice, line, said=said, mine=form.verdict, reason=reason, status=409)


def _answer(request, invoice: Invoice, line: InvoiceLine, *, status: int = 200, **said):
    """The row with the counters for htmx; a page of its own for a question; otherwise the review again."""
    if not request.htmx and status == 200 and not said.get("asks"):
        return redirect(f"{address(invoice, 'invoice-review')}#line-{line.pk}")
    counts = verdict_counts(invoice)
    if said.get("asks"):
        said["reasons"] = recent_reasons(invoice, request.user)
    context = _progress(invoice, counts) | {
        "has_stored": counts["stored"] > 0,
        "row": row_of(invoice, line.pk, request.user, **said),
    }
    if request.htmx:
        # htmx leaves a 409 aside, and a row that says who was first is what has to be seen
        return render(request, "invoicing/review_answer.html", context, status=200 if status == 409 else status)
    return render(request, "invoicing/review_reason.html", about(request, invoice) | context, status=status)


@invoice_view(Level.ADMIN, methods=WRITE)
def approve_the_rest(request, invoice):
    must_administer(request.access)
    count = reviews.approve_the_rest(invoice, by=request.user)
    lines = "1 line" if count == 1 else f"{count} lines"
    messages.success(request, f"Approved {lines}. Finish the review when you are done, or undo it below.")
    return redirect(address(invoice, "invoice-review"))


@invoice_view(Level.ADMIN, methods=WRITE)
def take_back_the_rest(request, invoice):
    must_administer(request.access)
    form = StepForm(request.POST)
    if not form.is_valid():
        raise NotNow("It can’t be told which step to undo. Open the review again.")
    undone, stay = reviews.take_back_the_rest(invoice, form.cleaned_data["step"], by=request.user)
    words = f"{undone} line{'' if undone == 1 else 's'} {'has' if undone == 1 else 'have'} no verdict again."
    others = (
        f" {stay} {'was' if stay == 1 else 'were'} decided since and stay{'s' if stay == 1 else ''}." if stay else ""
    )
    messages.success(request, words + others)
    return redirect(address(invoice, "invoice-review"))


# Another amount than the claimed one


@invoice_view(Level.ADMIN)
def allow(request, invoice, line):
    must_administer(request.access)
    row = row_of(invoice, _line(invoice, line).pk, request.user)
    form = AmountForm(invoice, row.line, row.claim, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _show_amounts(request, invoice, row, form)
    if not form.is_valid():
        return _show_amounts(request, invoice, row, form, Refused("Nothing was saved yet."))
    try:
        amounts.save_lines(invoice, form.entries, by=request.user, version=form.version)
    except Refused as refused:
        return _show_amounts(request, invoice, row, form, refused)
    messages.success(request, f"Line {row.line.schedule_line.position}: the allowed amount is saved.")
    return redirect(f"{address(invoice, 'invoice-review')}#{row.key}")


def _show_amounts(request, invoice, row: ReviewRow, form: AmountForm, refused: Refused | None = None):
    context = about(request, invoice) | {"row": row, "amounts": form, "refused": refused}
    context |= {"is_stale": isinstance(refused, Stale), "version": invoice.version}
    template = "invoicing/review_amount.html#dialog" if request.htmx else "invoicing/review_amount.html"
    return render(request, template, context, status=refused.status if refused else 200)


# The end of the review


@invoice_view(Level.ADMIN)
def finish(request, invoice):
    must_administer(request.access)
    decision = decision_for(invoice, request.access)
    if not decision.options and request.method != "POST":
        messages.info(request, decision.why_nothing)
        return redirect(address(invoice))
    if request.method != "POST":
        form = FinishForm(decision.choices, initial={"decision": decision.proposed, "version": invoice.version})
        return _show_finish(request, invoice, decision, form)
    form = FinishForm(decision.choices, request.POST)
    if _is_of_another_version(request, invoice):
        now = FinishForm(decision.choices, initial=request.POST.dict() | {"version": invoice.version})
        return _show_finish(request, invoice, decision, now, Stale(_meanwhile(invoice)))
    if not form.is_valid():
        return _show_finish(request, invoice, decision, form, Refused("Nothing was decided yet."))
    return _finished(request, invoice, decision, form)


def _is_of_another_version(request, invoice: Invoice) -> bool:
    shown = request.POST.get("version", "")
    return shown.isascii() and shown.isdigit() and shown[:9] != str(invoice.version)


def _meanwhile(invoice: Invoice) -> str:
    """Who did what last, so that whoever decides on an older page knows whom to ask."""
    last = Event.objects.about(invoice).first()
    who = f"{last.by_name} {last.verb} on {moment_in_words(last.at, invoice.project.zone)}. " if last else ""
    return f"{who}That was after you opened this page; nothing was decided. Look again, then decide."


def _finished(request, invoice: Invoice, decision, form: FinishForm):
    try:
        done = _decide_on(invoice, request.user, form.cleaned_data)
    except Refused as refused:
        form.add_error(refused.field or None, refused.message)
        return _show_finish(request, invoice, decision, form, refused)
    if done is None:
        messages.success(request, "Your approval is the first of two. Another Admin gives the second.")
        return redirect(address(invoice))
    sent_back = done.status == Invoice.Status.REVISE_AND_RESUBMIT
    messages.success(
        request,
        f"{done} was sent back to {done.vendor.name}." if sent_back else f"{done} is {done.get_status_display()} now.",
    )
    return redirect(address(done))


def _decide_on(invoice: Invoice, by, typed: dict) -> Invoice | None:
    """Carry out the chosen decision; the invoice as moved, None after the first of two approvals."""
    comment, because = typed["comment"], typed["goes_ahead_because"]
    match typed["decision"]:
        case "approve":
            return invoices.approve(invoice, by=by, comment=comment, goes_ahead_because=because)
        case "approve_as_noted":
            return invoices.approve_as_noted(invoice, by=by, comment=comment, goes_ahead_because=because)
        case "hold_for_owner":
            return invoices.hold_for_owner(invoice, by=by, comment=comment)
        case "send_back":
            return invoices.send_back(invoice, by=by, comment=comment)
        case "endorse":
            approvals.endorse(invoice, by=by, comment=comment, goes_ahead_because=because)
            return None


def _show_finish(request, invoice: Invoice, decision, form: FinishForm, refused: Refused | None = None):
    context = about(request, invoice) | {
        "decision": decision,
        "form": form,
        "refused": refused,
        "version": invoice.version,
        "chosen": form["decision"].value(),
    }
    template = "invoicing/finish.html#dialog" if request.htmx else "invoicing/finish.html"
    return render(request, template, context, status=refused.status if refused else 200)


@invoice_view(Level.ADMIN)
def reopen(request, invoice):
    must_administer(request.access)
    if request.method != "POST":
        return _show_reopen(request, invoice, ReopenForm())
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return _show_reopen(request, invoice, form, 422)
    try:
        invoices.reopen(invoice, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refused:
        form.add_error(refused.field or None, refused.message)
        return _show_reopen(request, invoice, form, refused.status)
    messages.success(request, "The review is open again. The contacts were told.")
    return redirect(address(invoice, "invoice-review"))


def _show_reopen(request, invoice: Invoice, form: ReopenForm, status: int = 200):
    context = about(request, invoice) | {"form": form}
    template = "invoicing/reopen.html#dialog" if request.htmx else "invoicing/reopen.html"
    return render(request, template, context, status=status)
