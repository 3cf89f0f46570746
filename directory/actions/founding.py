"""The first company and the first site owner of an installation."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.text import slugify

from directory.actions.account_links import make_invitation
from directory.models import Company, Event, Person
from directory.refusals import NotNow, Refused


@transaction.atomic
def found(company_name: str, email: str, name: str, *, another_owner: bool = False) -> tuple[Person, str]:
    """Make them, the owner without a password; returns the owner and the token of their one-time link.

    The company asks for a second factor from the start. Raises NotNow where a site owner exists already.
    """
    if Person.objects.filter(is_superuser=True).exists() and not another_owner:
        raise NotNow("There is a site owner already. Add --another-owner if you mean it.")
    if Person.objects.filter(email__iexact=email.strip()).exists():
        raise Refused(f"{email} is a login already.", field="email")
    _check(email)
    company, is_new = Company.objects.get_or_create(
        name=company_name.strip(), defaults={"slug": slugify(company_name)[:50], "needs_second_factor": True}
    )
    owner = Person.objects.create_superuser(email.strip(), name=name.strip())
    if is_new:
        Event.objects.record("founded", company, by=None)
    Event.objects.record("made a site owner", company, by=None, changes={"site owner": ["", f"{owner.name}, {email}"]})
    _, token = make_invitation(owner, None, by=None)
    return owner, token


def _check(email: str) -> None:
    try:
        validate_email(email.strip())
    except ValidationError:
        raise Refused(f"“{email}” is no e-mail address.", field="email") from None
