"""`python -m tests.services.hosts`: a site of two hosts as it runs for real, and what befalls it.

Two web processes, three workers and a scheduler, each a process of its own, on a PostgreSQL and a Redis of their own.
Approvers accept by page, through both web processes. First the work is shared; then one host dies and the other goes
on, each in its turn, the scheduler's too; then, with both, workers are killed or stopped, or lose the processes of
their pools, Redis hangs or comes back empty, PostgreSQL crashes (G2, G3, R27, R28). Each program runs as `deploy`
starts it. The last line is the result.
"""

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Barrier
from urllib.parse import urlencode

import django

from tests.services.outages import Cluster, Redis, free_port

HOST = "bills.test"
PATIENCE = 120  # seconds
ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE, DOCKERFILE = ((ROOT / "deploy" / name).read_text() for name in ("compose.yaml", "Dockerfile"))
BROKER_IS_AWAY = ("redis", "hang")


def command_of(service: str) -> list[str]:
    """How `deploy` starts it, by this Python."""
    said = re.search(rf"^  {service}:.*\n((?:    .*\n)+)", COMPOSE, re.M)[1]
    own, of_image = r"^    command: \[(.*)\]$", r"^CMD \[(.*)\]$"
    found = re.search(own, said, re.M) or re.search(of_image, DOCKERFILE, re.M)
    program, *words = [word.strip('"') for word in found[1].split(", ")]
    return [sys.executable, "-m", program, *words]


@dataclass
class Process:
    """One of a host's programs, restarted as a supervisor would; its log tells what it built."""

    name: str
    command: list[str]
    log: Path
    running: subprocess.Popen | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.running = subprocess.Popen(self.command, stdout=out, stderr=out, start_new_session=True)

    def stop(self) -> None:
        """As an upgrade does: what is under way may end, and it is gone in its time."""
        self.running.terminate()
        self.running.wait(STOPPED_WITHIN)

    def children(self) -> list[int]:
        """The processes of its pool; none while it starts."""
        threads = Path(f"/proc/{self.running.pid}/task").glob("*/children")
        return [int(child) for thread in threads for child in thread.read_text().split()]

    def kill(self) -> None:
        """All of it at once, as power is lost."""
        os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()

    def built(self) -> set[str]:
        return set(re.findall(r'"batch": "(EXP-\d+)".*?"event": "file_built"', self.log.read_text()))


