"""Where the page of a recorded row is, across the apps, for the person who reads: no link leads to a closed door."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from django.urls import reverse

from directory.models import Membership, Vendor
from directory.permissions import Level, Tool, objects_with_level, projects_visible_to
from erp_integrations.models import ExportBatch, InvoiceExport
from invoicing.models import BillingPeriod, BillingSettings, ChangeOrder, Commitment, Invitation, Invoice
from invoicing.seen import seen_commitments

NAMES = ("project__slug", "number")


def places_of(events: Iterable, person) -> dict[str, str]:
    """{subject: address} of what these events are about, where there is a page and it opens for `person`.

    One query for each kind of row, however many events.
    """
    wanted = defaultdict(set)
    for event in events:
        label, _, pk = event.subject.partition(":")
        if label in PLACES and pk.isdecimal():
            wanted[label].add(int(pk))
    return {
        f"{label}:{pk}": address for label, pks in wanted.items() for pk, address in PLACES[label](pks, person).items()
    }


def _invoices(pks: set[int], person) -> dict[int, str]:
    found = Invoice.objects.live().filter(seen_commitments(person, "commitment__"), pk__in=pks)
    rows = found.values_list("pk", "commitment__project__slug", "commitment__number", "position")
    return {pk: reverse("invoice", args=names) for pk, *names in rows}


def _commitments(pks: set[int], person) -> dict[int, str]:
    rows = Commitment.objects.filter(seen_commitments(person), pk__in=pks).values_list("pk", *NAMES)
    return {pk: reverse("commitment", args=names) for pk, *names in rows}


def _change_orders(pks: set[int], person) -> dict[int, str]:
    found = ChangeOrder.objects.filter(seen_commitments(person, "commitment__"), pk__in=pks)
    rows = found.values_list("pk", *(f"commitment__{name}" for name in NAMES))
    return {pk: reverse("commitment", args=names) for pk, *names in rows}


def _periods(pks: set[int], person) -> dict[int, str]:
    found = BillingPeriod.objects.filter(project__in=projects_visible_to(person), pk__in=pks)
    return {pk: reverse("period", args=[slug, pk]) for pk, slug in found.values_list("pk", "project__slug")}


def _billing_settings(pks: set[int], person) -> dict[int, str]:
    administered = objects_with_level(person, Tool.COMMITMENTS, Level.ADMIN)
    found = BillingSettings.objects.filter(project__in=administered, pk__in=pks)
    return {pk: reverse("billing-settings", args=[slug]) for pk, slug in found.values_list("pk", "project__slug")}


def _invitations(pks: set[int], person) -> dict[int, str]:
    found = Invitation.objects.filter(seen_commitments(person, "commitment__"), pk__in=pks)
    rows = found.values_list("pk", "commitment__project__slug", "billing_period")
    return {pk: reverse("period", args=names) for pk, *names in rows}


def _exports(pks: set[int], person) -> dict[int, str]:
    found = InvoiceExport.objects.filter(invoice__commitment__project__company__in=_books(person), pk__in=pks)
    rows = found.values_list("pk", "invoice__commitment__project__company__slug")
    return {pk: reverse("erp-export", args=[slug, pk]) for pk, slug in rows}


def _batches(pks: set[int], person) -> dict[int, str]:
    rows = ExportBatch.objects.filter(company__in=_books(person), pk__in=pks)
    rows = rows.values_list("pk", "company__slug", "number")
    return {pk: reverse("erp-batch", args=names) for pk, *names in rows}


def _books(person):
    return objects_with_level(person, Tool.ERP_INTEGRATIONS, Level.READ_ONLY)


def _projects(pks: set[int], person) -> dict[int, str]:
    rows = projects_visible_to(person).filter(pk__in=pks).values_list("pk", "slug")
    return {pk: reverse("project", args=[slug]) for pk, slug in rows}


def _companies(pks: set[int], person) -> dict[int, str]:
    rows = objects_with_level(person, Tool.COMPANY_DIRECTORY, Level.READ_ONLY).filter(pk__in=pks)
    return {pk: reverse("company-directory", args=[slug]) for pk, slug in rows.values_list("pk", "slug")}


def _vendors(pks: set[int], person) -> dict[int, str]:
    found = Vendor.objects.filter(
        company__in=objects_with_level(person, Tool.COMPANY_DIRECTORY, Level.READ_ONLY), pk__in=pks
    )
    return {pk: reverse("vendor", args=[slug, pk]) for pk, slug in found.values_list("pk", "company__slug")}


def _members(pks: set[int], person) -> dict[int, str]:
    found = Membership.objects.filter(
        company__in=objects_with_level(person, Tool.COMPANY_DIRECTORY, Level.READ_ONLY), pk__in=pks
    )
    rows = found.values_list("pk", "company__slug", "person")
    return {pk: reverse("person-levels", args=names) for pk, *names in rows}


PLACES: dict[str, Callable[[set[int], object], dict[int, str]]] = {
    "invoicing.invoice": _invoices,
    "invoicing.commitment": _commitments,
    "invoicing.changeorder": _change_orders,
    "invoicing.billingperiod": _periods,
    "invoicing.billingsettings": _billing_settings,
    "invoicing.invitation": _invitations,
    "erp_integrations.invoiceexport": _exports,
    "erp_integrations.exportbatch": _batches,
    "directory.project": _projects,
    "directory.company": _companies,
    "directory.vendor": _vendors,
    "directory.membership": _members,
}
