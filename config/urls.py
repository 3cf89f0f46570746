"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config import health
from config.home import home

handler400 = "config.bad_requests.bad_request"
handler500 = "config.failures.server_error"
admin.site.login = secure_admin_login(admin.site.login)

urlpatterns = [
    path("", home, name="home"),
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.numbers, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("config.account_urls")),
    path("", include("directory.urls")),
    path("", include("invoicing.urls")),
    path("", include("erp_integrations.urls")),
]
