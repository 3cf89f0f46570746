"""Writes docs/machines.md: every state machine as a diagram, drawn from the transitions that the program asks."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from erp_integrations.models import InvoiceExport
from invoicing.models import ChangeOrder, Commitment, Invoice

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "machines.md"
MACHINES = (
    ("An invoice", "`invoicing/models/invoices.py`; domain 5.1.", Invoice),
    ("Its export to accounting", "`erp_integrations/models/exports.py`; domain 6.2.", InvoiceExport),
    ("A commitment", "`invoicing/models/commitment_statuses.py`; domain 2.", Commitment),
    ("A change order", "`invoicing/models/change_orders.py`; domain 2.", ChangeOrder),
)


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        DOCUMENT.write_text(document())
        self.stdout.write(f"Wrote {DOCUMENT.relative_to(settings.BASE_DIR)}.")


def document() -> str:
    """The whole file. Whoever changes a transition runs the command; a test compares."""
    parts = ["# The machines of states", "", "Drawn by `python3 manage.py draw_machines`; not written by hand.", ""]
    for title, home, model in MACHINES:
        parts += [f"## {title}", "", home, "", "```mermaid", "stateDiagram-v2", *_lines(model), "```", ""]
    return "\n".join(parts)


def _lines(model) -> Iterator[str]:
    field = model._meta.get_field("status")
    yield f"    [*] --> {field.get_default()}"
    yield from (f"    {value} : {label}" for value, label in field.flatchoices)
    moves = {(move.source, move.target, move.custom["label"]) for move in field.get_all_transitions(model)}
    yield from (f"    {source} --> {target} : {label}" for source, target, label in sorted(moves))
