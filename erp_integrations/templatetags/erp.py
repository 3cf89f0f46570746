"""Where an invoice stands on its way to accounting, for the pages of invoices and for lists of them."""

from collections.abc import Iterable

from django import template
from django.db.models import Exists, OuterRef, Subquery

from directory.models import Company, Event
from directory.permissions import Level, Tool, approver_names
from erp_integrations import dry_run_sizes as sizes
from erp_integrations.mending import Mend
from erp_integrations.models import ExportBatch, InvoiceExport, LedgerCheck, WorkerPulse
from erp_integrations.models.exports import is_sendable
from erp_integrations.permissions import may_set_up
from erp_integrations.standing import Step, steps_of
from invoicing.models import Invoice

register = template.Library()


@register.inclusion_tag("erp_integrations/_panel.html", takes_context=True)
def erp_panel(context: template.Context, invoice: Invoice, access) -> dict:
    """The standing of one invoice with accounting: `{% erp_panel invoice request.access %}`, in as many queries always.

    Staff see state, reason, who and when, and what the machine lets them do; a contact the way of the bill.
    """
    if access.is_external:
        return {"steps": chains_of([invoice])[invoice.pk], "project": invoice.project}
    export = InvoiceExport.objects.with_context().filter(invoice=invoice).first()
    item = export.live_item if export else None
    batch = item.batch if item else None
    return {
        "invoice": invoice,
        "project": invoice.project,
        "company": invoice.company,
        "export": export,
        "batch": batch,
        "is_shown": export is not None or is_sendable(invoice),
        "moves": moves_of(export or InvoiceExport(invoice=invoice), access),
        "may_look": access.allows(Tool.ERP_INTEGRATIONS, Level.READ_ONLY),
        "last": Event.objects.about(export).first() if export else None,
        "approvers": approver_names(invoice.company),
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag
def sets_up(access) -> bool:
    """Whether settings, layouts and the accountant report open for them: `{% sets_up request.access as is_admin %}`."""
    return may_set_up(access)


@register.simple_tag
def dry_run_sizes() -> dict:
    """`most`: invoices in one workbook; `at_once`: of so many it comes at once."""
    return {"most": sizes.MOST, "at_once": sizes.AT_ONCE}


@register.filter
def is_for(mend: Mend | None, access) -> bool:
    """Whether there is a page that mends it, for this person: `{% if finding.mend|is_for:mender %}`."""
    return mend is not None and mend.is_for(access)


@register.simple_tag(takes_context=True)
def where_mended(context: template.Context, mend: Mend) -> str:
    """The address of the page that mends it, with the list of the queue that is `came_from` where it is known."""
    came_from = context.get("came_from")
    return mend.opened_from(came_from) if came_from else mend.url


def moves_of(export: InvoiceExport, access) -> set[str]:
    return {move.name for move in export.get_available_user_status_transitions(access)}


@register.simple_tag
def chains_of(bills: Iterable[Invoice]) -> dict[int, list[Step]]:
    """The way of each bill, in one query: `{% chains_of bills as chains %}`, then `bill_chain_in_short`."""
    bills = list(bills)
    found = {each.invoice_id: each for each in InvoiceExport.objects.with_file_moment().filter(invoice__in=bills)}
    return {bill.pk: steps_of(bill, found.get(bill.pk)) for bill in bills}


@register.inclusion_tag("erp_integrations/_chain_short.html")
def bill_chain_in_short(chains: dict[int, list[Step]], invoice: Invoice) -> dict:
    """Where it stands in half a line: what the review said, and the last that happened since, payments left out."""
    done = [step for step in chains[invoice.pk] if step.state and step.at][1:]
    return {"steps": [*done[:1], *done[1:][-1:]], "project": invoice.project}


@register.simple_tag
def warnings_for_accounting(company) -> dict:
    """For the banners of accounting's pages, in one query as long as there is nothing to warn of.

    `check`: the last one of our own ledgers, where it found anything (R17). `silence`: while something waits to be
    built and no worker lives, when one was last (`seen_at`, None if never; R30). `restored_at`, `restored_to`: while a
    restore holds what the company sends (R127).
    """
    of_it = Company.objects.filter(pk=company.pk)
    newest = LedgerCheck.objects.filter(company=OuterRef("pk")).order_by("-pk").values("difference_count")[:1]
    waiting = ExportBatch.objects.of(OuterRef("pk")).under_way()
    restored = ("erp_settings__restored_at", "erp_settings__restored_to")
    [(differences, waits, restored_at, restored_to)] = of_it.values_list(Subquery(newest), Exists(waiting), *restored)
    return {
        "restored_at": restored_at,
        "restored_to": restored_to,
        "check": LedgerCheck.objects.newest(company) if differences else None,
        "silence": {"seen_at": WorkerPulse.last_seen()} if waits and WorkerPulse.is_silent() else None,
    }
