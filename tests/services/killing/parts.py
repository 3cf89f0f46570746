"""All parts in order, on one database: kill acceptances, builds, makings of files, real workers; race; a control."""

import gc

from django.core.management import call_command

from erp_integrations.exporting import storing
from erp_integrations.models import ExportBatch
from tests.erp_integrations.world import sage_world
from tests.services.killing import audit, makers, trials
from tests.services.killing.children import run
from tests.services.killing.trials import Tally, in_groups


def run_all(kills: int, worker_kills: int) -> dict[str, Tally]:
    """`kills`: of processes that accept and of those that build. Of a thousand, 50 at each named step (G1)."""
    each = max(2, kills // 40)  # before it, and as often after it
    run(lambda: call_command("migrate", verbosity=0), None)  # not in the process that everything is forked of
    sage = sage_world()
    done = {}

    gc.freeze()  # nothing of it is looked at, and so copied, again in each fork
    done["acceptances"] = trials.killed_acceptances(sage, each)
    others = kills - done["acceptances"].kills
    done["builds"] = trials.killed_builds(list(ExportBatch.objects.order_by("pk")), each, others)

    done["races"] = trials.races(sage, in_groups(trials.sent_exports(sage, 16)))
    trials.killed_builds(list(ExportBatch.objects.filter(state="pending")), 0, 0)

    done["workers"] = trials.killed_workers(sage, in_groups(trials.sent_exports(sage, 12)), worker_kills)
    done["audit"] = Tally(problems=audit.problems(sage.company), hits={"files left over": leftovers()})

    done["makings"] = makers.killed_makings(sage, max(each, 20))
    done["makers"] = makers.killed_workers(sage, worker_kills)
    done["made"] = Tally(problems=makers.problems())

    control = sage_world("Naive Builders")
    doubled = trials.naive_doubles(control, trials.sent_exports(control, 15))
    done["control"] = Tally(trials=15, hits={"doubled": doubled})
    return done


def leftovers() -> int:
    """Files on disk that no batch names: harmless, and the janitor's business."""
    named = ExportBatch.objects.values_list("file_key", "csv_key")
    keys = {key for pair in named for key in pair}
    root = storing.path_of("")
    return sum(path.relative_to(root).as_posix() not in keys for path in root.glob("*/*"))
