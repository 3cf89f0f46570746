"""Invoices in accounting's queue by the hundred: one is acted out for real, the others are copies of its rows."""

from copy import copy
from dataclasses import replace
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Model

from directory.number_looks import bare_number, number_key
from erp_integrations.actions import exports
from erp_integrations.exporting import finding_key
from erp_integrations.models import CommitmentLink, InvoiceExport
from invoicing.calculations.money import round_half_up
from invoicing.models import Commitment, Invoice, InvoiceLine, ScheduleLine
from tests.erp_integrations.world import D, SageWorld
from tests.remembered import without_triggers

WATCHED = [model._meta.db_table for model in (Commitment, Invoice, InvoiceLine, InvoiceExport)]


@transaction.atomic
def sent_copies(sage: SageWorld, count: int) -> list[InvoiceExport]:
    """As many invoices, each the first of a subcontract of its own, with odd cents. No events tell of them."""
    first = InvoiceExport.objects.get(pk=sage.sent().pk)
    with connection.cursor() as cursor, without_triggers(cursor, WATCHED):  # what they watch over was acted out
        some = [first, *_copied(first, count - 1)]
    sage.load_subcontracts()
    return some


def ticks_of_all(sage: SageWorld, some: list[InvoiceExport]) -> set[str]:
    """What an approver ticks of them, whichever of them is alone in a file or the first or second of two."""
    proposals = exports.preview_each(InvoiceExport.objects.with_context().filter(pk__in=[each.pk for each in some]))
    warnings = [warning for proposal in proposals for warning in proposal.warnings]
    return {finding_key(replace(warning, row=row)) for warning in warnings for row in (warning.row, warning.row + 2)}


def _copied(first: InvoiceExport, count: int) -> list[InvoiceExport]:
    bill = Invoice.objects.get(pk=first.invoice_id)
    commitment, link = bill.commitment, CommitmentLink.objects.get(commitment=bill.commitment_id)
    numbers = [f"{commitment.number}-{place}" for place in range(count)]
    amounts = [D(f"{1000 + 7 * place}.{place % 100:02d}") for place in range(count)]
    commitments = _copies(commitment, number=numbers)
    _copies(link, commitment=commitments, number=numbers)
    invoices = _copies(bill, commitment=commitments, **_numbers(numbers), **_certified(amounts))
    for line in ScheduleLine.objects.filter(commitment=commitment):
        billed = InvoiceLine.objects.get(invoice=bill, schedule_line=line)
        figures = _billed(amounts) if billed.work_this_period else {}
        _copies(billed, invoice=invoices, schedule_line=_copies(line, commitment=commitments), **figures)
    return _copies(first, invoice=invoices)


def _numbers(numbers: list[str]) -> dict[str, list[str]]:
    return {
        "number": numbers,
        "number_key": [number_key(number) for number in numbers],
        "bare_number": [bare_number(number) for number in numbers],
    }


def _certified(amounts: list[Decimal]) -> dict[str, list[Decimal]]:
    held = _held(amounts)
    gross = {"total_completed_and_stored": amounts, "gross_this_period": amounts}
    return gross | {"work_retainage": held, "retainage_newly_held": held}


def _billed(amounts: list[Decimal]) -> dict[str, list[Decimal]]:
    return {"work_this_period": amounts, "work_retainage": _held(amounts)}


def _held(amounts: list[Decimal]) -> list[Decimal]:
    return [round_half_up(amount / 10, 2) for amount in amounts]


def _copies(row: Model, **columns: list) -> list:
    """As many rows like it as the columns are long, each with its own values of them."""
    made = []
    for values in zip(*columns.values(), strict=True):
        one = copy(row)
        one._state = type(row._state)()
        one.pk = None
        for name, value in zip(columns, values, strict=True):
            setattr(one, name, value)
        made.append(one)
    return type(row)._base_manager.bulk_create(made)
