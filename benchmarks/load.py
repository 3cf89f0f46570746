"""`python -m benchmarks.load`: people at work on a site with `seed_scale`'s data, as real web processes serve it (G14).

Each person opens a page, thinks, and follows a link of it: lists of invoices, invoices, home, what hangs on them; now
and then they write a comment. `--people 50 --seconds 120` is the goal's; `--seconds 3600` its hour. The last line of
the output is the result: by kind of page the milliseconds of the median, the 95th percentile and the slowest; what was
answered with 5xx or not at all; the memory of the web processes before and after, in MB. Exit code 1 where a goal is
not met: of memory only over an hour, because it first grows by what each process keeps.

It needs what the site needs: DATABASE_URL, REDIS_URL and so on, and a database that `seed_scale` filled.
"""

import argparse
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode, urlsplit

import django

KINDS = {  # what a page is, by its address
    "list": re.compile(r"^/p/[^/]+/invoices/$"),
    "invoice": re.compile(r"^/p/[^/]+/invoices/[^/]+/\d+/$"),
    "home": re.compile(r"^/$"),
    "other": re.compile(r"^/(p/[^/]+/(commitments|periods)/([^/]+/)?|bills/)$"),
}
WEIGHTS = {"list": 10, "invoice": 10, "home": 2, "other": 4}
COMMENTS = 0.05  # of the invoices that are opened
MOST = {"list": 500, "invoice": 1000}  # milliseconds for 95 of 100
WARM_UP, WARM_UP_OF_LONG = 10, 600  # seconds until each process has answered everything once, and often
LONG, GROWTH = 3600, 0.05  # seconds from which memory is judged, and how much more of it there may be


class Somebody(threading.Thread):
    """A person with one browser; `answers`: (kind of page, seconds, status), 0 where nobody answered."""

    def __init__(self, person, port: int, think: float, until: float):
        super().__init__(daemon=True)
        from django.conf import settings  # noqa: PLC0415 (Django must be set up first)

        from benchmarks.measuring import signed_in  # noqa: PLC0415

        host = urlsplit(settings.SITE_URL).netloc
        self.cookies = {settings.SESSION_COOKIE_NAME: signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value}
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Host": host, "X-Forwarded-Proto": "https", "Referer": f"https://{host}/"}
        self.luck, self.think, self.until = random.Random(person.pk), think, until
        self.answers: list[tuple[str, float, int]] = []

    def run(self) -> None:
        links = {"home": ["/"]}
        time.sleep(self.luck.uniform(0, self.think))
        while time.monotonic() < self.until:
            kind = self.luck.choices(list(links), [WEIGHTS[each] for each in links])[0]
            address = self.luck.choice(links[kind])
            page = self.ask(kind, "GET", address)
            if kind == "invoice" and self.luck.random() < COMMENTS:
                self.comment(address, page)
            links = {"home": ["/"]} | (kinds_of(page) or links)
            time.sleep(self.luck.expovariate(1 / self.think))

    def ask(self, kind: str, method: str, address: str, body: str | None = None) -> str:
        headers = self.headers | {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        began = time.monotonic()
        for _ in range(2):  # a server may hang up on a line that was silent for a while; a browser calls again
            try:
                self.line.request(method, address, body, headers)
                answer = self.line.getresponse()
                page, status = answer.read().decode(), answer.status
                break
            except (OSError, http.client.HTTPException):
                self.line.close()
        else:
            self.answers.append((kind, time.monotonic() - began, 0))
            return ""
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.answers.append((kind, time.monotonic() - began, status))
        return page

    def comment(self, address: str, page: str) -> None:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token:
            typed = {"csrfmiddlewaretoken": token[1], "comment-words": "Seen on site."}
            self.ask("comment", "POST", f"{address}comments/", urlencode(typed))


def kinds_of(page: str) -> dict[str, list[str]]:
    """{kind: addresses} of the links of a page that lead where people go."""
    found = defaultdict(list)
    for address in re.findall(r'href="(/[^"?#]*)"', page):
        kind = next((kind for kind, pattern in KINDS.items() if pattern.match(address)), None)
        if kind:
            found[kind].append(address)
    return dict(found)


def served(port: int, *, stay: bool = False) -> subprocess.Popen:
    """Web processes as `deploy` runs them on a host; `stay`: none is replaced by a fresh one, so what grows is seen."""
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}"]
    command += ["--max-requests", "0"] if stay else []
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    site = subprocess.Popen([*command, "config.wsgi"], start_new_session=True, **quiet)
    for _ in range(120):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/livez")
            line.getresponse()
            return site
        except OSError:
            time.sleep(0.5)
    raise SystemExit("The web processes did not start.")


def megabytes(site: subprocess.Popen) -> int:
    """What the web processes hold in memory together."""
    pids = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()
    sizes = [re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
    return sum(int(size[1]) for size in sizes if size) // 1024


def told(answers: list[tuple[str, float, int]]) -> dict:
    by_kind = defaultdict(list)
    for kind, seconds, _ in answers:
        by_kind[kind].append(seconds * 1000)
    pages = {}
    for kind, times in sorted(by_kind.items()):
        cuts = quantiles(times, n=20) if len(times) > 1 else times * 19
        pages[kind] = {"asked": len(times), "p50": round(cuts[9]), "p95": round(cuts[18]), "slowest": round(max(times))}
    broken = sum(status == 0 or status >= 500 for _, _, status in answers)
    strange = sorted({status for _, _, status in answers} - {200, 302})
    return {"pages": pages, "broken": broken, "other answers": strange}


def is_met(result: dict, memory: dict[str, int], seconds: int) -> bool:
    """G14. Pages that nobody asked for prove nothing."""
    quick = all(kind in result["pages"] and result["pages"][kind]["p95"] < most for kind, most in MOST.items())
    steady = seconds < LONG or memory["after"] < memory["before"] * (1 + GROWTH)
    return quick and steady and not result["broken"]


def main() -> bool:
    """Whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--think", type=float, default=3.0, help="seconds between two pages of a person, on average")
    parser.add_argument("--port", type=int, default=8899)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from benchmarks import scale  # noqa: PLC0415 (Django must be set up first)
    from directory.models import Person  # noqa: PLC0415

    people = Person.objects.filter(memberships__company__slug=scale.SLUG).order_by("pk")[: options.people]
    if not people:
        raise SystemExit("This database has none of seed_scale's data.")
    is_long = options.seconds >= LONG
    warm_up = WARM_UP_OF_LONG if is_long else WARM_UP
    site = served(options.port, stay=is_long)
    try:
        until = time.monotonic() + warm_up + options.seconds
        everybody = [Somebody(person, options.port, options.think, until) for person in people]
        for each in everybody:
            each.start()
        time.sleep(warm_up)
        before = megabytes(site)
        for each in everybody:
            each.join()
        result = told([answer for each in everybody for answer in each.answers])
        memory = {"before": before, "after": megabytes(site)}
        met = is_met(result, memory, options.seconds)
        told_first = {"people": len(everybody), "seconds": options.seconds}
        print(json.dumps(told_first | result | {"memory": memory, "met": met}))
        return met
    finally:
        os.killpg(site.pid, signal.SIGTERM)
        site.wait(30)


if __name__ == "__main__":
    sys.exit(not main())
