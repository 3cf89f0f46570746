"""Holds our own ledgers against each other: invoices, exports, batches, files, events. Any difference: exit code 1."""

from django.core.management.base import BaseCommand, CommandError

from directory.counts import counted
from directory.models import Company
from directory.unhurried import unhurried
from erp_integrations.exporting.ledgers import check

HEADINGS = ("company", "ledgers", "about", "expected", "found")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--company", help="its slug, as in addresses; without it, all are checked")

    @unhurried()
    def handle(self, *, company, **options):
        companies = Company.objects.order_by("slug")
        if company:
            companies = companies.filter(slug=company)
            if not companies:
                raise CommandError(f"No company has the slug {company}.")
        checks = [check(each) for each in companies]
        rows = [
            (each.company.slug, found["check"], found["about"], found["expected"], found["found"])
            for each in checks
            for found in each.differences
        ]
        self._table([HEADINGS, *rows] if rows else [])
        count = sum(each.difference_count for each in checks)
        if count:
            raise CommandError(f"{counted(count, 'difference')}.")
        self.stdout.write(f"0 differences in {len(checks)} compan{'y' if len(checks) == 1 else 'ies'}.")

    def _table(self, rows) -> None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
