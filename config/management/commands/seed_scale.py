"""Fill an EMPTY database with a company of a given size, to measure on; never one that holds a company already."""

from time import perf_counter

from django.core.management.base import BaseCommand, CommandError

from benchmarks import scale
from invoicing.models import Invoice, InvoiceLine


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--invoices", type=int, default=100_000, help=f"a multiple of {scale.STEP}")

    def handle(self, *, invoices, **options):
        if invoices < scale.STEP or invoices % scale.STEP:
            raise CommandError(f"--invoices takes {scale.STEP}, {2 * scale.STEP}, {3 * scale.STEP} …")
        if not scale.is_empty():
            raise CommandError("This database holds a company or people. Name an empty one in DATABASE_URL.")
        start = perf_counter()
        scale.seed(invoices)
        made = f"{Invoice.objects.count():,} invoices, {InvoiceLine.objects.count():,} lines"
        self.stdout.write(f"{made} in {perf_counter() - start:.0f} s. Admin everywhere: person-1@scale.invalid.")
