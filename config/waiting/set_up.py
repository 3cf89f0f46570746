"""What accounting still has to set up before invoices can go to Sage: lists that are missing, links that are."""

from django.urls import reverse

from config.gaps import NEEDED_LISTS
from config.waiting.tasks import Task, Waiting
from directory.counts import counted
from directory.models import Company
from erp_integrations.models import SageListVersion
from erp_integrations.pair_counts import standings

RESTORED = "this site was restored, and nothing is sent before"


def add_set_up(found: Waiting, company: Company) -> None:
    """For whoever uploads lists and links (1.2)."""
    found.need([*_lists(company), *_links(company)])


def _lists(company: Company) -> list[Task]:
    current = SageListVersion.objects.current(company)
    there = dict(current.values_list("kind", "company__erp_settings__restored_at"))
    missing = [kind.label for kind in NEEDED_LISTS if kind not in there]
    found = []
    if any(there.values()):
        found.append(_task(company, "Sage’s payable invoices to upload", "erp-lists", [RESTORED], "Upload"))
    if missing:
        found.append(_task(company, f"{counted(len(missing), 'Sage list')} missing", "erp-lists", missing, "Upload"))
    return found


def _links(company: Company) -> list[Task]:
    """Of what stops invoices; a line without its link only warns."""
    gaps_of = [(pair, standing.gaps) for pair, standing in standings(company) if standing.gaps and not pair.only_warns]
    words = [f"{gaps} {pair.one if gaps == 1 else pair.many}" for pair, gaps in gaps_of]
    total = sum(gaps for _, gaps in gaps_of)
    return [_task(company, f"{counted(total, 'link')} to Sage missing", "erp-links", words, "Link")] if total else []


def _task(company: Company, title: str, name: str, words: list[str], verb: str) -> Task:
    url = reverse(name, args=[company.slug])
    return Task("gap", title, url, f"{company.name} · {', '.join(words)}", verb, url)
