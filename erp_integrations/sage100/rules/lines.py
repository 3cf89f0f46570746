"""S30–S45: the detail rows, their ledger accounts, cost codes and links to Sage's own lines."""

from collections import Counter
from decimal import Decimal
from statistics import median

from directory.number_looks import number_key
from erp_integrations.sage100.accounts import ORDER, expense_type, sub_account_fault
from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.detail_values import COST_CODE, cost_code_text
from erp_integrations.sage100.entries import COST_TYPE_NUMBERS, cost_types
from erp_integrations.sage100.facts import ZERO
from erp_integrations.sage100.findings import ERROR, WARNING
from erp_integrations.sage100.rules.parties import BLANK, LOOK_IN_SAGE, UPLOAD_AGAIN
from erp_integrations.sage100.rules.registry import INVOICE, LINE, REBUILD, InvoiceCheck, Issue, LineCheck, rule
from erp_integrations.sage100.totals import amount_of, number_in

MORE_REMAINS = "Enter the missing change order in Sage and upload the list, or reduce the line."
AFTER_THOSE = (
    "Once Sage has those files, confirm them and upload its list again, or use a list of a later day. If it still is"
    " too much: "
)


@rule("S30", ERROR, "A ledger account is resolved for the line.", LINE)
def account_resolved(check: LineCheck):
    if check.resolved.account is None:
        yield Issue(
            message=f"No ledger account for {check.line.key}: none by {', '.join(ORDER)}.",
            remedy="Set the company's default account in the export settings, or one on the line, job or vendor.",
            field="Ledger account", against=check.of.lists.ledger_accounts,
        )  # fmt: skip


@rule("S31", ERROR, "The account exists, is active, and is of direct-expense kind (or WIP on WIP jobs).", LINE)
def account_fits(check: LineCheck):
    chosen, found, accounts = check.resolved.account, check.account, check.of.lists.ledger_accounts
    if chosen is None:
        return
    wanted = expense_type(check.of.job)
    fault = (
        "isn't in Sage's list" if found is None
        else "is inactive in Sage" if found.is_active is False
        else f"is of type {found.type}; this job needs type {wanted}" if found.type != wanted
        else ""
    )  # fmt: skip
    if found and found.is_active is None:
        yield _blank(f"Account {found.number}", "Ledger account", found.number, accounts)
    if fault:
        yield Issue(
            message=f"Account {chosen.number} ({check.resolved.by}) {fault}.",
            remedy=f"Choose another account for the {check.resolved.by}, or correct it in Sage and upload the list.",
            field="Ledger account", value=chosen.number, against=accounts,
            nearest=_likely_account(check.of.lists.accounts_by_type[wanted], chosen.number),
        )  # fmt: skip


def _likely_account(fitting, number):
    """Of those that the job takes, the one most like it, or the only one."""
    only = next(iter(fitting)).number if len(fitting) == 1 else None
    return fitting.nearest(number) or only


def _blank(what, field, value, against):
    return Issue(
        message=f"{what}: Sage's list {BLANK}.", remedy=f"{LOOK_IN_SAGE} {UPLOAD_AGAIN}", severity=WARNING,
        field=field, value=value, against=against,
    )  # fmt: skip


@rule("S32", ERROR, "A sub-account stands exactly where the account needs one, and belongs to it.", LINE)
def sub_account(check: LineCheck):
    chosen, found = check.resolved.account, check.account
    if found is None:
        return
    if fault := sub_account_fault(found, chosen.sub_account):
        yield Issue(
            message=f"Account {found.number} {fault}.", remedy="Choose the account with the right sub-account.",
            field="Sub-account", value=chosen.sub_account or "", against=check.of.lists.ledger_accounts,
            nearest=", ".join(found.sub_accounts[:5]) or None,
        )  # fmt: skip


