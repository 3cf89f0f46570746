"""F4, F5, F6, F8: the invoice list of the largest project of a database that `seed_scale` filled."""

from collections.abc import Iterator
from functools import partial

from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import bare, scale
from benchmarks.measuring import PLANNED, Figure, compare, count, signed_in
from directory.models import Person, Project
from directory.permissions import read_access
from invoicing.forms.keyset import PAGE_SIZE
from invoicing.models import Invoice

GOALS = ("F4", "F5", "F6", "F8")
LARGEST = "project-1"


def measure() -> Iterator[Figure]:
    if not Project.objects.filter(slug=LARGEST, company__slug=scale.SLUG).exists():
        return  # no other company is measured
    person = Person.objects.get(pk=scale.ADMIN)
    project = Project.objects.select_related("company").get(slug=LARGEST)
    client = signed_in(person)
    url = reverse("invoices", args=[LARGEST])

    oldest = Invoice.objects.filter(commitment__project__slug=LARGEST).order_by("period_start_date", "pk")
    key = "{0.pk}~{0.period_start_date}".format(oldest[PAGE_SIZE])

    def first(where: str = ""):
        assert client.get(f"{url}{where}", secure=True).content.count(b'scope="row"') > PAGE_SIZE / 2

    def last():
        first(f"?after={key}")

    small = reverse("invoices", args=[_of_a_hundredth()])

    def of_few():
        assert client.get(small, secure=True).content.count(b'scope="row"') > PAGE_SIZE / 2

    plain = bare.browser(person)

    def least():
        assert plain.get(f"/p/{LARGEST}/", secure=True).content.count(b'scope="row"') > PAGE_SIZE

    warm = partial(compare, warm_up=PLANNED)
    yield warm("F4", "invoice list, 50 rows of the largest project", "1.5", first, "a page of one raw query", least)
    yield warm("F4", "the same", "1.5", first, "that query and table alone", lambda: bare.table_of(project))
    yield count("F5", "queries of that page", 8, _queries(first))
    yield warm("F6", "its last page", "1.3", last, "its first page", first)
    yield warm("F6", "its first page", "1.2", first, "that of a project with a hundredth", of_few)
    yield count(
        "F8",
        "queries for what a person holds there",
        2,
        _queries(lambda: read_access(person, project.company, project)),
    )


def _of_a_hundredth() -> str:
    """The project with the fewest invoices that still fill a page: as long as the largest one's where all is small."""
    counted = Project.objects.filter(company__slug=scale.SLUG).annotate(n=Count("commitments__invoices"))
    return counted.filter(n__gt=PAGE_SIZE).order_by("n", "pk").values_list("slug", flat=True)[0]


def _queries(act) -> int:
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)
