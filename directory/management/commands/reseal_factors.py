"""Seal all second factors with the SECRET_KEY of today, so that they need those of SECRET_KEY_FALLBACKS no more.

Fails if there is one that none of these keys opens, and says whose it is.
"""

from django.core.management.base import BaseCommand, CommandError

from directory.actions.logins import reseal_factors


class Command(BaseCommand):
    help = __doc__

    def handle(self, **_):
        count, lost = reseal_factors()
        self.stdout.write(f"{count} sealed with the key of today.")
        if lost:
            emails = ", ".join(sorted({person.email for person in lost}))
            raise CommandError(f"No key opens those of {emails}. Once sure that it is them who ask: forget_factors.")
