"""Link what has exactly the same name or number here and in Sage; say what stays unlinked."""

from django.core.management.base import BaseCommand, CommandError

from directory.models import Company
from erp_integrations.actions import links


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--company", required=True, help="its slug, as in addresses")

    def handle(self, *args, **options):
        company = Company.objects.filter(slug=options["company"]).first()
        if company is None:
            raise CommandError(f"No company has the slug {options['company']}.")
        for propose in (links.exact_matches, links.line_matches):
            for link in propose(company):
                self.stdout.write(str(links.make(link)))
