"""Comments to the other side and notes among the company's own people: two inputs, two addresses, one place to read."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect

from directory.decorators import WRITE
from directory.permissions import Level
from directory.refusals import NotAllowed, Refused
from invoicing.actions import comments
from invoicing.addresses import address
from invoicing.decorators import invoice_view
from invoicing.forms.comments import CommentForm, NoteForm
from invoicing.permissions import DRAFT_RIGHT, may_comment, may_note
from invoicing.views.invoices import show


@invoice_view(Level.READ_ONLY, methods=WRITE)
def comment(request, invoice):
    if not may_comment(invoice, request.access):
        raise NotAllowed(DRAFT_RIGHT)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return show(request, invoice, refused=Refused("The comment was not sent."), said={"comment_form": form})
    comments.comment(invoice, form.cleaned_data["words"], by=request.user)
    messages.success(request, "Your comment is sent.")
    return redirect(f"{address(invoice)}?show=timeline")


@invoice_view(Level.READ_ONLY, methods=WRITE)
def note(request, invoice):
    """To contacts it does not exist (P-8)."""
    if request.access.is_external:
        raise Http404
    if not may_note(invoice, request.access):
        raise NotAllowed(DRAFT_RIGHT)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return show(request, invoice, refused=Refused("The note was not kept."), said={"note_form": form})
    comments.note(invoice, form.cleaned_data["words"], by=request.user)
    messages.success(request, "Your note is kept. Only your team sees it.")
    return redirect(f"{address(invoice)}?show=timeline")
