"""From a page that mends what stops an invoice, back to that invoice and to the list that it was opened from."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from erp_integrations.forms import plain_ids
from erp_integrations.mending import LIST
from erp_integrations.models import ExportStatus, InvoiceExport
from erp_integrations.views.queue import CameFrom


@dataclass(frozen=True)
class WayBack:
    """The invoice whose finding led here, and its list of the queue, as the address says: never a way out of here.

    Without such an invoice it leads nowhere.
    """

    export: InvoiceExport | None
    came_from: CameFrom

    @classmethod
    def of(cls, request, company) -> "WayBack":
        named = plain_ids([request.GET.get("export", "")])
        found = InvoiceExport.objects.of(company).exclude(status=ExportStatus.NOT_SENT).select_related("invoice")
        export = found.filter(pk__in=named).first() if named else None
        return cls(export, CameFrom.told(QueryDict(request.GET.get(LIST, "")), company))

    @property
    def pairs(self) -> dict[str, str]:
        if self.export is None:
            return {}
        return {"export": str(self.export.pk)} | self.came_from.packed

    @property
    def query(self) -> str:
        """For behind an address on the way."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    @property
    def address(self) -> str:
        """Of that invoice; empty without one."""
        if self.export is None:
            return ""
        return reverse("erp-export", args=[self.came_from.company.slug, self.export.pk]) + self.came_from.query
