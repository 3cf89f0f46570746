"""Measures what performance must reach against a reference in the same run, and prints goal, measured, met or not."""

import importlib
import pkgutil
from statistics import median

from django.core.management.base import BaseCommand

import benchmarks

HEAD = ("goal", "what", "reference", "ours ms", "theirs ms", "ratio", "best", "at most", "")
ELSEWHERE = "They need a database that seed_scale filled: embedded or not, as docs/operations.md says under Measuring."
WIDTHS = (5, 44, 22, 9, 10, 7, 7, 8, 8)


class Command(BaseCommand):
    help = "Measure the performance goals: all, or those of the groups that the named ones are in (F3 F10)."

    def add_arguments(self, parser):
        parser.add_argument("goals", nargs="*", help="F3, F10 …")

    def handle(self, *, goals, **options):
        self._row(HEAD)
        for name in sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__)):
            module = importlib.import_module(f"benchmarks.{name}")
            here = getattr(module, "GOALS", ())
            if here and not set(goals or here).isdisjoint(here):
                self._measure(module)

    def _measure(self, module) -> None:
        figure = None
        for figure in module.measure():
            self._show(figure)
        if figure is None:
            self.stderr.write(f"{', '.join(module.GOALS)}: not measured. {ELSEWHERE}")

    def _show(self, figure) -> None:
        ours, theirs = ("", "") if figure.is_count else (_middle(figure.ours), _middle(figure.theirs))
        met = "met" if figure.is_met else "NOT MET"
        self._row(
            (figure.number, figure.what, figure.reference, ours, theirs, figure.ratio, figure.best, figure.goal, met)
        )

    def _row(self, cells) -> None:
        self.stdout.write("  ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip())


def _middle(times: list) -> str:
    return f"{median(times) * 1000:.1f}"
