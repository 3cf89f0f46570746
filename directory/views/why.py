"""The page that answers: why can this person do that?"""

from django.shortcuts import get_object_or_404, render

from directory.decorators import READ, company_view
from directory.models import AccountingPrivilege, Membership, Project
from directory.permissions import Level, Tool
from directory.why import explain


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def person_levels(request, company, pk):
    rows = Membership.objects.select_related("person", "vendor", "company")
    membership = get_object_or_404(rows, company=company, person=pk, joined_at__isnull=False)  # R76: no name before
    is_active = membership.is_active and membership.person.is_active
    places = explain(membership) if is_active else {}
    privileges = AccountingPrivilege.objects.filter(person=pk, company=company)
    projects = Project.objects.filter(company=company, is_active=True).count()
    context = {
        "company": company,
        "tab": "levels",
        "membership": membership,
        "person": membership.person,
        "is_active": is_active,
        "places": places.items(),
        "other_projects": projects - sum(place != company for place in places),
        "privileges": privileges.select_related("granted_by", "withdrawn_by"),
        "holds_privilege": is_active and membership.vendor_id is None and privileges.live().exists(),
    }
    return render(request, "directory/person_levels.html", context)
