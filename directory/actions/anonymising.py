"""A person who has left is asked to be forgotten: the login names nobody any more, the record stays (R138)."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from directory.actions.logins import places_of_record
from directory.models import Event, Mail, Person
from directory.refusals import NotNow
from directory.sessions import end_sessions


@transaction.atomic
def anonymise(person) -> str:
    """What the login is called from now on. It is closed already; whoever comes back gets another one.

    Run by whoever operates the site, at its console. Events, what was printed or put in a file, and mails to
    others keep the name as it was: they are the books. Raises NotNow while the login is open.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    if person.is_active:
        raise NotNow(f"The login of {person.name} is open. A site owner closes it first, in the admin.")
    end_sessions(person)
    for theirs in (Authenticator, EmailAddress, UserSession):
        theirs.objects.filter(user=person).delete()
    for theirs in (person.account_invitations, person.email_changes):
        theirs.all().delete()
    person.memberships.update(title="")
    person.mails.update(address="", text="", html="")  # also what waits: to a closed login none goes out
    Mail.objects.filter(reply_to__iexact=person.email).update(reply_to="")
    person.name, person.email, person.last_login = f"Former person {person.pk}", f"{person.pk}@former.invalid", None
    person.set_unusable_password()
    person.save()
    for place in places_of_record(person):
        Event.objects.record("was anonymised, at the console of the site", place, by=None)
    return person.name
