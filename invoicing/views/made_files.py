"""Files that are made in the background for whoever asked: how far they are, and taking them away."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.utils import timezone

from directory.decorators import READ, WRITE, project_view
from directory.downloads import AS_A_FILE, XLSX
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.server_clock import server_now
from directory.views.answers import progress
from invoicing import made_storage
from invoicing.actions import made_files
from invoicing.making import KEPT_FOR
from invoicing.models import MadeFile, MadeKind, MadeState

SHOWN = 50
CONTENT_TYPES = {MadeKind.CSV: "text/csv; charset=utf-8", MadeKind.XLSX: XLSX}

logger = structlog.get_logger(__name__)


def asked(request, ask: Callable, back: str):
    """Carry out `ask`, and on to the file's page; where it is refused, back to the page it was asked on, with why."""
    try:
        made = ask(by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(back)
    return redirect("made-file", made.project.slug, made.pk)


def _load(request, project, pk) -> MadeFile:
    """One's own, in this project; anybody else's is not found."""
    made = MadeFile.objects.of(request.user, project).filter(pk=pk).first()
    if made is None:
        raise Http404
    made.project = project
    return made


def _load_seen(request, project, pk) -> MadeFile:
    """And only while every invoice in it may still be seen (R102)."""
    made = _load(request, project, pk)
    if not made.is_seen_by(request.access):
        raise Http404
    return made


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def file_list(request, project):
    found = MadeFile.objects.of(request.user, project)[:SHOWN]
    return render(request, "invoicing/made_files.html", {"project": project, "files": found, "days": KEPT_FOR.days})


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def file_page(request, project, pk):
    if request.htmx:
        return progress(request, job_of(_load(request, project, pk)))
    made = _load_seen(request, project, pk)
    return render(request, "invoicing/made_file.html", {"project": project, "made": made, "job": job_of(made)})


NOT_TAKEN_UP = "No worker has taken it up yet. It is made as soon as one runs; nothing is lost. Tell the site’s owner."
SOON = timedelta(minutes=1)  # a worker is woken every few seconds


def _is_left_waiting(made: MadeFile) -> bool:
    """Although no other file is being made, for which it would wait: nobody makes files."""
    is_new = made.state == MadeState.WAITING and not made.attempts
    if not is_new or timezone.now() - made.created_at < SOON:
        return False
    return not MadeFile.objects.filter(state=MadeState.MAKING, lease_until__gte=server_now()).exists()


def job_of(made: MadeFile) -> dict:
    words = {
        MadeState.WAITING: NOT_TAKEN_UP if _is_left_waiting(made) else "Waiting for its turn.",
        MadeState.MAKING: f"{made.done:,} of {made.total:,} done.",
        MadeState.READY: "The file is ready.",
        MadeState.FAILED: "The file could not be made.",
        MadeState.EXPIRED: "The file was removed.",
    }
    return {
        "id": "job",
        "label": made.title,
        "running": made.is_under_way,
        "seconds": (timezone.now() - made.created_at).total_seconds(),
        "done": made.done,
        "total": made.total or 1,
        "words": words[MadeState(made.state)],
    }


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def try_again(request, project, pk):
    made = _load_seen(request, project, pk)
    try:
        made_files.try_again(made, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("made-file", project.slug, made.pk)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=("GET",))
def download(request, project, pk):
    """Not HEAD, which takes nothing away. What is not ready, or no more, says so on its page."""
    made = _load_seen(request, project, pk)
    if not made.is_ready:
        return redirect("made-file", project.slug, made.pk)
    try:
        content = made_storage.path_of(made.key).open("rb")
    except OSError as error:
        logger.error("made_file_missing", made_file=made.pk, problem=type(error).__name__)
        made_files.report_lost(made)
        return redirect("made-file", project.slug, made.pk)
    made_files.record_taken(made, by=request.user)
    kind = CONTENT_TYPES.get(made.kind, "application/zip")
    return FileResponse(content, as_attachment=True, filename=made.name, content_type=kind, headers=AS_A_FILE)
