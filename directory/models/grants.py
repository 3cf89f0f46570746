"""Where guardian keeps the levels: tables with real foreign keys, so a deleted object takes its grants along."""

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from directory.models.companies import Company
from directory.models.projects import Project


class CompanyUserPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(Company, models.CASCADE)


class CompanyGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Company, models.CASCADE)


class ProjectUserPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(Project, models.CASCADE)


class ProjectGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Project, models.CASCADE)
