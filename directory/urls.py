"""Addresses of the directory, the profile, the demo's own pages and the watchman's."""

from django.urls import path

from directory.views import demo, health, people

urlpatterns = [
    path("c/<slug:company>/directory/", people.directory, name="company-directory"),
    path("me/", people.profile, name="profile"),
    path("demo/sign-in/", demo.sign_in, name="demo-sign-in"),
    path("demo/outbox/", demo.outbox, name="demo-outbox"),
    path("demo/outbox/<int:pk>/", demo.mail, name="demo-mail"),
    path("demo/outbox/<int:pk>/html/", demo.mail_html, name="demo-mail-html"),
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
]
