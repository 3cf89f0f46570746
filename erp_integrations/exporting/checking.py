"""The one check of an export: the dry run, the sending, the acceptance and the build all ask here (E-5)."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from directory.steps import Step, unnoticed
from erp_integrations.exporting.certified import findings_about_identities
from erp_integrations.exporting.collecting import Acceptance, collect, files_of
from erp_integrations.exporting.surroundings import Beside, read_beside
from erp_integrations.exporting.vendor_details import findings_about
from erp_integrations.models import InvoiceExport, lists_of
from erp_integrations.sage100 import canonical, findings, rules
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.findings import Finding
from erp_integrations.sage100.lists import SageLists
from erp_integrations.sage100.mended import keeps_back
from erp_integrations.sage100.rows import Rows, build_rows, digests_of


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
    def keeping_back(self) -> tuple[Finding, ...]:
        """The errors that hold up its sending."""
        return tuple(error for error in self.errors if keeps_back(error.rule, error.severity))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return findings.warnings(self.findings)

    def unticked(self, ticked: Iterable[str]) -> tuple[Finding, ...]:
        """The warnings that nobody has ticked; `ticked` holds their `finding_key`."""
        seen = set(ticked)
        return tuple(warning for warning in self.warnings if finding_key(warning) not in seen)

    def about(self, invoices: Collection[str]) -> "Proposal":
        """The rows and the findings of these alone, by invoice id, with what is said of the whole file."""
        rows = tuple(row for row in self.rows.rows if row.invoice_id in invoices)
        said = tuple(each for each in self.findings if not each.invoice_id or each.invoice_id in invoices)
        return replace(self, rows=replace(self.rows, rows=rows), findings=said)

    def marks_of(self, exports: Iterable[InvoiceExport]) -> dict[int, str]:
        """{export id: all that an approver has before them of it (I-5)}: its `mark`, and what its file would say."""
        in_file = digests_of(self.facts, self.rows)
        return {export.pk: export.mark + in_file[str(export.invoice_id)] for export in exports}


def check(exports: list[InvoiceExport], acceptance: Acceptance, step: Step = unnoticed) -> Proposal:
    """A dry run over the newest lists. `exports` are of one company, from `with_context()`; nothing is written.

    `step` is told of each invoice that the rules were asked about, and of none between two stretches of work.
    """
    beside, acceptance = read_beside(exports), acceptance.asking(exports[0].company)
    step(0)
    facts = collect(exports, acceptance, beside)
    step(0)
    lists = lists_of(beside.versions, facts.company_name, acceptance.settings.lost_days)
    if not acceptance.is_day_chosen:
        facts = replace(facts, accounting_date=lists.posting_day(facts.accounting_date))
    more = _more(exports, beside)
    step(0)
    proposal = examine(facts, lists, today=exports[0].company.today, step=step)
    versions = {version.kind: version.pk for version in beside.versions}
    return replace(proposal, findings=proposal.findings + more, list_versions=versions)


def check_each(exports: list[InvoiceExport], acceptance: Acceptance) -> list[Proposal]:
    """A dry run of each as if it went alone, which is how they are sent; in as many queries as one for all.

    Each is posted at its own period's end, or as near as Sage takes it: one of July says nothing about one of June
    (S27, S28). One whose file failed goes on under its batch, on the day of that, with what is in it: the rules say of
    that what concerns this one alone, whose rows come first.
    """
    files, failed = files_of(exports), Acceptance.of_failed(exports)
    every = [export for file in files for export in file]
    beside, today, acceptance = read_beside(every), every[0].company.today, acceptance.asking(every[0].company)
    facts = collect(every, acceptance, beside, files=files)
    lists = lists_of(beside.versions, facts.company_name, acceptance.settings.lost_days)
    of_each = {export.invoice_id: one for export, one in zip(every, facts.invoices, strict=True)}
    along = {export.invoice_id: file for file in files for export in file}

    def alone(export: InvoiceExport) -> BatchFacts:
        one = of_each[export.invoice_id]
        if export.pk not in failed:
            return replace(facts, invoices=(one,), accounting_date=lists.posting_day(one.period_end))
        others = (of_each[each.invoice_id] for each in along[export.invoice_id] if each != export)
        return replace(facts, invoices=(one, *others), **failed[export.pk].as_facts)

    proposals = (examine(alone(export), lists, today=today) for export in exports)
    return _each_with_its_own(proposals, _more(exports, beside))


def _each_with_its_own(proposals: Iterable[Proposal], more: tuple[Finding, ...]) -> list[Proposal]:
    """What is said of the first invoice of each, or of its whole file."""
    found = []
    for proposal in proposals:
        one = proposal.facts.invoices[0].invoice_id
        said = tuple(each for each in proposal.findings if each.invoice_id in ("", one))
        found.append(replace(proposal, findings=said + tuple(each for each in more if each.invoice_id == one)))
    return found


def _more(exports: list[InvoiceExport], beside: Beside) -> tuple[Finding, ...]:
    return findings_about(exports, beside.waiting_vendors) + findings_about_identities(exports, beside.lines)


def examine(facts: BatchFacts, lists: SageLists, *, today: date, step: Step = unnoticed) -> Proposal:
    """`today`: the company's; the ages of lists and what has expired are told by it."""
    rows = build_rows(facts, lists)
    step(0)
    return Proposal(facts, lists, rows, rules.check(facts, lists, rows, today, step))


def finding_key(finding: Finding) -> str:
    """Names a finding and what it says, so that a tick on a page means exactly what was read there (E-5)."""
    place = (finding.rule, finding.invoice_id, str(finding.row), finding.field, finding.value)
    parts = (*place, finding.severity, finding.message)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def plain_findings(some: Iterable[Finding]) -> list[dict]:
    """Findings as JSON, each with its `key`, to be stored beside what they are about."""
    return [{**canonical.to_plain(finding), "key": finding_key(finding)} for finding in some]
