"""Where the pages of a commitment and of an invoice are."""

from django.urls import reverse

from invoicing.models import Commitment, Invoice


def commitment_address(commitment: Commitment) -> str:
    return reverse("commitment", args=[commitment.project.slug, commitment.number])


def address(invoice: Invoice, name: str = "invoice") -> str:
    """The address of one of an invoice's pages, by the name of its route."""
    commitment = invoice.commitment
    return reverse(name, args=[commitment.project.slug, commitment.number, invoice.position])
