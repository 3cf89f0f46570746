from django.http import Http404


def my_bills(request, **rest):
    raise Http404
