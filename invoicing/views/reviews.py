"""Reviewing an invoice: the desk with all lines, other amounts, and the decision at the end."""

import re

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode

from directory.decorators import READ
from directory.models import Event
from directory.moments import moment_in_words
from directory.permissions import Level
from directory.refusals import NotNow, Refused, Stale
from directory.unsaved import Unsaved, kept_for
from directory.views.answers import part_of, show_at_its_field
from invoicing.actions import amounts, approvals, invoices, reviews
from invoicing.addresses import address
from invoicing.decorators import invoice_view
from invoicing.forms.reviews import AmountForm, FinishForm, ReopenForm
from invoicing.models import Invoice, InvoiceLine, Verdict
from invoicing.notifications import contacts_of
from invoicing.review_columns import columns_at_hand, columns_shown
from invoicing.views.decisions import decision_for, mailed_in_words
from invoicing.views.doors import must_administer
from invoicing.views.invoices import about, summary_rows
from invoicing.views.review_rows import Review, ReviewRow, review_of, row_of

FILTERS = (
    ("all", "All"),
    ("todo", "To do"),
    ("changed", "Changed"),
    ("since", "Since I last looked"),
    ("rejected", "Rejected"),
    ("approved", "Approved"),
    ("problems", "Problems"),
)
SHOWN = re.compile(r"[?&]show=(\w+)")


def shown(request) -> str:
    """The filter of the lines that a reviewer came from (9.3); "" for all of them.

    500 forms do not say it: their page's address does, which the browser names. A page in between has it in its form.
    """
    come_from = SHOWN.search(request.headers.get("Referer", ""))
    show = come_from[1] if come_from else request.POST.get("show", "")
    return show if show != "all" and show in dict(FILTERS) else ""


def desk(request, invoice: Invoice, line: InvoiceLine | None = None) -> str:
    """Where the review goes on, with the same lines shown; at `line`, which alone then has its id in the page."""
    asked = {"show": shown(request), "line": line and line.pk}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{address(invoice, 'invoice-review')}{query and f'?{query}'}{f'#line-{line.pk}' if line else ''}"


@invoice_view(Level.ADMIN, methods=READ)
def review(request, invoice):
    must_administer(request.access)
    if why_not := reviews.why_not_reviewed(invoice):
        messages.info(request, why_not)
        return redirect(address(invoice))
    found = review_of(invoice, request.user)
    if DESK & request.GET.keys():
        return _arrange_desk(request, invoice, columns_at_hand(found.has))
    columns = columns_shown(hidden_columns(request), found.has)
    attachments = list(invoice.attachments.all())
    show = request.GET.get("show", "all")
    context = about(request, invoice) | progress(invoice, found.counts)
    context |= {
        "review": found,
        "seen": found.seen,
        "show": show if show in found.counts else "all",
        "undo": _undo(invoice, found),
        "is_first_look": found.looked_at is None,
        "opens": found.looked_at is None or invoice.review_opened_at is None,
        "summary": summary_rows(invoice),
        "totals": found.totals,
        "columns": columns,
        "at_line": request.GET.get("line", ""),
        "columns_at_hand": columns_at_hand(found.has),
        "foot": [(column, found.totals.get(column.name)) for column in columns],
        "checks": len({identity.number for identity in found.identities}),
        "broken": {identity.number for identity in found.identities if not identity.holds},
        "header_broken": [each for each in found.identities if not each.holds and not each.line_key],
        "attachments": attachments,
        "files_are_open": bool(attachments) and request.COOKIES.get(_own_cookie(request, "files")) == "open",
        "submission": found.submission,
    }
    return render(request, "invoicing/review.html", context)


DESK = {"columns", "files"}  # what a reviewer arranges, by a link or a form that changes nothing else
A_YEAR = 365 * 24 * 60 * 60


def _own_cookie(request, name: str) -> str:
    """Each reviewer's own, where several use one browser."""
    return f"review-{name}-{request.user.pk}"


def hidden_columns(request) -> set[str]:
    return set(request.COOKIES.get(_own_cookie(request, "hides"), "").split("."))


