"""The one check of an export: the dry run, the sending, the acceptance and the build all ask here (E-5)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from erp_integrations.exporting.certified import findings_about_identities
from erp_integrations.exporting.collecting import Acceptance, collect
from erp_integrations.exporting.vendor_details import findings_about
from erp_integrations.models import InvoiceExport, current_versions, sage_lists
from erp_integrations.sage100 import canonical, findings, rules
from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.findings import Finding
from erp_integrations.sage100.lists import SageLists
from erp_integrations.sage100.rows import build_rows


@dataclass(frozen=True)
class Proposal:
    """What a batch of these invoices would be now: facts, the exact rows, and everything the rules say.

    `list_versions`: the lists that said so, {kind: id}, whatever is uploaded meanwhile (E-6).
    """

    facts: BatchFacts
    lists: SageLists
    rows: Rows
    findings: tuple[Finding, ...]
    list_versions: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return findings.errors(self.findings)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return findings.warnings(self.findings)

    def unticked(self, ticked: Iterable[str]) -> tuple[Finding, ...]:
        """The warnings that nobody has ticked; `ticked` holds their `finding_key`."""
        seen = set(ticked)
        return tuple(warning for warning in self.warnings if finding_key(warning) not in seen)


def check(exports: list[InvoiceExport], acceptance: Acceptance) -> Proposal:
    """A dry run over the newest lists. `exports` are of one company, from `with_context()`; nothing is written."""
    company = exports[0].company
    versions = current_versions(company)
    proposal = examine(collect(exports, acceptance), sage_lists(company, versions), today=company.today)
    beside = findings_about(exports) + findings_about_identities(exports)
    return replace(proposal, findings=proposal.findings + beside, list_versions=versions)


def check_each(exports: list[InvoiceExport], acceptance: Acceptance) -> list[Proposal]:
    """A dry run of each as if it went alone, which is how they are sent; in as many queries as one for all."""
    company = exports[0].company
    lists, facts = sage_lists(company), collect(exports, acceptance, together=False)
    beside = findings_about(exports) + findings_about_identities(exports)
    alone = (examine(replace(facts, invoices=(one,)), lists, today=company.today) for one in facts.invoices)
    return [
        replace(proposal, findings=proposal.findings + tuple(each for each in beside if each.invoice_id == one))
        for proposal in alone
        for one in [proposal.facts.invoices[0].invoice_id]
    ]


def examine(facts: BatchFacts, lists: SageLists, *, today: date) -> Proposal:
    """`today`: the company's; the ages of lists and what has expired are told by it."""
    rows = build_rows(facts, lists)
    return Proposal(facts, lists, rows, rules.check(facts, lists, rows, today))


def finding_key(finding: Finding) -> str:
    """Names a finding and what it says, so that a tick on a page means exactly what was read there (E-5)."""
    place = (finding.rule, finding.invoice_id, str(finding.row), finding.field, finding.value)
    parts = (*place, finding.severity, finding.message)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def plain_findings(some: Iterable[Finding]) -> list[dict]:
    """Findings as JSON, each with its `key`, to be stored beside what they are about."""
    return [{**canonical.to_plain(finding), "key": finding_key(finding)} for finding in some]
