"""Which ledger account a line goes to, in one documented order; when no step answers, none is chosen."""

from dataclasses import dataclass

from erp_integrations.sage100.facts import SUBCONTRACT, AccountChoice, ExportSettings, InvoiceFacts, LineFacts
from erp_integrations.sage100.lists import (
    DIRECT_EXPENSE,
    WORK_IN_PROGRESS,
    Job,
    LedgerAccount,
    SageLists,
    is_usable,
    why_not_usable,
)

ORDER = (
    "line override",
    "job override",
    "vendor default",
    "the cost type's only account",
    "company default",
)
LINKS, SETTINGS = "links", "export settings"  # where an account was chosen here; the rest is Sage's lists


@dataclass(frozen=True)
class Resolved:
    """The account (None when no step gave one), the step of ORDER that gave it, the search in words, its sources."""

    account: AccountChoice | None
    by: str
    how: str
    sources: tuple[str, ...]


def resolve(line: LineFacts, invoice: InvoiceFacts, settings: ExportSettings, lists: SageLists) -> Resolved:
    """The first answer of: line, job, vendor, cost type, company default (S30). Never a guess."""
    answers = (
        (line.line_account, LINKS),
        _of_job(invoice, settings, lists),
        _own(lists.vendors, invoice.vendor_number),
        _of_cost_type(line.cost_type, invoice.job_number, settings, lists),
        (_of_company(invoice, settings), SETTINGS),
    )
    for place, (account, source) in enumerate(answers):
        if account is not None:
            passed = "".join(f"no {step}; " for step in ORDER[:place])
            return Resolved(account, ORDER[place], f"{passed}{ORDER[place]} gives {account}", (source,))
    sources = (LINKS, lists.jobs.dated, lists.vendors.dated, lists.ledger_accounts.dated, SETTINGS)
    return Resolved(None, "", "".join(f"no {step}; " for step in ORDER).rstrip("; "), sources)


def expense_type(job: Job | None) -> int:
    """The kind of account a job's cost belongs on: 3 when the job posts to work in progress, else 13 (S31)."""
    return WORK_IN_PROGRESS if job is not None and job.posts_to_wip else DIRECT_EXPENSE


def offered(lists: SageLists) -> list[LedgerAccount]:
    """The accounts that a line may go to."""
    return list(filter(is_usable, lists.ledger_accounts))


def why_not_a_pair(number: str, sub_account: str) -> str:
    """Why these two are none, whatever Sage's lists hold; "" when they are one, or both empty."""
    return "Give the ledger account that this sub-account belongs to." if sub_account and not number else ""


def why_not(lists: SageLists, number: str, sub_account: str) -> tuple[str, str]:
    """("account" or "sub_account", why Sage would not take it); ("", "") when it would, or no list says so."""
    if why := why_not_a_pair(number, sub_account):
        return "account", why
    if not number or not lists.ledger_accounts:
        return "", ""
    account = lists.ledger_accounts.get(number)
    if account is None:
        return "account", f"{number} is not in Sage’s list of ledger accounts. Upload the newest list, or correct it."
    if why := why_not_usable(account):
        advice = f"Use an active expense account ({DIRECT_EXPENSE}, or {WORK_IN_PROGRESS} for a job that posts to WIP)."
        return "account", f"{number} {account.name} is {why[0].lower()}{why[1:]}. {advice}"
    if fault := sub_account_fault(account, sub_account):
        return "sub_account", f"{number} {fault}.{'' if account.needs_sub_account else ' Leave it empty.'}"
    return "", ""


def sub_account_fault(account: LedgerAccount, sub_account: str | None) -> str:
    """What is wrong with its sub-account, or the want of one (S32); "" when nothing is."""
    listed = f"Sage lists {', '.join(account.sub_accounts) or 'none'}"
    if account.needs_sub_account and not sub_account:
        return f"needs a sub-account; {listed}"
    if sub_account and not account.needs_sub_account:
        return "takes no sub-account"
    return (
        f"has no sub-account {sub_account}; {listed}" if sub_account and sub_account not in account.sub_accounts else ""
    )


def _of_job(invoice, settings, lists):
    """That of exactly this job and phase: another phase's is another project's choice."""
    wanted = invoice.job_number, invoice.phase_number
    for choice in settings.job_accounts:
        if (choice.job_number, choice.phase_number) == wanted:
            return choice.account, LINKS
    return _own(lists.jobs, invoice.job_number)


def _own(records, number):
    """The account that a record of Sage's names itself."""
    found = records.get(number)
    return (AccountChoice(number=found.ledger_account) if found and found.ledger_account else None), records.dated


def _of_cost_type(cost_type, job_number, settings, lists):
    """The account set for the cost type, else Sage's own when exactly one active account carries it."""
    accounts = lists.ledger_accounts
    if cost_type is None:
        return None, accounts.dated
    for choice in settings.cost_type_accounts:
        if choice.cost_type == cost_type:
            return choice.account, LINKS
    wanted = expense_type(lists.jobs.get(job_number))
    candidates = [a for a in accounts if a.cost_type == cost_type and a.type == wanted and a.is_active]
    return (AccountChoice(number=candidates[0].number) if len(candidates) == 1 else None), accounts.dated


def _of_company(invoice, settings):
    return settings.subcontract_account if invoice.commitment_kind == SUBCONTRACT else settings.purchase_order_account
