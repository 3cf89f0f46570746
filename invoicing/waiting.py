"""Why a commitment's next invoice can't start yet: which earlier one waits, for whom, and since when (I-7)."""

from collections.abc import Iterable

from directory.moments import moment_in_words
from invoicing.models import Commitment, Invoice
from invoicing.turns import Turn, turn_of


def waits_in_words(invoice: Invoice, noun: str) -> str:
    """One that is not approved yet: “Invoice 2 (INV-7) waits for the project’s reviewers since 18 Nov 2026”.

    `invoice`: read `with_turn`; who can't send it, for want of a contact or of time, waits for the project team (B-5).
    `noun`: "bill" for its subcontractor, "invoice" for the company.
    """
    number = f" ({invoice.number})" if invoice.number else ""
    if invoice.status not in Invoice.ENTERABLE:
        whom = "the project’s reviewers"
    elif turn_of(invoice, invoice.project) != Turn.VENDOR:
        whom = "the project team"
    else:
        whom = "you" if noun == "bill" else invoice.commitment.vendor.name
    since = moment_in_words(invoice.waits_since, invoice.project.zone, day_only=True)
    return f"{noun.capitalize()} {invoice.position}{number} waits for {whom} since {since}"


def waiting_of(commitments: Iterable[Commitment]) -> dict[int, Invoice]:
    """{commitment id: its newest invoice, read `with_turn`}, of those whose next one waits for it; in one query."""
    asked = {each.pk: each for each in commitments}
    waiting = Invoice.objects.newest().with_turn().filter(commitment__in=asked).unsettled()
    found = {each.commitment_id: each for each in waiting}
    for pk, invoice in found.items():
        invoice.commitment = asked[pk]
    return found
