"""A demo company, the site, a worker and the scheduler, together until Ctrl-C."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from config.checks import bad_settings
from config.demo_company import COMPANY, PASSWORD, PEOPLE, SIGN_INS, DemoCompany
from directory.models import Company

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """However we end, the kernel asks the children to stop too, so no orphan keeps the port."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []  # on a database of its own it is a demo still, not production

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--only-load", action="store_true", help="Load the demo company and stop.")

    def handle(self, *, port, only_load, **_):
        self.require_free(port)
        # The demo company is loaded by this process: the links in its mails lead to this port too.
        if "SITE_URL" not in os.environ:
            settings.SITE_URL = f"http://127.0.0.1:{port}"
        settings.DEMO = True  # as the programs below are told
        if problems := bad_settings():
            raise CommandError("\n".join(f"{problem.msg} {problem.hint}" for problem in problems))
        packing = None if only_load or self.is_packed() else self.pack_static_files()
        call_command("migrate", verbosity=0)
        self.load()
        if only_load:
            return
        if packing and packing.wait():
            raise CommandError("The style sheets and scripts could not be packed; the reason stands above.")
        self.children: dict[str, subprocess.Popen] = {}
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        self.programs = self.commands(port)
        for name in self.programs:
            self.start(name)
        self.welcome(port, stopping)
        while not stopping.wait(0.5):
            self.restart_the_dead(stopping)
        self.stop()

    def require_free(self, port: int) -> None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise CommandError(f"Port {port} is in use. Stop that program, or add --port {port + 1}.")

    @staticmethod
    def is_packed() -> bool:
        """Whether nothing that is packed was touched since: it takes seconds."""
        made, root = settings.STATIC_ROOT / "staticfiles.json", settings.BASE_DIR
        sources = [*root.glob("static/**/*"), root / "config/static_files.py", root / "requirements.txt"]
        return made.exists() and made.stat().st_mtime > max(path.stat().st_mtime for path in sources)

    def pack_static_files(self) -> subprocess.Popen:
        """Beside the loading, and with the settings that the site will have."""
        pack = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        return subprocess.Popen(pack, cwd=settings.BASE_DIR, env={**os.environ, "DEMO": "1"})

    def load(self) -> None:
        if Company.objects.filter(slug=COMPANY).exists():
            return
        self.stdout.write("Loading the demo company ...")
        self.stdout.flush()
        demo = DemoCompany()
        with transaction.atomic():
            demo.build()
        demo.accounting.compare()

    def commands(self, port: int) -> dict[str, list[str]]:
        python = [sys.executable, "-m"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        web = [
            *python,
            "gunicorn",
            "config.wsgi",
            "-b",
            f"127.0.0.1:{port}",
            "--threads",
            "8",
            "--log-level",
            "warning",
        ]
        if os.name != "posix":
            web = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
        return {
            "web": web,
            "worker": [
                *python,
                "celery",
                "-A",
                "config",
                "worker",
                "-P",
                "threads",
                "-c",
                "2",
                "-l",
                "WARNING",
                *quiet,
            ],
            "beat": [*python, "celery", "-A", "config", "beat", "-l", "WARNING", "--pidfile="],
        }

    def start(self, name: str) -> None:
        # A session of its own: Ctrl-C reaches only us, and the worker is then asked once, politely.
        child = subprocess.Popen(
            self.programs[name],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent if os.name == "posix" else None,
            env={
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                "DEMO": "1",
                "SITE_URL": settings.SITE_URL,
            },
        )
        threading.Thread(target=self.relay, args=(name, child.stdout), daemon=True).start()
        self.children[name] = child

    def relay(self, name: str, stream) -> None:
        for line in stream:
            self.stdout.write(f"{name:>6} | {line.rstrip()}")

    def welcome(self, port: int, stopping: threading.Event) -> None:
        address = f"http://127.0.0.1:{port}/"
        while not self.answers(address) and not stopping.wait(0.2):
            pass
        width = max(len(PEOPLE[key][1]) for key in SIGN_INS)
        people = "\n".join(f"    {PEOPLE[key][1]:<{width}}  {PEOPLE[key][2]}" for key in SIGN_INS)
        self.stdout.write(
            self.style.SUCCESS(f"\n  Plumbline is ready: {address}   (Ctrl-C stops everything)\n")
            + f"\n  Sign in there with one click, or with the password “{PASSWORD}”:\n{people}\n"
            + f"\n  Outbox, the mail that the site sends: {address}demo/outbox/\n"
        )
        self.stdout.flush()

    @staticmethod
    def answers(address: str) -> bool:
        try:
            urllib.request.urlopen(f"{address}livez", timeout=1)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def restart_the_dead(self, stopping: threading.Event) -> None:
        for name, child in list(self.children.items()):
            if child.poll() is not None and not stopping.wait(1):
                self.stderr.write(f"{name} stopped (exit {child.returncode}); starting it again")
                self.start(name)

    def stop(self) -> None:
        for child in self.children.values():
            child.terminate()
        deadline = time.monotonic() + 12
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
