"""A backup put back into an empty database, and then everything held against everything else (R126, R127).

Exit code 1 if anything differs. Import files that were built after the backup are listed, and differ: what they hold
stays out of new files until accounting has compared it with Sage (`forgotten_exports`).
"""

from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config import backups
from directory.models import Company, EventSeal
from erp_integrations.exporting import storing


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, help="what `manage.py backup` made")

    def handle(self, *, folder, **options):
        try:
            facts = backups.restore(folder)
        except backups.BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"Restored as of {facts.made_at}, with {facts.files} files.")
        call_command("migrate", verbosity=0, stdout=self.stdout)
        EventSeal.objects.append()  # for events of the last moment before the backup
        call_command("verify_events", anchor=[facts.head], stdout=self.stdout)
        for company in Company.objects.order_by("slug"):
            if storing.forgotten(company):
                self.stdout.write(f"\nBuilt for {company} after this backup, and unknown to its database:")
                call_command("forgotten_exports", company=company.slug, stdout=self.stdout)
        call_command("reconcile", stdout=self.stdout)
