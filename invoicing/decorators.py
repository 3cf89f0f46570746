"""The door of pages about one commitment or one invoice: the project's door, then what this person may see of it.

What the person may not see answers 404 exactly like what does not exist (P-1, P-2, P-8).
"""

from collections.abc import Callable
from functools import wraps

from django.db.models import prefetch_related_objects
from django.http import Http404

from directory.decorators import FORM, project_view
from directory.kept import kept
from directory.permissions import Level, Tool
from invoicing.models import Commitment, Invoice


def commitment_view(level: Level, *, methods=FORM) -> Callable:
    """For addresses with <project> and <number>: the view gets (request, commitment, …)."""

    def decorate(view):
        @wraps(view)
        def wrapped(request, project, *, number, **rest):
            return view(request, _commitment(request.access, number), **rest)

        return project_view(Tool.COMMITMENTS, level, methods=methods)(wrapped)

    return decorate


def invoice_view(level: Level, *, methods=FORM) -> Callable:
    """For addresses with <project>, <number> and <position>: the view gets (request, invoice, …)."""

    def decorate(view):
        @wraps(view)
        def wrapped(request, project, *, number, position, **rest):
            visible = Invoice.objects.visible_to(request.access).order_by().values("pk")
            invoice = next(iter(_invoices(visible=visible, number=number, position=position)), None)
            if invoice is None:
                raise Http404
            _know(invoice.commitment, request.access)
            invoice.billing_period.project = request.access.project
            return view(request, invoice, **rest)

        return project_view(Tool.COMMITMENTS, level, methods=methods)(wrapped)

    return decorate


@kept
def _invoices(visible, number, position):
    return Invoice.objects.for_page().filter(pk__in=visible, commitment__number=number, position=position)


def _commitment(access, number: str) -> Commitment:
    commitment = Commitment.objects.visible_to(access).with_context().filter(number=number).first()
    if commitment is None:
        raise Http404
    _know(commitment, access)
    return commitment


def _know(commitment: Commitment, access) -> None:
    """Its project is the one of the door; who bills it is read once, where the page of an external person asks."""
    commitment.project = access.project
    if access.is_external:
        prefetch_related_objects([commitment], "invoice_contacts")
