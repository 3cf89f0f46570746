"""The accountant report (E-11): who holds or held *Can Push to Accounting*, by whose hand, and what they did."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max, Q
from django.urls import reverse

from directory.models import AccountingPrivilege, Company, Event, Person
from directory.permissions import accounting_approvers
from erp_integrations.models import Download, ExportBatch, InvoiceExport

ABOUT_EXPORTS, ABOUT_FILES = (f"{model._meta.label_lower}:" for model in (InvoiceExport, ExportBatch))
DOWNLOADED, AT_ONCE = "downloaded", "tried at once"
# What an event of an export, or of a file where it is about no export, says was done: as the column is called.
ACTS = {
    "changed the header": "Header changed",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "tried again": "Tried again",
    AT_ONCE: "Tried at once",
    "confirmed in Sage": "Recorded in Sage",
    "entered Sage’s record number": "Record number entered",
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
    """By name; those whose grant is over too. Seven queries, however many people and acts."""
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
    of_exports = Q(subject__startswith=ABOUT_EXPORTS, verb__in=ACTS)
    of_files = Q(subject__startswith=ABOUT_FILES, verb=AT_ONCE)
    done = Event.objects.filter(of_exports | of_files, company=company, by__in=list(people))
    counted = done.filter(**days.bounds(company)).order_by().values("by", "verb")
    rows = list(counted.annotate(count=Count("pk"), last=Max("pk")))
    last = Event.objects.in_bulk([row["last"] for row in rows])
    subjects = [event.subject for event in last.values() if event.subject.startswith(ABOUT_FILES)]
    files = ExportBatch.objects.defer("snapshot", "findings").in_bulk([_pk(each, ABOUT_FILES) for each in subjects])
    for row in rows:
        event = last[row["last"]]
        acts[row["by"]][row["verb"]] = Act(row["count"], event.at, _address(company, event.subject, files))


def _pk(subject: str, kind: str) -> int:
    return int(subject.removeprefix(kind))


def _address(company: Company, subject: str, files: dict[int, ExportBatch]) -> str:
    if subject.startswith(ABOUT_FILES):
        return reverse("erp-batch", args=[company.slug, files[_pk(subject, ABOUT_FILES)].number])
    return reverse("erp-export", args=[company.slug, _pk(subject, ABOUT_EXPORTS)])


def _count_downloads(company: Company, people, days: Days, acts: dict) -> None:
    taken = Download.objects.filter(batch__company=company, by__in=list(people), **days.bounds(company))
    rows = list(taken.order_by().values("by").annotate(count=Count("pk"), last=Max("pk")))
    last = Download.objects.select_related("batch").in_bulk([row["last"] for row in rows])
    for row in rows:
        download = last[row["last"]]
        url = reverse("erp-batch", args=[company.slug, download.batch.number])
        acts[row["by"]][DOWNLOADED] = Act(row["count"], download.at, url)