@rule("S33", ERROR, "The cost code has the form 2310.000, is in Sage's list and active.", LINE)
def cost_code(check: LineCheck):
    code, codes = check.line.cost_code, check.of.lists.cost_codes
    found = codes.get(cost_code_text(code))
    fault = (
        f"Our cost code {check.line.our_cost_code} isn't linked to a cost code of Sage" if not code
        else f"{code} is no cost code: up to six digits and three decimals" if not COST_CODE.fullmatch(code)
        else f"Cost code {code} isn't in Sage's list" if found is None
        else f"Cost code {code} is inactive in Sage" if found.is_active is False
        else ""
    )  # fmt: skip
    if found and found.is_active is None:
        yield _blank(f"Cost code {found.code}", "Cost code", found.code, codes)
    if fault:
        yield Issue(
            message=f"{fault}.", remedy="Link our cost code to an active one of Sage, under Links.",
            field="Cost code", value=code or "", against=codes, nearest=codes.nearest(code or check.line.our_cost_code),
        )  # fmt: skip


@rule("S34", ERROR, "The cost type is linked, 1 to 9.", LINE)
def cost_type(check: LineCheck):
    number, ours = check.line.cost_type, check.line.our_cost_type.casefold()
    if number not in COST_TYPE_NUMBERS:
        yield Issue(
            message=f"Our cost type {check.line.our_cost_type} isn't linked to one of Sage's nine.",
            remedy="Link the cost type, under Links.",
            field="Cost type", value="" if number is None else str(number),
            nearest=next((each.label for each in cost_types() if each.name.casefold() == ours), None),
        )  # fmt: skip


@rule("S35", WARNING, "Cost code and type stand on a line that Sage has for the job.", LINE)
def planned_on_the_job(check: LineCheck):
    """Sage's lists carry no budget; the lines of the job's subcontracts and orders are what is known of one."""
    known = check.of.lists.planned_on_jobs.get(check.of.invoice.job_number)
    code, kind = cost_code_text(check.line.cost_code), check.line.cost_type
    types = known.get(code, ()) if known else ()
    if known and code and kind and kind not in types:
        yield Issue(
            message=f"No line of job {check.of.invoice.job_number} in Sage has cost code {code} type {kind}.",
            remedy="Look at the job's budget in Sage; confirm if the cost belongs there.",
            field="Cost code", value=f"{code} type {kind}", against=check.of.commitments,
            nearest=", ".join(f"{code} type {each}" for each in sorted(types)) or None,
        )  # fmt: skip


@rule("S36", WARNING, "Descriptions are cut to the column's length, and that is said.", INVOICE)
def cut_descriptions(check: InvoiceCheck):
    for change in check.changes:
        if change.is_cut:
            yield Issue(
                message=f"{change.field} is cut to “{change.written}”.",
                remedy="Nothing, if it is still understood; else shorten the description.",
                field=change.field, value=change.original, row=change.row,
            )  # fmt: skip


@rule("S37", ERROR, "The quantity is 1 or −1 and the price isn't negative.", LINE)
def quantity_and_price(check: LineCheck):
    quantity, price = check.text("quantity"), check.text("price")
    if quantity is not None and number_in(quantity) != (-1 if check.line.amount < 0 else 1):
        yield Issue(
            message=f"The quantity is {quantity}; it must be 1, or −1 on a credit line.",
            remedy=REBUILD, field="Quantity", value=quantity,
        )  # fmt: skip
    if price is not None and number_in(price) < 0:
        yield Issue(
            message=f"The price is {price}; it must not be negative.", remedy=REBUILD,
            field="Price", value=price,
        )  # fmt: skip


@rule("S38", ERROR, "Zero lines are dropped, and at least one line remains.", INVOICE)
def a_line_remains(check: InvoiceCheck):
    if not check.invoice.billed_lines and not check.invoice.is_release_only:
        yield Issue(
            message="Every line of this invoice is zero, and it releases no retainage.",
            remedy="There is nothing to send, so leave it here. If it should bill something, send the invoice back.",
            field="Lines", value=money_text(ZERO),
        )  # fmt: skip
    for row in check.details:
        if row.cell("price") and not number_in(row.text("price")):
            yield Issue(
                message=f"The zero line {row.line_key} stands in the file.", remedy=REBUILD,
                field="Price", value=row.text("price"), row=row.number,
            )  # fmt: skip


