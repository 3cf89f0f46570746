"""A backup of the database and of every file it names, into a new folder, while the site goes on working (R126)."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from config import backups

KEY = "Keep a copy elsewhere: without it a site that is put back opens no second factor, and no link that was mailed."


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, help="a new or empty folder; copy it off this machine afterwards")

    def handle(self, *, folder, **options):
        try:
            facts = backups.make(folder)
        except backups.BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"{folder}: {facts.database} and {facts.files} files, as of {facts.made_at}.")
        self.stdout.write(f"Head of events {facts.head}")
        self.stdout.write(f"Not in it: {backups.where_the_key_is()}. {KEY}")
