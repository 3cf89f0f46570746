"""First run: a company and its site owner, who gets a one-time link instead of a default password (R115)."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from directory.actions.founding import found
from directory.refusals import Refused


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--company", required=True, help="The general contractor's name.")
        parser.add_argument("--email", required=True, help="Of the site owner.")
        parser.add_argument("--name", required=True, help="Of the site owner.")
        parser.add_argument("--another-owner", action="store_true", help="Although there is a site owner already.")

    def handle(self, *, company, email, name, another_owner, **_):
        try:
            person, token = found(company, email, name, another_owner=another_owner)
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        link = f"{settings.SITE_URL}{reverse('welcome', args=[token])}"
        hours = settings.ACCOUNT_INVITATION_AGE // 3600
        self.stdout.write(f"{person.name} is the site owner of {company}. Nobody has a password yet.\n")
        self.stdout.write(f"Open this link to choose one. It works once, within {hours} hours:\n\n  {link}\n")
