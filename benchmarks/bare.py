"""The same list for nothing but the list: one raw query and a plain Django template of its rows (F4).

The query tells what the page's table tells: the columns of each row, how many invoices there are and what they come to.
PostgreSQL plans it each time, as it does whatever Django asks by itself.
The template draws the rows that the page draws, byte for byte; a test compares the two. It is written as anybody would
write it, in the quickest way that templates have: values by name, no tag of ours, no lookup along a dot, nothing
included. It leaves out what the page has besides: tabs, filters, saved views, menus, the bar on top.

`table_of` asks nobody who they are. `browser` sees a page of it behind our door, which asks as every page does.
"""

from pathlib import Path

from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.test import Client
from django.test.client import ClientHandler
from django.urls import path

from benchmarks.measuring import signed_in
from config.ui.icons import address_of
from config.ui.statuses import EXPORT_STATUSES, STATUSES
from directory.decorators import READ, project_view
from directory.models import Project
from directory.permissions import Level, Tool
from invoicing.models import Invoice


def _badge(column: str, looks: dict) -> str:
    """Tone, address of the icon and word of a state, for the database to say."""
    told = {value: (tone, address_of(icon), word) for value, (tone, icon, word) in looks.items()}
    parts = ({value: look[place] for value, look in told.items()} for place in range(3))
    cases = (" ".join(f"WHEN '{value}' THEN '{word}'" for value, word in part.items()) for part in parts)
    return ", ".join(f"CASE {column} {case} END" for case in cases)


HEADINGS = ("No.", "Company", "Commitment", "Period", "Status", "Who must act", "ERP", "Due", "Net this period")
LOOKS = {status: STATUSES[status] for status in Invoice.Status.values}
NET = "total_completed_and_stored - work_retainage - stored_retainage - previous_certificates"  # cents
SQL = f"""SELECT r.id, r.number, r.position, r.commitment, r.company, r.start_date, {_badge("r.status", LOOKS)},
    CASE WHEN r.status = 'under_review' THEN (SELECT s.changed_lines FROM invoicing_submission s
        WHERE s.invoice_id = r.id AND s.number > 1 ORDER BY s.number DESC LIMIT 1) END,
    CASE WHEN r.is_locked AND NOT r.is_posted THEN 'Accounting'
        WHEN r.status = 'pending_owner_approval' THEN 'Owner' WHEN r.is_posted THEN 'Nobody'
        WHEN r.status IN ('approved', 'approved_as_noted') AND r.export = '' THEN 'Nobody'
        WHEN r.status NOT IN ('draft', 'revise_and_resubmit') THEN 'Project team'
        WHEN r.has_contact AND (r.may_finish_late OR r.due_date >= %(today)s
            AND (r.is_open OR r.takes_bills_until_due OR r.has_more_time)) THEN r.enterer
        ELSE 'Project team' END,
    {_badge("r.export", EXPORT_STATUSES)}, r.due_date, r.net, r.net / 100.0, told.count, told.total / 100.0
    FROM (
        SELECT i.id, i.number, i.position, i.status, i.is_posted, i.is_locked, i.may_finish_late, i.due_date,
            {NET} AS net, c.number AS commitment, v.name AS company, e.name AS enterer, b.start_date,
            b.status = 'open' AS is_open, b.takes_bills_until_due,
            EXISTS (SELECT 1 FROM invoicing_duedateextension d
                WHERE d.commitment_id = i.commitment_id AND d.billing_period_id = i.billing_period_id) AS has_more_time,
            EXISTS (SELECT 1 FROM invoicing_invoicecontact k
                JOIN directory_person p ON p.id = k.person_id AND p.is_active
                JOIN directory_membership m ON m.person_id = p.id AND m.vendor_id = c.vendor_id AND m.is_active
                WHERE k.commitment_id = i.commitment_id) AS has_contact,
            COALESCE((SELECT x.status FROM erp_integrations_invoiceexport x WHERE x.invoice_id = i.id),
                CASE WHEN i.status IN (SELECT 'approved' UNION ALL SELECT 'approved_as_noted' WHERE NOT EXISTS (
                    SELECT 1 FROM erp_integrations_erpsettings o
                    WHERE o.company_id = c.company_id AND o.sendable = 'approved_only')
                UNION ALL SELECT 'pending_owner_approval' WHERE EXISTS (
                    SELECT 1 FROM erp_integrations_erpsettings o
                    WHERE o.company_id = c.company_id AND o.sendable = 'with_pending')) THEN 'not_sent' ELSE '' END
            ) AS export, i.period_start_date
        FROM invoicing_invoice i JOIN invoicing_commitment c ON c.id = i.commitment_id
        JOIN directory_vendor v ON v.id = i.vendor_id JOIN directory_vendor e ON e.id = c.vendor_id
        JOIN invoicing_billingperiod b ON b.id = i.billing_period_id
        WHERE i.listed_in_id = %(project)s AND i.deleted_at IS NULL
        ORDER BY i.period_start_date DESC, i.id DESC LIMIT 50
    ) r CROSS JOIN (
        SELECT COUNT(*) AS count, SUM({NET}) AS total FROM invoicing_invoice
        WHERE listed_in_id = %(project)s AND deleted_at IS NULL
    ) told ORDER BY r.period_start_date DESC, r.id DESC"""
TABLE = engines["django"].from_string(Path(__file__).with_suffix(".html").read_text())


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def bare_list(request, project):
    return HttpResponse(table_of(project))


def table_of(project: Project) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"project": project.pk, "today": project.today})
        rows = cursor.fetchall()
    count, total = rows[0][-2:]
    told = {"rows": [row[:-2] for row in rows], "count": count, "total": total, "at": f"/p/{project.slug}/invoices/"}
    return TABLE.render(told | {"headings": HEADINGS})


urlpatterns = [path("p/<slug:project>/", bare_list)]


class _Handler(ClientHandler):
    """The site's own way from request to answer, with this page as its only one."""

    def get_response(self, request):
        request.urlconf = __name__
        return BaseHandler.get_response(self, request)


def browser(person) -> Client:
    """One that sees nothing but this page, at /p/<project>/."""
    client = signed_in(person)
    client.handler = _Handler()
    return client
