"""The lines of a next invoice where each only goes on from its line before: the database copies and adds them (F9).

On such an invoice nobody has typed anything, so nothing is worked out: what was this period's is previous now (N-1).
Where retainage has to be worked out anew, because a rate or a typed amount says so, there is nothing carried here, and
`invoicing.calculations` makes the lines.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from directory.fields import RateField
from invoicing.models.invoice_lines import InvoiceLine
from invoicing.models.invoices import Invoice

LINES = """FROM invoicing_scheduleline AS planned
    LEFT JOIN invoicing_changeorder AS change_order ON change_order.id = planned.change_order_id
    LEFT JOIN invoicing_invoiceline AS before
        ON before.schedule_line_id = planned.id AND before.invoice_id = %(previous)s
    WHERE planned.commitment_id = %(commitment)s
        AND (planned.change_order_id IS NULL OR change_order.status = 'approved')"""
NEEDS_ARITHMETIC = """(before.stored_retainage_is_typed OR before.stored_balance_typed IS NOT NULL
    OR (before.stored_retainage_rate <> %(stored_rate)s
        AND (before.stored_previous <> 0 OR before.stored_moved <> 0 OR before.stored_new <> 0)))"""
STARTS = {
    "invoice_id": "%(invoice)s",
    "schedule_line_id": "planned.id",
    "scheduled_value": "planned.amount",
    "work_previous": "coalesce(before.work_previous + before.work_this_period + before.stored_moved, 0)",
    "stored_previous": "coalesce(before.stored_previous - before.stored_moved + before.stored_new, 0)",
    "quantity_previous": "coalesce(before.quantity_previous + coalesce(before.quantity_this_period, 0), 0)",
    "work_retainage_previous": (
        "coalesce(before.work_retainage_previous + before.work_retainage - before.retainage_released, 0)"
    ),
    "work_retainage_rate": "coalesce(planned.retainage_rate, %(work_rate)s)",
    "stored_retainage_previous": "coalesce(before.stored_retainage, 0)",
    "stored_retainage": "coalesce(before.stored_retainage, 0)",
    "stored_retainage_rate": "%(stored_rate)s",
}


@dataclass(frozen=True)
class Carried:
    """The sums of such lines: what the header of their invoice starts with, in dollars."""

    original_contract_sum: Decimal
    net_change_orders: Decimal
    total_completed_and_stored: Decimal
    work_retainage: Decimal
    stored_retainage: Decimal


def carried(invoice: Invoice, work_rate: Decimal) -> tuple[Carried, int] | None:
    """What the invoice, not stored yet, goes on with from its previous one; None where a line needs arithmetic.

    `work_rate`: held of work on lines without a rate of their own, in percent; second comes how many have the same one
    of their own.
    """
    if invoice.previous is None:
        return None
    columns = (
        f"coalesce(sum(CASE WHEN {NEEDS_ARITHMETIC} THEN 1 ELSE 0 END), 0)",
        "coalesce(sum(CASE WHEN planned.retainage_rate = %(work_rate)s THEN 1 ELSE 0 END), 0)",
        "coalesce(sum(CASE WHEN planned.change_order_id IS NULL THEN planned.amount ELSE 0 END), 0)",
        "coalesce(sum(CASE WHEN planned.change_order_id IS NULL THEN 0 ELSE planned.amount END), 0)",
        f"coalesce(sum({STARTS['work_previous']} + {STARTS['stored_previous']}), 0)",
        f"coalesce(sum({STARTS['work_retainage_previous']}), 0)",
        f"coalesce(sum({STARTS['stored_retainage']}), 0)",
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} {LINES}", _facts(invoice, work_rate))
        needing, own, *cents = cursor.fetchone()
    return None if needing else (Carried(*(Decimal(int(each)).scaleb(-2) for each in cents)), own)


def store_carried(invoice: Invoice, work_rate: Decimal) -> None:
    """Those lines, of an invoice that is stored itself."""
    others = [field for field in InvoiceLine._meta.concrete_fields if field.column not in (*STARTS, "id")]
    given = {field.column: field.get_db_prep_save(field.get_default(), connection) for field in others}
    chosen = STARTS | {column: f"%({column})s" for column in given}
    quoted = ", ".join(map(connection.ops.quote_name, chosen))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO invoicing_invoiceline ({quoted}) SELECT {', '.join(chosen.values())} {LINES} "
            "ORDER BY planned.position",
            _facts(invoice, work_rate) | given,
        )


def _facts(invoice: Invoice, work_rate: Decimal) -> dict:
    rates = RateField()
    return {
        "invoice": invoice.pk,
        "previous": invoice.previous.pk,
        "commitment": invoice.commitment.pk,
        "work_rate": rates.get_prep_value(work_rate),
        "stored_rate": rates.get_prep_value(invoice.commitment.stored_retainage_in_force),
    }
