"""The commitments of a project that a person may see: narrowed, sorted, added up, and taken away as CSV."""

import csv
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.shortcuts import render

from directory.decorators import READ, project_view
from directory.event_lines import plain_cell
from directory.permissions import Level, Tool
from invoicing.forms.commitment_filters import CommitmentFilter
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
    "Contract sum to date",
    "Billed to date",
    "Retainage held",
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
        "noun": "bill" if request.access.is_external else "invoice",
    }
    return render(request, "invoicing/commitment_list.html", context)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def commitments_csv(request, project):
    """All that the filters find, in the order of the page."""
    visible = Commitment.objects.visible_to(request.access)
    form = CommitmentFilter(request.GET, company=project.company, visible=visible)
    found = form.in_order(form.narrowed(visible).select_related("vendor"))
    name = f"commitments-{project.slug}-{project.today:%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    lines = csv_lines(list(found.values_list("pk", flat=True)))
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class _Line:
    """What csv writes to: hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(ids: list[int]) -> Iterator[str]:
    """A heading, then a line a commitment, read in chunks so that memory stays constant."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(HEADINGS)  # the mark, so that Excel reads it as UTF-8
    for start in range(0, len(ids), CHUNK):
        rows = Commitment.objects.select_related("vendor", "starting_certificate").in_bulk(ids[start : start + CHUNK])
        for standing in standings_of([rows[pk] for pk in ids[start : start + CHUNK] if pk in rows]):
            yield writer.writerow(cells_of(standing))


def cells_of(standing: Standing) -> list[str]:
    """Text without formulas (R100, S58); amounts are figures, minus sign and all."""
    commitment = standing.commitment
    words = (
        commitment.number,
        commitment.title,
        commitment.get_kind_display(),
        commitment.vendor.name,
        commitment.get_status_display(),
        "yes" if commitment.is_private else "no",
    )
    figures = (standing.contract_sum, standing.billed, standing.retainage)
    days = (commitment.executed_date, commitment.start_date, commitment.completion_date)
    return [
        *map(plain_cell, words),
        *(f"{figure:.2f}" for figure in figures),
        f"{commitment.retainage_rate.normalize():f}",
        *(day.isoformat() if day else "" for day in days),
    ]
