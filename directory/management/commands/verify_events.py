"""Walk the chain over all events and say what is wrong with it; the exit code is 1 if anything is (R120, R121)."""

from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from directory.chain import Anchor, Walk
from directory.models import EventSeal
from directory.unhurried import unhurried


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="POSITION:DIGEST",
            help="a head that was noted earlier, away from this machine; may be given several times",
        )
        parser.add_argument(
            "--patience", type=int, default=10, metavar="MINUTES", help="how long an event may be without a seal"
        )

    @unhurried()
    def handle(self, *args, **options):
        try:
            walk = Walk(Anchor.read(text) for text in options["anchor"])
        except ValueError as problem:
            raise CommandError(str(problem)) from problem
        EventSeal.objects.walk(walk, unsealed_before=timezone.now() - timedelta(minutes=options["patience"]))
        for sentence in walk.breaks:
            self.stdout.write(sentence)
        if walk.break_count > len(walk.breaks):
            self.stdout.write(f"… and {walk.break_count - len(walk.breaks)} more.")
        self.stdout.write(f"{walk.count} sealed events, head {walk.head}")
        if walk.break_count:
            raise CommandError(f"The record is not what was written: {walk.break_count} breaks.")
        self.stdout.write("The record is whole.")
