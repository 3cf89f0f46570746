"""Link everything that has exactly the same name or number here and in Sage, at once and without a page.

Running it is the choice that the pages ask for line by line: it takes every proposal, so look at them first (Links in
the ERP pages, or --look). Each link writes its event.
"""

from django.core.management.base import BaseCommand, CommandError

from directory.models import Company
from erp_integrations.actions import links


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--company", required=True, help="its slug, as in addresses")
        parser.add_argument("--look", action="store_true", help="say what would be linked, and link nothing")

    def handle(self, *args, **options):
        company = Company.objects.filter(slug=options["company"]).first()
        if company is None:
            raise CommandError(f"No company has the slug {options['company']}.")
        for propose in (links.exact_matches, links.line_matches):
            for link in propose(company):
                self.stdout.write(str(link if options["look"] else links.make(link)))
