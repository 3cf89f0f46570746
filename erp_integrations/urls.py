"""Addresses of accounting's pages, and of an invoice's own way to accounting."""

from django.urls import include, path

from erp_integrations.views import (
    answers,
    batches,
    dry_runs,
    layouts,
    links,
    list_uploads,
    lists,
    many,
    overdue,
    queue,
    queue_views,
    reconciliations,
    report,
    results,
    sending,
    settings,
    verifying,
)

queue_urls = [
    path("", queue.queue, name="erp-queue"),
    path("accept/", answers.accept, name="erp-accept"),
    path("reject/", many.reject, name="erp-reject-many"),
    path("views/", queue_views.save, name="erp-queue-view-save"),
    path("views/<int:view>/delete/", queue_views.delete, name="erp-queue-view-delete"),
    path("dry-run/", dry_runs.workbook, name="erp-dry-run"),
    path("<int:pk>/", queue.export_page, name="erp-export"),
    path("<int:pk>/header/", queue.change_header, name="erp-export-header"),
    path("<int:pk>/reject/", answers.reject, name="erp-reject"),
    path("<int:pk>/confirm/", answers.confirm, name="erp-confirm"),
    path("<int:pk>/record/", answers.correct_record, name="erp-correct-record"),
    path("<int:pk>/void/", answers.void, name="erp-void"),
]

batch_urls = [
    path("", batches.batch_list, name="erp-batches"),
    path("<int:number>/", batches.batch_page, name="erp-batch"),
    path("<int:number>/retry/", batches.retry, name="erp-retry"),
    path("<int:number>/cancel/", many.cancel, name="erp-cancel"),
    path("<int:number>/results/", results.enter, name="erp-results"),
    path("<int:number>/<slug:which>/", batches.download, name="erp-download"),
]

list_urls = [
    path("", lists.lists, name="erp-lists"),
    path("versions/<int:pk>/", lists.version, name="erp-list-version"),
    path("uploads/<int:pk>/", list_uploads.preview, name="erp-list-upload"),
    path("uploads/<int:pk>/columns/", list_uploads.columns, name="erp-list-columns"),
    path("<slug:kind>/", lists.sage_list, name="erp-list"),
    path("<slug:kind>/headings/<slug:which>/", list_uploads.header, name="erp-list-headings"),
]

link_urls = [
    path("", links.overview, name="erp-links"),
    path("<slug:pair>/", links.linking, name="erp-linking"),
    path("<slug:pair>/exact/", links.exact, name="erp-link-exact"),
    path("<slug:pair>/<int:pk>/", links.link, name="erp-link"),
    path("<slug:pair>/<int:pk>/unlink/", links.unlink, name="erp-unlink"),
    path("<slug:pair>/<int:pk>/account/", links.account, name="erp-link-account"),
]

reconciliation_urls = [
    path("", reconciliations.reconciliation_list, name="erp-reconciliations"),
    path("<int:number>/", reconciliations.reconciliation, name="erp-reconciliation"),
    path("<int:number>/confirm/", reconciliations.confirm_found, name="erp-confirm-found"),
]

layout_urls = [
    path("", layouts.layout_list, name="erp-layouts"),
    path("<slug:name>/<int:version>/", layouts.layout_page, name="erp-layout"),
    path("<slug:name>/<int:version>/copy/", layouts.copy, name="erp-layout-copy"),
    path("<slug:name>/<int:version>/verify/", layouts.verify, name="erp-layout-verify"),
    path("<slug:name>/<int:version>/unverify/", layouts.unverify, name="erp-layout-unverify"),
]

file_urls = [
    path("", dry_runs.FILES["all"], name="erp-files"),
    path("<int:pk>/", dry_runs.FILES["file"], name="erp-file"),
    path("<int:pk>/again/", dry_runs.FILES["again"], name="erp-file-again"),
    path("<int:pk>/download/", dry_runs.FILES["download"], name="erp-file-download"),
]

urlpatterns = [
    path("c/<slug:company>/erp/queue/", include(queue_urls)),
    path("c/<slug:company>/erp/files/", include(file_urls)),
    path("c/<slug:company>/erp/batches/", include(batch_urls)),
    path("c/<slug:company>/erp/lists/", include(list_urls)),
    path("c/<slug:company>/erp/links/", include(link_urls)),
    path("c/<slug:company>/erp/layouts/", include(layout_urls)),
    path("c/<slug:company>/erp/settings/", settings.settings_page, name="erp-settings"),
    path("c/<slug:company>/erp/reconciliations/", include(reconciliation_urls)),
    path("c/<slug:company>/erp/overdue/", overdue.overdue, name="erp-overdue"),
    path("c/<slug:company>/erp/verify/", verifying.verify_file, name="erp-verify"),
    path("c/<slug:company>/erp/report/", report.report, name="erp-report"),
    path("c/<slug:company>/erp/report/csv/", report.report_csv, name="erp-report-csv"),
    path("p/<slug:project>/invoices/dry-run/", dry_runs.workbook_of_project, name="invoices-dry-run"),
    path("p/<slug:project>/invoices/send-to-erp/", sending.send_many, name="invoices-erp-send"),
    path("p/<slug:project>/invoices/<str:number>/<int:position>/erp/send/", sending.send, name="invoice-erp-send"),
    path(
        "p/<slug:project>/invoices/<str:number>/<int:position>/erp/retrieve/",
        sending.retrieve,
        name="invoice-erp-retrieve",
    ),
]
