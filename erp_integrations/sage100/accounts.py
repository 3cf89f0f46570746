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


@dataclass(frozen=True)
class Resolved:
    """The account (None when no step gave one), the step of ORDER that gave it, and the search in words."""

    account: AccountChoice | None
    by: str
    how: str


def resolve(line: LineFacts, invoice: InvoiceFacts, settings: ExportSettings, lists: SageLists) -> Resolved:
    """The first answer of: line, job, vendor, cost type, company default (S30). Never a guess."""
    answers = (
        line.line_account,
        _of_job(invoice, settings, lists),
        _of_vendor(invoice.vendor_number, lists),
        _of_cost_type(line.cost_type, invoice.job_number, settings, lists),
        settings.subcontract_account if invoice.commitment_kind == SUBCONTRACT else settings.purchase_order_account,
    )
    for place, account in enumerate(answers):
        if account is not None:
            passed = "".join(f"no {step}; " for step in ORDER[:place])
            return Resolved(account, ORDER[place], f"{passed}{ORDER[place]} gives {account}")
    return Resolved(None, "", "".join(f"no {step}; " for step in ORDER).rstrip("; "))


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
    choices = ((choice.job_number, choice.phase_number, choice.account) for choice in settings.job_accounts)
    chosen = next((account for *place, account in choices if tuple(place) == wanted), None)
    job = lists.jobs.get(invoice.job_number)
    return chosen or (AccountChoice(number=job.ledger_account) if job and job.ledger_account else None)


def _of_vendor(number, lists):
    vendor = lists.vendors.get(number)
    return AccountChoice(number=vendor.ledger_account) if vendor and vendor.ledger_account else None


def _of_cost_type(cost_type, job_number, settings, lists):
    """The account set for the cost type, else Sage's own when exactly one active account carries it."""
    if cost_type is None:
        return None
    for choice in settings.cost_type_accounts:
        if choice.cost_type == cost_type:
            return choice.account
    wanted = expense_type(lists.jobs.get(job_number))
    candidates = [a for a in lists.ledger_accounts if a.cost_type == cost_type and a.type == wanted and a.is_active]
    return AccountChoice(number=candidates[0].number) if len(candidates) == 1 else None
