"""The site owner's working place: people, levels, *Can Push to Accounting*, and what the program wrote down.

Only superusers change anything here, and only they see logins, rights and mail. Other staff may look at the rest, as
far as they were given view permissions. Nothing with money can be changed in the admin.
"""

import allauth.account.admin  # noqa: F401  (registers its models, so that they can be taken out below)
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from directory.admin import companies, people, privileges, records, requests, templates

__all__ = ["companies", "people", "privileges", "records", "requests", "templates"]

# Addresses would let one login be taken over by another; groups carry permissions for whole models (R64, R71).
for model in (EmailAddress, Group):
    admin.site.unregister(model)
