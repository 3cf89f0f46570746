"""After a restore: the import files that were built and that the database doesn't know, and what to do about them."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from directory.models import Company
from erp_integrations.exporting import storing
from erp_integrations.models import ErpSettings
from erp_integrations.sage100.batch_keys import FIELD, batch_number


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--company", required=True, help="its slug, as in addresses")
        parser.add_argument("--let-go", metavar="SHA256", help="Sage holds nothing of this file: it counts no more")

    def handle(self, *args, **options):
        company = Company.objects.filter(slug=options["company"]).first()
        if company is None:
            raise CommandError(f"No company has the slug {options['company']}.")
        lines = storing.forgotten(company)
        if options["let_go"]:
            self._let_go(company, lines, options["let_go"])
            return
        for line in lines:
            numbers = ", ".join(f"{number} of vendor {vendor}" for vendor, number in line["invoices"])
            noted = "" if line["company"] == company.slug else f", noted for {line['company']}"
            self.stdout.write(f"{line['batch']} {line['sha256']}: {line['gross']} gross, {numbers}{noted}")
        self._count_on(company, lines)
        self.stdout.write(f"{len(lines)} files. Compare each with Sage (4-2, {FIELD}) before anything is accepted.")

    def _let_go(self, company, lines, sha256):
        line = next((line for line in lines if line["sha256"] == sha256), None)
        if line is None:
            raise CommandError("No forgotten file of this company has this SHA-256.")
        storing.write_line({**storing.whose(company), "let_go": sha256, "at": timezone.now().isoformat()})
        self.stdout.write(f"{line['batch']} counts no more: what it holds can be exported again.")

    @transaction.atomic
    def _count_on(self, company, lines):
        """So that no key of a forgotten file is used for another one."""
        settings = ErpSettings.held_for(company)
        taken = [batch_number(line["batch"]) for line in lines]
        settings.next_batch_number = max(settings.next_batch_number, *(number + 1 for number in taken), 1)
        settings.save(update_fields=["next_batch_number"])
