"""All parts in order, on one database: kill acceptances, builds, makings of files, real workers; race; a control."""

from django.core.management import call_command

from erp_integrations.exporting import storing
from erp_integrations.models import ExportBatch
from tests.erp_integrations.world import sage_world
from tests.services.killing import audit, makers, trials
from tests.services.killing.children import BUILD_DEATHS
from tests.services.killing.trials import Tally


def run_all(kills: int, worker_kills: int, each: int) -> dict[str, Tally]:
    """`each`: how often every named step is to be died at, by processes that accept and by those that build."""
    call_command("migrate", verbosity=0)
    sage = sage_world()
    done = {}

    groups = in_groups(trials.sent_exports(sage, max(48, 8 * each)))
    done["acceptances"] = trials.killed_acceptances(sage, groups, each)
    kills_of_builds = max(kills, 2 * each * len(BUILD_DEATHS))  # half of them at a random time
    done["builds"] = trials.killed_builds(list(ExportBatch.objects.order_by("pk")), kills_of_builds)

    done["races"] = trials.races(sage, in_groups(trials.sent_exports(sage, 16)))
    trials.killed_builds(list(ExportBatch.objects.filter(state="pending")), 0)

    done["workers"] = trials.killed_workers(sage, in_groups(trials.sent_exports(sage, 12)), worker_kills)
    done["audit"] = Tally(problems=audit.problems(sage.company), hits={"files left over": leftovers()})

    done["makings"] = makers.killed_makings(sage, max(kills // 4, 20))
    done["makers"] = makers.killed_workers(sage, worker_kills)
    done["made"] = Tally(problems=makers.problems())

    control = sage_world("Naive Builders")
    doubled = trials.naive_doubles(control, trials.sent_exports(control, 15))
    done["control"] = Tally(trials=15, hits={"doubled": doubled})
    return done


def in_groups(exports: list) -> list[list]:
    """One, one, two, one, one … invoices a batch."""
    groups, sizes = [], (1, 1, 2)
    while exports:
        size = sizes[len(groups) % 3]
        groups.append(exports[:size])
        exports = exports[size:]
    return groups


def leftovers() -> int:
    """Files on disk that no batch names: harmless, and the janitor's business."""
    named = ExportBatch.objects.values_list("file_key", "csv_key")
    keys = {key for pair in named for key in pair}
    root = storing.path_of("")
    return sum(path.relative_to(root).as_posix() not in keys for path in root.glob("*/*"))
