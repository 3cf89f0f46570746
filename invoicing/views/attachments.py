from django.http import Http404


def attach(request, **rest):
    raise Http404


def download(request, **rest):
    raise Http404
