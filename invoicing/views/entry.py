"""Entering a bill line by line, checking it, and sending it: by an invoice contact, or by an Admin on their behalf.

Also one that was sent back: what was rejected and why stands on the same page, line by line (I-9).
"""

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from directory.decorators import WRITE
from directory.permissions import Level
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from directory.unsaved import Unsaved, kept_for
from invoicing.actions import amounts, invoices
from invoicing.addresses import address
from invoicing.calculations import identities
from invoicing.certificates import mark_of
from invoicing.decorators import invoice_view
from invoicing.forms.entry import Sheet, stored_of
from invoicing.forms.sending import SendForm
from invoicing.grid import ShownLine, asked_for, column_totals, lines_read_by, lines_with_names
from invoicing.models import Invoice, InvoiceLine, Verdict
from invoicing.notifications import told_of_bills
from invoicing.numbers import check_number_is_free
from invoicing.permissions import BILL_RIGHT, is_project_admin, may_bill
from invoicing.proof import MENDED_BY_A_FILE, findings_before_sending, identities_of, lines_before, lines_of
from invoicing.views.invoices import about, moves, show, summary_rows
from invoicing.views.reviews import desk


def must_bill(request, invoice: Invoice) -> None:
    if not may_bill(invoice, request.access):
        raise NotAllowed(BILL_RIGHT)


def is_open(invoice: Invoice) -> bool:
    """Whether its entry sheet can be opened."""
    return not invoice.is_locked and invoice.status in Invoice.ENTERABLE


def _must_be_open(invoice: Invoice) -> None:
    """A sheet opened before it was sent allows no amounts: the review's desk does, and asks for a reason (I-4)."""
    if not is_open(invoice):
        raise _shut(invoice)


def _shut(invoice: Invoice) -> NotNow:
    return NotNow(f"It is {invoice.get_status_display()} by now, so its amounts can't be entered any more.")


def turn_away(request, invoice: Invoice):
    messages.info(request, f"It is {invoice.get_status_display()}, so its amounts can't be entered now.")
    return redirect(address(invoice))


@invoice_view(Level.READ_ONLY)
def enter(request, invoice):
    must_bill(request, invoice)
    if request.method == "POST":
        return _save_row(request, invoice) if request.POST.get("then") == "row" else _save(request, invoice)
    kept = kept_for(request)
    if kept:
        return _show_kept(request, invoice, kept)
    if not is_open(invoice):
        return turn_away(request, invoice)
    return _show_sheet(request, invoice, _sheet(request, invoice))


def _show_kept(request, invoice: Invoice, kept: Unsaved):
    """What this person typed before they were signed out: read and shown, and saved by nobody but them (9.10)."""
    sheet, is_old = _sheet(request, invoice, kept.fields), False
    is_valid, refused = sheet.is_valid(), None
    if not is_open(invoice):
        refused = _shut(invoice)
        sheet.refuse(refused)
    elif not is_valid:
        refused = Refused("Nothing was saved yet.")
    else:
        is_old = sheet.version != invoice.version
    return _show_sheet(request, invoice, sheet, refused, kept=kept, is_old=is_old)


def _sheet(request, invoice: Invoice, data=None) -> Sheet:
    last = invoice.submissions.with_decided().latest_one()
    return Sheet(
        invoice,
        sorted(lines_read_by(invoice, request.access), key=lambda line: line.verdict != Verdict.REJECTED),
        as_admin=is_project_admin(request.access),
        data=data,
        claims=last.figures() if last else {},
        decided=last.settled() if last else {},
        last=_last_lines(invoice),
    )


def _last_lines(invoice: Invoice) -> dict[int, InvoiceLine]:
    """{schedule line: its line on the invoice before}, for `=`."""
    return {line.schedule_line_id: line for line in lines_before(invoice.previous)} if invoice.previous else {}


def _save(request, invoice: Invoice):
    """Save what was typed; or only fill cells in, which nobody but Save and Send stores."""
    then = request.POST.get("then", "stay")
    sheet = _sheet(request, invoice, request.POST)
    is_filled = then in FILLS or then.startswith((OPEN, SET_TO_0))
    try:
        is_valid = _fill(request.POST, sheet, then, request.GET.get("show", "")) if is_filled else sheet.is_valid()
        _must_be_open(invoice)
        if is_filled and is_valid and sheet.version != invoice.version:
            raise Stale("Somebody else saved this invoice in between. Both versions are below; nothing is saved yet.")
        if is_valid and not is_filled and sheet.has_changes:
            _store(request, invoice, sheet)
    except Refused as refused:
        sheet.refuse(refused)
        return _show_sheet(request, invoice, sheet, refused)
    if not is_valid:
        is_old = sheet.version != invoice.version
        return _show_sheet(request, invoice, sheet, Refused("Nothing was saved yet."), is_old=is_old)
    return _show_sheet(request, invoice, sheet) if is_filled else _saved(request, invoice, then, sheet.has_changes)


