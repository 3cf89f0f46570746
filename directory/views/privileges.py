"""Who can push to accounting in a company, and asking the site owner for one more person (P-5, P-6)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from directory.actions import privileges
from directory.decorators import READ, WRITE, company_view
from directory.models import AccountingPrivilege, PrivilegeRequest
from directory.permissions import Level, Tool, accounting_approvers
from directory.privilege_forms import AskForm
from directory.refusals import Refused
from directory.views.answers import show_at_its_field

ANSWERED_SHOWN = 10


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def approvers(request, company):
    return show(request, company)


def show(request, company, *, form: AskForm | None = None):
    """The page; with a `form`, what was wrong with it, and nothing typed is lost."""
    is_admin = request.access.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    acting = set(accounting_approvers(company).values_list("pk", flat=True))
    holders = AccountingPrivilege.objects.live().of(company).order_by("person__name")
    asked = PrivilegeRequest.objects.of(company)
    context = {
        "company": company,
        "tab": "approvers",
        "is_admin": is_admin,
        "holders": [{"privilege": each, "acts": each.person_id in acting} for each in holders],
        "waiting": asked.waiting(),
        "answered": asked.exclude(state=PrivilegeRequest.State.WAITING)[:ANSWERED_SHOWN],
        "form": form or (AskForm(company, request.user) if is_admin else None),
    }
    return render(request, "directory/approvers.html", context, status=422 if form else 200)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def ask(request, company):
    form = AskForm(company, request.user, request.POST)
    if not form.is_valid():
        return show(request, company, form=form)
    typed = form.cleaned_data
    try:
        privileges.ask(typed["person"], company, by=request.user, reason=typed["reason"])
    except Refused as refusal:
        show_at_its_field(form, refusal)
        return show(request, company, form=form)
    messages.success(request, f"The site owner is asked for {typed['person']}. You get a mail with the answer.")
    return redirect("accounting-approvers", company.slug)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def take_back(request, company, pk):
    asked = get_object_or_404(PrivilegeRequest.objects.of(company), pk=pk)
    privileges.take_back(asked, by=request.user)
    messages.success(request, f"The request for {asked.person} is taken back.")
    return redirect("accounting-approvers", company.slug)
