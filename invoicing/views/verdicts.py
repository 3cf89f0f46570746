"""Verdicts of a review: line by line, and the rest in one step that can be taken back."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render

from directory.counts import counted
from directory.decorators import WRITE
from directory.models import Event
from directory.moments import moment_in_words
from directory.permissions import Level
from directory.refusals import NotNow, Refused, Stale
from directory.unsaved import kept_for
from invoicing.actions import reviews
from invoicing.actions.reviews import AmountsSince
from invoicing.decorators import invoice_view
from invoicing.forms.reviews import RestForm, StepForm, VerdictForm
from invoicing.models import Invoice, InvoiceLine, Verdict
from invoicing.review_columns import columns_shown
from invoicing.views.doors import must_administer
from invoicing.views.invoices import about
from invoicing.views.reasons import recent_reasons
from invoicing.views.review_rows import row_of, verdict_counts
from invoicing.views.reviews import desk, hidden_columns, last_said, line_of, progress, shown


@invoice_view(Level.ADMIN)
def decide(request, invoice, line):
    """One verdict. Without a reason a rejection asks for one, in the row or on a page of its own."""
    must_administer(request.access)
    line = line_of(invoice, line)
    if request.POST.get("decision") == "amount":  # a verdict's form has a button that leads there
        return redirect("review-amount", invoice.project.slug, invoice.commitment.number, invoice.position, line.pk)
    if request.method != "POST":
        kept = None if request.htmx else kept_for(request)
        reason = kept.fields.get("reason", "") if kept else ""
        said = _said_meanwhile(invoice, line, VerdictForm(kept.fields), request.user) if kept else ""
        return _answer(request, invoice, line, asks=not request.htmx, kept=kept, reason=reason, said=said)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        if "seen" in form.errors:
            raise Stale("It can’t be told which amounts you saw. Open the review again.")
        said = form.errors.get("reason", ["Press Approve or Reject."])[0]
        if "pressed" in form.cleaned_data and _is_another(line, form, request.user):
            theirs = _theirs(invoice, line, _amounts_since(line, form, request.user))
            said = f"{said} {theirs}. Nothing was overwritten."
        return _answer(request, invoice, line, asks=True, said=said, reason=request.POST.get("reason", ""), status=422)
    if not form.asks_for_reason:
        return _decided(request, invoice, line, form)
    if _is_another(line, form, request.user):
        return _somebody_was_first(request, invoice, line, form)
    return _answer(request, invoice, line, asks=True)


def _decided(request, invoice: Invoice, line: InvoiceLine, form: VerdictForm):
    reason, shown_to_them = form.cleaned_data["reason"], {name: form.cleaned_data[name] for name in ("pressed", "seen")}
    try:
        line = reviews.decide(line, form.verdict, reason, by=request.user, **shown_to_them)
    except Stale:
        return _somebody_was_first(request, invoice, line_of(invoice, line.pk), form)
    except Refused as refused:
        if refused.field != "reason" and (request.htmx or not reason):
            raise
        return _answer(request, invoice, line, asks=True, said=refused.message, reason=reason, status=refused.status)
    return _answer(request, invoice, line)


def _is_another(line: InvoiceLine, form: VerdictForm, by) -> bool:
    """Whether the page showed another verdict than the line has now, or other amounts (I-5)."""
    is_another = reviews.is_another_verdict(line, form.cleaned_data["pressed"], by)
    return is_another or _amounts_since(line, form, by) is not None


def _amounts_since(line: InvoiceLine, form: VerdictForm, by) -> AmountsSince | None:
    return reviews.amounts_since(line, form.cleaned_data["seen"], by)


def _somebody_was_first(request, invoice: Invoice, line: InvoiceLine, form: VerdictForm):
    """Their verdict or amounts with two answers, unless the verdict is the same and the amounts are as they were."""
    reason = form.cleaned_data["reason"]
    change = _amounts_since(line, form, request.user)
    if form.verdict == line.verdict and not reason and (not change or form.verdict == Verdict.NONE):
        return _answer(request, invoice, line)
    said = _theirs_and_mine(invoice, line, form, change)
    return _answer(request, invoice, line, said=said, mine=form.verdict, reason=reason, status=409)


def _said_meanwhile(invoice: Invoice, line: InvoiceLine, form: VerdictForm, by) -> str:
    """Who was first since the reason that came back was typed (I-5); "" when nobody was."""
    is_old = form.is_valid() and _is_another(line, form, by)
    return _theirs_and_mine(invoice, line, form, _amounts_since(line, form, by)) if is_old else ""


def _theirs_and_mine(invoice: Invoice, line: InvoiceLine, form: VerdictForm, change: AmountsSince | None) -> str:
    """What stands there now, and what would."""
    reason = form.cleaned_data["reason"]
    mine = f"Yours would be: {form.verdict.label}{f', “{reason}”' if reason else ''}"
    return f"{_theirs(invoice, line, change)}. {mine}. Nothing was overwritten."


def _theirs(invoice: Invoice, line: InvoiceLine, change: AmountsSince | None) -> str:
    """`change` is how its amounts became others since."""
    if change:
        moment = moment_in_words(change.event.at, invoice.project.zone)
        told = ", ".join(f"{what} {before} → {now}" for what, (before, now) in change.changes.items())
        return f"{change.event.by_name} changed its amounts on {moment}: {told}"
    if not line.verdict:
        return _who_took_it_back(invoice, line)
    reason = f", “{line.verdict_reason}”" if line.verdict == Verdict.REJECTED else ""
    return f"{line.verdict_by} says: {line.get_verdict_display()}{reason}"


def _who_took_it_back(invoice: Invoice, line: InvoiceLine) -> str:
    """A line without a verdict keeps nobody's name; the record does (section 8)."""
    events = Event.objects.about(invoice)
    key = line.schedule_line.key
    is_pressed = Q(verb=reviews.REVIEWED, changes__has_key=key)
    event = events.filter(is_pressed | Q(verb=reviews.ENTERED, changes__has_key=f"{key} verdict")).first()
    step = invoice.bulk_approvals.filter(undone_at__isnull=False, before__has_key=str(line.pk)).last()
    if step and (event is None or event.at < step.at):
        event = events.filter(verb=reviews.REST_TAKEN_BACK).first()
    if event is None:
        return "The verdict was taken back"
    return f"{event.by_name} took the verdict back on {moment_in_words(event.at, invoice.project.zone)}"


