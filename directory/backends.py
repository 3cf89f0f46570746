"""Who a session belongs to, read together with what every request has to know."""

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Exists

from directory.models import Company, Person


class Logins(AuthenticationBackend):
    """allauth's, with `is_asked_for_factor`: whether any company asks for a second factor, in the same query."""

    def get_user(self, user_id):
        asking = Exists(Company.objects.filter(needs_second_factor=True))
        person = Person.objects.annotate(is_asked_for_factor=asking).filter(pk=user_id).first()
        return person if person and self.user_can_authenticate(person) else None
