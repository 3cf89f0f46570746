"""The page of one invoice: what it says, who must act, and what this person may do next."""

import re

from django.db.models import F, Func, IntegerField, OuterRef, Subquery
from django.shortcuts import render

from directory.decorators import READ
from directory.models import Event, Mail
from directory.permissions import Level
from directory.refusals import Refused
from directory.unsaved import kept_for
from invoicing import labels
from invoicing.actions.deleting import why_not_deleted
from invoicing.actions.payments import why_no_payment
from invoicing.actions.reviews import ENTERED, VERDICTS
from invoicing.addresses import address
from invoicing.decorators import invoice_view
from invoicing.forms.attachments import AttachmentForm
from invoicing.forms.comments import CommentForm, NoteForm
from invoicing.grid import column_totals, lines_shown, read_columns
from invoicing.how_computed import how_amounts_came
from invoicing.models import Attachment, Comment, Endorsement, Invoice, InvoiceLine, Payment, Submission
from invoicing.models.invoice_queries import TOLD_ALONG
from invoicing.permissions import (
    may_attach,
    may_bill,
    may_comment,
    may_note,
    may_record_payments,
    may_review,
    may_see_verdicts,
)
from invoicing.proof import identities_of, stored_summary
from invoicing.safeguards import endorsement_of
from invoicing.turns import turn_of

REVIEWING = ("opened the review", *VERDICTS, "gave the first approval")


@invoice_view(Level.READ_ONLY, methods=READ)
def invoice_page(request, invoice):
    return show(request, invoice)


def show(
    request,
    invoice: Invoice,
    *,
    refused: Refused | None = None,
    form: AttachmentForm | None = None,
    said: dict | None = None,
):
    """The invoice's page; with `refused`, what was not done and why on top, and its status.

    `form` and `said` are what was typed to attach a file and to say something: {name in the template: form}.
    """
    tab = "files" if form else "timeline" if said else request.GET.get("show", "lines")
    context = about(request, invoice) | {
        "tab": tab if tab in CONTENTS else "lines",
        "form": form or AttachmentForm(),
        "refused": refused,
        "summary": summary_rows(invoice),
        "endorsed": _endorsed(invoice, request.access),
        "turn": turn_of(invoice, invoice.project),
    }
    context |= CONTENTS[context["tab"]](invoice, request) | (said or {})
    return render(request, "invoicing/invoice.html", context, status=refused.status if refused else 200)


def _endorsed(invoice: Invoice, access) -> Endorsement | None:
    """The first of two approvals, where the company wants two and this person may know of it (R84, U6)."""
    wants_two = invoice.company.second_approval_above is not None
    return endorsement_of(invoice) if wants_two and may_see_verdicts(invoice, access) else None


def about(request, invoice: Invoice) -> dict:
    """What every page of an invoice knows: its place, its word for this person, and what they may do next."""
    access, offered = request.access, moves(request, invoice)
    return {
        "invoice": invoice,
        "project": invoice.project,
        "commitment": invoice.commitment,
        "noun": labels.noun_for(access),
        "moves": offered,
        "sides_agree": bool(invoice.sender_vendor_id) == access.is_external,
        "may_move_period": invoice.status in Invoice.ENTERABLE and may_review(invoice, access),
        "may_delete": may_bill(invoice, access) and not why_not_deleted(invoice, access),
        "may_attach": may_attach(invoice, access),
        "may_bill": may_bill(invoice, access),
        "may_review": may_review(invoice, access),
        "may_pay": may_record_payments(invoice, access) and not why_no_payment(invoice),
        "counts": _counts(invoice, access),
    }


def _counts(invoice: Invoice, access) -> dict[str, int]:
    """How much stands under each tab, in one query."""
    of_it = {"invoice": OuterRef("pk")}
    rows = {
        "lines": InvoiceLine.objects.filter(**of_it),
        "files": Attachment.objects.filter(**of_it),
        "payments": Payment.objects.standing().filter(**of_it),
        "submissions": Submission.objects.filter(**of_it),
        "comments": Comment.objects.visible_to(access).filter(**of_it),
        "notes": Comment.objects.visible_to(access).notes().filter(**of_it),
        "events": _events(invoice, access),
        "mail": _mails(invoice, access),
    }
    found = Invoice.objects.filter(pk=invoice.pk).values_list(*(_how_many(each) for each in rows.values())).get()
    counts = dict(zip(rows, found, strict=True))
    return counts | {"timeline": counts["events"] + counts["notes"]}  # each note is an event of its own


def _how_many(rows) -> Subquery:
    """COUNT as a plain function: no group, so that there is a row, 0, where there are none."""
    count = Func(F("pk"), function="COUNT", output_field=IntegerField())
    return Subquery(rows.order_by().annotate(many=count).values("many"))


