"""S12, S16–S21, S29: vendor, commitment, job and phase as Sage knows them."""

from erp_integrations.sage100.facts import PURCHASE_ORDER, SUBCONTRACT
from erp_integrations.sage100.findings import ERROR, WARNING
from erp_integrations.sage100.lists import CLOSED, COMPLETE, CONTRACT, CURRENT, STATUS_NAMES, is_usable
from erp_integrations.sage100.rules.registry import INVOICE, InvoiceCheck, Issue, rule

REQUIRES_PURCHASE_ORDER, REQUIRES_SUBCONTRACT = 2, 5
BLANK, LOOK_IN_SAGE = "leaves blank whether it is active", "Confirm that it is active in Sage."
UPLOAD_AGAIN = "If Sage has it by now, upload the list again."


@rule("S12", ERROR, "The vendor is linked, in the newest list, active and not internal.", INVOICE)
def vendor(check: InvoiceCheck):
    number, vendors, found = check.invoice.vendor_number, check.lists.vendors, check.vendor
    if number is None:
        yield Issue(
            message=f"{check.invoice.vendor_name} isn't linked to a vendor of Sage.",
            remedy="Link the vendor, under Links.", field="Vendor no", against=vendors,
            nearest=vendors.nearest_name(check.invoice.vendor_name),
        )  # fmt: skip
    elif found is None:
        yield Issue(
            message=f"Vendor {number} isn't in Sage's list.", remedy=f"Link another vendor. {UPLOAD_AGAIN}",
            field="Vendor no", value=number, against=vendors, nearest=vendors.nearest(number),
        )  # fmt: skip
    else:
        yield from _unusable_vendor(found, vendors)


def _unusable_vendor(found, vendors):
    if found.is_active is None:
        yield Issue(
            message=f"Vendor {found.number} {found.name}: Sage's list {BLANK}.",
            remedy=f"{LOOK_IN_SAGE} {UPLOAD_AGAIN}", severity=WARNING,
            field="Vendor no", value=found.number, against=vendors,
        )  # fmt: skip
    for is_wrong, word in ((found.is_active is False, "inactive"), (found.is_internal, "internal")):
        if is_wrong:
            yield Issue(
                message=f"Vendor {found.number} {found.name} is {word} in Sage.",
                remedy=f"Change that in Sage, or link another vendor. {UPLOAD_AGAIN}",
                field="Vendor no", value=found.number, against=vendors, nearest=vendors.nearest_name(found.name),
            )  # fmt: skip


@rule("S16", ERROR, "There is exactly one of PO and subcontract number.", INVOICE)
def one_commitment(check: InvoiceCheck):
    numbers = [check.header_text("purchase_order_number"), check.header_text("subcontract_number")]
    if check.header and sum(bool(number) for number in numbers) != 1:
        yield Issue(
            message=f"{check.invoice.commitment_number} gives {'both' if all(numbers) else 'neither'} a PO number"
            f" {'and' if all(numbers) else 'nor'} a subcontract number.",
            remedy="Link the commitment to one subcontract or one purchase order of Sage.",
            field=check.number_title, value=" / ".join(filter(None, numbers)), against=check.commitments,
            nearest=check.likely_commitment,
        )  # fmt: skip


@rule("S17", ERROR, "The commitment's number is in Sage's list, with the same vendor and job.", INVOICE)
def commitment_in_list(check: InvoiceCheck):
    number, known, found = check.invoice.sage_commitment_number, check.commitments, check.commitment
    if number is None:
        return
    if found is None:
        yield Issue(
            message=f"{number} isn't in Sage's list.", remedy=f"Link another commitment. {UPLOAD_AGAIN}",
            field=check.number_title, value=number, against=known, nearest=known.nearest(number),
        )  # fmt: skip
        return
    pairs = (("vendor", found.vendor_number, check.invoice.vendor_number),
             ("job", found.job_number, check.invoice.job_number))  # fmt: skip
    for name, sage, ours in pairs:
        if sage != ours:
            yield Issue(
                message=f"{number} belongs to {name} {sage} in Sage, but the invoice to {name} {ours or 'none'}.",
                remedy=f"Correct the link of the {name} or of the commitment.",
                field=check.number_title, value=number, against=known,
                nearest=check.with_its_parties,
            )  # fmt: skip


