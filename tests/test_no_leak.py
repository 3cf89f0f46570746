"""Nothing of another company reaches a page, a download or a mail (R61, R63); no link leads to a fault or another host.

A second company carries a name nobody else has in every text it can hold. People of the first one then follow every
link and send every search form they find, with half of that name typed in: the whole of it never comes back.
"""

import re
from collections import Counter, deque
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.conf import settings
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
from tests.test_access_matrix import BUSIEST, SITE_OWNER, STAFF, build_site
from tests.test_unescaped import elsewhere

pytestmark = pytest.mark.django_db

CANARY = "Zanzi"
REST = "canary"  # people type the first half; only the whole name is a leak
OF_A_SHAPE = 2  # pages that differ in an id, an order or a place in a list alone: so many are looked at

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
    pages = crawl(site.client(who), of_a_shape=OF_A_SHAPE)
    assert len(pages) > 5, list(pages)
    for url, text in pages.items():
        assert f"{CANARY}{REST}".lower() not in text.lower(), f"{url} tells of another company"
        assert not hosts_named(text), url


def test_no_link_that_anybody_finds_leads_to_a_fault_or_to_another_host(settings):
    """9.10 (never a 500), R118: also in Django's admin and on the pages of signing in, which are not ours."""
    settings.DEMO = False
    site = build_site()
    for who in sorted({*BUSIEST, STAFF, SITE_OWNER} - set(WHO)):
        pages = crawl(site.client(who), of_a_shape=1)
        assert len(pages) > (40 if who == SITE_OWNER else 3), (who, list(pages))
        for url, text in pages.items():
            assert not hosts_named(text), (who, url)


def crawl(client: Client, *, of_a_shape: int) -> dict[str, str]:
    """{address: its text} of every address that links, and forms that only ask, lead to; of each shape so many."""
    start = ["/", "/bills/", "/me/", "/admin/", "/accounts/login/"]
    waiting, known, shapes, pages = deque(start), set(start), Counter(), {}
    while waiting:
        url = waiting.popleft()
        response = client.get(url)
        assert response.status_code < 500, url
        pages[url] = text = content_of(response)
        for found in leads_of(url, response, text):
            if found not in known and shapes[shape(found)] < of_a_shape:
                known.add(found)
                shapes[shape(found)] += 1
                waiting.append(found)
    return pages


def hosts_named(text: str) -> set[str]:
    """What a page names of others (R118); of a file its own format's names are no addresses that anybody asks."""
    return elsewhere(text.replace(settings.SITE_URL, "")) if "<html" in text else set()


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
    """The same for pages that differ in an id, an order or a place in a list; in Django's admin in their query."""
    without_order = re.sub(r"\b(page|after|before|row|rows|list|line|sort|o|next)=[^&]*", r"\1=", url)
    return re.sub(r"\d+", "#", url.partition("?")[0] if url.startswith("/admin/") else without_order)


def test_mail_to_people_of_one_company_never_tells_of_another():
    site = build_site()
    foreign = build_foreign()
    own = Mail.objects.exclude(company=foreign)
    assert own.exists()
    for mail in own:
        assert f"{CANARY}{REST}" not in mail.headline + mail.text + mail.html
    events = Event.objects.filter(company__slug=site.names["company"])
    assert events.exists() and not events.filter(by__memberships__company=foreign).exists()
