"""The top bar: where this person can go from here."""

from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.functional import SimpleLazyObject, cached_property

from directory.models import Company, Project
from directory.permissions import Level, Tool
from directory.reach import Reach


def navigation(request) -> dict:
    """For templates: `navigation`, `has_projects` and `me_menu`, asked only by a page that shows a top bar.

    `projects_key`: the key that leads to the list of projects, where it leads to no project's invoices (9.11).
    """
    if not getattr(request, "user", AnonymousUser()).is_authenticated:  # none yet on a page that middleware answers
        return {}
    bar = SimpleLazyObject(lambda: TopBar(request))
    return {
        "navigation": SimpleLazyObject(lambda: bar.links),
        "has_projects": SimpleLazyObject(lambda: bar.has_projects),
        "projects_key": SimpleLazyObject(
            lambda: "" if any(each["key"] == INVOICES for each in bar.links) else INVOICES
        ),
        "me_menu": SimpleLazyObject(lambda: _me_menu(request)),
    }


class TopBar:
    """What one request's page offers: of its project, else of the only one, and of the companies of this person."""

    def __init__(self, request):
        self.path = request.path
        self.access = getattr(request, "access", None)
        self.named = request.resolver_match.kwargs if request.resolver_match else {}
        self.reach = Reach.of(request.user)
        self.employers = [company.pk for company in self.reach.employers]

    @cached_property
    def projects(self) -> list[Project]:
        """Every project that opens for this person."""
        return self.reach.projects_with(Tool.COMMITMENTS)

    @cached_property
    def is_here(self) -> bool:
        """Whether this is a page of a project that opens for this person, as it was read at the page's door."""
        here = getattr(self.access, "project", None)
        is_named = bool(here) and here.slug == self.named.get("project")
        return is_named and self.access.allows(Tool.COMMITMENTS, Level.READ_ONLY)

    @cached_property
    def project(self) -> str:
        """The slug of the company's own one in the address, else of the only one there is; "" for none."""
        slug = self.named.get("project")
        if self.is_here:
            return slug if self.access.company.pk in self.employers else ""
        own = [each.slug for each in self.projects if each.company_id in self.employers and slug in (None, each.slug)]
        return own[0] if len(own) == 1 else ""

    @property
    def has_projects(self) -> bool:
        """Whether there is one to go to."""
        return self.is_here or bool(self.projects)

    @cached_property
    def links(self) -> list[dict]:
        links = []
        if self.reach.is_employed or not self.reach.is_contact:
            links.append(self._link("Home", "house", _at("home"), key="h"))
        if self.reach.is_contact:
            links.append(self._link("My bills", "receipt-text", _at("bills"), key=INVOICES))
        if self.project:
            links += self._of_project(self.project)
        if self.reach.is_asked:
            links.append(self._link("Join?", "circle-question-mark", _at("joining")))
        return links + self._of_project_directories() + self._of_companies()

    def _of_project(self, slug: str) -> list[dict]:
        return [
            self._link("Invoices", "receipt-text", _at("invoices", slug), key=INVOICES),
            self._link("Commitments", "files", _at("commitments", slug)),
            self._link("Billing periods", "calendar-days", _at("periods", slug)),
        ]

    def _of_project_directories(self) -> list[dict]:
        """Of the project in the address; for somebody with no other page of a project, of each they may look into."""
        slug = self.named.get("project")
        if not slug and self.projects:
            return []
        label = "Project directory" if slug else "Project directory, {}"
        return [
            self._link(label.format(each.name), "users", _at("project-directory", each.slug))
            for each in self._project_directories(slug)
        ]

    def _project_directories(self, slug: str | None) -> list[Project]:
        """The page's own project is answered by the access read at its door."""
        here = getattr(self.access, "project", None)
        if here and here.slug == slug:
            return [here] if self.access.allows(Tool.PROJECT_DIRECTORY, Level.READ_ONLY) else []
        held = self.reach.projects_with(Tool.PROJECT_DIRECTORY)
        return [each for each in held if each.slug == slug] if slug else held[:5]

    def _of_companies(self) -> list[dict]:
        links = []
        for tool, label, icon, key, name, *more in COMPANY_TOOLS:
            companies = self._companies_with(tool)
            for company in companies:
                words = label if len(companies) == 1 else f"{label}, {company.name}"
                url = _at(name, company.slug)
                within = tuple(_at(each, company.slug).removesuffix("queue/") for each in (name, *more))
                links.append(self._link(words, icon, url, key=key, within=within))
        return links

    def _companies_with(self, tool: Tool) -> list[Company]:
        """The page's own company is answered by the access read at its door, when it is the only one there can be."""
        if self.access and self.employers == [self.access.company.pk]:
            return [self.access.company] if self.access.allows(tool, Level.READ_ONLY) else []
        return self.reach.companies_with(tool)

    def _link(self, label: str, icon: str, url: str, *, key: str = "", within: tuple[str, ...] = ()) -> dict:
        is_current = self.path.startswith(within or (url,)) if url != "/" else self.path == "/"
        return {"label": label, "icon": icon, "url": url, "key": key, "current": is_current}


@lru_cache(maxsize=10_000)
def _at(name: str, *parts: str) -> str:
    """Every page asks for the same dozen (F4)."""
    return reverse(name, args=parts)


INVOICES = "i"  # the key to them, after g
COMPANY_TOOLS = (
    # tool, label, icon, key, where it leads, and what else belongs to it
    (Tool.ERP_INTEGRATIONS, "ERP", "landmark", "e", "erp-queue"),
    (Tool.COMPANY_DIRECTORY, "Directory", "users", "", "company-directory", "company-events", "cost-codes"),
)


def _me_menu(request) -> list[dict]:
    menu = [
        {"label": "Profile", "icon": "settings", "url": _at("profile")},
        {"label": "Second factor", "icon": "lock", "url": _at("mfa_index")},
    ]
    if request.user.is_staff:
        menu.append({"label": "Site administration", "icon": "shield-check", "url": _at("admin:index")})
    if settings.DEMO:
        menu.append({"label": "Outbox", "icon": "mail", "url": _at("demo-outbox")})
    return menu
