"""Nothing of another company reaches a page, a download or a mail (R61, R63).

A second company carries a name nobody else has in every text it can hold. People of the first one then follow every
link and send every search form they find, with half of that name typed in: the whole of it never comes back.
"""

import re
from collections import deque
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.db.models import CharField, TextField
from django.test import Client

from directory.actions.grants import set_level
from directory.models import Company, Event, Mail, Membership, Person, Project, Vendor
from directory.permissions import Level, Tool
from erp_integrations.models import VendorLink
from invoicing.models import ChangeOrder, Commitment, CostCode, Invoice, InvoiceLine, ScheduleLine
from tests.erp_integrations.world import sage_world
from tests.factories import person
from tests.journeys.pages import Page
from tests.test_access_matrix import build_site

pytestmark = pytest.mark.django_db

CANARY = "Zanzi"
REST = "canary"  # people type the first half; only the whole name is a leak
MOST_PAGES = 250

OF_COMPANY = {  # model: (the way to its company, the texts that can carry the name)
    Company: ("pk", ["name"]),
    Vendor: ("company", ["name", "number", "email", "phone", "remit_to"]),
    Project: ("company", ["name"]),
    Membership: ("company", ["title"]),
    Commitment: ("company", ["title", "description"]),
    ChangeOrder: ("commitment__company", ["title"]),
    CostCode: ("company", ["name"]),
    ScheduleLine: ("commitment__company", ["description"]),
    InvoiceLine: ("invoice__commitment__company", ["note", "verdict_reason", "allowed_reason"]),
    Invoice: ("commitment__company", ["comment"]),
    Mail: ("company", ["headline", "text", "html"]),
}


def mark(company: Company) -> int:
    """Write the canary into every text of this company; how many rows carry it."""
    marked = 0
    for model, (way, names) in OF_COMPANY.items():
        for row in model.objects.filter(**{way: company.pk}):
            texts = {name: f"{CANARY}{REST} {row.pk}"[: _room(model, name)] for name in names if _holds(model, name)}
            marked += model.objects.filter(pk=row.pk).update(**texts)
    for someone in Person.objects.filter(memberships__company=company):
        email = f"{CANARY}{REST}.{someone.pk}@example.com"
        marked += Person.objects.filter(pk=someone.pk).update(name=f"{CANARY}{REST} {someone.pk}", email=email)
    return marked


def _holds(model, name: str) -> bool:
    return isinstance(model._meta.get_field(name), CharField | TextField)


def _room(model, name: str) -> int | None:
    return model._meta.get_field(name).max_length


def build_foreign() -> Company:
    """The other company has one of everything too, and things under way."""
    w = sage_world("Other Builders")
    w.exported(w.approved(w.commitment(is_private=False)))
    w.sent(w.approved(w.commitment(is_private=False)))
    w.base.sent_back(w.base.draft(w.base.commitment(is_private=False)))
    assert VendorLink.objects.filter(vendor__company=w.company).exists()
    assert mark(w.company) > 30
    return w.company


WHO = (
    "commitments admin",
    "contact",
    "accounting approver",
    "erp read only",
    "directory admin",
    "contact of another vendor",
)


@pytest.mark.parametrize("who", WHO)
def test_no_page_download_or_search_tells_of_another_company(who, settings):
    settings.DEMO = False  # the demo's outbox shows the mail of all, and exists nowhere else
    site = build_site()
    company = Company.objects.get(slug=site.names["company"])
    site.people["directory admin"] = boss = person("Boss", company)
    set_level(boss, Tool.COMPANY_DIRECTORY, company, Level.ADMIN, by=site.people["site owner without a grant"])
    build_foreign()
    client = site.client(who)
    seen = crawl(client, start=["/", "/bills/", "/me/"])
    assert len(seen) > 5, seen


def crawl(client: Client, start: list[str]) -> list[str]:
    """Every address that can be reached by links and by forms that only ask, each looked at once."""
    waiting, known, seen = deque(start), set(start), []
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.popleft()
        response = client.get(url)
        text = content_of(response)
        assert f"{CANARY}{REST}".lower() not in text.lower(), f"{url} tells of another company"
        assert response.status_code < 500, url
        seen.append(url)
        for found in leads_of(url, response, text):
            if shape(found) not in known:
                known.add(shape(found))
                waiting.append(found)
    return seen


def content_of(response) -> str:
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    return raw.decode(errors="replace")


def leads_of(url: str, response, text: str):
    """Where the page leads: its links, what it was redirected to, and its search forms with the name typed in."""
    if response.status_code in (301, 302):
        yield from _ours(urljoin(url, response.url))
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return
    page = Page(text)
    for link in page.links():
        yield from _ours(urljoin(url, link.attrs.get("href", "")))
    for form in (each for each in page.elements if each.tag == "form"):
        if form.attrs.get("method", "get").lower() == "get":
            pairs = [(name, value) for control in page.controls(form) for name, value in control.pairs()]
            typed = [(c.attrs["name"], CANARY) for c in page.controls(form) if c.type in ("text", "search")]
            query = urlencode(dict(pairs) | dict(typed))
            yield from _ours(urljoin(url, form.attrs.get("action", "")).partition("?")[0] + "?" + query)


def _ours(url: str):
    parts = urlsplit(url)
    if not parts.netloc and parts.path.startswith("/") and not parts.path.startswith(("/accounts/logout", "/static/")):
        yield parts.path + (f"?{parts.query}" if parts.query else "")


def shape(url: str) -> str:
    """Pages that differ in a page number or a row's id alone are looked at a few times, not hundreds of times."""
    return re.sub(r"(page|after|before|row|line)=[^&]*", r"\1=…", url)


def test_mail_to_people_of_one_company_never_tells_of_another():
    site = build_site()
    foreign = build_foreign()
    own = Mail.objects.exclude(company=foreign)
    assert own.exists()
    for mail in own:
        assert f"{CANARY}{REST}" not in mail.headline + mail.text + mail.html
    events = Event.objects.filter(company__slug=site.names["company"])
    assert events.exists() and not events.filter(by__memberships__company=foreign).exists()