@rule("S18", ERROR, "The commitment's status in Sage is contract or current.", INVOICE)
def commitment_status(check: InvoiceCheck):
    found = check.commitment
    if found and found.status not in (CONTRACT, CURRENT):
        yield Issue(
            message=f"{found.number} has the status {STATUS_NAMES[found.status]} in Sage.",
            remedy="Set it to Current in Sage and upload the list again.",
            severity=WARNING if is_usable(found) else ERROR,
            field=check.number_title, value=found.number, against=check.commitments,
            nearest=None if is_usable(found) else check.with_its_parties,
        )  # fmt: skip


@rule("S19", WARNING, "Neither payment hold nor edit lock stands on vendor or commitment.", INVOICE)
def held_or_locked(check: InvoiceCheck):
    found, payee = check.commitment, check.vendor
    marks = []
    if found:
        here = (check.number_title, found.number, check.commitments)
        marks += [(found.hold_payment, f"{found.number} is on hold for payment", *here)]
        marks += [(found.is_locked, f"{found.number} is locked for editing", *here)]
    if payee:
        there = ("Vendor no", payee.number, check.lists.vendors)
        marks += [(payee.hold_payment, f"Vendor {payee.number} is on hold for payment", *there)]
    for is_set, words, name, value, against in marks:
        if is_set:
            yield Issue(
                message=f"{words} in Sage.", remedy="Ask accounting whether the invoice may go in.",
                field=name, value=value, against=against,
            )  # fmt: skip


@rule("S20", ERROR, "The job is in Sage's list and not closed.", INVOICE)
def job(check: InvoiceCheck):
    number, jobs, found = check.invoice.job_number, check.lists.jobs, check.job
    if number is not None and found is None:
        yield Issue(
            message=f"Job {number} isn't in Sage's list.", remedy=f"Link another job. {UPLOAD_AGAIN}",
            field="Job no", value=number, against=jobs, nearest=jobs.nearest(number),
        )  # fmt: skip
    if found and found.status in (COMPLETE, CLOSED):
        yield Issue(
            message=f"Job {number} is {STATUS_NAMES[found.status].lower()} in Sage.",
            remedy="Reopen the job in Sage and upload the list again, or link another job.",
            severity=WARNING if is_usable(found) else ERROR, field="Job no", value=number, against=jobs,
            nearest=None if is_usable(found) else jobs.nearest_name(found.name),
        )  # fmt: skip


@rule("S21", ERROR, "The phase is empty or one of the job's.", INVOICE)
def phase(check: InvoiceCheck):
    number, found = check.invoice.phase_number, check.job
    if number and found and number not in found.phases:
        yield Issue(
            message=f"Job {found.number} has no phase {number} in Sage.",
            remedy="Link one of the job's phases, or none.", field="Phase no", value=number,
            against=check.lists.jobs, nearest=", ".join(found.phases) or None,
        )  # fmt: skip


@rule("S29", ERROR, "The kind of commitment is one the vendor's PO rule allows.", INVOICE)
def vendor_requires(check: InvoiceCheck):
    payee, kind = check.vendor, check.invoice.commitment_kind
    wants = {
        (REQUIRES_PURCHASE_ORDER, SUBCONTRACT): "purchase order",
        (REQUIRES_SUBCONTRACT, PURCHASE_ORDER): "subcontract",
    }
    needed = wants.get((payee.purchase_order_rule, kind)) if payee else None
    if needed:
        yield Issue(
            message=f"Sage requires a {needed} for vendor {payee.number}, so this invoice can't be entered.",
            remedy="Change the vendor's PO rule in Sage and upload the list again.",
            field="Vendor no", value=payee.number, against=check.lists.vendors,
        )  # fmt: skip
