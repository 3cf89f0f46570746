"""What a reviewer last saw of an invoice, so that the next time only what is new has to be read (I-10)."""

from django.conf import settings
from django.db import models

from invoicing.models.invoice_lines import InvoiceLine
from invoicing.models.invoices import Invoice

SEEN = (
    "work_this_period",
    "stored_moved",
    "stored_new",
    "retainage_released",
    "work_retainage",
    "stored_retainage",
)


def figures_of(line: InvoiceLine) -> list[str]:
    """What a look keeps of a line: its amounts in the order of `SEEN`, as text with two decimals."""
    return [str(getattr(line, name)) for name in SEEN]


class Look(models.Model):
    """One a reviewer and invoice, the newest. Nothing of the record: nobody but the reviewer is told of it.

    `lines`: {schedule line id as text: the figures that were on the page}.
    """

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="looks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    lines = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint("invoice", "person", name="a_reviewer_has_one_last_look")]

    def __str__(self):
        return f"{self.person} at {self.invoice}"
