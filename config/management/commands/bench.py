"""Measures what performance must reach against a reference in the same run, and prints goal, measured, met or not."""

import importlib
import pkgutil

from django.core.management.base import BaseCommand

import benchmarks

HEAD = ("goal", "what", "reference", "ours ms", "theirs ms", "ratio", "best", "at most", "")
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
                for figure in module.measure():
                    self._show(figure)

    def _show(self, figure) -> None:
        ours, theirs = (f"{sorted(times)[len(times) // 2] * 1000:.1f}" for times in (figure.ours, figure.theirs))
        met = "met" if figure.is_met else "NOT MET"
        self._row(
            (figure.number, figure.what, figure.reference, ours, theirs, figure.ratio, figure.best, figure.goal, met)
        )

    def _row(self, cells) -> None:
        self.stdout.write("  ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip())
