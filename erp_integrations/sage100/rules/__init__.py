"""The rules of the import file (E-5): the same code runs for the dry run, at send, at accept and at build."""

from datetime import date

from directory.steps import Step, unnoticed
from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.findings import ERROR, WARNING, Finding, errors, warnings
from erp_integrations.sage100.lists import SageLists
from erp_integrations.sage100.rules import admission, file, header, lines, parties, retainage
from erp_integrations.sage100.rules.admission import LOOK_AGAIN, changed_since, written_otherwise
from erp_integrations.sage100.rules.header import DESCRIPTION_LENGTH, reference_faults
from erp_integrations.sage100.rules.registry import (
    BATCH,
    INVOICE,
    LINE,
    BatchCheck,
    Rule,
    findings_of,
    registered_rules,
    rule_order,
)

SECTIONS = (file, header, parties, lines, retainage, admission)
RULES: tuple[Rule, ...] = registered_rules()


def check(batch: BatchFacts, lists: SageLists, rows: Rows, today: date, step: Step = unnoticed) -> tuple[Finding, ...]:
    """Every finding of every rule, in the order of invoices, rows and rule numbers; batch-wide ones first.

    `step` is told of each invoice, and of none once the batch was asked about as a whole.
    """
    whole = BatchCheck(batch, lists, rows, today)
    found = [finding for each in _scope(BATCH) for finding in findings_of(each, whole, today=today)]
    step(0)
    for subject in whole.invoices:
        found += _about(subject, today)
        step(1)
    places = {invoice.invoice_id: place for place, invoice in enumerate(batch.invoices, 1)}
    return tuple(sorted(found, key=lambda f: (places.get(f.invoice_id, 0), f.row or 0, rule_order(f.rule))))


def _about(subject, today):
    invoice_id = subject.invoice.invoice_id
    row = subject.header.number if subject.header else None
    for each in _scope(INVOICE):
        yield from findings_of(each, subject, today=today, invoice_id=invoice_id, row=row)
    for line in subject.lines:
        row = line.row.number if line.row else None
        for each in _scope(LINE):
            yield from findings_of(each, line, today=today, invoice_id=invoice_id, row=row)


def _scope(scope):
    return (each for each in RULES if each.scope == scope)


__all__ = [
    "DESCRIPTION_LENGTH", "ERROR", "LOOK_AGAIN", "RULES", "WARNING", "Finding", "Rule", "changed_since", "check",
    "errors", "reference_faults", "warnings", "written_otherwise",
]  # fmt: skip
