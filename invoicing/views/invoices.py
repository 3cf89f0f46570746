from django.http import Http404


def invoice_page(request, **rest):
    raise Http404


def start(request, **rest):
    raise Http404


def invoice_list(request, **rest):
    raise Http404
