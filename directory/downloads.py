"""What the browser is told about every file that is taken away: keep it, and never open it as a page of this site."""

from django.http import HttpResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# R104, R74. `attachment` and the file's name come with each answer.
AS_A_FILE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
}


def workbook_answer(name: str, content: bytes) -> HttpResponse:
    """A workbook called `name`, without its ending, for the browser to keep."""
    headers = AS_A_FILE | {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return HttpResponse(content, content_type=XLSX, headers=headers)
