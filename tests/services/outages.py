"""`python -m tests.services.outages SCENE`: what an acceptance goes through while a server is away (R25, R29).

Every scene has servers and a folder of its own, and ends with what accounting would find; the last line is the result.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

PATIENCE = 90
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # Debian's stand on nobody's PATH
INITDB = str(PROGRAMS[-1]) if PROGRAMS else shutil.which("initdb")


def missing_servers() -> list[str]:
    """What of the servers that tests start is not on this machine, by the name of its package."""
    there = {"redis-server": shutil.which("redis-server"), "postgresql": INITDB}
    return [package for package, program in there.items() if not program]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """A server of its own, which keeps nothing."""

    def __init__(self, folder: Path):
        self.port, self.folder = free_port(), folder
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([*command, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class Cluster:
    """A PostgreSQL server of its own; as root, under the login that may run one."""

    def __init__(self, folder: Path):
        self.port, self.data = free_port(), folder / "data"
        self.as_somebody = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.bin = Path(INITDB).resolve().parent
        if self.as_somebody:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        self._run("pg_ctl", "-D", self.data, "-w", "-o", self.options, "-l", folder / "log", "start")

    @property
    def options(self) -> str:
        """Programs die here, never the machine: what they wrote outlives them without being flushed."""
        return f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} -c fsync=off"

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def url_of_socket(self) -> str:
        return f"postgres://postgres@:{self.port}/{self.data}/postgres"

    def restart(self) -> None:
        """As a crash would: nobody is asked to finish."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "-o", self.options, "restart")

    def end(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def _run(self, program: str, *arguments) -> None:
        command = [*self.as_somebody, self.bin / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp")


def main(scene: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="plumbline-outage-"))
    folder.chmod(0o755)
    (folder / "var").mkdir()
    os.environ |= {"PLUMBLINE_VAR": str(folder / "var"), "DJANGO_SETTINGS_MODULE": "tests.services.settings"}
    os.environ |= {"SECRET_KEY": "only for tests", "ALLOWED_HOSTS": "127.0.0.1"}
    server = Cluster(folder) if scene == "database" else Redis(folder)
    os.environ["DATABASE_URL" if scene == "database" else "REDIS_URL"] = server.url
    try:
        django.setup()
        from tests.services import outage_scenes  # noqa: PLC0415 (Django must be set up first)

        print(json.dumps(outage_scenes.play(scene, server)))
    finally:
        if scene == "stopped":
            server.process.send_signal(signal.SIGCONT)
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
