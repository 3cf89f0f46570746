"""The least page that could list a project's invoices behind our door: one raw query and a bare table (F4).

The query tells what our page tells: the columns of each row, how many invoices there are and what they come to. The
page asks who is there and what they may see of the project, as every page does. Nothing else: no filters, no tabs, no
links, nothing around the table.
"""

from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.test import Client
from django.test.client import ClientHandler
from django.urls import path

from benchmarks.measuring import signed_in
from directory.decorators import READ, project_view
from directory.permissions import Level, Tool

SQL = """SELECT i.number, v.name, c.number, i.position, b.start_date, b.end_date, i.status, i.due_date, i.is_locked,
    i.total_completed_and_stored - i.work_retainage - i.stored_retainage - i.previous_certificates,
    (SELECT s.changed_lines FROM invoicing_submission s WHERE s.invoice_id = i.id ORDER BY s.number DESC LIMIT 1),
    (SELECT e.status FROM erp_integrations_invoiceexport e WHERE e.invoice_id = i.id),
    (SELECT COUNT(*) FROM invoicing_invoice WHERE listed_in_id = %(project)s AND deleted_at IS NULL),
    (SELECT SUM(total_completed_and_stored - work_retainage - stored_retainage - previous_certificates)
     FROM invoicing_invoice WHERE listed_in_id = %(project)s AND deleted_at IS NULL)
    FROM invoicing_invoice i JOIN invoicing_commitment c ON c.id = i.commitment_id
    JOIN directory_vendor v ON v.id = i.vendor_id JOIN invoicing_billingperiod b ON b.id = i.billing_period_id
    WHERE i.listed_in_id = %(project)s AND i.deleted_at IS NULL
    ORDER BY i.period_start_date DESC, i.id DESC LIMIT 50"""
TABLE = engines["django"].from_string(
    "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"
)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def bare_list(request, project):
    return HttpResponse(table_of(project.pk))


def table_of(project: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"project": project})
        return TABLE.render({"rows": cursor.fetchall()})


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
