"""End the sessions of one login, or of all of them: whoever it is signs in anew, and may."""

from django.core.management.base import BaseCommand, CommandError

from directory.actions.logins import sign_out
from directory.models import Person
from directory.sessions import end_all_sessions


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("email", nargs="?")
        whose.add_argument("--all", action="store_true")

    def handle(self, *, email, **options):
        if options["all"]:
            self.stdout.write(f"{end_all_sessions()} ended.")
            return
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            raise CommandError(f"{email} is no login here.")
        self.stdout.write(f"{person.name}: {sign_out(person)} ended.")
