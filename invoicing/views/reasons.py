"""Reasons of recent rejections, offered where the next one is typed (9.3)."""

from django.db.models import Q

from directory.models import Event, Person
from invoicing.actions.reviews import REVIEWED
from invoicing.models import Invoice

LOOKED_THROUGH, MOST = 200, 8


def recent_reasons(invoice: Invoice, person: Person) -> list[str]:
    """The newest first: this reviewer's own anywhere in the company, then their colleagues' on this project."""
    here = Q(by=person) | Q(project=invoice.project)
    said = Event.objects.filter(here, company=invoice.company, verb=REVIEWED).exclude(reason="")
    found = list(said.order_by("-pk").values_list("by", "reason")[:LOOKED_THROUGH])
    mine = [reason for by, reason in found if by == person.pk]
    return list(dict.fromkeys([*mine, *(reason for _, reason in found)]))[:MOST]
