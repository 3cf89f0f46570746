"""The invoices of a project that a person may see: narrowed, sorted, added up, and taken away as CSV or XLSX."""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.csv_files import csv_answer
from directory.decorators import READ, WRITE, project_view
from directory.downloads import workbook_answer
from directory.kept import kept
from directory.permissions import Level, Tool
from directory.sheets import as_typed_xlsx
from invoicing.actions import made_files
from invoicing.calculations.money import ZERO
from invoicing.forms import keyset
from invoicing.forms.bulk_decisions import MOST, versions_of
from invoicing.forms.invoice_filters import SIZES, InvoiceFilter
from invoicing.forms.saved_views import ViewForm
from invoicing.invoice_rows import AT_ONCE, HEADINGS, rows_of
from invoicing.labels import noun_for
from invoicing.models import BillingPeriod, Invoice, MadeKind, SavedView
from invoicing.models.invoice_queries import InvoiceQuerySet
from invoicing.models.saved_views import views_shown_to
from invoicing.permissions import may_review, may_start
from invoicing.views.made_files import asked


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def invoice_list(request, project):
    return show(request, project)


def show(request, project, *, naming: ViewForm | None = None, status: int = 200):
    """The list; with `naming`, the name that was sent for it and why it was refused."""
    form, narrowed = _asked(request, project)
    views = views_shown_to(request.access, SavedView.Page.INVOICES)
    by_status = narrowed.by_status(form.company)
    shown = form.shown(by_status)
    size = form.cleaned_data.get("rows") or _remembered_size(request)
    count = sum(count for count, _ in shown)
    context = {
        "project": project,
        "form": form,
        "tabs": form.tabs({status: count for status, (count, _) in by_status.items()}),
        "page": form.page(form.with_status(narrowed), told=InvoiceQuerySet.for_list, size=size),
        "size": size or keyset.PAGE_SIZE,
        "sizes": SIZES if count > min(SIZES) else (),
        "count": count,
        "total": sum((due for _, due in shown), ZERO),
        "most": MOST,
        "most_at_once": AT_ONCE,
        "most_certificates": made_files.MOST_CERTIFICATES,
        "headings": form.headings(),
        "noun": noun_for(request.access),
        "is_admin": may_review(None, request.access),
        "may_start": may_start(request.access),
        "asked": form,
        "views": views,
        "views_at": reverse("invoices-view-save", args=[project.slug]),
        "is_saved": any(view.query == form.query for view in views),
        "naming": naming or ViewForm(),
    }
    answer = render(request, "invoicing/invoice_list.html", context, status=status)
    if form.cleaned_data.get("rows"):
        secure = settings.SESSION_COOKIE_SECURE
        answer.set_cookie(REMEMBERS_SIZE, size, max_age=A_YEAR, samesite="Lax", secure=secure, httponly=True)
    return answer


REMEMBERS_SIZE = "rows"  # a cookie, as rows’ height is one
A_YEAR = 365 * 24 * 60 * 60


def _remembered_size(request) -> int | None:
    """As it was last chosen in this browser."""
    return next((size for size in SIZES if str(size) == request.COOKIES.get(REMEMBERS_SIZE)), None)


@kept
def _periods(project):
    return BillingPeriod.objects.filter(project=project)


def filter_of(request, project) -> InvoiceFilter:
    company = None if request.access.is_external else project.company_id
    return InvoiceFilter(request.GET, periods=_periods(project=project.pk), company=company)


def _asked(request, project):
    form = filter_of(request, project)
    return form, form.narrowed(Invoice.objects.visible_to(request.access))


def chosen(request, project) -> list[Invoice]:
    """What a form of the list means, in the list's order: the ticked, or all that its address finds.

    Of all, the first MOST, and the page says so; the filters are applied here, so a page of fifty is enough to tick.
    """
    ids = chosen_ids(request, project)
    if "all" not in request.POST:
        return list(Invoice.objects.visible_to(request.access).with_context().filter(pk__in=ids))
    if len(ids) > MOST:
        messages.info(request, f"{len(ids)} match. These are the first {MOST}; do the rest in the same way afterwards.")
    found = Invoice.objects.with_context().in_bulk(ids[:MOST])
    return [found[pk] for pk in ids[:MOST] if pk in found]


def chosen_ids(request, project) -> list[int]:
    """The same, of all however many; who reads the ticked asks whether this person sees them."""
    if "all" in request.POST:
        return _found(request, project)
    return list(versions_of(request.POST.getlist("invoice")))


@project_view(Tool.COMMITMENTS, Level.READ_ONLY)
def invoices_csv(request, project):
    """All that the filters find, in the order of the page."""
    return _taken_away(request, project, MadeKind.CSV)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY)
def invoices_xlsx(request, project):
    """The same rows as a workbook: amounts as numbers, days as days, all else as text (R108)."""
    return _taken_away(request, project, MadeKind.XLSX)


def _taken_away(request, project, kind: MadeKind):
    """Up to AT_ONCE rows at once; what is more, and what is sent as a form, is made in the background (9.2)."""
    ids = _found(request, project)
    if request.method == "POST":
        back = list_address(request, project)
        return asked(request, partial(made_files.ask_for_list, project, kind, ids, asked_on=back), back)
    if len(ids) > AT_ONCE:
        words = f"{len(ids):,} rows take a while: ask for them under the list, and they are made in the background."
        messages.info(request, words)
        return redirect(list_address(request, project))
    name = f"invoices-{project.slug}-{project.today:%Y%m%d}"
    if kind == MadeKind.CSV:
        return csv_answer(f"{name}.csv", HEADINGS, rows_of(ids, request.access))
    return workbook_answer(name, as_typed_xlsx("Invoices", HEADINGS, rows_of(ids, request.access)))


def _found(request, project) -> list[int]:
    form, narrowed = _asked(request, project)
    return list(form.in_order(form.with_status(narrowed)).values_list("pk", flat=True))


def list_address(request, project) -> str:
    """Of the list as it was looked at, without the place in it."""
    query = filter_of(request, project).query
    return reverse("invoices", args=[project.slug]) + (f"?{query}" if query else "")


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def certificates(request, project):
    """A PDF each of the ticked invoices, or of all that the filters find."""
    back = list_address(request, project)
    if "found" in request.POST:
        ids = _found(request, project)
        if len(ids) > made_files.MOST_CERTIFICATES:
            first = ids[: made_files.MOST_CERTIFICATES]
            messages.info(request, f"{len(ids):,} match. These are the first {len(first)}; narrow the list for others.")
            ids = first
    else:
        ids = [invoice.pk for invoice in chosen(request, project)]
    return asked(request, partial(made_files.ask_for_certificates, project, ids, asked_on=back), back)
