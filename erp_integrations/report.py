"""The accountant report (E-11): who holds or held *Can Push to Accounting*, by whose hand, and what they did."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max
from django.urls import reverse

from directory.models import AccountingPrivilege, Company, Event, Person
from directory.permissions import accounting_approvers
from erp_integrations.models import Download, InvoiceExport

ABOUT_EXPORTS = f"{InvoiceExport._meta.label_lower}:"
DOWNLOADED = "downloaded"
# What an event of an export says was done: as the column is called.
ACTS = {
    "changed the header": "Header changed",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "tried again": "Tried again",
    "confirmed in Sage": "Recorded in Sage",
    "corrected Sage’s record number": "Record number corrected",
    "reported that Sage refused it": "Refused by Sage",
    "voided": "Voided",
    DOWNLOADED: "Files taken",
}


@dataclass(frozen=True)
class Days:
    """The days of the company that acts are counted on; None: no bound."""

    first: date | None = None
    last: date | None = None

    def bounds(self, company: Company) -> dict[str, datetime]:
        found = {}
        if self.first:
            found["at__gte"] = company.start_of(self.first)
        if self.last:
            found["at__lt"] = company.end_of(self.last)
        return found


@dataclass(frozen=True)
class Act:
    """How often, when last, and the page of what it was last done to."""

    count: int
    last_at: datetime
    url: str


@dataclass(frozen=True)
class Holder:
    person: Person
    grants: list[AccountingPrivilege]  # newest first
    may_accept: bool
    acts: dict[str, Act] = field(default_factory=dict)

    @property
    def columns(self) -> list[tuple[str, Act | None]]:
        return [(label, self.acts.get(done)) for done, label in ACTS.items()]


def accountant_report(company: Company, days: Days) -> list[Holder]:
    """By name; those whose grant is over too. Six queries, however many people and acts."""
    grants = defaultdict(list)
    for grant in AccountingPrivilege.objects.of(company).select_related("company"):
        grants[grant.person].append(grant)
    acting = set(accounting_approvers(company).values_list("pk", flat=True))
    acts = defaultdict(dict)
    _count_answers(company, grants, days, acts)
    _count_downloads(company, grants, days, acts)
    people = sorted(grants, key=lambda person: (person.name, person.pk))
    return [Holder(person, grants[person], person.pk in acting, acts[person.pk]) for person in people]


def _count_answers(company: Company, people, days: Days, acts: dict) -> None:
    done = Event.objects.filter(company=company, subject__startswith=ABOUT_EXPORTS, verb__in=ACTS, by__in=list(people))
    counted = done.filter(**days.bounds(company)).order_by().values("by", "verb")
    rows = list(counted.annotate(count=Count("pk"), last=Max("pk")))
    last = Event.objects.in_bulk([row["last"] for row in rows])
    for row in rows:
        event = last[row["last"]]
        url = reverse("erp-export", args=[company.slug, int(event.subject.removeprefix(ABOUT_EXPORTS))])
        acts[row["by"]][row["verb"]] = Act(row["count"], event.at, url)


def _count_downloads(company: Company, people, days: Days, acts: dict) -> None:
    taken = Download.objects.filter(batch__company=company, by__in=list(people), **days.bounds(company))
    rows = list(taken.order_by().values("by").annotate(count=Count("pk"), last=Max("pk")))
    last = Download.objects.select_related("batch").in_bulk([row["last"] for row in rows])
    for row in rows:
        download = last[row["last"]]
        url = reverse("erp-batch", args=[company.slug, download.batch.number])
        acts[row["by"]][DOWNLOADED] = Act(row["count"], download.at, url)
