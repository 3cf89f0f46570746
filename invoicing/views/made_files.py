"""Files that are made in the background for whoever asked: how far they are, and taking them away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath

import structlog
from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.utils import timezone

from directory.decorators import READ, WRITE, project_view
from directory.downloads import AS_A_FILE, XLSX
from directory.models import Company, Project
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.server_clock import server_now
from directory.views.answers import progress
from invoicing import made_storage
from invoicing.actions import made_files
from invoicing.making import KEPT_FOR, content_of
from invoicing.models import MadeFile, MadeState

SHOWN = 50
CONTENT_TYPES = {".csv": "text/csv; charset=utf-8", ".xlsx": XLSX, ".zip": "application/zip"}

logger = structlog.get_logger(__name__)


def asked(request, ask: Callable, back: str):
    """Carry out `ask`, and on to the file's page; where it is refused, back to the page it was asked on, with why."""
    try:
        made = ask(by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(back)
    return _to_its_page(made)


def _to_its_page(made: MadeFile):
    return redirect(addresses_of(made.place)["file"], made.place.slug, made.pk)


@dataclass(frozen=True)
class Pages:
    """Where the files of one kind of place are shown: how its addresses begin, and the page that theirs extend.

    `called`: the word under which that page takes the place.
    """

    stem: str
    base: str
    called: str


PAGES: dict[type, Pages] = {Project: Pages("made-file", "project_base.html", "project")}  # the apps above add theirs


def addresses_of(place: Project | Company) -> dict[str, str]:
    """The names of its pages."""
    stem = PAGES[type(place)].stem
    return {"all": f"{stem}s", "file": stem, "again": f"{stem}-again", "download": f"{stem}-download"}


def _about(place: Project | Company) -> dict:
    pages = PAGES[type(place)]
    return {"place": place, pages.called: place, "base": pages.base, "at": addresses_of(place)}


def _load(request, place, pk) -> MadeFile:
    """One's own, here, of a kind that one may still have; anybody else's is not found."""
    found = MadeFile.objects.of(request.user, place).select_related("project__company", "of_company")
    made = found.filter(pk=pk).first()
    if made is None or not request.access.allows(*content_of(made).needs):
        raise Http404
    return made


def _load_seen(request, place, pk) -> MadeFile:
    """And only while every invoice in it may still be seen (R102)."""
    made = _load(request, place, pk)
    if not made.is_within(content_of(made).seen_by(request.access)):
        raise Http404
    return made


def show_all(request, place):
    found = MadeFile.objects.of(request.user, place)[:SHOWN]
    return render(request, "invoicing/made_files.html", _about(place) | {"files": found, "days": KEPT_FOR.days})


def show_one(request, place, pk):
    if request.htmx:
        return progress(request, job_of(_load(request, place, pk)))
    made = _load_seen(request, place, pk)
    return render(request, "invoicing/made_file.html", _about(place) | {"made": made, "job": job_of(made)})


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
        MadeState.MAKING: content_of(made).told(made.done, made.total),
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


def make_again(request, place, pk):
    made = _load_seen(request, place, pk)
    try:
        made_files.try_again(made, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    return _to_its_page(made)


def take(request, place, pk):
    """What is not ready, or no more, says so on its page."""
    made = _load_seen(request, place, pk)
    if not made.is_ready:
        return _to_its_page(made)
    try:
        content = made_storage.path_of(made.key).open("rb")
    except OSError as error:
        logger.error("made_file_missing", made_file=made.pk, problem=type(error).__name__)
        made_files.report_lost(made)
        return _to_its_page(made)
    made_files.record_taken(made, by=request.user)
    kind = CONTENT_TYPES[PurePath(made.name).suffix]
    return FileResponse(content, as_attachment=True, filename=made.name, content_type=kind, headers=AS_A_FILE)


def doors(view: Callable, *tool_and_level) -> dict[str, Callable]:
    """The four pages behind the doors of `view`. Not HEAD of a download, which takes nothing away."""
    return {
        "all": view(*tool_and_level, methods=READ)(show_all),
        "file": view(*tool_and_level, methods=READ)(show_one),
        "again": view(*tool_and_level, methods=WRITE)(make_again),
        "download": view(*tool_and_level, methods=("GET",))(take),
    }


OF_PROJECT = doors(project_view, Tool.COMMITMENTS, Level.READ_ONLY)
