from django.http import Http404


def commitment_page(request, **rest):
    raise Http404


def add_contact(request, **rest):
    raise Http404


def remove_contact(request, **rest):
    raise Http404


def commitment_list(request, **rest):
    raise Http404
