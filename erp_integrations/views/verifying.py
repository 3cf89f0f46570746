"""Verify a file: somebody shows one, and hears whether it is ours, altered, superseded or unknown (E-8)."""

from django.shortcuts import render

from directory.decorators import company_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from erp_integrations.exporting.verifying import Answer, verify
from erp_integrations.forms import FileToVerify
from erp_integrations.views.queue import about

TONES = {
    Answer.ORIGINAL: ("ok", "shield-check"),
    Answer.ALTERED: ("bad", "triangle-alert"),
    Answer.SUPERSEDED: ("bad", "ban"),
    Answer.UNKNOWN: ("warn", "circle-question-mark"),
    Answer.NOT_COMPARED: ("warn", "circle-question-mark"),
}


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)
def verify_file(request, company):
    """Nothing of what is shown is kept."""
    if request.method != "POST":
        return _show(request, company, FileToVerify())
    form = FileToVerify(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, company, form)
    file = form.cleaned_data["file"]
    try:
        found = verify(company, file.name, file.read())
    except Refused as refused:
        form.add_error("file", refused.message)
        return _show(request, company, form, status=refused.status)
    return _show(request, company, FileToVerify(), found)


def _show(request, company, form: FileToVerify, found=None, *, status: int = 422):
    tone, icon = TONES[found.answer] if found else ("", "")
    context = about(request, company) | {"form": form, "found": found, "tone": tone, "icon": icon}
    context["hashes"] = _hashes(found) if found else []
    return render(request, "erp_integrations/verify.html", context, status=status if form.errors else 200)


def _hashes(found) -> list[tuple[str, list[str]]]:
    """SHA-256 of what was shown, and where that differs of what was built; in parts, so that it fits a phone."""
    hashes = [("SHA-256", found.sha256)]
    if found.batch and not found.is_same_bytes:
        hashes += [("Built workbook", found.batch.file_sha256), ("Built CSV", found.batch.csv_sha256)]
    return [(label, [sha256[at : at + 16] for at in range(0, len(sha256), 16)]) for label, sha256 in hashes]
