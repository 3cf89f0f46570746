"""Exports as the program wrote them: for the site owner to look at. Nothing with money is changed in the admin."""

from django.contrib import admin

from directory.admin.bases import OwnersRead
from erp_integrations.models import Download, ExportBatch, InvoiceExport


@admin.register(ExportBatch)
class BatchAdmin(OwnersRead):
    list_display = (
        "key",
        "company",
        "state",
        "accepted_at",
        "accepted_by",
        "invoice_count",
        "gross",
        "net",
        "built_at",
    )
    list_filter = ("state", "company")
    list_select_related = ("company", "accepted_by")
    search_fields = ("number", "file_name", "accepted_by__name")
    fields = ("key", "company", "state", "accepted_at", "accepted_by", "accounting_date", "layout")
    fields += ("attempts", "error", "file_name", "file_sha256", "built_at")
    fields += ("invoice_count", "row_count", "gross", "retainage", "net")
    show_full_result_count = False

    def get_queryset(self, request):
        return super().get_queryset(request).defer("snapshot", "findings")


@admin.register(InvoiceExport)
class ExportAdmin(OwnersRead):
    list_display = ("invoice", "vendor", "company", "status", "sent_at", "sent_by", "answered_at", "answered_by")
    list_filter = ("status", "invoice__commitment__company")
    list_select_related = ("invoice__commitment__company", "invoice__commitment__vendor", "sent_by", "answered_by")
    search_fields = ("invoice__number", "invoice__commitment__number", "invoice__commitment__vendor__name")
    fields = ("invoice", "vendor", "company", "status", "sent_at", "sent_by", "answered_at", "answered_by")
    fields += ("duties_waived", "reason", "error", "description", "due_date", "discount_date")
    fields += ("reference_no", "reference_by")
    fields += ("sage_record_number", "listed_date", "posted_at", "posted_by")
    show_full_result_count = False

    @admin.display(description="vendor")
    def vendor(self, export):
        return export.invoice.commitment.vendor


@admin.register(Download)
class DownloadAdmin(OwnersRead):
    list_display = ("batch", "which", "at", "by", "remote_address")
    list_filter = ("which", "batch__company")
    list_select_related = ("batch", "by")
    search_fields = ("by__name", "batch__file_name", "remote_address")
    fields = ("batch", "which", "at", "by", "remote_address", "sha256")
    show_full_result_count = False
