"""S46–S52: retainage newly held goes in one header amount; what is released goes to the release sheet only."""

from decimal import Decimal

from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.facts import ZERO, InvoiceFacts
from erp_integrations.sage100.findings import ERROR, WARNING
from erp_integrations.sage100.rules.registry import INVOICE, REBUILD, InvoiceCheck, Issue, rule
from erp_integrations.sage100.totals import amount_of, number_in

CENT = Decimal("0.01")
RETAINAGE = "Retainage"
NAMED = 3  # files that a sentence names
OPEN_INVOICE = "Open the invoice and look at the retainage of its lines."


def _held(check):
    return sum((line.retainage_held for line in check.invoice.lines), ZERO)


def _allocated(check):
    """What is released on earlier invoices, together; less than the invoice releases where they hold less (S51)."""
    return sum((release.released for release in check.invoice.releases), ZERO)


@rule("S46", ERROR, "The header's retainage is the sum of what the lines newly hold, each to the cent.", INVOICE)
def header_is_sum_of_lines(check: InvoiceCheck):
    total, text = _held(check), check.header_text("retainage")
    stated = [("the invoice", check.invoice.retainage_held)] + ([("the file", number_in(text))] if text else [])
    for where, amount in stated:
        if amount != total:
            yield Issue(
                message=f"The lines newly hold {total:,.2f}, {where} says {amount:,.2f},"
                f" difference {amount - total:,.2f}.",
                remedy=f"{OPEN_INVOICE} If they are right, reopen its review, save it and approve it again.",
                field=RETAINAGE, value=money_text(amount),
            )  # fmt: skip


@rule("S47", ERROR, "Retainage lies between zero and gross (on a credit, both negative).", INVOICE)
def within_gross(check: InvoiceCheck):
    held, gross = check.invoice.retainage_held, check.invoice.gross
    if not min(gross, ZERO) <= held <= max(gross, ZERO):
        yield Issue(
            message=f"Retainage of {held:,.2f} doesn't lie between zero and the gross of {gross:,.2f}.",
            remedy=f"{OPEN_INVOICE} What was released must not be taken off what is newly held.",
            field=RETAINAGE, value=money_text(held),
        )  # fmt: skip


@rule("S48", WARNING, "Retainage is gross times Sage's rate, to a cent a line.", INVOICE)
def sage_rate(check: InvoiceCheck):
    found = check.commitment
    if found is None or found.retention_rate is None:
        return
    expected = check.invoice.gross * found.retention_rate / 100
    held = check.invoice.retainage_held
    if abs(held - expected) > CENT * len(check.invoice.billed_lines):
        yield Issue(
            message=f"Retainage is {held:,.2f}; Sage's rate of {found.retention_rate} % of {check.invoice.gross:,.2f}"
            f" gives {expected:,.2f}.",
            remedy="Compare the rate in Sage with the commitment's; confirm if the difference is meant.",
            field=RETAINAGE, value=money_text(held), against=check.commitments,
        )  # fmt: skip


@rule("S49", ERROR, "Released retainage stands in no amount of the import.", INVOICE)
def nothing_released_in_rows(check: InvoiceCheck):
    released = check.invoice.retainage_released
    if not released or check.header is None:
        return
    in_rows = sum(map(amount_of, check.details), ZERO)
    extra = (in_rows - check.invoice.gross, number_in(check.header.text("retainage")) - _held(check))
    if any(extra):
        yield Issue(
            message=f"{released:,.2f} is released, and the rows differ from the work billed by"
            f" {extra[0]:,.2f} gross and {extra[1]:,.2f} retainage.",
            remedy=f"Releases belong on the release sheet only. {REBUILD}",
            field=RETAINAGE, value=money_text(released),
        )  # fmt: skip


@rule("S50", ERROR, "A release-only invoice makes no rows.", INVOICE)
def release_only(check: InvoiceCheck):
    if check.invoice.is_release_only and check.rows:
        yield Issue(
            message=f"This invoice only releases retainage, yet {len(check.rows)} rows stand in the file.",
            remedy=REBUILD, field="Rows", value=str(len(check.rows)),
        )  # fmt: skip


@rule("S51", ERROR, "Releases are at most what is held, per invoice and from the oldest on.", INVOICE)
def release_order(check: InvoiceCheck):
    releases, total = check.invoice.releases, _allocated(check)
    if check.invoice.retainage_released < 0:
        yield _release_issue(
            f"The invoice releases {check.invoice.retainage_released:,.2f}; Sage releases nothing below zero.",
            check.invoice.retainage_released,
            "Reopen it, release as much on lines that hold above zero or nothing on those below, and approve it again.",
        )
    elif check.invoice.retainage_released and not releases:
        yield Issue(
            message="No earlier invoice of this commitment that still holds retainage is in a file yet.",
            remedy=_to_place_it_all(check.invoice),
            field="Retainage release", value=money_text(check.invoice.retainage_released),
        )  # fmt: skip
    elif total != check.invoice.retainage_released:
        yield _release_issue(
            f"The release sheet releases {total:,.2f}, the invoice {check.invoice.retainage_released:,.2f}.",
            total,
            _to_place_it_all(check.invoice),
        )
    yield from _not_in_a_file_yet(check.invoice)
    yield from _released_before(check.invoice)
    yield from _held_lower_in_sage(check)
    yield from _given_by_hand(check.invoice)
    yield from _not_in_sage(check.invoice)
    for release in releases:
        if not ZERO <= release.released <= release.held:
            yield _release_issue(
                f"{release.released:,.2f} is released on {release.invoice_number}, which holds {release.held:,.2f}.",
                release.released,
            )
    for earlier, later in zip(releases, releases[1:], strict=False):
        if later.invoice_date < earlier.invoice_date:
            yield _release_issue(f"{later.invoice_number} is older than {earlier.invoice_number}.", later.released)
        elif later.released and earlier.new_retention > 0:
            yield _release_issue(
                f"{later.invoice_number} is released while the older {earlier.invoice_number} still holds"
                f" {earlier.new_retention:,.2f}.",
                later.released,
            )


