"""The top bar: where this person can go from here."""

from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from directory.models import Company, Membership, Project
from directory.permissions import Level, Tool, objects_with_level, visible_projects


def navigation(request) -> dict:
    """For templates: `navigation`, `switcher` and `me_menu`, asked only by a page that shows a top bar."""
    if not getattr(request, "user", AnonymousUser()).is_authenticated:  # none yet on a page that middleware answers
        return {}
    bar = SimpleLazyObject(lambda: TopBar(request))
    return {
        "navigation": SimpleLazyObject(lambda: bar.links()),
        "switcher": SimpleLazyObject(lambda: bar.projects_to_switch()),
        "me_menu": SimpleLazyObject(lambda: _me_menu(request)),
    }


class Offered(NamedTuple):
    """A project as the bar shows it; there may be hundreds, so no more of it is read."""

    name: str
    slug: str
    company_id: int


class TopBar:
    """What one request's page offers: of its project, else of the only one, and of the companies of this person."""

    def __init__(self, request):
        self.person, self.path = request.user, request.path
        self.access = getattr(request, "access", None)
        self.named = request.resolver_match.kwargs if request.resolver_match else {}
        found = visible_projects(self.person, Tool.COMMITMENTS).select_related(None)
        self.projects = [Offered(*each) for each in found.values_list("name", "slug", "company_id")]
        places = self._memberships()
        vendors = {place.company_id: place.vendor_id for place in places if place.is_active}
        self.employers = [company for company, vendor in vendors.items() if vendor is None]
        self.is_asked = any(place.asked_at for place in places)
        self.is_contact = any(vendors.values())
        self.is_employed = not all(vendors.values())
        self.own = [project for project in self.projects if vendors.get(project.company_id, 0) is None]

    def _memberships(self) -> Sequence[Membership]:
        """As they were read at the page's door, where it has one."""
        at_hand = self.access.memberships if self.access else None
        return self.person.memberships.all() if at_hand is None else at_hand

    @property
    def project(self) -> Offered | None:
        """The one in the address; else the only one there is."""
        slug = self.named.get("project")
        if slug:
            return next((project for project in self.projects if project.slug == slug), None)
        return self.own[0] if len(self.own) == 1 else None

    def links(self) -> list[dict]:
        links = []
        if self.is_employed or not self.is_contact:
            links.append(self._link("Home", "house", reverse("home"), key="h"))
        if self.is_contact:
            links.append(self._link("My bills", "receipt-text", reverse("bills"), key="i"))
        if self.project and self.project in self.own:
            links += self._of_project(self.project.slug)
        if self.is_asked:
            links.append(self._link("Join?", "circle-question-mark", reverse("joining")))
        return links + self._of_project_directories() + self._of_companies()

    def _of_project(self, slug: str) -> list[dict]:
        return [
            self._link("Invoices", "receipt-text", reverse("invoices", args=[slug]), key="i"),
            self._link("Commitments", "files", reverse("commitments", args=[slug])),
            self._link("Billing periods", "calendar-days", reverse("periods", args=[slug])),
        ]

    def _of_project_directories(self) -> list[dict]:
        """Of the project in the address; for somebody with no other page of a project, of each they may look into."""
        slug = self.named.get("project")
        if not slug and self.projects:
            return []
        label = "Project directory" if slug else "Project directory, {}"
        return [
            self._link(label.format(each.name), "users", reverse("project-directory", args=[each.slug]))
            for each in self._project_directories(slug)
        ]

    def _project_directories(self, slug: str | None) -> list[Project]:
        """The page's own project is answered by the access read at its door."""
        here = getattr(self.access, "project", None)
        if here and here.slug == slug:
            return [here] if self.access.allows(Tool.PROJECT_DIRECTORY, Level.READ_ONLY) else []
        held = visible_projects(self.person, Tool.PROJECT_DIRECTORY)
        return list(held.filter(slug=slug) if slug else held[:5])

    def _of_companies(self) -> list[dict]:
        links = []
        for tool, label, icon, key, name, *more in COMPANY_TOOLS:
            companies = self._companies_with(tool)
            for company in companies:
                words = label if len(companies) == 1 else f"{label}, {company.name}"
                url = reverse(name, args=[company.slug])
                within = tuple(reverse(each, args=[company.slug]).removesuffix("queue/") for each in (name, *more))
                links.append(self._link(words, icon, url, key=key, within=within))
        return links

    def _companies_with(self, tool: Tool) -> list[Company]:
        """The page's own company is answered by the access read at its door, when it is the only one there can be."""
        if not self.employers:
            return []  # only one's own company shows its lists
        if self.access and self.employers == [self.access.company.pk]:
            return [self.access.company] if self.access.allows(tool, Level.READ_ONLY) else []
        return list(objects_with_level(self.person, tool, Level.READ_ONLY))

    def _link(self, label: str, icon: str, url: str, *, key: str = "", within: tuple[str, ...] = ()) -> dict:
        is_current = self.path.startswith(within or (url,)) if url != "/" else self.path == "/"
        return {"label": label, "icon": icon, "url": url, "key": key, "current": is_current}

    def projects_to_switch(self) -> list[dict]:
        """Every project this person may open, for the menu; nothing to switch where there is only one."""
        if len(self.projects) < 2:
            return []
        here, url = self.named.get("project"), reverse("project", args=["-"])
        return [
            {"label": each.name, "url": url.replace("-", each.slug, 1), "current": each.slug == here}
            for each in self.projects
        ]


COMPANY_TOOLS = (
    # tool, label, icon, key, where it leads, and what else belongs to it
    (Tool.ERP_INTEGRATIONS, "ERP", "landmark", "e", "erp-queue"),
    (Tool.COMPANY_DIRECTORY, "Directory", "users", "", "company-directory", "company-events", "cost-codes"),
)


def _me_menu(request) -> list[dict]:
    menu = [
        {"label": "Profile", "icon": "settings", "url": reverse("profile")},
        {"label": "Second factor", "icon": "lock", "url": reverse("mfa_index")},
    ]
    if request.user.is_staff:
        menu.append({"label": "Site administration", "icon": "shield-check", "url": reverse("admin:index")})
    if settings.DEMO:
        menu.append({"label": "Mail of the demo", "icon": "mail", "url": reverse("demo-outbox")})
    return menu
