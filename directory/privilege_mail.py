"""Mail about *Can Push to Accounting*: asked, granted, declined, withdrawn (section 7, R70)."""

from directory.audiences import DIRECTORY_ADMIN, SITE_OWNER
from directory.models import AccountingPrivilege, Person, PrivilegeRequest
from directory.notifications import post


def asked(request: PrivilegeRequest) -> None:
    """To the site owners, who answer it in the admin."""
    post(
        about=request,
        to=Person.objects.site_owners(),
        subject=f"{request.asked_by.name} asks for Can Push to Accounting for {request.person.name}",
        template="directory/emails/privilege_asked",
        audience=SITE_OWNER,
        context={"request": request},
        reply_to=request.asked_by.email,
    )


def granted(privilege: AccountingPrivilege, request: PrivilegeRequest | None) -> None:
    """To the person, to whoever asked, and to the site owners: one of them may not have been at the keyboard."""
    post(
        about=privilege,
        to=[privilege.person, *([request.asked_by] if request else []), *Person.objects.site_owners()],
        subject=f"{privilege.person.name} can push to accounting for {privilege.company}",
        template="directory/emails/privilege_granted",
        context={"privilege": privilege, "request": request},
        reply_to=privilege.granted_by.email,
    )


def declined(request: PrivilegeRequest) -> None:
    """To whoever asked, if still a Directory Admin when it is sent (R97), and to whom it was for."""
    for reader, audience in ((request.asked_by, DIRECTORY_ADMIN), (request.person, "")):
        post(
            about=request,
            to=[reader],
            subject=f"Can Push to Accounting for {request.person.name}: declined",
            template="directory/emails/privilege_declined",
            audience=audience,
            context={"request": request},
            reply_to=request.answered_by.email,
        )


def withdrawn(privilege: AccountingPrivilege) -> None:
    """To the person and to the site owners."""
    post(
        about=privilege,
        to=[privilege.person, *Person.objects.site_owners()],
        subject=f"{privilege.person.name} can no longer push to accounting for {privilege.company}",
        template="directory/emails/privilege_withdrawn",
        context={"privilege": privilege},
        reply_to=privilege.withdrawn_by.email,
    )
