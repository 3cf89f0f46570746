from django.http import Http404


def enter(request, **rest):
    raise Http404


def take_up_change_orders(request, **rest):
    raise Http404


def send(request, **rest):
    raise Http404


def withdraw(request, **rest):
    raise Http404


def save_draft(request, **rest):
    raise Http404
