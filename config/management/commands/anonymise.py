"""Take name and address from the closed login of somebody who left and asks for it; what they did stays on record.

Make sure first that it is really them who ask, and that nothing keeps you from it. There is no way back.
"""

from django.core.management.base import BaseCommand, CommandError

from directory.actions.anonymising import anonymise
from directory.models import Person
from directory.refusals import Refused


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("email")

    def handle(self, *, email, **_):
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            raise CommandError(f"{email} is no login here.")
        try:
            self.stdout.write(f"{email} is {anonymise(person)} now.")
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