def moves(request, invoice: Invoice) -> set[str]:
    """The transitions that the machine lets this person make now: what buttons are made from."""
    return {move.name for move in invoice.get_available_user_status_transitions(request.access)}


def summary_rows(invoice: Invoice) -> list[dict]:
    """Lines 1 to 9 as stored: number, words, amount; `sum` names the live figure on the entry sheet."""
    return [
        {
            "number": number,
            "label": label,
            "name": name,
            "sum": LIVE.get(name, ""),
            "value": getattr(invoice, name),
            "due": number == "8",
        }
        for number, label, name in labels.SUMMARY
    ]


# What the entry sheet adds up while somebody types: {property: the name of the live figure}.
LIVE = {
    "total_completed_and_stored": "total",
    "total_retainage": "held",
    "earned_less_retainage": "earned",
    "current_payment_due": "net",
    "balance_to_finish_including_retainage": "left",
}


def _lines(invoice: Invoice, request) -> dict:
    lines = lines_shown(invoice, request.access)
    return {"rows": lines, "totals": column_totals(lines), "columns": read_columns(lines)}


def _summary(invoice: Invoice, request) -> dict:
    lines = [row.line for row in lines_shown(invoice, request.access)]
    summary = stored_summary(invoice, lines)
    named = {
        "Lines 1 to 9": labels.SUMMARY_IN_FULL,
        "This period": [("", *each) for each in labels.THIS_PERIOD],
        "Change orders": [("", *each) for each in labels.CHANGE_ORDERS],
    }
    noun = labels.noun_for(request.access)
    return {
        "groups": [(title, how_amounts_came(invoice, summary, names, noun)) for title, names in named.items()],
        "identities": identities_of(
            invoice, lines if may_see_verdicts(invoice, request.access) else None, request.access
        ),
    }


def _payments(invoice: Invoice, request) -> dict:
    return {"payments": invoice.payments.select_related("recorded_by", "taken_back_by")}


def _subjects(invoice: Invoice, access) -> list:
    """What is told on its page: of itself; to the company's own people also of its way to accounting (I-10)."""
    beside = () if access.is_external else (getattr(invoice, name, None) for name in sorted(TOLD_ALONG))
    return [invoice, *filter(None, beside)]


def _mails(invoice: Invoice, access):
    """Every one that tells of it, among others or alone.

    Of its way through accounting what is about it alone, and what went to whoever looks: of several together it may
    be told what they come to in other projects (P-2).
    """
    of_it, *along = _subjects(invoice, access)
    told = Mail.objects.telling_of(of_it)
    for beside in along:
        told = told | Mail.objects.about(beside) | Mail.objects.telling_of(beside).filter(to=access.person)
    return told


def _events(invoice: Invoice, access, *notes: Comment):
    """Contacts read no step of a review: once it has decided, the lines and the certificate say what came of it.

    Until then (`may_see_verdicts`) neither who allowed another amount since the bill was sent; afterwards they do.
    """
    events = Event.objects.about(*_subjects(invoice, access), *notes)
    if not access.is_external:
        return events
    if not may_see_verdicts(invoice, access):
        events = events.exclude(verb=ENTERED, at__gt=invoice.submitted_at or invoice.created_at)
    return events.exclude(verb__in=REVIEWING)


def _timeline(invoice: Invoice, request) -> dict:
    """The events of the invoice; to the company's own people those of their notes with them."""
    notes = Comment.objects.visible_to(request.access).notes().filter(invoice=invoice)
    line = request.GET.get("line", "")
    about = {"words": f"Line {line}: "} if re.fullmatch("[0-9]{1,5}", line) else {}
    comment, note = (kept_for(request, address(invoice, name)) for name in ("invoice-comment", "invoice-note"))
    return {
        "events": _events(invoice, request.access, *notes)[:1000],
        "may_comment": may_comment(invoice, request.access),
        "may_note": may_note(invoice, request.access),
        "comment_form": CommentForm(initial={"words": comment.fields.get("comment-words")} if comment else about),
        "note_form": NoteForm(initial=note and {"words": note.fields.get("note-words")}),
        "kept_comment": comment,
        "kept_note": note,
    }


CONTENTS = {
    "lines": _lines,
    "summary": _summary,
    "files": lambda invoice, request: {"attachments": invoice.attachments.select_related("uploaded_by")},
    "payments": _payments,
    "submissions": lambda invoice, request: {
        "submissions": invoice.submissions.select_related("submitted_by").order_by("-pk")
    },
    "timeline": _timeline,
    "changes": lambda invoice, request: {"events": _events(invoice, request.access)[:1000]},
    "mail": lambda invoice, request: {"mails": _mails(invoice, request.access).for_list()[:200]},
}
