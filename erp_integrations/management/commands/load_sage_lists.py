"""Load Sage's lists from a folder of CSV files named after the lists: vendors.csv, jobs.csv, and so on."""

import csv
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from directory.models import Company
from directory.refusals import Refused
from erp_integrations.actions.lists import take_in
from erp_integrations.models import ListKind
from erp_integrations.sage100 import list_columns


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path)
        parser.add_argument("--company", required=True, help="its slug, as in addresses")
        parser.add_argument("--as-of", type=date.fromisoformat, default=None, help="the day they were made in Sage")

    def handle(self, *args, **options):
        company = Company.objects.filter(slug=options["company"]).first()
        if company is None:
            raise CommandError(f"No company has the slug {options['company']}.")
        found = [(kind, options["folder"] / f"{kind.value}.csv") for kind in ListKind]
        present = [(kind, path) for kind, path in found if path.is_file()]
        if not present:
            raise CommandError(f"{options['folder']} has none of {', '.join(path.name for _, path in found)}.")
        try:
            with transaction.atomic():
                for kind, path in present:
                    self._take_in(company, kind, path, options["as_of"] or company.today)
        except Refused as refusal:
            raise CommandError(f"{refusal.message} Nothing was loaded.") from refusal

    def _take_in(self, company, kind, path, as_of):
        with path.open(encoding="utf-8-sig", newline="") as file:
            titles, *rows = [row for row in csv.reader(file) if any(row)] or [[]]
        chosen = list_columns.proposed(kind, titles)
        if clash := list_columns.clash(kind, chosen):
            raise Refused(f"{path.name}: {clash}")
        cells = list_columns.by_field(chosen, rows)
        version = take_in(company, kind, cells, as_of_date=as_of, file_name=path.name)
        self.stdout.write(f"{kind.label}: {version.record_count} records as of {as_of}")
