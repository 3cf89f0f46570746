"""Addresses of commitments, billing periods, invites and invoices."""

from django.urls import include, path

from invoicing.views import (
    access_lists,
    asking,
    attachments,
    billing_periods,
    billing_settings,
    bills,
    board,
    bulk_decisions,
    change_orders,
    closing,
    commitment_edits,
    commitment_lists,
    commitments,
    cost_codes,
    deleting,
    due_dates,
    entry,
    invitations,
    invoices,
    period_changes,
    projects,
    retainage,
    reviews,
    saved_views,
    schedules,
    starting_certificates,
)

invoice_urls = [
    path("", invoices.invoice_page, name="invoice"),
    path("enter/", entry.enter, name="invoice-enter"),
    path("change-orders/", entry.take_up_change_orders, name="invoice-change-orders"),
    path("send/", entry.send, name="invoice-send"),
    path("withdraw/", entry.withdraw, name="invoice-withdraw"),
    path("save-draft/", entry.save_draft, name="invoice-save-draft"),
    path("attachments/", attachments.attach, name="invoice-attach"),
    path("attachments/<int:pk>/", attachments.download, name="invoice-attachment"),
    path("review/", reviews.review, name="invoice-review"),
    path("review/rest/", reviews.approve_the_rest, name="review-rest"),
    path("review/finish/", reviews.finish, name="review-finish"),
    path("review/<int:line>/", reviews.decide, name="review-line"),
    path("review/<int:line>/amount/", reviews.allow, name="review-amount"),
    path("reopen/", reviews.reopen, name="invoice-reopen"),
    path("delete/", deleting.delete, name="invoice-delete"),
    path("period/", closing.move_bill, name="invoice-period"),
]

commitment_urls = [
    path("", commitments.commitment_page, name="commitment"),
    path("move/<slug:name>/", commitment_edits.move, name="commitment-move"),
    path("access/", access_lists.add, name="commitment-access"),
    path("access/<int:pk>/remove/", access_lists.remove, name="commitment-access-remove"),
    path("attachments/", attachments.attach_to_commitment, name="commitment-attach"),
    path("attachments/<int:pk>/", attachments.download_of_commitment, name="commitment-attachment"),
    path("contacts/", commitments.add_contact, name="commitment-contacts"),
    path("contacts/<int:pk>/remove/", commitments.remove_contact, name="commitment-contact-remove"),
    path("invoices/", invoices.start, name="invoice-start"),
    path("invoices/<int:pk>/restore/", deleting.restore, name="invoice-restore"),
    path("change-orders/new/", change_orders.new, name="change-order-new"),
    path("change-orders/<int:pk>/", change_orders.page, name="change-order"),
    path("change-orders/<int:pk>/lines/", change_orders.lines, name="change-order-lines"),
    path("change-orders/<int:pk>/<slug:name>/", change_orders.move, name="change-order-move"),
    path("retainage/", retainage.rules, name="commitment-retainage"),
    path("schedule/", schedules.edit, name="schedule"),
    path("schedule/workbook/", schedules.workbook, name="schedule-workbook"),
    path("schedule/upload/", schedules.upload, name="schedule-upload"),
]

cost_code_urls = [
    path("", cost_codes.code_list, name="cost-codes"),
    path("workbook/", cost_codes.workbook, name="cost-codes-workbook"),
    path("upload/", cost_codes.upload, name="cost-codes-upload"),
    path("apply/", cost_codes.apply, name="cost-codes-apply"),
    path("types/", cost_codes.name_types, name="cost-types"),
    path("<int:pk>/", cost_codes.code_page, name="cost-code"),
]

project_urls = [
    path("", projects.project_page, name="project"),
    path("commitments/", commitment_lists.commitment_list, name="commitments"),
    # A number begins with a letter or a digit, so none is in the way of these.
    path("commitments/_new/subcontract/", commitment_edits.new, {"kind": "subcontract"}, name="subcontract-new"),
    path(
        "commitments/_new/purchase-order/", commitment_edits.new, {"kind": "purchase_order"}, name="purchase-order-new"
    ),
    path("commitments/_csv/", commitment_lists.commitments_csv, name="commitments-csv"),
    path("commitments/_edit/<int:pk>/", commitment_edits.edit, name="commitment-edit"),
    path("commitments/_start/", starting_certificates.start, name="commitments-start"),
    path("commitments/_start/workbook/", starting_certificates.workbook, name="commitments-start-workbook"),
    path("commitments/<str:number>/", include(commitment_urls)),
    path("periods/", billing_periods.period_list, name="periods"),
    path("periods/settings/", billing_settings.settings_page, name="billing-settings"),
    path("periods/<int:pk>/", board.board, name="period"),
    path("periods/<int:pk>/csv/", board.board_csv, name="period-csv"),
    path("periods/<int:pk>/views/", saved_views.save, name="board-view-save"),
    path("periods/<int:pk>/views/<int:view>/delete/", saved_views.delete, name="board-view-delete"),
    path("periods/<int:pk>/rounds/<int:made>/", asking.round_page, name="period-round"),
    path("periods/<int:pk>/remind/", asking.remind, name="period-remind"),
    path("periods/<int:pk>/edit/", period_changes.edit, name="period-edit"),
    path("periods/<int:pk>/reopen/", period_changes.reopen, name="period-reopen"),
    path("periods/<int:pk>/delete/", period_changes.delete, name="period-delete"),
    path("periods/<int:pk>/invite/", asking.invite, name="period-invite"),
    path("periods/<int:pk>/close/", closing.close, name="period-close"),
    path("periods/<int:pk>/extend/<int:commitment>/", due_dates.extend, name="period-extend"),
    path("invoices/", invoices.invoice_list, name="invoices"),
    path("invoices/_decide/", bulk_decisions.decide, name="invoices-decide"),
    path("invoices/<str:number>/<int:position>/", include(invoice_urls)),
]

urlpatterns = [
    path("bills/", bills.my_bills, name="bills"),
    path("invitations/<str:token>/", invitations.answer, name="invitation"),
    path("invitations/<str:token>/opened/", invitations.opened, name="invitation-opened"),
    path("invitations/<str:token>/again/", invitations.again, name="invitation-again"),
    path("c/<slug:company>/cost-codes/", include(cost_code_urls)),
    path("p/<slug:project>/", include(project_urls)),
]
