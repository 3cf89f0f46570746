"""The vendors of a company: their list, the page of one, and what a Directory Admin does with them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.shortcuts import get_object_or_404, redirect, render

from directory.actions import vendors
from directory.decorators import FORM, READ, WRITE, company_view
from directory.models import Event, Mail, Vendor, VendorChange
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.vendor_forms import DeactivateForm, VendorEditForm, VendorFilter, VendorForm
from directory.views.answers import part_of

PAGE_SIZE = 50


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def vendor_list(request, company):
    form = VendorFilter(request.GET)
    found = form.narrowed(company.vendors.all(), company.today).annotate(
        has_change=Exists(VendorChange.objects.waiting().filter(vendor=OuterRef("pk"))),
        people=Count("memberships", filter=Q(memberships__is_active=True), distinct=True),
    )
    context = about(request, company) | {
        "form": form,
        "page": Paginator(found.order_by("name"), PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": company.vendors.counts(company.today),
    }
    return render(request, "directory/vendors.html", context)


def about(request, company) -> dict:
    may_change = request.access.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    return {"company": company, "tab": "vendors", "may_change": may_change}


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def vendor_page(request, company, pk):
    return show(request, company, load(company, pk))


def load(company, pk: int) -> Vendor:
    return get_object_or_404(company.vendors, pk=pk)


def show(request, company, vendor: Vendor, *, refused: Refused | None = None):
    """The page of one vendor; with `refused`, why nothing was done on top, and its status."""
    change = vendor.changes.waiting().select_related("asked_by").first()
    context = about(request, company) | {
        "vendor": vendor,
        "change": change,
        "rows": rows_of(change) if change else (),
        "asked_it": change is not None and change.asked_by_id == request.user.pk,
        "people": vendor.memberships.filter(is_active=True).select_related("person").order_by("person__name"),
        "events": Event.objects.about(vendor)[:50],
        "mails": Mail.objects.about(vendor).select_related("to")[:20],
        "refused": refused,
    }
    return render(request, "directory/vendor.html", context, status=refused.status if refused else 200)


def rows_of(change: VendorChange) -> list[dict]:
    """Each detail that would change, old and new."""
    fields = ((Vendor._meta.get_field(name).verbose_name, pair) for name, pair in change.changes.items())
    return [{"name": str(name), "old": old, "new": new} for name, (old, new) in fields]


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM)
def new_vendor(request, company):
    form = VendorForm(request.POST or None, company=company)
    alike = []
    if request.method == "POST" and form.is_valid():
        try:
            vendor = vendors.enter(company, form.details, by=request.user, seen=form.cleaned_data["seen"])
        except Refused as refusal:
            alike = told(form, refusal)
        else:
            messages.success(request, f"{vendor} is in the directory.")
            return redirect("vendor", company.slug, vendor.pk)
    context = about(request, company) | {"form": form, "alike": alike, "seen": request.POST.getlist("seen")}
    return render(request, "directory/vendor_form.html", context, status=422 if form.errors else 200)


def told(form, refusal: Refused) -> list[Vendor]:
    """Put a refusal into the form; returns the look-alikes it speaks of."""
    field = refusal.field if refusal.field in form.fields and refusal.field != "seen" else None
    form.add_error(field, refusal.message)
    return refusal.vendors if isinstance(refusal, vendors.LooksAlike) else []


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM)
def edit_vendor(request, company, pk):
    vendor = load(company, pk)
    form = VendorEditForm(request.POST or None, company=company, vendor=vendor)
    alike = []
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            change = vendors.change(vendor, form.details, by=request.user, reason=typed["reason"], seen=typed["seen"])
        except Refused as refusal:
            alike = told(form, refusal)
        else:
            messages.success(request, _saved(vendor, change))
            return redirect("vendor", company.slug, pk)
    context = about(request, company) | {
        "form": form,
        "vendor": vendor,
        "alike": alike,
        "seen": request.POST.getlist("seen"),
    }
    return render(request, "directory/vendor_form.html", context, status=422 if form.errors else 200)


def _saved(vendor: Vendor, change: VendorChange | None) -> str:
    if change is None:
        return f"{vendor} is saved."
    return f"Your change of {vendor} waits until somebody else has called them. The vendor was told by mail."


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM)
def deactivate_vendor(request, company, pk):
    vendor = load(company, pk)
    form = DeactivateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            left = vendors.deactivate(vendor, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            told(form, refusal)
        else:
            people = f", and {left} {'person' if left == 1 else 'people'} left the directory with it" if left else ""
            messages.success(request, f"{vendor} is deactivated{people}.")
            return redirect("vendor", company.slug, pk)
    people = vendor.memberships.filter(is_active=True).select_related("person").order_by("person__name")
    context = about(request, company) | {"form": form, "vendor": vendor, "people": people}
    template = part_of(request, "directory/vendor_deactivate.html")
    return render(request, template, context, status=422 if form.errors else 200)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def reactivate_vendor(request, company, pk):
    vendor = load(company, pk)
    try:
        vendors.reactivate(vendor, by=request.user)
    except Refused as refusal:
        return show(request, company, vendor, refused=refusal)
    messages.success(request, f"{vendor} is active again. Its people stay outside until you add them.")
    return redirect("vendor", company.slug, pk)
