"""A company's directory of people, the page of each, what its Admins do there, and one's own profile."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render

from directory import second_factor
from directory.accounts import remember_keys
from directory.actions import people
from directory.decorators import READ, WRITE, company_view, signed_in_view
from directory.forms import ProfileForm
from directory.models import AccountingPrivilege, AccountInvitation, Event, Mail, Membership, PrivilegeRequest
from directory.people_forms import MoveForm, NewPersonForm, PeopleFilter, PersonForm, ReasonForm
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.roster import entries_of
from directory.views.answers import carried_out, dialog, posted, show_at_its_field

A_PAGE = 50


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def directory(request, company):
    form = PeopleFilter(company, request.GET)
    paginator = Paginator(form.shown(), A_PAGE)
    paginator.count = form.counts[form.state_shown]  # counted for the chips already
    page = paginator.get_page(request.GET.get("page"))
    context = _company(request, company) | {
        "form": form,
        "chips": form.chips,
        "page": page,
        "entries": entries_of(company, page.object_list),
    }
    return render(request, "directory/people.html", context)


def _company(request, company) -> dict:
    return {"company": company, "tab": "people", "is_admin": request.access.is_directory_admin}


def _membership(company, pk: int) -> Membership:
    return get_object_or_404(Membership.objects.filter(company=company).by_employer(), pk=pk)


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def person_page(request, company, pk):
    membership = _membership(company, pk)
    [entry] = entries_of(company, Membership.objects.filter(pk=pk).by_employer())
    privileges = list(AccountingPrivilege.objects.filter(person=membership.person_id, company=company))
    requests = list(PrivilegeRequest.objects.filter(person=membership.person_id, company=company))
    links = AccountInvitation.objects.filter(person=membership.person_id, company=company)
    context = _company(request, company) | {
        "membership": membership,
        "entry": entry,
        "is_oneself": membership.person == request.user,
        "needs_link": membership.state == Membership.State.ACTIVE and not membership.person.has_usable_password(),
        "request_waits": any(each.state == PrivilegeRequest.State.WAITING for each in requests),
        "privilege": next((each for each in privileges if each.is_live), None),
        "events": Event.objects.about(membership, *privileges, *requests)[:50],
        "mails": Mail.objects.about(membership, *links).select_related("to")[:20],
    }
    return render(request, "directory/person.html", context)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def add_person(request, company):
    form = NewPersonForm(company, posted(request), initial={"vendor": request.GET.get("vendor")})
    if request.method == "POST" and carried_out(
        form, lambda typed: people.add_person(company, **typed, by=request.user)
    ):
        messages.success(request, f"We have mailed {form.cleaned_data['email']} how to get in.")  # R76: to all alike
        return redirect("company-directory", company.slug)
    context = _company(request, company) | {"form": form}
    return render(request, "directory/person_new.html", context, status=422 if form.errors else 200)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def edit_person(request, company, pk):
    membership = _membership(company, pk)
    names = people.may_rename(membership, request.user)
    form = PersonForm(membership, posted(request), names=names)
    if request.method == "POST" and carried_out(
        form, lambda typed: people.edit_person(membership, **typed, by=request.user)
    ):
        messages.success(request, "Saved.")
        return redirect("directory-person", company.slug, pk)
    return dialog(request, "directory/person_edit.html", _company(request, company) | _of(membership, form))


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def move_person(request, company, pk):
    membership = _membership(company, pk)
    form = MoveForm(membership, posted(request))
    if request.method == "POST" and carried_out(
        form, lambda typed: people.change_employer(membership, **typed, by=request.user)
    ):
        employer = form.cleaned_data["vendor"] or company
        messages.success(request, f"{membership.shown_name} works for {employer} now, without any level.")
        return redirect("directory-person", company.slug, pk)
    return dialog(request, "directory/person_move.html", _company(request, company) | _of(membership, form))


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def deactivate_person(request, company, pk):
    membership = _membership(company, pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and carried_out(
        form, lambda typed: people.deactivate_membership(membership, **typed, by=request.user)
    ):
        messages.success(request, f"{membership.shown_name} is out of the directory and signed out everywhere.")
        return redirect("directory-person", company.slug, pk)
    return dialog(request, "directory/person_deactivate.html", _company(request, company) | _of(membership, form))


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def reactivate_person(request, company, pk):
    membership = _membership(company, pk)
    back = people.reactivate_membership(membership, by=request.user)
    words = "was asked again by mail" if back.asked_at else "is back in the directory, without any level"
    messages.success(request, f"{back.shown_name} {words}.")
    return redirect("directory-person", company.slug, pk)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def invite_again(request, company, pk):
    membership = _membership(company, pk)
    people.invite_again(membership, by=request.user)
    messages.success(request, f"{membership.person.email} gets a new link. The one before no longer works.")
    return redirect("directory-person", company.slug, pk)


def _of(membership: Membership, form) -> dict:
    privilege = membership.person.holds_push_privilege(membership.company)
    return {"membership": membership, "form": form, "holds_privilege": privilege}


@signed_in_view()
def profile(request):
    person = request.user
    known = {"name": person.name, "uses_keys": person.uses_keys}
    form = ProfileForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            people.change_profile(person, **form.cleaned_data)
        except Refused as refusal:
            show_at_its_field(form, refusal)
        else:
            messages.success(request, "Your profile is saved.")
            return remember_keys(redirect("profile"), person)
    context = {
        "form": form,
        "memberships": person.memberships.in_order_of_company(),
        "factors": second_factor.in_words(person),
        "questions": person.memberships.questions(),
    }
    return render(request, "directory/profile.html", context, status=422 if form.errors else 200)
