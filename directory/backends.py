"""Who a session belongs to, read together with what every request has to know."""

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Exists
from django.utils import timezone

from directory.kept import kept
from directory.models import Company, Person
from directory.permissions import memberships_of


def _asking() -> Exists:
    return Exists(Company.objects.filter(needs_second_factor=True))


@kept
def _logins(person, now):
    return memberships_of(person, now).select_related("vendor", "person").annotate(is_asked=_asking())


class Logins(AuthenticationBackend):
    """allauth's, with what doors and bars ask of everybody: `is_asked_for_factor`, whether any company asks for a
    second factor, and `memberships_at_hand`, in one query for whoever is in a directory."""

    def get_user(self, user_id):
        memberships = tuple(_logins(person=user_id, now=timezone.now()))
        if memberships:
            person = memberships[0].person
            person.is_asked_for_factor = memberships[0].is_asked
        else:
            person = Person.objects.annotate(is_asked_for_factor=_asking()).filter(pk=user_id).first()
        if person is None or not self.user_can_authenticate(person):
            return None
        person.memberships_at_hand = memberships
        return person
