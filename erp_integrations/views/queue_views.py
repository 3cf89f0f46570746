"""Views of accounting's queue: what its address says, kept under a name, one's own or shared (section 8)."""

from django.urls import reverse

from directory.decorators import WRITE, company_view
from directory.permissions import Level, Tool
from erp_integrations.views import queue
from invoicing.forms.saved_views import ViewForm
from invoicing.models import SavedView
from invoicing.views import saved_views


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=WRITE)
def save(request, company):
    query, here = queue.CameFrom.of(request, company).narrowing, reverse("erp-queue", args=[company.slug])

    def again(form: ViewForm, status: int):
        return queue.show_list(request, company, naming=form, status=status)

    return saved_views.keep(request, company, SavedView.Page.QUEUE, query, here, again)


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=WRITE)
def delete(request, company, view):
    return saved_views.drop(request, SavedView.Page.QUEUE, view, reverse("erp-queue", args=[company.slug]))
