"""What lists and pages of invoices say of accounting (E-4), read in the query that reads their rows (F5)."""

from django.db.models import Case, CharField, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from erp_integrations.models import ExportStatus, InvoiceExport
from erp_integrations.models.exports import choice_of, is_ready, ready_for_erp, sendable
from invoicing.models.invoice_queries import COUNTED_VIEWS, ERP_WORDS, READ_ALONG, TOLD_ALONG, CountedView

# "Not sent" for one that could be; "" before that, and for what its company does not send (6.2).
UNSENT = Case(
    When(sendable(), then=Value(ExportStatus.NOT_SENT.value)),
    default=Value(""),
    output_field=CharField(),
)
STATUS = InvoiceExport.objects.order_by().filter(invoice=OuterRef("pk")).values("status")
READ_ALONG["export_status"] = Coalesce(Subquery(STATUS), UNSENT)
ERP_WORDS.update(ExportStatus.choices)
TOLD_ALONG.add("export")
COUNTED_VIEWS["ready_for_erp"] = CountedView("Ready for ERP", ready_for_erp, choice_of, is_ready)