def _answer(request, invoice: Invoice, line: InvoiceLine, *, status: int = 200, **said):
    """The row with the counters for htmx; a page of its own for a question; otherwise the review again."""
    if not request.htmx and status == 200 and not said.get("asks"):
        return redirect(desk(request, invoice, line))
    seen = reviews.newest_event(invoice)
    counts, has = verdict_counts(invoice)
    if said.get("asks"):
        said["reasons"] = recent_reasons(invoice, request.user)
    context = progress(invoice, counts) | {
        "columns": columns_shown(hidden_columns(request), has),
        "row": (row := row_of(invoice, line.pk, request.user, **said)),
        "row_alone": [row],
        "seen": seen,
        "at_line": str(line.pk),
        "back": desk(request, invoice, line),
        "show": shown(request),
    }
    if request.htmx:
        return render(request, "invoicing/review_answer.html", context, status=status)
    return render(request, "invoicing/review_reason.html", about(request, invoice) | context, status=status)


@invoice_view(Level.ADMIN, methods=WRITE)
def approve_the_rest(request, invoice):
    must_administer(request.access)
    form = RestForm(request.POST)
    if not form.is_valid():
        raise Stale("It can’t be told which amounts you saw. Open the review again.")
    try:
        count = reviews.approve_the_rest(invoice, by=request.user, version=form.cleaned_data["version"])
    except Stale:
        who = last_said(invoice, request.user)
        messages.warning(request, f"No line was approved. {who} Look at what is new, then approve.")
        return redirect(desk(request, invoice))
    messages.success(
        request, f"Approved {counted(count, 'line')}. Finish the review when you are done, or undo it below."
    )
    return redirect(desk(request, invoice))


@invoice_view(Level.ADMIN, methods=WRITE)
def take_back_the_rest(request, invoice):
    must_administer(request.access)
    form = StepForm(request.POST)
    if not form.is_valid():
        raise NotNow("It can’t be told which step to undo. Open the review again.")
    undone, stay = reviews.take_back_the_rest(invoice, form.cleaned_data["step"], by=request.user)
    words = f"{counted(undone, 'line')} {'has' if undone == 1 else 'have'} no verdict again."
    others = (
        f" {stay} {'was' if stay == 1 else 'were'} decided since and stay{'s' if stay == 1 else ''}." if stay else ""
    )
    messages.success(request, words + others)
    return redirect(desk(request, invoice))