def _arrange_desk(request, invoice: Invoice, at_hand: list):
    """Keep what was chosen, and show the same lines again (9.3)."""
    answer = redirect(f"{address(invoice, 'invoice-review')}?show={request.GET.get('show', 'all')[:9]}")
    chosen = {}
    if "columns" in request.GET:
        wanted, names = set(request.GET.getlist("column")), {column.name for column in at_hand if column.may_hide}
        chosen["hides"] = ".".join(sorted(hidden_columns(request) - names - {""} | names - wanted))
    if "files" in request.GET:
        chosen["files"] = "open" if request.GET["files"] == "open" else "closed"
    for name, value in chosen.items():
        answer.set_cookie(
            _own_cookie(request, name),
            value,
            max_age=A_YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer


def _undo(invoice: Invoice, found: Review) -> dict | None:
    """The newest step of approving the other lines, while any line still stands as it left it (U6)."""
    step = invoice.bulk_approvals.filter(undone_at=None, at__gte=invoice.submitted_at).select_related("by").last()
    mark = step and (Verdict.APPROVED, step.by_id, step.at)
    lines = [row.line for row in found.rows]
    count = sum((line.verdict, line.verdict_by_id, line.verdict_at) == mark for line in lines)
    return {"step": step, "count": count} if count else None


def progress(invoice: Invoice, counts: dict[str, int]) -> dict:
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


# Another amount than the claimed one


def line_of(invoice: Invoice, pk: int) -> InvoiceLine:
    line = get_object_or_404(invoice.lines.select_related("schedule_line", "verdict_by"), pk=pk)
    line.invoice = invoice
    return line


@invoice_view(Level.ADMIN)
def allow(request, invoice, line):
    must_administer(request.access)
    row = row_of(invoice, line_of(invoice, line).pk, request.user)
    kept = kept_for(request)
    typed = request.POST if request.method == "POST" else kept and kept.fields
    form = AmountForm(invoice, row.line, row.claim, typed)
    if why_not := reviews.why_not_reviewed(invoice):
        if request.method == "POST" or kept:
            return _show_amounts(request, invoice, row, form, NotNow(f"{why_not} Nothing was saved."), kept)
        messages.info(request, why_not)
        return redirect(address(invoice))
    if request.method != "POST":
        refused = _why_look_again(invoice, form) if kept else None
        return _show_amounts(request, invoice, row, form, refused, kept)
    if not form.is_valid():
        return _show_amounts(request, invoice, row, form, Refused("Nothing was saved yet."))
    try:
        amounts.save_lines(invoice, form.entries, by=request.user, version=form.version)
    except Refused as refused:
        return _show_amounts(request, invoice, row, form, refused)
    messages.success(request, f"Line {row.line.schedule_line.position}: the allowed amount is saved.")
    return redirect(desk(request, invoice, row.line))


def _why_look_again(invoice: Invoice, form: AmountForm) -> Refused | None:
    """What came back shows the version of now, so what was saved since it was typed has to be said here (I-5)."""
    is_valid = form.is_valid()
    if form.why.cleaned_data.get("version") != invoice.version:
        return Stale(amounts.SAVED_IN_BETWEEN)
    return None if is_valid else Refused("Nothing was saved yet.")


def _show_amounts(
    request,
    invoice,
    row: ReviewRow,
    form: AmountForm,
    refused: Refused | None = None,
    kept: Unsaved | None = None,
):
    context = about(request, invoice) | {"row": row, "amounts": form, "refused": refused, "kept": kept}
    context |= {"is_stale": isinstance(refused, Stale), "version": invoice.version}
    context |= {"back": desk(request, invoice, row.line), "show": shown(request)}
    part = "" if not request.htmx else "#dialog" if request.htmx.target == "dialog" else "#box"
    template = f"invoicing/review_amount.html{part}"
    return render(request, template, context, status=refused.status if refused and not kept else 200)


# The end of the review


@invoice_view(Level.ADMIN)
def finish(request, invoice):
    must_administer(request.access)
    decision = decision_for(invoice, request.access)
    if not decision.options and request.method != "POST":
        messages.info(request, decision.why_nothing)
        return redirect(address(invoice))
    if request.method != "POST":
        return _show_proposed(request, invoice, decision, kept_for(request))
    form = FinishForm(decision.choices, request.POST, warnings=[each.name for each in decision.warnings])
    if _is_another(request.POST, invoice, decision):
        now = FinishForm(decision.choices, initial=request.POST.dict())
        return _show_finish(request, invoice, decision, now, Stale(_meanwhile(invoice, request.user, request.POST)))
    if not form.is_valid():
        return _show_finish(request, invoice, decision, form, Refused("Nothing was decided yet."))
    return _finished(request, invoice, decision, form)


def _show_proposed(request, invoice: Invoice, decision, kept: Unsaved | None):
    """With what came back; but a decision on another version of the invoice is none on this one (I-5).

    The desk says which one it shows: this page, which is of now, could not tell that amounts changed beneath it.
    """
    typed = kept.fields.dict() if kept else {}
    showed = kept.fields if kept else request.GET
    is_old = _is_another(showed, invoice, decision)
    refused = Stale(_meanwhile(invoice, request.user, showed)) if is_old else None
    proposed = {"decision": "" if is_old and not kept else decision.proposed}
    initial = typed | proposed if refused else proposed | typed
    return _show_finish(request, invoice, decision, FinishForm(decision.choices, initial=initial), refused, kept)


def _is_another(fields, invoice: Invoice, decision) -> bool:
    """Whether the page showed another version, or other verdicts: a verdict makes no new version (U6)."""
    verdicts = fields.get("verdicts", "")
    return _is_older(fields, invoice) or bool(verdicts) and verdicts != decision.verdicts


def _is_older(fields, invoice: Invoice) -> bool:
    version = str(fields.get("version", ""))
    return version.isascii() and version.isdigit() and version[:9] != str(invoice.version)


def _meanwhile(invoice: Invoice, by, fields) -> str:
    """Who did what last, so that whoever decides on an older page knows whom to ask."""
    said = last_said(invoice, by) if _is_older(fields, invoice) else _last_judged(invoice, by)
    return f"{said} Nothing was decided. Look again, then decide."


def last_said(invoice: Invoice, by) -> str:
    """What was done last that made a page before `by` an old one: no verdict of their own does."""
    told = Event.objects.about(invoice).exclude(verb__in=BESIDE_THE_INVOICE).exclude(by=by, verb__in=reviews.VERDICTS)
    return _after_that_page(invoice, told.first())


def _last_judged(invoice: Invoice, by) -> str:
    """What was done last where nothing but the verdicts became others.

    No page tells when it was opened: before a verdict of one's own somebody else may have given one, or not.
    """
    verdicts = Event.objects.about(invoice).filter(verb__in=reviews.VERDICTS)
    last = verdicts.first()
    if last is None or last.by_id != by.pk:
        return _after_that_page(invoice, last)
    if verdicts.exclude(by=by).exists():
        return "You, and perhaps others, gave verdicts since you opened this page."
    return "You gave a verdict after you opened this page."


def _after_that_page(invoice: Invoice, last: Event | None) -> str:
    who = f"{last.by_name} {last.verb} on {moment_in_words(last.at, invoice.project.zone)}. " if last else ""
    return f"{who}That was after you opened this page."


BESIDE_THE_INVOICE = ("commented", "attached a file", "downloaded a file", "downloaded all files")


def _finished(request, invoice: Invoice, decision, form: FinishForm):
    try:
        done = _decide_on(invoice, request.user, form.cleaned_data)
    except Refused as refused:
        show_at_its_field(form, refused)
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


@transaction.atomic
def _decide_on(invoice: Invoice, by, typed: dict) -> Invoice | None:
    """Carry out the chosen decision; the invoice as moved, None after the first of two approvals.

    On the verdicts that the page showed: none comes in between, for whoever gives one waits for the invoice.
    """
    now = Invoice.objects.locked(invoice.pk)
    if reviews.mark_of_verdicts(now.lines.all()) != typed["verdicts"]:
        raise Stale(_meanwhile(now, by, typed))
    comment, because, seen = typed["comment"], typed["goes_ahead_because"], typed["seen"]
    match typed["decision"]:
        case "approve":
            return invoices.approve(invoice, by=by, comment=comment, goes_ahead_because=because, seen=seen)
        case "approve_as_noted":
            return invoices.approve_as_noted(invoice, by=by, comment=comment, goes_ahead_because=because, seen=seen)
        case "hold_for_owner":
            return invoices.hold_for_owner(invoice, by=by, comment=comment)
        case "send_back":
            return invoices.send_back(invoice, by=by, comment=comment)
        case "endorse":
            approvals.endorse(invoice, by=by, comment=comment, goes_ahead_because=because, seen=seen)
            return None


def _show_finish(
    request,
    invoice: Invoice,
    decision,
    form: FinishForm,
    refused: Refused | None = None,
    kept: Unsaved | None = None,
):
    context = about(request, invoice) | {
        "kept": kept,
        "decision": decision,
        "form": form,
        "refused": refused,
        "version": invoice.version,
        "chosen": form["decision"].value(),
        "ticked": form.data.getlist("seen") if form.is_bound else [],
    }
    template = part_of(request, "invoicing/finish.html")
    return render(request, template, context, status=refused.status if refused and request.method == "POST" else 200)


@invoice_view(Level.ADMIN)
def reopen(request, invoice):
    must_administer(request.access)
    if request.method != "POST":
        kept, why_not = kept_for(request), invoices.why_not_reopened(invoice)
        if why_not and not kept:
            messages.info(request, why_not)
            return redirect(address(invoice))
        return _show_reopen(request, invoice, ReopenForm(initial=kept and kept.fields.dict()), kept=kept)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return _show_reopen(request, invoice, form, 422)
    try:
        invoices.reopen(invoice, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show_reopen(request, invoice, form, refused.status)
    messages.success(request, f"The review is open again. {mailed_in_words(contacts_of(invoice.commitment))}")
    return redirect(address(invoice, "invoice-review"))


def _show_reopen(request, invoice: Invoice, form: ReopenForm, status: int = 200, kept: Unsaved | None = None):
    context = about(request, invoice) | {"form": form, "kept": kept}
    template = part_of(request, "invoicing/reopen.html")
    return render(request, template, context, status=status)
