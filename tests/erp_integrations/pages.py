"""What tests of accounting's pages share: addresses, and what a page's tick boxes would send."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from erp_integrations.layout_forms import LayoutSheet
from erp_integrations.models import ExportBatch, ImportLayout, InvoiceExport
from tests.invoicing.pages import signed_in, text_of

__all__ = [
    "accept_data",
    "at_batch",
    "at_export",
    "boxes",
    "layout_data",
    "queries",
    "queue_url",
    "signed_in",
    "text_of",
]


def queue_url(company, rest: str = "") -> str:
    return reverse("erp-queue", args=[company.slug]) + rest


def at_export(export: InvoiceExport, name: str = "erp-export") -> str:
    return reverse(name, args=[export.company.slug, export.pk])


def at_batch(batch: ExportBatch, name: str = "erp-batch", *more) -> str:
    return reverse(name, args=[batch.company.slug, batch.number, *more])


def boxes(response) -> list[str]:
    """The value of every warning's tick box on a page."""
    return re.findall(r'name="ticked" value="([^"]+)"', response.content.decode())


def accept_data(response, *exports: InvoiceExport) -> dict:
    """The confirmation's form as it would be sent with every warning ticked."""
    [day] = re.findall(r'type="date" name="accounting_date"[^>]* value="([^"]+)"', response.content.decode())
    return dict(re.findall(r'name="(seen-[0-9]+)" value="([^"]+)"', response.content.decode())) | {
        "confirmed": "1",
        "export": [str(export.pk) for export in exports],
        "accounting_date": day,
        "ticked": boxes(response),
    }


def queries(client, url: str, data: dict | None = None) -> int:
    """How often a page asks the database, once its caches are warm."""
    client.get(url, data)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url, data).status_code == 200
    return len(asked)


def layout_data(layout: ImportLayout) -> dict[str, str]:
    """The layout editor's form as it would be sent with nothing changed."""
    sheet = LayoutSheet(layout.as_layout())
    data = {"seen": layout.fingerprint, "file_code": sheet.file_code}
    for part, rows in sheet.parts.items():
        data[f"{part}-count"] = str(len(rows))
        data |= {row.inputs[name]: row.cells[name] for row in rows for name in row.NAMES}
    return data
