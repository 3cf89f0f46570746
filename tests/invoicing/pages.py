"""What tests of pages share: a signed-in browser, an invoice's addresses, and what a sheet sends back."""

import re

from django.test import Client
from django.urls import reverse

from invoicing import tasks
from invoicing.actions.reviews import mark_of_verdicts
from invoicing.models import Invoice, MadeFile


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(invoice: Invoice, name: str = "invoice", *more) -> str:
    commitment = invoice.commitment
    return reverse(name, args=[commitment.project.slug, commitment.number, invoice.position, *more])


def sheet(response) -> dict[str, str]:
    """Everything the entry page's form would send, each cell called by its line, as scripts do."""
    shown = response.context["sheet"]
    data = {"version": str(shown.invoice.version), "number": shown.invoice.number}
    data["billing_date"] = shown.invoice.billing_date.isoformat()
    data |= dict(shown.header_shown)
    for row in shown.rows:
        data[f"shown-{row.line.pk}"] = row.shown
        ticks = {cell.name: cell.display for cell in row.cells.values() if cell.column.is_tick}
        data |= {cell.name: cell.display for cell in row.cells.values() if cell.name not in ticks}
        data |= {name: "1" for name, text in ticks.items() if text == "1"}
    return data


def looked_at(invoice: Invoice) -> dict[str, str]:
    """What Finish sends with a decision: the version, and the mark of the verdicts that it showed."""
    return {"version": str(invoice.version), "verdicts": mark_of_verdicts(invoice.lines.all())}


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def said_beside(page: str, name: str) -> list[str]:
    """What an input's aria-describedby leads to: the words with these ids, each of which is there (U4)."""
    field = next(tag for tag in re.findall(r"<input[^>]*>", page) if f'id="{name}"' in tag)
    ids = re.search(r'aria-describedby="([^"]+)"', field)[1].split()
    return [re.search(rf'<(\w+)[^>]* id="{key}"[^>]*>(.*?)</\1>', page)[2] for key in ids]


def papers_of(client: Client, invoice: Invoice) -> bytes:
    """The ZIP with everything of it: asked for, made as a worker does, taken away."""
    page = client.post(at(invoice, "invoice-package")).url
    tasks.make_file(MadeFile.objects.order_by("pk").last().pk)
    return client.get(f"{page}download/").getvalue()


LOOKED_NOW = 2**62  # the `seen` of a page that was opened a moment ago: no event comes after it
APPROVED = {"decision": "approved", "pressed": "", "seen": LOOKED_NOW}  # what a verdict's button sends of an open line
REJECTED = {**APPROVED, "decision": "rejected"}
