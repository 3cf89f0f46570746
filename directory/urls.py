"""Addresses of the directory, the profile, the demo's own pages and the watchman's."""

from django.urls import path

from directory.views import (
    account,
    demo,
    events,
    health,
    levels,
    people,
    permission_templates,
    preferences,
    privileges,
    uploads,
    vendor_changes,
    vendors,
    why,
)

urlpatterns = [
    path("c/<slug:company>/directory/", people.directory, name="company-directory"),
    path("c/<slug:company>/directory/import/<slug:kind>/", uploads.upload, name="directory-import"),
    path(
        "c/<slug:company>/directory/import/<slug:kind>/template.<slug:which>",
        uploads.template,
        name="directory-import-template",
    ),
    path("c/<slug:company>/directory/uploads/<int:pk>/", uploads.preview, name="directory-upload"),
    path("c/<slug:company>/directory/vendors/", vendors.vendor_list, name="vendors"),
    path("c/<slug:company>/directory/vendors/new/", vendors.new_vendor, name="vendor-new"),
    path("c/<slug:company>/directory/vendors/<int:pk>/", vendors.vendor_page, name="vendor"),
    path("c/<slug:company>/directory/vendors/<int:pk>/edit/", vendors.edit_vendor, name="vendor-edit"),
    path(
        "c/<slug:company>/directory/vendors/<int:pk>/deactivate/", vendors.deactivate_vendor, name="vendor-deactivate"
    ),
    path(
        "c/<slug:company>/directory/vendors/<int:pk>/reactivate/", vendors.reactivate_vendor, name="vendor-reactivate"
    ),
    path("c/<slug:company>/directory/vendors/<int:pk>/change/verify/", vendor_changes.verify, name="vendor-verify"),
    path("c/<slug:company>/directory/vendors/<int:pk>/change/decline/", vendor_changes.decline, name="vendor-decline"),
    path("c/<slug:company>/directory/levels/", levels.company_levels, name="company-levels"),
    path("c/<slug:company>/directory/people/<int:pk>/levels/", why.person_levels, name="person-levels"),
    path("c/<slug:company>/directory/templates/", permission_templates.template_list, name="permission-templates"),
    path("c/<slug:company>/directory/templates/<int:pk>/", permission_templates.template, name="permission-template"),
    path(
        "c/<slug:company>/directory/templates/<int:pk>/rename/",
        permission_templates.rename,
        name="permission-template-rename",
    ),
    path(
        "c/<slug:company>/directory/templates/<int:pk>/delete/",
        permission_templates.delete,
        name="permission-template-delete",
    ),
    path(
        "c/<slug:company>/directory/templates/<int:pk>/people/",
        permission_templates.add_person,
        name="permission-template-add",
    ),
    path(
        "c/<slug:company>/directory/templates/<int:pk>/people/<int:person>/remove/",
        permission_templates.remove_person,
        name="permission-template-remove",
    ),
    path("p/<slug:project>/directory/", levels.project_levels, name="project-directory"),
    path("c/<slug:company>/directory/approvers/", privileges.approvers, name="accounting-approvers"),
    path("c/<slug:company>/directory/approvers/ask/", privileges.ask, name="privilege-ask"),
    path("c/<slug:company>/directory/approvers/<int:pk>/take-back/", privileges.take_back, name="privilege-take-back"),
    path("c/<slug:company>/events/", events.events, name="company-events"),
    path("c/<slug:company>/events/csv/", events.events_csv, name="company-events-csv"),
    path("c/<slug:company>/events/about/<str:subject>/", events.events_about, name="company-events-about"),
    path("me/", people.profile, name="profile"),
    path("me/accounting-mail/", preferences.accounting_mail, name="accounting-mail"),
    path("me/email/", account.change_email, name="email-change"),
    path("me/email/stop/", account.stop_email_change, name="email-stop"),
    path("me/sessions/<int:pk>/end/", account.end_session, name="session-end"),
    path("email/<str:token>/", account.confirm_email, name="email-confirm"),
    path("confirm/", account.confirm_by_mail, name="confirm-by-mail"),
    path("welcome/<str:token>/", account.welcome, name="welcome"),
    path("welcome/<str:token>/again/", account.welcome_again, name="welcome-again"),
    path("demo/sign-in/", demo.sign_in, name="demo-sign-in"),
    path("demo/outbox/", demo.outbox, name="demo-outbox"),
    path("demo/outbox/<int:pk>/", demo.mail, name="demo-mail"),
    path("demo/outbox/<int:pk>/html/", demo.mail_html, name="demo-mail-html"),
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
]
