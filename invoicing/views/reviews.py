from django.http import Http404


def review(request, **rest):
    raise Http404


def approve_the_rest(request, **rest):
    raise Http404


def finish(request, **rest):
    raise Http404


def decide(request, **rest):
    raise Http404


def allow(request, **rest):
    raise Http404


def reopen(request, **rest):
    raise Http404
