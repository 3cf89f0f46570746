"""Files of an invoice or a commitment: taking them in, and giving them out to whoever may see what they are on."""

import structlog
from django.contrib import messages
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import WRITE
from directory.downloads import AS_A_FILE
from directory.permissions import Level
from directory.refusals import NotAllowed, Refused
from invoicing.actions import attachments
from invoicing.addresses import address, commitment_address
from invoicing.decorators import commitment_view, invoice_view
from invoicing.forms.attachments import AttachmentForm, FileForm
from invoicing.models.attachments import StoredFile
from invoicing.permissions import may_attach, may_attach_to_commitment
from invoicing.views.commitments import show as show_commitment
from invoicing.views.invoices import show

logger = structlog.get_logger(__name__)


@invoice_view(Level.READ_ONLY, methods=WRITE)
def attach(request, invoice):
    if not may_attach(invoice, request.access):
        raise NotAllowed("Standard on Commitments")
    form = AttachmentForm(request.POST, request.FILES)
    if not form.is_valid():
        return show(request, invoice, refused=Refused("The file was not attached."), form=form)
    file, is_waiver = form.cleaned_data["file"], form.cleaned_data["is_lien_waiver"]
    try:
        attachments.attach(invoice, file.name, file.read(), by=request.user, is_lien_waiver=is_waiver)
    except Refused as refused:
        form.add_error("file", refused.message)
        return show(request, invoice, refused=Refused("The file was not attached."), form=form)
    messages.success(request, f"“{file.name}” is attached.")
    return redirect(f"{address(invoice)}?show=files")


@invoice_view(Level.READ_ONLY, methods=("GET",))
def download(request, invoice, pk):
    return _handed_out(request, get_object_or_404(invoice.attachments, pk=pk), f"{address(invoice)}?show=files")


@commitment_view(Level.READ_ONLY, methods=WRITE)
def attach_to_commitment(request, commitment):
    if not may_attach_to_commitment(commitment, request.access):
        raise NotAllowed("Standard on Commitments")
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return show_commitment(request, commitment, status=422, more={"file_form": form})
    file = form.cleaned_data["file"]
    try:
        attachments.attach_to_commitment(commitment, file.name, file.read(), by=request.user)
    except Refused as refused:
        form.add_error("file", refused.message)
        return show_commitment(request, commitment, status=422, more={"file_form": form})
    messages.success(request, f"“{file.name}” is attached.")
    return redirect("commitment", commitment.project.slug, commitment.number)


@commitment_view(Level.READ_ONLY, methods=("GET",))
def download_of_commitment(request, commitment, pk):
    found = get_object_or_404(commitment.attachments, pk=pk)
    return _handed_out(request, found, commitment_address(commitment))


def _handed_out(request, attachment: StoredFile, back: str):
    """Always a download, never a page of this site, whatever the file says it is (R104).

    A file that is lost or can't be read is told to whoever asks, and to the owner in the log, like those that the
    nightly sweep misses.
    """
    try:
        content = attachment.file.open("rb")
    except OSError as error:
        lost = f"{attachment.name} of {attachment.owner}"
        logger.error("attachments_missing", count=1, files=[lost], problem=type(error).__name__)
        return render(request, "invoicing/file_lost.html", {"file": attachment, "back": back}, status=404)
    attachments.record_download(attachment, by=request.user)
    return FileResponse(
        content,
        as_attachment=True,
        filename=attachment.name,
        content_type="application/octet-stream",
        headers=AS_A_FILE,
    )
