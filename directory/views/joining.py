"""The question whether one joins a company's directory, put to a login of old, and its two answers (R89)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from directory.actions import joining
from directory.decorators import READ, WRITE, signed_in_view


@signed_in_view(methods=READ)
def questions(request):
    return render(request, "directory/joining.html", {"questions": request.user.memberships.questions()})


@signed_in_view(methods=WRITE)
def join(request, pk):
    membership = joining.join(_question(request, pk), by=request.user)
    messages.success(request, f"You are in the directory of {membership.company} now.")
    return redirect("profile")


@signed_in_view(methods=WRITE)
def decline(request, pk):
    membership = joining.decline(_question(request, pk), by=request.user)
    messages.success(request, f"You stay out of the directory of {membership.company}. They can see that you said so.")
    return redirect("joining")


def _question(request, pk: int):
    """Whoever was not asked finds nothing."""
    return get_object_or_404(request.user.memberships.questions(), pk=pk)
