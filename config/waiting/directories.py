"""What waits for Directory Admins, and whom they wait for."""

from django.urls import reverse

from config.ui.figures import day
from config.waiting.roles import Roles
from config.waiting.tasks import Task, Waiting, first_of
from directory.models import Membership, PrivilegeRequest, VendorChange


def add_directories(found: Waiting, roles: Roles) -> None:
    """Changes of vendors to verify, whoever was asked to join and is silent, and what was asked of the site owner."""
    changes = VendorChange.objects.waiting().filter(vendor__company__in=roles.directing)
    changes = changes.select_related("vendor__company", "asked_by").order_by("pk")
    to_verify, count = first_of(changes.exclude(asked_by=roles.person))
    found.need([_to_verify(each) for each in to_verify], count)
    own, count = first_of(changes.filter(asked_by=roles.person))
    found.leave([_with_second_person(each) for each in own], count)
    silent = Membership.objects.filter(company__in=roles.directing, is_active=False, asked_at__isnull=False)
    asked, count = first_of(silent.select_related("person", "company"))
    found.leave([_asked_to_join(each) for each in asked], count)
    waiting = PrivilegeRequest.objects.waiting().filter(company__in=roles.directing)
    requests, count = first_of(waiting.select_related("person", "company"))
    found.leave([_with_site_owner(each) for each in requests], count)


def _to_verify(change: VendorChange) -> Task:
    url, since = _vendor_page(change), day(change.company.day_of(change.asked_at))
    return Task(
        state="waiting",
        title=f"Changed details of {change.vendor.name} wait for a call",
        url=url,
        words=f"{change.company} · {change.asked_by.name}, {since}: “{change.reason}”",
        verb="Call and verify",
        verb_url=url,
    )


def _with_second_person(change: VendorChange) -> Task:
    return Task(
        state="waiting",
        title=f"Changed details of {change.vendor.name}",
        url=_vendor_page(change),
        words=f"{change.company} · another Directory Admin calls the vendor and verifies them",
    )


def _vendor_page(change: VendorChange) -> str:
    return reverse("vendor", args=[change.company.slug, change.vendor_id])


def _asked_to_join(membership: Membership) -> Task:
    return Task(
        state="asked",
        title=f"{membership.shown_name} has not answered",
        url=reverse("company-directory", args=[membership.company.slug]),
        words=f"{membership.company} · asked to join on {day(membership.company.day_of(membership.asked_at))}",
    )


def _with_site_owner(request: PrivilegeRequest) -> Task:
    return Task(
        state="waiting",
        title=f"Can Push to Accounting for {request.person.name}",
        url=reverse("accounting-approvers", args=[request.company.slug]),
        words=f"{request.company} · with the site owner since {day(request.company.day_of(request.asked_at))}",
    )
