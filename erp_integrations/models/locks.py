"""Exports and what they hang on, locked in one question in the one global order: periods to exports, then vendors.

Each part waits for the one before it, because it counts it first; within a part rows are locked by their ids. On SQLite
the transaction itself is the lock: it began IMMEDIATE (R42–R45).
"""

from collections.abc import Collection

from django.db import connection

IN_ORDER = """
WITH wanted AS MATERIALIZED (
    SELECT export.id, export.invoice_id, invoice.commitment_id, invoice.billing_period_id, invoice.vendor_id
    FROM erp_integrations_invoiceexport export JOIN invoicing_invoice invoice ON invoice.id = export.invoice_id
    WHERE export.id = ANY(%(pks)s)
), periods AS MATERIALIZED (
    SELECT id FROM invoicing_billingperiod WHERE id IN (SELECT billing_period_id FROM wanted)
    ORDER BY id FOR UPDATE
), commitments AS MATERIALIZED (
    SELECT id FROM invoicing_commitment WHERE id IN (SELECT commitment_id FROM wanted)
    AND (SELECT COUNT(*) FROM periods) >= 0 ORDER BY id FOR UPDATE
), invoices AS MATERIALIZED (
    SELECT id FROM invoicing_invoice WHERE id IN (SELECT invoice_id FROM wanted)
    AND (SELECT COUNT(*) FROM commitments) >= 0 ORDER BY id FOR UPDATE
), exports AS MATERIALIZED (
    SELECT id FROM erp_integrations_invoiceexport WHERE id IN (SELECT id FROM wanted)
    AND (SELECT COUNT(*) FROM invoices) >= 0 ORDER BY id FOR UPDATE
), vendors AS MATERIALIZED (
    SELECT id FROM directory_vendor WHERE %(with_vendors)s AND id IN (SELECT vendor_id FROM wanted)
    AND (SELECT COUNT(*) FROM exports) >= 0 ORDER BY id FOR NO KEY UPDATE
)
SELECT COUNT(*) FROM exports UNION ALL SELECT COUNT(*) FROM vendors"""


def lock_in_order(pks: Collection[int], *, with_vendors: bool = False) -> None:
    """Until the transaction ends; what is read afterwards is what holds."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(IN_ORDER, {"pks": list(pks), "with_vendors": with_vendors})