def _store(request, invoice: Invoice, sheet: Sheet) -> Invoice:
    return amounts.save_lines(
        invoice, sheet.entries, by=request.user, version=sheet.version, header=sheet.header, opened=sheet.opened
    )


STALE = "Somebody else saved it in between. Press Save to see both versions; nothing you typed is lost."


def _save_row(request, invoice: Invoice):
    """What autosave.js sends of the rows that were left: saved like all else, and answered in a few words (9.4)."""
    sheet = _sheet(request, invoice, request.POST)
    if not sheet.is_valid():
        problems = [cell.problem for _, cell in sheet.problems]
        for name, errors in sheet.form.errors.items():
            problems += [f"{sheet.form[name].label}: {error}" for error in errors]
        return JsonResponse({"message": " ".join(problems)}, status=Refused.status)
    try:
        _must_be_open(invoice)
        saved = _store(request, invoice, sheet) if sheet.has_changes else invoice
    except Refused as refused:
        message = STALE if isinstance(refused, Stale) else refused.message
        return JsonResponse({"message": message}, status=refused.status)
    saved.previous, lines = invoice.previous, lines_of(saved)  # whose lines were read for the sheet
    return JsonResponse(
        {"version": saved.version, "checks": _checks(request, saved, lines)} | stored_of(sheet, saved, lines)
    )


def _checks(request, invoice: Invoice, lines: list[InvoiceLine]) -> str:
    """What the box of checks says of what is saved now, for the page that stays open (5.5)."""
    found = identities_of(invoice, lines, request.access)
    context = {"identities": found, "errors": identities.errors(found), "invoice": invoice}
    context |= {"project": invoice.project, "commitment": invoice.commitment}
    return render_to_string("invoicing/_checks.html", context, request)


FILLS = ("release", "set")
OPEN = "open-"  # and the line's key: “Change anyway”, which stores nothing either
SET_TO_0 = "zero-"  # and the key of a rejected line
LINES_TO_SET = (("shown", "the lines shown"), ("picked", "the lines ticked"), ("all", "all lines"))


def _lines_meant(data, sheet: Sheet, shown: str) -> set[str]:
    """The keys of the lines to set: ticked, shown, or all."""
    which = data.get("set_lines", "")
    if which == "picked":
        return set(data.getlist("pick"))
    only_rejected = which == "shown" and shown == "rejected"
    return {row.key for row in sheet.rows if not only_rejected or row.line.verdict == Verdict.REJECTED}


def _fill(data, sheet: Sheet, then: str, shown: str) -> bool:
    """Type into many cells at once (9.4, 5.6). False when a cell can't be read; Refused when it makes no sense."""
    if then == "set":
        sheet.set_to(data.get("set_column", ""), data.get("set_to", ""), _lines_meant(data, sheet, shown))
    if then.startswith(OPEN):
        sheet.open(then.removeprefix(OPEN))
    if then.startswith(SET_TO_0):
        sheet.bill_nothing_on(then.removeprefix(SET_TO_0))
    is_valid = sheet.is_valid()
    if is_valid and then == "release":
        sheet.release(data.get("release_asked", ""))
    return is_valid and not sheet.problems


def _saved(request, invoice: Invoice, then: str, has_changes: bool):
    if then == "check":
        return redirect(address(invoice, "invoice-send"))
    messages.success(request, "Saved." if has_changes else "Saved. Nothing had changed.")
    return redirect(request.get_full_path())


def _show_sheet(
    request,
    invoice: Invoice,
    sheet: Sheet,
    refused: Refused | None = None,
    *,
    kept: Unsaved | None = None,
    is_old: bool = False,
):
    """`is_old`: somebody saved it since this was typed, which the page says beside whatever else is wrong (I-5)."""
    asked = kept.fields if kept else request.POST
    found = identities_of(invoice, sheet.lines, request.access)
    rejected = sum(line.verdict == Verdict.REJECTED for line in sheet.lines)
    seen = [ShownLine(row.line, row.seen) for row in sheet.rows]
    context = about(request, invoice) | {
        "sheet": sheet,
        "refused": refused,
        "kept": kept,
        "is_filled": not refused and not kept and sheet.data is not None,
        "asked": {name: asked.get(name, "") for name in ("release_asked", "set_column", "set_to", "set_lines")},
        "lines_to_set": LINES_TO_SET,
        "picked": set(asked.getlist("pick")),
        "is_stale": is_old or isinstance(refused, Stale),
        "totals": column_totals(seen),
        "asks": asked_for(seen),
        "summary": summary_rows(invoice),
        "identities": found,
        "errors": identities.errors(found),
        "waiting_lines": invoice.commitment.lines.not_on(invoice).select_related("change_order"),
        "rejected": rejected,
        "only": "rejected" if request.GET.get("show") == "rejected" and rejected else "",
    }
    return render(request, "invoicing/enter.html", context, status=refused.status if refused and not kept else 200)


