"""A directory in which every page has something to show: a vendor in question, a file with a refused row, a request."""

from dataclasses import dataclass, replace

from django.urls import reverse

from directory.actions import directory_uploads, people, permission_templates, privileges, projects, vendors
from directory.actions.grants import set_level
from directory.actions.projects import ProjectEntry
from directory.actions.vendors import Details
from directory.models import Person
from directory.models.events import subject_name
from directory.permissions import Level, Tool
from tests.browser.scene import Scene
from tests.directory.directory_pages import directory_admin

FILE = b"""Vendor,Number,Email
Acme Concrete,V-100,office@acme.example
Hill Roofing,V-200,office@hill.example
Kerr Plumbing,V-300,not an address
"""


@dataclass
class Desk:
    """Who administers the directory, who only does ERP's settings, whom a directory asked in, and their pages."""

    admin: Person
    erp_admin: Person
    asked: Person
    pages: dict[str, str]
    project_pages: dict[str, str]


def desk(scene: Scene) -> Desk:
    sage, base = scene.sage, scene.sage.base
    company, owner = sage.company, base.owner
    admin, clerk = directory_admin(base), directory_admin(base, "Cleo Clerk")
    set_level(admin, Tool.PROJECT_DIRECTORY, base.project, Level.ADMIN, by=owner)
    erp_admin = people.add_person(company, "erin@cascade.example", "Erin Admin", by=owner).person
    set_level(erp_admin, Tool.ERP_INTEGRATIONS, company, Level.ADMIN, by=owner)
    asked = Person.objects.create_user("old@other.example", "pw", name="Olive Older")
    people.add_person(company, asked.email, "Olive Older", by=admin)
    template = permission_templates.create(company, "Project engineers", by=admin)
    permission_templates.add_person(template, base.reader, by=admin)
    held = vendors.enter(company, Details("Kerr Plumbing", email="office@kerr.example"), by=admin)
    vendors.change(held, replace(Details.of(held), email="new@kerr.example"), by=clerk, reason="Their letter of Monday")
    upload = directory_uploads.take_in(company, "vendors", "vendors.csv", FILE, by=admin)
    privileges.ask(base.reader, company, by=admin, reason="Covers for Sam in December")
    ended = projects.add_project(company, ProjectEntry("Old Depot", "P-OLD", "America/Chicago"), "old-depot", by=admin)
    projects.end_project(ended, by=admin, reason="Handed over")
    at = scene.erp
    one = base.contact.memberships.get().pk
    left = base.staff.memberships.get()
    pages = {
        "people": at("company-directory"),
        "people-none": at("company-directory", query="?q=nothing+like+it"),
        "person": at("directory-person", one),
        "person-new": at("directory-person-new"),
        "person-edit": at("directory-person-edit", one),
        "person-move": at("directory-person-move", one),
        "person-deactivate": at("directory-person-deactivate", left.pk),
        "projects": at("company-projects"),
        "project-new": at("company-project-new"),
        "project-edit": at("company-project", base.project.pk),
        "project-end": at("company-project-end", base.project.pk),
        "settings": at("company-settings"),
        "vendors": at("vendors"),
        "vendor": at("vendor", base.vendor.pk),
        "vendor-in-question": at("vendor", held.pk),
        "vendor-new": at("vendor-new"),
        "vendor-edit": at("vendor-edit", base.vendor.pk),
        "vendor-deactivate": at("vendor-deactivate", base.vendor.pk),
        "vendor-verify": at("vendor-verify", held.pk),
        "vendor-decline": at("vendor-decline", held.pk),
        "import": at("directory-import", "vendors"),
        "import-people": at("directory-import", "people"),
        "import-preview": at("directory-upload", upload.pk),
        "cost-codes": at("cost-codes"),
        "cost-code": at("cost-code", base.cost_code().pk),
        "levels": at("company-levels"),
        "levels-none": at("company-levels", query="?q=nothing+like+it"),
        "why": at("person-levels", base.reader.pk),
        "templates": at("permission-templates"),
        "template": at("permission-template", template.pk),
        "template-delete": at("permission-template-delete", template.pk),
        "approvers": at("accounting-approvers"),
        "record": at("company-events"),
        "record-about": at("company-events-about", subject_name(scene.approved)),
    }
    return Desk(admin, erp_admin, asked, pages, {"project-levels": scene.at("project-directory")})


def report(scene: Scene) -> dict[str, str]:
    return {
        "accountant-report": scene.erp("erp-report"),
        "erp-settings": scene.erp("erp-settings"),
        "erp-layouts": scene.erp("erp-layouts"),
        "erp-layout": scene.erp("erp-layout", "apinv-r1", 1),
    }


JOINING = {"joining": reverse("joining")}