def _not_in_a_file_yet(invoice: InvoiceFacts):
    """Of what its own release stands on: Sage shows more held there than the sheet says."""
    on_sheet = {release.invoice_number for release in invoice.releases}
    for each in invoice.counted:
        if each.invoice_number in on_sheet and not each.is_in_a_file:
            yield Issue(
                message=f"{each.invoice_number}: {each.in_words}.",
                remedy="Tick it. In Sage, lower the retention by what the sheet releases, whatever it says is held.",
                severity=WARNING, field="Retainage release", value=each.batch_key,
            )  # fmt: skip


def _released_before(invoice: InvoiceFacts):
    """By files that it left: no list of ours says whether their sheets were done, and undone."""
    for key in dict.fromkeys(each.batch_key for each in invoice.released_before):
        parts = [f"{e.amount:,.2f} on {e.invoice_number}" for e in invoice.released_before if e.batch_key == key]
        yield Issue(
            message=f"{key}, which this invoice left, released {', '.join(parts)}.",
            remedy="Look in 4-2 that this retention was raised again, or never lowered; then tick it. Else the sheet"
            " releases it twice.",
            severity=WARNING, field="Retainage release", value=key,
        )  # fmt: skip


def _held_lower_in_sage(check: InvoiceCheck):
    """Somebody lowered it there: by hand, or by a sheet that a restored site does not know (R127).

    After a restore also where the list says nothing of it: what came before a mid-job start, or one without retention.
    """
    for release in check.invoice.releases:
        number, lost = release.invoice_number, check.lists.lost_days
        shown = check.lists.retention_of(check.invoice.vendor_number, number)
        if shown is not None and shown < release.held:
            message = f"{number} holds {release.held:,.2f} here, and {shown:,.2f} in Sage's list."
        elif shown is None and lost and check.invoice.period_start <= lost.until.date():
            message = (
                f"Sage's list doesn't say what {number} holds: this release may have been done in the days that were"
                f" lost when this site was restored on {lost.until:%Y-%m-%d}."
            )
        else:
            continue
        yield Issue(
            message=message,
            remedy="See in Sage whether this release was done already; tick it only if it was not.",
            severity=WARNING, field="Retainage release", value=money_text(release.released),
            against=check.lists.payable_invoices,
        )  # fmt: skip


def _given_by_hand(invoice: InvoiceFacts):
    """S11 keeps such a bill out of every file: who accepts sees that it is the same one.

    What it holds is cut to Sage's list already, so that it is never more than that shows (`_held_lower_in_sage`).
    """
    for each in invoice.releases:
        if each.by_hand:
            yield Issue(
                message=f"{each.invoice_number} is in no file of ours: {each.by_hand}.",
                remedy="See in 4-2 that it is the same bill, and that this release was not done there already; then"
                " tick it.",
                severity=WARNING, field="Retainage release", value=each.invoice_number,
            )  # fmt: skip


def _not_in_sage(invoice: InvoiceFacts):
    """Its row was refused: there is no retention there to lower, and the invoice may be voided yet."""
    for each in invoice.releases:
        if each.refused:
            yield _release_issue(
                f"Sage refused {each.invoice_number}: “{each.refused}”.",
                each.released,
                "Void it, mend it and export it again; or confirm it, if Sage has it by now. Then export this release.",
            )


def _to_place_it_all(invoice: InvoiceFacts) -> str:
    """What to do where the invoices in files hold too little: who took it, if anybody did."""
    files = list(dict.fromkeys(each.batch_key for each in invoice.counted))
    doubted = next((each for each in invoice.counted if each.list_of_the_day), None)
    if doubted:  # taken off what that says, which may be without it already
        return (
            f"{doubted.list_of_the_day} may count already what {doubted.batch_key} released: upload one of a later day."
        )
    if not files:
        return (
            "Export the earlier ones first; if Sage was given one by hand, upload its list of payable invoices, with"
            " the retention. Where all are exported, reopen this one: release less, or with it what lines hold below"
            " zero, and approve it again."
        )
    named = ", ".join(files[:NAMED]) + (f" and {len(files) - NAMED} more" if files[NAMED:] else "")
    return (
        f"Before it, {named} released on what is in files. Export the other invoices of this commitment that hold"
        " retainage first; if there is none, void or reject the release that is too much."
    )


def _release_issue(message, amount, remedy="Release the oldest invoice first, up to what it holds."):
    return Issue(message=message, remedy=remedy, field="Retainage release", value=money_text(amount))


@rule("S52", ERROR, "A mixed invoice makes rows for the work and release rows for the rest.", INVOICE)
def mixed_invoice(check: InvoiceCheck):
    if bool(check.invoice.billed_lines) != bool(check.header):
        yield _missing("The work billed and the rows of the import don't belong together.", "Rows", len(check.rows))
    shown, wanted = sum((row.released for row in check.releases), ZERO), _allocated(check)
    if shown != wanted:  # what found nothing to stand on is no fault of the file: S51 says it
        told = f"The release sheet shows {shown:,.2f} for this invoice, which releases {wanted:,.2f}."
        yield _missing(told, "Release sheet", money_text(shown))


def _missing(message, field, value):
    return Issue(message=message, remedy=REBUILD, field=field, value=str(value))
