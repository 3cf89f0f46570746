"""Whether what was accepted still is so (S60): a build stops where it is not, a second try tells what is new."""

from dataclasses import replace

from erp_integrations.exporting.checking import Proposal
from erp_integrations.models import ExportBatch
from erp_integrations.sage100 import facts, rules
from erp_integrations.sage100.findings import WARNING, Finding


def as_it_was_accepted(now: facts.BatchFacts, frozen: facts.BatchFacts) -> facts.BatchFacts:
    """Where the site answers and in which zone are no facts of an invoice: what was accepted before is still built."""
    then = {invoice.invoice_id: invoice for invoice in frozen.invoices}
    kept_of_each = (_as_it_was(each, then.get(each.invoice_id, each)) for each in now.invoices)
    kept = {"accepted_date": frozen.accepted_date, "accepted_with_right": frozen.accepted_with_right}  # S55 asks
    kept["billed_elsewhere"] = frozen.billed_elsewhere  # how far another batch has got since is no change of this one
    kept["settings"] = _in_the_accepted_order(now.settings, frozen.settings)
    return replace(now, invoices=tuple(kept_of_each), **kept)


def _as_it_was(now: facts.InvoiceFacts, frozen: facts.InvoiceFacts) -> facts.InvoiceFacts:
    """What looks like it is no fact of its own: the rules say what is new of it, and it wants a tick (S11)."""
    return replace(now, invoice_link=frozen.invoice_link, look_alikes=frozen.look_alikes)


def _in_the_accepted_order(now: facts.ExportSettings, frozen: facts.ExportSettings):
    """An older program took the accounts of cost types in any order, and no order changes what they say."""
    is_same = set(now.cost_type_accounts) == set(frozen.cost_type_accounts)
    return replace(now, cost_type_accounts=frozen.cost_type_accounts) if is_same else now


def changes(batch: ExportBatch, proposal: Proposal) -> tuple[Finding, ...]:
    """What a second try puts into the file otherwise than it was accepted, each to be ticked.

    Who tries and on which day is chosen openly, and what was rejected out of the batch is no change of the others.
    """
    now = proposal.facts
    frozen = facts.completed_from_json(batch.snapshot, now)
    live = {invoice.invoice_id for invoice in now.invoices}
    frozen = replace(
        frozen,
        invoices=tuple(invoice for invoice in frozen.invoices if invoice.invoice_id in live),
        accounting_date=now.accounting_date,
        accepted_by=now.accepted_by,
    )
    now = as_it_was_accepted(now, frozen)
    if now == frozen:
        return ()
    found = rules.changed_since(frozen, now, batch.company.today)
    return tuple(replace(each, severity=WARNING, remedy="Tick it if that is right, or undo it.") for each in found)
