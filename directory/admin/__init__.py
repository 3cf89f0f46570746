"""The site owner's working place: people, levels, *Can Push to Accounting*, and what the program wrote down.

Only superusers change anything here, and only they see logins, rights and mail. Other staff may look at the rest, as
far as they were given view permissions. Nothing with money can be changed in the admin.
"""

import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from directory.admin import companies, people, privileges, records, requests, templates

__all__ = ["companies", "people", "privileges", "records", "requests", "templates"]

# Addresses would let one login be taken over by another; groups carry permissions for whole models (R64, R71).
# Factors hold their secrets, and sessions are their person's own to look at.
for model in (EmailAddress, Group, Authenticator, UserSession):
    admin.site.unregister(model)