@rule("S39", ERROR, "The line is linked to the line of Sage with the same cost code and type.", LINE)
def linked_line(check: LineCheck):
    line, found, commitment = check.line, check.sage_line, check.of.commitment
    if commitment is None:
        return
    if not line.line_reference:
        yield _link_issue(check, f"{line.key} isn't linked to a line of {commitment.number}.", WARNING)
    elif found is None:
        yield _link_issue(check, f"{commitment.number} has no line {line.line_reference} in Sage.", ERROR)
    elif (found.cost_code, found.cost_type) != (cost_code_text(line.cost_code), line.cost_type):
        yield _link_issue(
            check,
            f"Line {found.line_reference} of {commitment.number} has cost code {found.cost_code} type"
            f" {found.cost_type} in Sage; {line.key} has {line.cost_code or 'none'} type {line.cost_type or 'none'}.",
            ERROR,
        )


def _link_issue(check, message, severity):
    return Issue(
        message=message, remedy="Link the line to Sage's line with the same code and type.", severity=severity,
        field="Subcontract line", value=check.line.line_reference or "", against=check.of.commitments,
        nearest=_same_code_and_type(check),
    )  # fmt: skip


def _same_code_and_type(check):
    wanted = (cost_code_text(check.line.cost_code), check.line.cost_type)
    found = (each.line_reference for each in check.of.commitment.lines if (each.cost_code, each.cost_type) == wanted)
    return ", ".join(found) or None


@rule("S40", ERROR, "The amount is within what remains on Sage's line.", LINE)
def within_remaining(check: LineCheck):
    found = check.sage_line
    if found is None or found.left is None:
        return
    billed, others = check.billed_with_others, check.billed_elsewhere
    elsewhere = sum((each.amount for each in others), ZERO)
    over = billed + elsewhere - found.left
    if check.line.amount > 0 and over > 0:
        yield Issue(
            message=f"This batch bills {billed:,.2f} on line {found.line_reference}, where {found.left:,.2f}"
            f" remains in Sage{_in_files(others)}: {over:,.2f} too much.",
            remedy=f"{AFTER_THOSE if others else ''}{MORE_REMAINS}",
            severity=check.of.batch.settings.over_remaining_severity,
            field="Price", value=money_text(check.line.amount), against=check.of.commitments,
        )  # fmt: skip


def _in_files(others) -> str:
    """What Sage's list can't know of yet, by file."""
    files = ", ".join(f"{each.batch_key} bills {each.amount:,.2f}" for each in others)
    return f" and files that are newer than its list take some of it ({files})" if others else ""


@rule("S41", ERROR, "Every change order billed is in Sage, with all that it adds.", LINE)
def change_order_in_sage(check: LineCheck):
    """Sage's lists name no change order: they are told apart by what the lines of the commitment were changed by.

    All that they add is asked for, however little of it is billed, so what other files bill of it is no matter here.
    What is not linked may stand on any line there, but not as what Sage shows of those that are. Where ours come to
    nothing together, Sage that has them all shows no change either.
    """
    number, commitment, found = check.line.change_order, check.of.commitment, check.sage_line
    if not number or commitment is None or (found is None and check.line.line_reference):
        return  # S39 says that there is no such line
    candidates = (found,) if found else commitment.lines
    linked = ZERO if found else _shown_of_linked(check)
    shown = sum((line.change for line in candidates), ZERO) - linked
    ours = check.of.changed_by[check.line.line_reference or ""]
    if ours <= max(shown, ZERO) and any(line.change for line in candidates):
        return
    where = f"line {found.line_reference} of {commitment.number}" if found else commitment.number
    beside = f", beside {linked:,.2f} of linked ones," if linked else ""
    yield Issue(
        message=f"Change order {number} is billed, but {where} shows {shown:,.2f} of changes in Sage"
        f"{beside} where ours add {ours:,.2f}.",
        remedy="Enter the change order in Sage and upload the list again."
        if ours
        else "Tick it if all of them are in Sage, where they come to nothing, too; else enter them there.",
        severity=ERROR if ours else WARNING,
        field="Subcontract line", value=number, against=check.of.commitments,
    )  # fmt: skip


