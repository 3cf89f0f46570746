"""How the web processes of one host run; each value may be overruled by gunicorn's own options."""

import itertools
import multiprocessing
import os
import shutil
import tempfile
from pathlib import Path

# Each process counts in a file of its own here, and any of them tells what all have counted (config/metrics.py).
# prometheus_client looks for the folder when it is imported, so it is named first. A reload (SIGHUP) reads this again
# in the same process and goes on with the folder there is. No object owns it: a process that ends would take it along.
MINE = f"plumbline-metrics-{os.getpid()}-"
if not Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")).name.startswith(MINE):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=MINE)

from prometheus_client import values  # noqa: E402

from directory.logs import logging_config  # noqa: E402

bind = os.environ.get("BIND") or "0.0.0.0:8000"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2 * multiprocessing.cpu_count() + 1)
threads = 2
timeout = 60  # for a process without a sign of life; a statement of a request is ended by PostgreSQL (30 s)
graceful_timeout = 30
keepalive = 5
# Long prints leave memory behind: a process ends after so many requests, not all of them at the same one.
max_requests, max_requests_jitter = 2000, 400
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True  # signals do; nobody needs a second door
logconfig_dict = logging_config(is_json=bool(os.environ.get("DATABASE_URL"))) | {
    "loggers": {
        "gunicorn.error": {"level": "INFO", "propagate": True},
        "gunicorn.access": {"level": "WARNING"},  # what was answered we tell ourselves
    }
}


# gunicorn calls what follows by these names.


def pre_fork(server, worker):
    """A process gets the lowest place that is free: it goes on in the file of the one that it follows."""
    taken = {each.place for each in server.WORKERS.values()}
    worker.place = next(place for place in itertools.count(1) if place not in taken)


def post_fork(server, worker):
    values.ValueClass = values.MultiProcessValue(lambda: worker.place)


def on_exit(server):
    if os.getpid() == server.pid:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
