"""All parts in order, on one database: kill acceptances and builds, makings of files, real workers; race; a control."""

import zipfile

from config.celery import app
from erp_integrations.exporting import storing
from erp_integrations.models import ExportBatch
from tests.erp_integrations.world import sage_world
from tests.services.killing import audit, makers
from tests.services.killing import trials as killing
from tests.services.killing.jobs import sent_copies
from tests.services.killing.trials import Tally, in_groups


def run_all(trials: int, worker_kills: int) -> dict[str, Tally]:
    """`trials`: of jobs that are killed. Of a thousand, 50 at each named step (G1)."""
    each = max(2, trials // 20)
    done = {"jobs": killing.killed_jobs(trials, each)}

    sage = sage_world()
    done["races"] = killing.races(sage, in_groups(sent_copies(sage, 16)))
    app.control.purge()  # what woke a worker that never came
    done["workers"] = killing.killed_workers(sage, in_groups(sent_copies(sage, 12)), worker_kills)
    done["audit"] = Tally(problems=audit.problems(sage.company), hits=leftovers())

    done["makings"] = makers.killed_makings(sage, max(each, 60))  # so that each of its steps is hit
    done["makers"] = makers.killed_workers(sage, worker_kills)
    done["made"] = Tally(problems=makers.problems())

    control = sage_world("Naive Builders")
    doubled = killing.naive_doubles(control, sent_copies(control, 15))
    done["control"] = Tally(trials=15, hits={"doubled": doubled})
    return done


def leftovers() -> dict[str, int]:
    """Files on disk that no batch names: harmless, and the janitor's business. `torn`: neither empty nor whole."""
    named = ExportBatch.objects.values_list("file_key", "csv_key")
    keys = {key for pair in named for key in pair}
    root = storing.path_of("")
    left = [path for path in root.glob("*/*") if path.relative_to(root).as_posix() not in keys]
    torn = [path for path in left if path.read_bytes()[:2] == b"PK" and not zipfile.is_zipfile(path)]
    return {"files left over": len(left), "torn": len(torn)}
