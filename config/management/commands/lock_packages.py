"""Writes the two lock files from what requirements.in and requirements-dev.in ask for, and docs/licences.md.

`--upgrade` takes each package as new as its .in file allows. `--check` writes nothing and says what does not follow.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

ROOT = Path(settings.BASE_DIR)
LOCKS = {"requirements": "What runs", "requirements-dev": "What the tests use besides"}
DOCUMENT = ROOT / "docs" / "licences.md"
# Hashes of every file of a package, for every system; nothing of the machine that wrote them.
COMPILE = [sys.executable, "-m", "uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11"]
COMPILE += ["--generate-hashes", "--no-emit-index-url", "--no-header"]
LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)( ; .*(?:win32|python_full_version).*)?", re.MULTILINE)
SAY_NOTHING = ("DFSG approved", "OSI Approved", "Other/Proprietary License")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--upgrade", action="store_true")
        parser.add_argument("--check", action="store_true")

    def handle(self, *args, upgrade, check, **options):
        stale = [name for name in LOCKS if self._lock(name, upgrade=upgrade, check=check)]
        if check and stale:
            raise CommandError(f"{', '.join(stale)}.txt: not what the .in files ask for. Run: manage.py lock_packages")
        if upgrade and stale:
            self.stdout.write("Install them (manage.py selftest does), then run lock_packages again for the licences.")
        elif not check:
            DOCUMENT.write_text(document())

    def _lock(self, name: str, *, upgrade: bool, check: bool) -> bool:
        """Whether the lock file changed, or would. What is locked stays as it is unless `upgrade`."""
        lock = ROOT / f"{name}.txt"
        was = lock.read_text()
        with tempfile.TemporaryDirectory() as place:
            new = shutil.copy(lock, place)
            more = ["--upgrade"] if upgrade else []
            subprocess.run([*COMPILE, *more, f"{name}.in", "-o", new], cwd=ROOT, check=True)
            text = Path(new).read_text()
        if text != was and not check:
            lock.write_text(text)
            for line in _differences(was, text):
                self.stdout.write(line)
        return text != was


def _differences(was: str, now: str) -> Iterator[str]:
    before, after = ({name: version for name, version, _ in LOCKED.findall(text)} for text in (was, now))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{name}: {before.get(name, 'new')} → {after.get(name, 'gone')}"


def document() -> str:
    """The whole list. Whoever changes a lock file runs the command; a test compares."""
    parts = [
        "# Licences",
        "",
        "Written by `python3 manage.py lock_packages`; each is as the package itself says.",
        "",
    ]
    for name, title in LOCKS.items():
        parts += [f"## {title}", "", "| Package | Licence |", "|---|---|"]
        parts += [f"| {package} | {licence} |" for package, licence in licences(name)]
        parts.append("")
    carried = [
        "htmx (0BSD) comes with django-htmx. The line icons in `static/icons.svg` and",
        "`static/icons-apart.svg` are cut from lucide-static 1.62.0 (ISC and MIT, `static/vendor/lucide/LICENSE`).",
    ]
    return "\n".join([*parts, "## What pages carry", "", *carried, ""])


def licences(name: str) -> Iterator[tuple[str, str]]:
    """(package, licence) of a lock file; what is for another system or an older Python alone is left out."""
    for package, _, elsewhere in LOCKED.findall((ROOT / f"{name}.txt").read_text()):
        if not elsewhere or "!= 'win32'" in elsewhere:
            yield package, _licence(importlib.metadata.metadata(package))


def _licence(about) -> str:
    named = [line.rpartition("::")[2].strip() for line in about.get_all("Classifier", []) if line.startswith("License")]
    named = sorted(set(named) - set(SAY_NOTHING))
    first_line = (about.get("License") or "").strip().partition("\n")[0]
    return about.get("License-Expression") or " or ".join(named) or first_line or "not said"
