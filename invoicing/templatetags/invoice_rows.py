"""The rows of a project's list of invoices, put together as text: fifty of them on every page (F4)."""

from html import escape
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString, mark_safe

from directory.models import Project
from directory.moments import day_in_words
from invoicing.calculations.money import printed_amount, to_cents
from invoicing.labels import NET_THIS_PERIOD
from invoicing.models import Invoice
from invoicing.models.billing_periods import period_in_words
from invoicing.turns import turn_of

register = template.Library()


@register.simple_tag
def invoice_rows(
    rows: list, project: Project, list_url: str, noun: str, is_admin: bool, statuses: dict, erp: dict | None
) -> SafeString:
    """A <tr> for each invoice of `for_list`. `list_url`: the list's, below which every invoice stands; `noun`: what
    they call it.

    `statuses`, `erp`: the badge of each status that occurs; None of the second for contacts, who see no such column.
    """
    return mark_safe("".join([_row(each, project, list_url, noun, is_admin, statuses, erp) for each in rows]))


def _row(
    invoice: Invoice, project: Project, list_url: str, noun: str, is_admin: bool, statuses: dict, erp: dict | None
) -> str:
    number, due = escape(invoice.commitment_number), invoice.current_payment_due
    url = f"{list_url}{quote(invoice.commitment_number, safe='')}/{invoice.position}/"
    claimed = invoice.resubmitted if invoice.status == Invoice.Status.UNDER_REVIEW else ""
    tick = f'<td class="tick">{_tick(invoice, number)}</td>' if is_admin else ""
    acts = turn_of(invoice, project).called(invoice.enterer_name)
    exported = "" if erp is None else f'<td data-label="ERP">{erp.get(invoice.export_status, "–")}</td>'
    return (
        f'<tr>{tick}<th scope="row" class="one-line">'
        f'<a href="{url}">{escape(invoice.number) or "No number yet"}</a></th>'
        f'<td data-label="Company">{escape(invoice.company_name)}</td>'
        f'<td data-label="Commitment">{number}, {noun} {invoice.position}</td>'
        f'<td class="one-line" data-label="Period">{period_in_words(invoice.period_begins, invoice.period_ends)}</td>'
        f'<td data-label="Status">{statuses[invoice.status]}'
        f'{f"""<span class="claimed">{claimed}</span>""" if claimed else ""}</td>'
        f'<td data-label="Who must act">{escape(acts)}</td>{exported}'
        f'<td class="one-line" data-label="Due">{day_in_words(invoice.due_date)}</td>'
        f'<td class="n" data-label="{NET_THIS_PERIOD}">{printed_amount(due)}</td></tr>'
    )


def _tick(invoice: Invoice, commitment: str) -> str:
    return (
        f'<label><input type="checkbox" name="invoice" value="{invoice.pk}" '
        f'data-cents="{int(to_cents(invoice.current_payment_due) * 100)}" '
        f'aria-label="Tick {escape(invoice.number) or f"invoice {invoice.position}"} of {commitment}"></label>'
    )
