"""Mail that a restore held back: it waited when the backup was made, so most of it went out before the site was lost.

Without options it is listed. What nobody got goes out by `--release`, to whoever is still meant.
"""

from django.core.management.base import BaseCommand, CommandError

from directory.actions import mails
from directory.counts import counted
from directory.models import Mail


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--release", nargs="+", metavar="NUMBER", help="numbers from the list, or: all")

    def handle(self, *, release, **_):
        held = Mail.objects.held_back()
        if not release:
            for mail in held.select_related("to").defer("text", "html"):
                self.stdout.write(f"{mail.pk}  {mail.created_at:%Y-%m-%d %H:%M}  {mail.to.email}  {mail.headline}")
            self.stdout.write(f"{counted(held.count(), 'mail')} held back.")
            return
        if release != ["all"]:
            held = held.filter(pk__in=self._numbers(release))
        self.stdout.write(f"{counted(mails.release(held), 'mail')} released.")

    def _numbers(self, words: list[str]) -> list[int]:
        if not all(word.isdecimal() for word in words):
            raise CommandError("Name the numbers of the list, or: all.")
        return [int(word) for word in words]
