"""Saying which of ours is which of Sage's. Exact matches are proposed; nothing is linked without somebody's word."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from directory.models import Company, Event
from directory.permissions import read_access
from directory.refusals import NotNow, Refused, Stale
from erp_integrations.models import CommitmentLink, LineLink
from erp_integrations.pairing import LINES, PAIRS, VENDORS, Entry, Match, Pair
from erp_integrations.permissions import require_list_keeper
from erp_integrations.sage100.accounts import why_not_a_pair

MOST_AT_ONCE = 500


@transaction.atomic
def make(link: models.Model, *, by=None, before: str = "", beside: dict | None = None) -> models.Model:
    """Save a new or changed link with one event; refused when it isn't well-formed or Sage's entry is taken."""
    _require_well_formed(link)
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        raise Refused(f"{link}: one of the two is linked already. Unlink it there first.") from None
    Event.objects.record("linked", link, by=by, changes={"link": [before, str(link)]} | (beside or {}))
    return link


def _require_well_formed(link: models.Model) -> None:
    try:
        link.clean_fields()
    except ValidationError as wrong:
        raise Refused(f"{link}: {' '.join(wrong.messages)}", field="key") from None


@transaction.atomic
def choose(pair: Pair, company: Company, item, key: str, *, by, phase: str = "", was: str = "") -> models.Model:
    """Link `item` of ours to the entry `key` of Sage's newest list, in the place of what it was linked to.

    `was`: the key that the page showed. Stale when somebody linked it anew meanwhile; Refused, field "key" or "phase",
    when Sage's list has no such entry, it can't be used, or another of ours has it.
    """
    may_link(company, by)
    link = _locked(pair, company, item)
    if pair_key(pair, link) != was:
        raise Stale(f"Somebody linked {pair.name(item)} meanwhile. This is how it stands now.")
    _require_usable(pair, company, item, key, phase)
    before = str(link) if link.pk and was else ""
    beside = _let_go_lines(link) if was and was != key else {}
    setattr(link, pair.key_field, key)
    if hasattr(link, "phase_number"):
        link.phase_number = phase
    return make(link, by=by, before=before, beside=beside)


def _let_go_lines(link: models.Model) -> dict:
    """A commitment's lines are lines of what it was linked to: they are not the same numbers of another (S39).

    Answers what the event says of it. Their own ledger accounts stay.
    """
    if not isinstance(link, CommitmentLink):
        return {}
    lines = LineLink.objects.filter(commitment=link.commitment_id).exclude(line_reference="")
    count = lines.count()
    lines.filter(account="").delete()
    lines.update(line_reference="")
    return {"lines linked": [str(count), "0"]} if count else {}


def may_link(company: Company, by) -> None:
    """Raises NotAllowed unless `by` edits mappings (1.2); None is the program."""
    if by is not None:
        require_list_keeper(read_access(by, company))


def pair_key(pair: Pair, link: models.Model) -> str:
    return str(getattr(link, pair.key_field) or "") if link.pk else ""


def _locked(pair: Pair, company: Company, item) -> models.Model:
    """The link of `item` as it is now, locked; a new one where there is none."""
    ours = item if isinstance(item, models.Model) else item.pk
    found = pair.model.objects.select_for_update(of=("self",)).filter(**{pair.field: ours})
    if pair.field == "cost_type":
        found = found.filter(company=company)
    return found.first() or pair.new_link(company, item)


def _require_usable(pair: Pair, company: Company, item, key: str, phase: str) -> Entry:
    entry = pair.entry(pair.lists(company), item, key)
    if entry is None:
        raise Refused(f"Sage’s newest list has no {key}. Search again, or upload the list first.", field="key")
    if entry.why_not:
        raise Refused(f"{entry.label} is {_lower(entry.why_not)}. Change that in Sage, or choose another.", field="key")
    if phase and phase not in entry.parts:
        raise Refused(f"Job {entry.label} has no phase {phase}. Choose one of its phases, or none.", field="phase")
    other = pair.taken(company, item, [key]).get(key)
    if other and not phase:
        raise Refused(f"{entry.label} is linked to {other} already. Unlink it there first.", field="key")
    return entry


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


@transaction.atomic
def link_exact(pair: Pair, company: Company, marks: Iterable[str], *, by) -> int:
    """Link the ticked exact matches, all or none; how many. Stale when one of them is no exact match any more."""
    may_link(company, by)
    marks = list(dict.fromkeys(marks))
    if not marks:
        raise Refused("Tick at least one match to link.")
    if len(marks) > MOST_AT_ONCE:
        raise Refused(f"{MOST_AT_ONCE} are linked at once. Tick fewer.")
    found = {match.mark: match for match in pair.matches(company, pair.lists(company))}
    if not found.keys() >= set(marks):
        raise Stale("Somebody linked or uploaded meanwhile. These are the exact matches now.")
    chosen = pair.with_ours(company, [found[mark] for mark in marks])
    links = [_link_of(pair, company, match) for match in chosen]
    try:
        with transaction.atomic():
            _save_all(pair, links)
    except IntegrityError:
        raise Stale("Somebody linked one of them at the same moment. These are the exact matches now.") from None
    Event.objects.record_all(
        [Event.objects.made("linked", link, by=by, changes={"link": ["", str(link)]}) for link in links]
    )
    return len(links)


def _link_of(pair: Pair, company: Company, match: Match) -> models.Model:
    link = pair.link_of(match.ours) or pair.new_link(company, match.ours)
    setattr(link, pair.key_field, match.entry.key)
    _require_well_formed(link)
    return link


def _save_all(pair: Pair, links: list[models.Model]) -> None:
    """One that keeps a ledger account is changed, all others are new."""
    kept = [link for link in links if link.pk]
    pair.model.objects.bulk_create([link for link in links if not link.pk])
    for link in kept:
        link.save(update_fields=[pair.key_field])


@transaction.atomic
def unlink(pair: Pair, company: Company, item, *, by, was: str = "") -> None:
    """Take the link away, with one event. A ledger account of its own stays. Stale when it is another link by now."""
    may_link(company, by)
    link = _locked(pair, company, item)
    now = pair_key(pair, link)
    if not now:
        raise NotNow(f"{pair.name(item)} is not linked any more.")
    if now != was:
        raise Stale(f"Somebody linked {pair.name(item)} anew meanwhile. This is how it stands now.")
    changes = {"link": [str(link), ""]} | _let_go_lines(link)
    Event.objects.record("unlinked", link, by=by, changes=changes)
    if not (pair.has_account and link.account):
        link.delete()
        return
    for name, nothing in link.UNLINKED.items():
        setattr(link, name, nothing)
    link.save(update_fields=[*link.UNLINKED])


@transaction.atomic
def set_account(
    pair: Pair, company: Company, item, *, account: str, sub_account: str, by, was: str = ""
) -> models.Model | None:
    """Put a ledger account before all that Sage's lists give (S30): of one job, cost type or line; empty takes it away.

    `was`: the account that the page showed, Stale when it is another by now. A line may have one without being linked;
    a job or a cost type is linked first, or keeps one since it was. One event, none when nothing changed.
    """
    may_link(company, by)
    link = _locked(pair, company, item)
    if not link.pk and not isinstance(link, LineLink):
        raise NotNow(f"{pair.name(item)} is not linked to Sage yet. Link it first.")
    now = shown_account(link)
    if now != was:
        raise Stale(f"Somebody set the account of {pair.name(item)} meanwhile. This is how it stands now.")
    if why := why_not_a_pair(account, sub_account):
        raise Refused(why, field="account")
    link.account, link.sub_account = account, sub_account
    wanted = shown_account(link)
    if wanted == now:
        return link if link.pk else None
    _require_well_formed(link)
    link.save()
    Event.objects.record("set the ledger account", link, by=by, changes={"ledger account": [now, wanted]})
    return link


def shown_account(link: models.Model | None) -> str:
    """`5040`, `5040-10` with its sub-account; empty without one."""
    return "-".join(part for part in (link.account, link.sub_account) if part) if link else ""


def exact_matches(company: Company) -> list[models.Model]:
    """Unsaved links where a name or number is exactly the same on both sides and neither is linked yet; no lines.

    A vendor whose number only is the same is left to somebody who looks: our numbers of vendors are our own.
    """
    return [link for pair in PAIRS.values() if pair is not LINES for link in _unsaved(pair, company)]


def line_matches(company: Company) -> list[models.Model]:
    """Unsaved links of schedule lines to the only Sage line of the same subcontract with the same code and type."""
    return _unsaved(LINES, company)


def _unsaved(pair: Pair, company: Company) -> list[models.Model]:
    found = pair.with_ours(company, pair.matches(company, pair.lists(company)))
    return [_link_of(pair, company, match) for match in found if not (pair is VENDORS and match.names_differ)]
