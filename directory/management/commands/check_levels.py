"""Look for levels that count for too much or were left behind (R64, R65); for a nightly job. Fails if there are any."""

from django.core.management.base import BaseCommand, CommandError

from directory.checks import for_whole_models, left_behind


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        found = for_whole_models() + left_behind()
        if found:
            raise CommandError("\n".join([f"{len(found)} found.", *found]))
        self.stdout.write("Every level belongs to somebody of the directory and to one place.")