def _shown_of_linked(check: LineCheck) -> Decimal:
    """What Sage shows on the lines that change orders of ours are linked to, up to what they add there.

    On this bill or on none yet: what stands for one of them stands for no other.
    """
    added = Counter(check.of.changed_by)
    for change in check.of.invoice.linked_changes:
        added[change.line_reference] += change.amount
    linked = ((ours, check.of.commitment.line(reference)) for reference, ours in added.items())
    return sum((median((ZERO, ours, line.change)) for ours, line in linked if line), ZERO)


@rule("S42", ERROR, "The lines add up to the invoice's gross.", INVOICE)
def lines_make_gross(check: InvoiceCheck):
    total = sum((line.amount for line in check.invoice.lines), ZERO)
    if total != check.invoice.gross:
        yield Issue(
            message=f"The lines add up to {total:,.2f}, the invoice's gross is {check.invoice.gross:,.2f},"
            f" difference {total - check.invoice.gross:,.2f}.",
            remedy="Open the invoice and look at the identities on its summary.",
            field="Gross", value=money_text(check.invoice.gross),
        )  # fmt: skip


@rule("S43", ERROR, "The job-cost lines add up to the lines on direct-expense and WIP accounts.", INVOICE)
def job_cost_equals_expense(check: InvoiceCheck):
    job_cost = _sum_of(check.details, lambda row: bool(row.text("cost_code")))
    accounts, kinds = check.lists.ledger_accounts, check.lists.expense_accounts
    expensed = _sum_of(check.details, lambda row: row.text("ledger_account") in kinds)
    if job_cost != expensed:
        yield Issue(
            message=f"Job cost takes {job_cost:,.2f}, but {expensed:,.2f} stands on expense accounts.",
            remedy="Correct the ledger account or the cost code of the lines that differ.",
            field="Ledger account", value=money_text(expensed), against=accounts,
        )  # fmt: skip


def _sum_of(rows, counts):
    return sum((amount_of(row) for row in rows if counts(row)), ZERO)


@rule("S44", ERROR, "Two lines with one cost code stay two rows.", INVOICE)
def one_row_per_line(check: InvoiceCheck):
    wanted = [line.key for line in check.invoice.billed_lines]
    found = [row.line_key for row in check.details]
    if wanted != found:
        yield Issue(
            message=f"{len(wanted)} lines are billed, but {len(found)} detail rows stand in the file.",
            remedy=REBUILD, field="Rows", value=str(len(found)),
        )  # fmt: skip
    if twice := [key for key, count in Counter(wanted).items() if count > 1]:
        yield Issue(
            message="Two lines of this invoice have the same key.",
            remedy="Give each line of the schedule of values its own position.",
            field="User defined", value=", ".join(twice),
        )  # fmt: skip


@rule("S45", WARNING, "A negative total is a credit and names the invoice it reduces.", INVOICE)
def credits(check: InvoiceCheck):
    if not check.invoice.is_credit:
        return
    reference, known = check.header_text("reference_number"), check.lists.payable_invoices
    is_odd = reference and check.invoice.reference_by and not check.sage_holds(reference)
    if reference and number_key(reference) == number_key(check.invoice.number):
        yield Issue(
            message=f"This credit says that it reduces itself, {reference}.",
            remedy="Accounting names another invoice as the reference no, under Change the header.",
            severity=ERROR, field="Reference no", value=reference,
        )  # fmt: skip
        return
    yield Issue(
        message=f"This is a credit of {-check.invoice.gross:,.2f} on invoice {reference}"
        f"{', which Sage’s list doesn’t hold' if is_odd else ''}." if reference
        else f"This is a credit of {-check.invoice.gross:,.2f}, but it doesn't say which invoice it reduces.",
        remedy="Look for it in 4-2, then confirm." if is_odd
        else "Confirm that it reduces the right invoice." if reference
        else "Accounting names it as the reference no, under Change the header, before it accepts the credit.",
        against=known if is_odd else None,
        severity=WARNING if reference else ERROR, field="Reference no", value=reference or "",
    )  # fmt: skip
