"""The commitments of a project that a person may see: narrowed, sorted, added up, and taken away as CSV."""

from collections.abc import Iterator

from django.shortcuts import render

from directory.csv_files import csv_answer
from directory.decorators import READ, project_view
from directory.permissions import Level, Tool
from invoicing.forms.commitment_filters import CommitmentFilter
from invoicing.labels import LABEL_OF, noun_for
from invoicing.models import Commitment
from invoicing.permissions import is_project_admin, may_create_commitments
from invoicing.views.standings import Standing, standings_of, totals_of

CHUNK = 500
HEADINGS = (
    "Number",
    "Title",
    "Kind",
    "Company",
    "Status",
    "Private",
    LABEL_OF["contract_sum_to_date"],
    "Billed to date",
    LABEL_OF["total_retainage"],
    "Default retainage %",
    "Executed",
    "Starts",
    "To be complete by",
)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def commitment_list(request, project):
    visible = Commitment.objects.visible_to(request.access)
    form = CommitmentFilter(request.GET, company=project.company, visible=visible)
    found = form.narrowed(visible)
    page = form.page(found.select_related("vendor", "starting_certificate"))
    context = {
        "project": project,
        "form": form,
        "page": page,
        "standings": standings_of(page.rows),
        "totals": totals_of(found),
        "is_any": bool(page.rows) or (form.is_narrow and visible.exists()),
        "headings": form.headings(),
        "may_create": may_create_commitments(request.access),
        "is_admin": is_project_admin(request.access),
        "noun": noun_for(request.access),
    }
    return render(request, "invoicing/commitment_list.html", context)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def commitments_csv(request, project):
    """All that the filters find, in the order of the page."""
    visible = Commitment.objects.visible_to(request.access)
    form = CommitmentFilter(request.GET, company=project.company, visible=visible)
    found = form.in_order(form.narrowed(visible).select_related("vendor"))
    name = f"commitments-{project.slug}-{project.today:%Y%m%d}.csv"
    return csv_answer(name, HEADINGS, _rows(list(found.values_list("pk", flat=True))))


def _rows(ids: list[int]) -> Iterator[list]:
    """A row a commitment, read in chunks so that memory stays constant."""
    for start in range(0, len(ids), CHUNK):
        rows = Commitment.objects.select_related("vendor", "starting_certificate").in_bulk(ids[start : start + CHUNK])
        for standing in standings_of([rows[pk] for pk in ids[start : start + CHUNK] if pk in rows]):
            yield cells_of(standing)


def cells_of(standing: Standing) -> list:
    commitment = standing.commitment
    return [
        commitment.number,
        commitment.title,
        commitment.get_kind_display(),
        commitment.vendor.name,
        commitment.get_status_display(),
        "yes" if commitment.is_private else "no",
        standing.contract_sum,
        standing.billed,
        standing.retainage,
        f"{commitment.retainage_rate.normalize():f}",
        commitment.executed_date,
        commitment.start_date,
        commitment.completion_date,
    ]
