"""What views have in common: carrying out what a form asks, showing a dialog or its page, and how far a job is."""

from collections.abc import Callable

from django.shortcuts import render

from directory.refusals import Refused


def posted(request):
    """What a form is filled with: what was sent, be it nothing, or None where nobody sent anything."""
    return request.POST if request.method == "POST" else None


def show_at_its_field(form, refused: Refused) -> None:
    """Why it was not done, beside its field; above them all where it names none, or none that this form has."""
    form.add_error(refused.field if refused.field in form.fields else None, refused.message)


def carried_out(form, act: Callable[[dict], object]) -> bool:
    """Whether the form was in order and `act` did it; a refusal stands beside its field, and nothing typed is lost."""
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except Refused as refusal:
        show_at_its_field(form, refusal)
        return False
    return True


def part_of(request, template: str) -> str:
    """The box alone where a page fetched it, else the whole page with the same words."""
    return f"{template}#dialog" if request.htmx else template


def dialog(request, template: str, context: dict):
    """The box or its page; 422 with what is wrong."""
    form = context.get("form")
    return render(request, part_of(request, template), context, status=422 if form and form.errors else 200)


def progress(request, job: dict):
    """What a running page asks for: how far `job` is, and once it is finished the word to draw the page anew."""
    response = render(request, "components/progress.html", {"url": request.path} | job)
    if not job["running"]:
        response.headers["HX-Refresh"] = "true"
    return response
