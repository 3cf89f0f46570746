"""How the web processes of one host run; each value may be overruled by gunicorn's own options."""

import multiprocessing
import os
import tempfile

from prometheus_client.multiprocess import mark_process_dead

bind = os.environ.get("BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", 2 * multiprocessing.cpu_count() + 1))
threads = 2
timeout = 60  # longer than any statement may take on PostgreSQL (30 s)
graceful_timeout = 30
keepalive = 5
# Long prints leave memory behind: a process ends after so many requests, not all of them at the same one.
max_requests, max_requests_jitter = 2000, 400
worker_tmp_dir = "/dev/shm"

# Each process counts in files of its own here, and any of them tells what all have counted (config/metrics.py).
_counts = tempfile.TemporaryDirectory(prefix="plumbline-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts.name


def child_exit(server, worker):  # gunicorn calls it by this name
    mark_process_dead(worker.pid)
