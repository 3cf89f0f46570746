"""The admin as Django starts it here: with a site of our own."""

from django.contrib.admin.apps import AdminConfig


class OwnersAdmin(AdminConfig):
    default_site = "config.admin_site.OwnersSite"
