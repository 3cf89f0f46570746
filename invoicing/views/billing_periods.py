from django.http import Http404


def period_list(request, **rest):
    raise Http404


def board(request, **rest):
    raise Http404


def invite(request, **rest):
    raise Http404


def close(request, **rest):
    raise Http404
