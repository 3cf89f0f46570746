"""The pages that make a commitment, edit it and move its status."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import project_view
from directory.machines import no_longer
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from directory.unsaved import Unsaved, kept_for
from directory.views.answers import part_of, show_at_its_field
from invoicing import presence
from invoicing.actions import commitment_edits, commitment_moves, commitments
from invoicing.cautions import cautions_about
from invoicing.decorators import commitment_view
from invoicing.forms.commitment_fields import CommitmentForm, differences
from invoicing.forms.commitments import MoveForm
from invoicing.models import Commitment
from invoicing.permissions import ADMIN_RIGHT, DRAFT_RIGHT, may_create_commitments, may_edit_commitment
from invoicing.views.commitments import show
from invoicing.views.doors import must_administer


@project_view(Tool.COMMITMENTS, Level.STANDARD)
def new(request, project, kind: str):
    """A draft, by any of the company's own people with Standard (1.2)."""
    if not may_create_commitments(request.access):
        raise NotAllowed(DRAFT_RIGHT)
    kind = Commitment.Kind(kind)
    form = CommitmentForm(request.POST or None, company=project.company)
    if request.method == "POST" and form.is_valid():
        try:
            made = commitments.enter(Commitment(project=project, kind=kind, **form.values), [], by=request.user)
        except Refused as refused:
            show_at_its_field(form, refused)
        else:
            messages.success(request, f"{made.number} is a draft. Its schedule of values comes next.")
            return redirect("schedule", project.slug, made.number)
    context = {"project": project, "form": form, "kind": kind}
    return render(request, "invoicing/commitment_form.html", context, status=422 if form.errors else 200)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY)
def edit(request, project, pk: int):
    """By its id: a second person may meanwhile have given it another number."""
    visible = Commitment.objects.visible_to(request.access).select_related("project__company", "vendor")
    commitment = get_object_or_404(visible, pk=pk)
    if not may_edit_commitment(commitment, request.access):
        raise NotAllowed(ADMIN_RIGHT)
    form = CommitmentForm(request.POST or None, company=commitment.project.company, commitment=commitment)
    if request.method != "POST":
        presence.opened(commitment, request.user, "its fields")
    if request.method != "POST" or not form.is_valid():
        return _show_edit(request, commitment, form)
    version = form.cleaned_data["version"] or 0
    try:
        saved = commitment_edits.edit(commitment, form.values, by=request.user, version=version)
    except Stale:
        return _show_both_versions(request, commitment, form)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show_edit(request, commitment, form, status=refused.status)
    presence.done(saved, request.user)
    messages.success(request, f"{saved.number} is saved.")
    return redirect("commitment", commitment.project.slug, saved.number)


def _show_both_versions(request, commitment: Commitment, form: CommitmentForm):
    """I-5: what they stored beside what was typed here. Saving again, knowingly, puts the typed over it."""
    commitment.refresh_from_db()
    context = {"differences": differences(form, commitment)}
    again = form.rebased(commitment.project.company, commitment)
    return _show_edit(request, commitment, again, status=409, **context)


def _show_edit(request, commitment: Commitment, form: CommitmentForm, *, status: int = 200, differences=None):
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "kind": Commitment.Kind(commitment.kind),
        "form": form,
        "differences": differences,
        "is_stale": status == 409 and differences is not None,
        "cautions": cautions_about(commitment, request.access),
        "editors": presence.others_at(commitment, request.user),
    }
    status = 422 if form.errors and status == 200 else status
    return render(request, "invoicing/commitment_form.html", context, status=status)


@commitment_view(Level.ADMIN)
def move(request, commitment, name: str):
    """Another status. Whoever only looks is asked what will happen, and why where a reason is needed."""
    must_administer(request.access)
    if name not in commitment_moves.MOVES:
        raise Http404
    if name not in {each.name for each in commitment.get_available_user_status_transitions(request.access)}:
        return _not_moved(request, commitment, name, NotNow(no_longer(commitment)))
    needs_reason = commitment_moves.words_of(name)["needs_reason"]
    if request.method != "POST":
        kept = kept_for(request)
        reason = kept.fields.get("reason", "") if kept else ""
        form = MoveForm(version=commitment.version, needs_reason=needs_reason, reason=reason)
        return _ask(request, commitment, name, form, kept=kept)
    form = MoveForm(request.POST, version=commitment.version, needs_reason=needs_reason)
    if not form.is_valid():
        return _ask(request, commitment, name, form)
    asked = form.cleaned_data
    try:
        moved = commitment_moves.move(
            commitment, name, by=request.user, reason=asked["reason"], version=asked["version"] or 0
        )
    except Refused as refused:
        return _not_moved(request, commitment, name, refused)
    messages.success(request, f"{moved.number} is {moved.get_status_display()} now.")
    return redirect("commitment", commitment.project.slug, moved.number)


def _not_moved(request, commitment: Commitment, name: str, refused: Refused):
    """Its page says why; with a reason typed it is the question again, and the reason stands in it."""
    now = Commitment.objects.with_context().get(pk=commitment.pk)
    if not request.POST.get("reason"):
        return show(request, now, refused=refused)
    needs_reason = commitment_moves.words_of(name)["needs_reason"]
    form = MoveForm(version=now.version, needs_reason=needs_reason, reason=request.POST["reason"])
    return _ask(request, now, name, form, refused)


def _ask(
    request,
    commitment: Commitment,
    name: str,
    form: MoveForm,
    refused: Refused | None = None,
    kept: Unsaved | None = None,
):
    context = {
        "kept": kept,
        "refused": refused,
        "is_over": isinstance(refused, NotNow),
        "project": commitment.project,
        "commitment": commitment,
        "name": name,
        "words": commitment_moves.words_of(name),
        "form": form,
    }
    template = part_of(request, "invoicing/commitment_move.html")
    return render(request, template, context, status=refused.status if refused else 422 if form.errors else 200)