@dataclass
class Site:
    """`hosts`: {name: its processes}; the scheduler runs on one alone, which is the first until that dies."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {"a": free_port(), "b": free_port()})
    hosts: dict[str, list[Process]] = field(default_factory=dict)

    def start(self) -> None:
        for host, port in self.ports.items():
            wanted = {"web": [*command_of("web"), "-b", f"127.0.0.1:{port}"]} | {
                f"worker {n}": [*command_of("worker"), "-n", f"{host}{n}@{host}"] for n in range(1 + (host == "b"))
            }
            if host == "a":
                wanted["beat"] = command_of("beat")
            self.hosts[host] = [
                Process(f"{host} {n}", run, self.folder / f"{host} {n}.log") for n, run in wanted.items()
            ]
        for each in self.processes():
            each.start()
        for port in self.ports.values():
            _until(lambda port=port: _answers(port))

    def processes(self, kind: str = "") -> list[Process]:
        return [each for host in self.hosts.values() for each in host if kind in each.name]

    def end(self) -> None:
        for each in self.processes():
            if each.running.poll() is None:
                each.kill()


class Approver:
    """A browser of an approver's, in front of whatever web process a proxy would choose."""

    def __init__(self, site: Site, person):
        from django.conf import settings  # noqa: PLC0415 (Django must be set up first, here and below)

        from benchmarks import measuring  # noqa: PLC0415

        session = measuring.signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value
        self.site, self.names = site, settings
        self.cookies = {settings.SESSION_COOKIE_NAME: session}
        self.answers: list[tuple[float, int]] = []  # seconds and status of each acceptance that was answered
        self.ends: list[int | str] = []  # what each try came to: a status, or the name of why there was no answer

    def accept(self, export, host: str, once_seen=lambda: None) -> int | str:
        """Look at the confirmation, agree to it; the status of the last answer, or why there was none.

        `once_seen` is called between the two.
        """
        self.ends.append(self._accept(export, host, once_seen))
        return self.ends[-1]

    def _accept(self, export, host: str, once_seen) -> int | str:
        from tests.erp_integrations.pages import accept_data, queue_url  # noqa: PLC0415

        path = queue_url(export.company, "accept/")
        try:
            page = self._ask(host, "GET", f"{path}?export={export.pk}")
            if b'name="accounting_date"' not in page.content:
                return page.status
            [token] = re.findall(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.content)[:1]
            data = accept_data(page, export) | {"csrfmiddlewaretoken": token.decode()}
            once_seen()
            began = time.monotonic()
            answer = self._ask(host, "POST", path, urlencode(data, doseq=True))
            self.answers.append((time.monotonic() - began, answer.status))
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__

    def accept_somehow(self, export) -> None:
        """As a person does it: try again, at another web process, until the invoice has left the queue."""
        from erp_integrations.models import ExportItem  # noqa: PLC0415

        def is_done() -> bool:
            self.accept(export, random.choice(list(self.site.ports)))
            return _asked(lambda: ExportItem.objects.filter(invoice_export=export).exists())

        _until(is_done)

    def _ask(self, host: str, method: str, path: str, body: str | None = None):
        line = http.client.HTTPConnection("127.0.0.1", self.site.ports[host], timeout=60)
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        headers |= {"Referer": f"https://{HOST}/", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        line.request(method, path, body, headers)
        answer = line.getresponse()
        answer.content = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        line.close()
        return answer


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/livez", headers={"Host": HOST})
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def _until(is_so, patience: float = PATIENCE) -> float:
    """Seconds until it is so."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() > began + patience:
            raise TimeoutError(f"not so within {patience} s")
        time.sleep(0.2)
    return time.monotonic() - began


def _asked(question) -> bool:
    """What the database says; no while it is away."""
    from django.db import DatabaseError, connections  # noqa: PLC0415
    from django.db.utils import InterfaceError  # noqa: PLC0415

    try:
        return question()
    except (DatabaseError, InterfaceError):
        return False
    finally:
        connections.close_all()


def _all_built() -> bool:
    from erp_integrations.models import ExportBatch  # noqa: PLC0415

    return _asked(lambda: not ExportBatch.objects.under_way().exists())


def _built_now(patience: float = 3) -> list[int]:
    """The files that are being built at this moment, as soon as there is one; none where none comes."""
    from erp_integrations.models import BatchState, ExportBatch  # noqa: PLC0415

    building, until = [], time.monotonic() + patience
    while not building and time.monotonic() < until:
        found = ExportBatch.objects.filter(state=BatchState.BUILDING).values_list("pk", flat=True)
        building = _asked(lambda: list(found)) or []  # noqa: B023
    return building


def _again(batches: list[int]) -> int:
    """How many of them were begun more than once."""
    from erp_integrations.models import ExportBatch  # noqa: PLC0415

    return ExportBatch.objects.filter(pk__in=batches, attempts__gt=1).count()


def shared(site: Site, sage, exports) -> dict:
    """Each invoice is accepted at both web processes at once (R1, R2); which worker built how many files."""
    first, second = Approver(site, sage.approver), Approver(site, sage.new_approver())
    seen = Barrier(2, timeout=PATIENCE).wait
    with ThreadPoolExecutor(2) as both:
        for export in exports:
            list(both.map(lambda way: way[0].accept(export, way[1], seen), [(first, "a"), (second, "b")]))  # noqa: B023
    _until(_all_built)
    winners = sorted(status for _, status in first.answers + second.answers)
    return {"shares": {each.name: len(each.built()) for each in site.processes("worker")}, "statuses": winners}


def one_host_dies(site: Site, sage, exports, host: str, other: str) -> dict:
    """All of a host is gone at once, while its files are built; people go on at the other, and it comes back later.

    Where the scheduler was on it, one is started on the other, as docs/operations.md says. `recovered`: seconds from
    there until all that was accepted before is built.
    """
    approver, before = Approver(site, sage.approver), len(exports) // 2
    for export in exports[:before]:
        approver.accept_somehow(export)
    _built_now()
    for each in site.hosts[host]:
        each.kill()
    for beat in [each for each in site.hosts[host] if each.name.endswith("beat")]:
        site.hosts[host].remove(beat)
        site.hosts[other].append(beat)
        beat.start()
    recovered = _until(_all_built)
    for export in exports[before:]:
        approver.accept_somehow(export)
    _until(_all_built)
    for each in site.hosts[host]:
        each.start()
    _until(lambda: _answers(site.ports[host]))  # what comes next is asked of both
    return {"recovered": round(recovered, 1)}


def chaos(site: Site, sage, exports, blows: list[str], redis: Redis, cluster: Cluster) -> dict:
    """Somebody goes on accepting meanwhile; how that was answered while the broker was away is told apart (G3)."""
    approver, without_broker, ends, struck = Approver(site, sage.approver), [], set(), []
    with ThreadPoolExecutor(1) as person:
        for blow in blows:
            some, exports = exports[:EACH], exports[EACH:]
            known, tried = len(approver.answers), len(approver.ends)
            at_work = person.submit(lambda: [approver.accept_somehow(export) for export in some])  # noqa: B023
            time.sleep(random.uniform(0, 0.6))
            if blow == "child":
                struck += _built_now()
            STRIKE[blow](site, redis, cluster)
            at_work.result()
            if blow in BROKER_IS_AWAY:
                without_broker += approver.answers[known:]
                ends |= set(approver.ends[tried:])
    recovered = _until(_all_built)
    others = [answer for answer in approver.answers if answer not in without_broker]
    return {
        "interrupted": _again(struck),
        "recovered": round(recovered, 1),
        "usual": round(median(seconds for seconds, _ in others), 2),
        "slowest": round(max(seconds for seconds, _ in without_broker), 2),
        "statuses": sorted(ends, key=str),
    }


def blows() -> list[str]:
    """`CHAOS` times what one run of G2 asks for, in an order of chance."""
    times = int(os.environ.get("CHAOS", 1))
    found = [blow for blow, count in BLOWS.items() for _ in range(count * times)]
    return random.sample(found, len(found))


def _kill_worker(site: Site, redis, cluster) -> None:
    worker = random.choice(site.processes("worker"))
    worker.kill()
    time.sleep(0.5)
    worker.start()


def _stop_worker(site: Site, redis, cluster) -> None:
    worker = random.choice(site.processes("worker"))
    worker.stop()
    worker.start()


def _kill_children(site: Site, redis, cluster) -> None:
    """As the kernel does for want of memory, so that whoever builds is among them; each worker puts others in place."""
    pools: list[int] = []
    _until(lambda: pools.extend(child for each in site.processes("worker") for child in each.children()) or pools)
    for child in pools:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _bounce(site: Site, redis, cluster) -> None:
    redis.end()
    time.sleep(1.5)
    redis.start()


def _crash(site: Site, redis, cluster) -> None:
    cluster.restart()


def _hang(site: Site, redis, cluster) -> None:
    redis.process.send_signal(signal.SIGSTOP)
    time.sleep(5)
    redis.process.send_signal(signal.SIGCONT)


BLOWS = {"worker": 10, "redis": 5, "database": 5, "hang": 3, "stop": 5, "child": 5}  # G2, R28, R27
STRIKE = {
    "worker": _kill_worker,
    "redis": _bounce,
    "database": _crash,
    "hang": _hang,
    "stop": _stop_worker,
    "child": _kill_children,
}
STOPPED_WITHIN = float(re.search(r"^  worker:\n(?:    .*\n)*?    stop_grace_period: (\d+)s", COMPOSE, re.M)[1])
EACH = 3  # invoices accepted around each blow


def play(site: Site, redis: Redis, cluster: Cluster) -> dict:
    """`problems`: every doubled, lost or wrong thing at the end; `recovered`, `usual`, `slowest`: seconds."""
    from django.core.management import call_command  # noqa: PLC0415

    from tests.erp_integrations.world import sage_world  # noqa: PLC0415
    from tests.services.killing import audit  # noqa: PLC0415
    from tests.services.killing.trials import sent_exports  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    sage, rest = sage_world(), blows()
    exports = sent_exports(sage, 24 + EACH * len(rest))
    site.start()
    told = {
        "shared": shared(site, sage, exports[:12]),
        "one host": one_host_dies(site, sage, exports[12:18], "b", "a"),
        "the first host": one_host_dies(site, sage, exports[18:24], "a", "b"),
        "chaos": chaos(site, sage, exports[24:], rest, redis, cluster),
    }
    return told | {"invoices": len(exports), "problems": audit.problems(sage.company) + audit.records(sage.company)}


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="plumbline-hosts-"))
    folder.chmod(0o755)
    (folder / "var").mkdir()
    cluster, redis = Cluster(folder), Redis(folder)
    os.environ |= {"DATABASE_URL": cluster.url, "REDIS_URL": redis.url, "PLUMBLINE_VAR": str(folder / "var")}
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.services.settings",
        "SECRET_KEY": "for tests, and long enough: " * 3,
    }
    os.environ |= {
        "ALLOWED_HOSTS": HOST,
        "SITE_URL": f"https://{HOST}",
        "TRUSTED_PROXY_COUNT": "1",
        "LOG_LEVEL": "INFO",
        "WEB_CONCURRENCY": "2",  # on one machine, for both
        "TMPDIR": str(folder),  # what a killed master leaves behind goes with the rest
    }
    django.setup()
    site = Site(folder)
    try:
        print(json.dumps(play(site, redis, cluster)))
    finally:
        redis.process.send_signal(signal.SIGCONT)
        site.end()
        redis.end()
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
