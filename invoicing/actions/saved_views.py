"""Keeping and dropping one's own views of a project's billing board."""

from django.db import transaction

from directory.models import Event, Person, Project
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotNow, Refused
from invoicing.models import SavedView


@transaction.atomic
def save(project: Project, name: str, query: str, *, by) -> SavedView:
    """Under a name of one's own; a view that has the name already becomes this one."""
    by = Person.objects.select_for_update(no_key=True).get(pk=by.pk)  # their own clicks wait for each other
    read_access(by, project.company, project).require(Tool.COMMITMENTS, Level.READ_ONLY)
    name = " ".join(name.split())
    if not 0 < len(name) <= 40:
        raise Refused("Give the view a name of at most 40 characters.", field="name")
    if not query:
        raise Refused("Filter or sort the board first: there is nothing to save yet.", field="name")
    if len(query) > 400:
        raise Refused("Search for fewer words: this view is too long to be saved.", field="name")
    own = SavedView.objects.filter(project=project, person=by)
    view = own.filter(name__iexact=name).first()
    if view is None and own.count() >= SavedView.MOST:
        raise NotNow(f"You have {SavedView.MOST} views here. Delete one first.")
    before = view.query if view else ""
    view = view or SavedView(project=project, person=by)
    view.name, view.query = name, query
    view.save()
    Event.objects.record("saved a view of the board", view, by=by, changes={"view": [before, query]})
    return view


@transaction.atomic
def delete(view: SavedView, *, by) -> None:
    """Only one's own. A second click finds nothing and does nothing."""
    view = SavedView.objects.select_for_update(of=("self",)).filter(pk=view.pk, person=by).first()
    if view is None:
        return
    Event.objects.record("deleted a view of the board", view, by=by, changes={"view": [view.query, ""]})
    view.delete()
