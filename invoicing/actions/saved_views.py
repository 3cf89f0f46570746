"""Keeping and dropping views of a project's board and invoices and of accounting's queue: one's own, or shared."""

from django.db import transaction

from directory.models import Company, Event, Person, Project
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotNow, Refused
from invoicing.models import SavedView


@transaction.atomic
def save(
    where: Project | Company,
    name: str,
    query: str,
    *,
    page: str = SavedView.Page.BOARD,
    is_shared: bool = False,
    by,
) -> SavedView:
    """A view of the page that has the name already becomes this one: among one's own, or among the shared.

    `where`: the project whose page it is; of the queue, the company.
    """
    if is_shared:
        type(where).objects.select_for_update(no_key=True).get(pk=where.pk)
    by = Person.objects.select_for_update(no_key=True).get(pk=by.pk)  # their own clicks wait for each other
    _require(where, is_shared, by)
    name = _fitting(name, query)
    place = {"of_company" if isinstance(where, Company) else "project": where}
    alike = SavedView.objects.filter(**place, page=page, is_shared=is_shared)
    alike = alike if is_shared else alike.filter(person=by)
    view = alike.filter(name__iexact=name).first()
    if view is None and alike.count() >= SavedView.MOST:
        whose = f"{where.name} shares" if is_shared else "You have"
        raise NotNow(f"{whose} {SavedView.MOST} views here. Delete one first.")
    before = view.query if view else ""
    view = view or SavedView(**place, person=by, page=page, is_shared=is_shared)
    view.name, view.query = name, query
    view.save()
    did = "shared" if is_shared else "saved"
    Event.objects.record(f"{did} a view of {_page_of(view)}", view, by=by, changes={"view": [before, query]})
    return view


def _require(where: Project | Company, is_shared: bool, by) -> None:
    if isinstance(where, Company):
        access, tool = read_access(by, where), Tool.ERP_INTEGRATIONS
    else:
        access, tool = read_access(by, where.company, where), Tool.COMMITMENTS
    access.require(tool, Level.ADMIN if is_shared else Level.READ_ONLY)
    if is_shared and access.is_external:
        raise Refused("Only the company’s own people share views.", field="is_shared")


def _fitting(name: str, query: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 40:
        raise Refused("Give the view a name of at most 40 characters.", field="name")
    if not query:
        raise Refused("Filter or sort the list first: there is nothing to save yet.", field="name")
    if len(query) > 400:
        raise Refused("Search for fewer words: this view is too long to be saved.", field="name")
    return name


def _page_of(view: SavedView) -> str:
    return SavedView.Page(view.page).label


@transaction.atomic
def delete(view: SavedView, *, by) -> None:
    """One's own, or a shared one as an Admin. A second click finds nothing and does nothing."""
    view = SavedView.objects.select_for_update(of=("self",)).filter(pk=view.pk).first()
    if view is None or not (view.is_shared or view.person_id == by.pk):
        return
    if view.is_shared:
        _require(view.where, view.is_shared, by)
    what = f"a {'shared ' if view.is_shared else ''}view of {_page_of(view)}"
    Event.objects.record(f"deleted {what}", view, by=by, changes={"view": [view.query, ""]})
    view.delete()
