from django.http import Http404


def answer(request, **rest):
    raise Http404
