from directory.models.account_links import AccountInvitation, EmailChange
from directory.models.companies import Company, Policy, Vendor
from directory.models.events import Event, EventSeal
from directory.models.grants import (
    CompanyGroupPermission,
    CompanyUserPermission,
    ProjectGroupPermission,
    ProjectUserPermission,
)
from directory.models.mail import Mail, MailMention
from directory.models.people import MailPace, Membership, Person
from directory.models.permission_templates import PermissionTemplate
from directory.models.privileges import AccountingPrivilege, PrivilegeRequest
from directory.models.projects import Project
from directory.models.uploads import DirectoryUpload
from directory.models.vendor_changes import VendorChange

__all__ = [
    "AccountInvitation",
    "AccountingPrivilege",
    "Company",
    "CompanyGroupPermission",
    "CompanyUserPermission",
    "DirectoryUpload",
    "EmailChange",
    "Event",
    "EventSeal",
    "Mail",
    "MailMention",
    "MailPace",
    "Membership",
    "PermissionTemplate",
    "Person",
    "Policy",
    "PrivilegeRequest",
    "Project",
    "ProjectGroupPermission",
    "ProjectUserPermission",
    "Vendor",
    "VendorChange",
]
