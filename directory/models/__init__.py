from directory.models.companies import Company, Vendor
from directory.models.events import Event
from directory.models.grants import (
    CompanyGroupPermission,
    CompanyUserPermission,
    ProjectGroupPermission,
    ProjectUserPermission,
)
from directory.models.mail import Mail
from directory.models.people import Membership, Person
from directory.models.privileges import AccountingPrivilege
from directory.models.projects import Project

__all__ = [
    "AccountingPrivilege",
    "Company",
    "CompanyGroupPermission",
    "CompanyUserPermission",
    "Event",
    "Mail",
    "Membership",
    "Person",
    "Project",
    "ProjectGroupPermission",
    "ProjectUserPermission",
    "Vendor",
]
