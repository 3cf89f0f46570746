"""Remove the second factor of somebody who lost their phone and their recovery codes. They are told by mail.

Make sure first, by a call to a number you know, that it is really them who ask.
"""

from django.core.management.base import BaseCommand, CommandError

from directory.actions.logins import forget_factors
from directory.models import Person


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("email")

    def handle(self, *, email, **_):
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            raise CommandError(f"{email} is no login here.")
        count = forget_factors(person)
        self.stdout.write(f"{person.name}: {count} removed. They set up another when they sign in next.")