@invoice_view(Level.READ_ONLY, methods=WRITE)
def take_up_change_orders(request, invoice):
    must_bill(request, invoice)
    try:
        taken = amounts.take_up_change_orders(invoice, by=request.user)
    except NotNow as refused:
        return show(request, invoice, refused=refused)
    if taken.version == invoice.version:
        messages.info(request, "Nothing was left to add: every approved change order is on it.")
    else:
        messages.success(request, "The change order's lines are on it now.")
    return redirect(address(invoice, "invoice-enter") if is_open(invoice) else desk(request, invoice))


@invoice_view(Level.READ_ONLY)
def send(request, invoice):
    must_bill(request, invoice)
    if request.method == "GET" and "submit" not in moves(request, invoice):
        messages.info(request, invoice.why_not(Invoice.submit))
        return redirect(address(invoice))
    found = findings_before_sending(invoice, lines_with_names(invoice), request.access)
    form = SendForm(identities.warnings(found), request.POST or None, version=invoice.version)
    if request.method == "POST":
        return _send(request, invoice, found, form)
    return _show_check(request, invoice, found, form)


def _send(request, invoice: Invoice, found, form: SendForm):
    if not form.is_valid():
        return _show_check(request, invoice, found, form, Refused("The bill was not sent."))
    try:
        if form.cleaned_data["version"] != invoice.version:
            raise Stale("It was changed since this page was opened. Look at the figures again, then send it.")
        invoices.submit(invoice, by=request.user, seen=form.cleaned_data["seen"])
    except Refused as refused:
        found = findings_before_sending(invoice, lines_with_names(invoice), request.access)  # one may have come since
        return _show_check(request, invoice, found, form, refused)
    messages.success(request, f"Sent. It asks for {invoice.current_payment_due:,.2f} and is now under review.")
    return redirect(address(invoice))


def _problem_of_number(invoice: Invoice) -> str:
    """Why it can't be sent under its number (I-6); "" when it can."""
    try:
        check_number_is_free(invoice)
    except Refused as refused:
        return refused.message
    return ""


MOST_NAMED = 5


def _told_in_words(invoice: Invoice, by) -> str:
    """Who gets a mail of it when `by` sends it, by name; by the rule that the mail itself goes by (U6)."""
    people, _ = told_of_bills(invoice, by)
    if not people:
        return "Nobody gets a mail: nobody is on the project’s distribution list, and it has no other invoice Admin."
    more = f" and {len(people) - MOST_NAMED} more" if len(people) > MOST_NAMED else ""
    names = ", ".join(person.name for person in people[:MOST_NAMED])
    return f"{names}{more} {'gets' if len(people) == 1 else 'get'} a mail."


def _show_check(request, invoice: Invoice, found, form: SendForm, refused: Refused | None = None):
    """The plain statement before sending. A page that went stale comes back with the new version in its form."""
    warnings = identities.warnings(found)
    fresh = SendForm(warnings, version=invoice.version)
    seen = form.data.getlist("seen") if form.is_bound else []
    number, errors = _problem_of_number(invoice), identities.errors(found)
    context = about(request, invoice) | {
        "form": form,
        "version": fresh["version"],
        "refused": refused,
        "number_problem": number,
        "errors": errors,
        "in_the_way": len(errors) + bool(number),
        "warnings": [(warning, warning.name, warning.name in seen) for warning in warnings],
        "mended_by_a_file": MENDED_BY_A_FILE,
        "summary": summary_rows(invoice),
        "on_behalf": not request.access.is_external,
        "told": _told_in_words(invoice, request.user),
        "mark": mark_of(invoice),
    }
    return render(request, "invoicing/send.html", context, status=refused.status if refused else 200)


@invoice_view(Level.READ_ONLY, methods=WRITE)
def withdraw(request, invoice):
    must_bill(request, invoice)
    try:
        invoices.withdraw(invoice, by=request.user)
    except NotNow as refused:
        return show(request, invoice, refused=refused)
    messages.success(request, "Withdrawn. It is a draft again and can be changed.")
    return redirect(address(invoice, "invoice-enter"))


@invoice_view(Level.READ_ONLY, methods=WRITE)
def save_draft(request, invoice):
    must_bill(request, invoice)
    try:
        invoices.save_draft(invoice, by=request.user)
    except NotNow as refused:
        return show(request, invoice, refused=refused)
    messages.success(request, "It is a draft again.")
    return redirect(address(invoice, "invoice-enter"))
