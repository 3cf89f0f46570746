"""A backup put back into an empty database, and then everything held against everything else (R126, R127).

Exit code 1 if anything differs. Import files that were built after the backup are listed, and differ: what they hold
stays out of new files until accounting has compared it with Sage (`forgotten_exports`). So are attached files that a
row names and that are not there, or are not what was attached.

What was ended after the backup is not ended in it. So everybody is signed out, mail that waited is held back
(`held_mail`), and import files that waited fail until accounting tries them again. What was exported in the days that
are lost Sage alone knows: a company sends again once its list of payable invoices is uploaded (S11). Files that were
built before and are not confirmed yet are named: they may have been imported since. Levels and privileges taken away
since, and people deactivated, are the owner's to go through (R66, R67).

Run it as the owner of the tables; on PostgreSQL `database_roles --apply` must follow before the site starts.
"""

from datetime import datetime
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import backups
from directory.actions import mails
from directory.counts import counted
from directory.models import AccountingPrivilege, Company, EventSeal, Person
from directory.sessions import end_all_sessions
from erp_integrations.exporting import building, lost_days, storing
from erp_integrations.models import ExportBatch
from invoicing import stored_files

SINCE = """\
{sessions} ended: everybody signs in anew.
{mails} held back, which may have gone out since: manage.py held_mail lists, --release sends.
{batches} held back, which may have been built since: accounting compares with Sage's list, then tries again or rejects.
Nothing is sent to accounting or accepted before Sage's list of payable invoices is uploaded, company by company.
Whatever was taken away after {made_at} is given again: levels, privileges, places in a company,
vendors' people, and logins that were deactivated. Go through them before the site starts.
Site owners now: {owners}.
May push to accounting now: {pushers}."""
ROLES = "Before the site starts, as this same role: manage.py database_roles --apply"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, help="what `manage.py backup` made")

    def handle(self, *, folder, **options):
        try:
            facts, files = backups.restore(folder)
        except backups.BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"Restored as of {facts.made_at}, with {files} of {facts.files} files.")
        call_command("migrate", verbosity=0, stdout=self.stdout)
        self._nothing_goes_on_from_there(facts)
        EventSeal.objects.append()  # for events of the last moment before the backup
        call_command("verify_events", anchor=[facts.head], stdout=self.stdout)
        for company in Company.objects.order_by("slug"):
            if storing.forgotten(company):
                self.stdout.write(f"\nBuilt for {company} after this backup, and unknown to its database:")
                call_command("forgotten_exports", company=company.slug, stdout=self.stdout)
        problems = [*self._attached_files(), *self._ledgers()]
        if connection.vendor == "postgresql":
            self.stdout.write(ROLES)
        if problems:
            raise CommandError(" ".join(problems))

    def _nothing_goes_on_from_there(self, facts):
        lost_days.hold(datetime.fromisoformat(facts.made_at))  # first: what comes after it may fail
        sessions, held, batches = end_all_sessions(), mails.hold_back(), building.hold_after_restore()
        active = Person.objects.filter(is_active=True)
        told = SINCE.format(
            sessions=counted(sessions, "session"),
            mails=counted(held, "mail"),
            batches=counted(batches, "import file"),
            made_at=facts.made_at,
            owners=self._named(Person.objects.site_owners()),
            pushers=self._named(active.filter(privileges__in=AccountingPrivilege.objects.live()).distinct()),
        )
        self.stdout.write(told)
        for batch in ExportBatch.objects.unconfirmed().select_related("company").order_by("company__slug", "number"):
            self.stdout.write(f"{batch} of {batch.company}: may have been imported since the backup.")

    def _named(self, people) -> str:
        return ", ".join(person.email for person in people.order_by("email")) or "nobody"

    def _attached_files(self) -> list[str]:
        told = list(stored_files.lost_or_changed())
        for each in told:
            self.stdout.write(each)
        if not told:
            self.stdout.write("Every attached file is there, as it was attached.")
            return []
        return [f"{counted(len(told), 'attached file')} missing or changed: look in other backups."]

    def _ledgers(self) -> list[str]:
        try:
            call_command("reconcile", stdout=self.stdout)
        except CommandError as differences:
            return [str(differences)]
        return []
