"""The rows of a project's list of invoices, put together as text: fifty of them on every page (F4)."""

from html import escape
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString, mark_safe

from directory.moments import day_in_words
from invoicing.calculations.money import printed_amount, to_cents
from invoicing.models import Invoice
from invoicing.models.billing_periods import period_in_words

register = template.Library()


@register.simple_tag
def invoice_row(invoice: Invoice, list_url: str, noun: str, is_admin: bool, status: str, erp: str) -> SafeString:
    """One <tr> of `for_list`. `list_url`: the list's, below which every invoice stands; `noun`: what they call it.

    `status`, `erp`: badges, the second "" for contacts.
    """
    number, due = escape(invoice.commitment_number), invoice.current_payment_due
    url = f"{list_url}{quote(invoice.commitment_number, safe='')}/{invoice.position}/"
    claimed = invoice.resubmitted if invoice.status == Invoice.Status.UNDER_REVIEW else ""
    cells = [
        f'<th scope="row" class="one-line"><a href="{url}">{escape(invoice.number) or "No number yet"}</a></th>'
        f'<td data-label="Company">{escape(invoice.company_name)}</td>'
        f'<td data-label="Commitment">{number}, {noun} {invoice.position}</td>'
        f'<td class="one-line" data-label="Period">{period_in_words(invoice.period_begins, invoice.period_ends)}</td>'
        f'<td data-label="Status">{status}{f"""<span class="claimed">{claimed}</span>""" if claimed else ""}</td>'
        f'<td data-label="Who must act">{escape(invoice.who_acts(invoice.enterer_name))}</td>'
    ]
    if is_admin:
        cells.insert(0, f'<td class="tick">{_tick(invoice, number) if invoice.is_tickable else ""}</td>')
    if erp:
        cells.append(f'<td data-label="ERP">{erp}</td>')
    cells.append(f'<td class="one-line" data-label="Due">{day_in_words(invoice.due_date)}</td>')
    cells.append(f'<td class="n" data-label="Net this period">{printed_amount(due)}</td>')
    return mark_safe(f"<tr>{''.join(cells)}</tr>")


def _tick(invoice: Invoice, commitment: str) -> str:
    return (
        f'<label><input type="checkbox" name="invoice" value="{invoice.pk}" '
        f'data-cents="{int(to_cents(invoice.current_payment_due) * 100)}" '
        f'aria-label="Tick {escape(invoice.number)} of {commitment}"></label>'
    )
