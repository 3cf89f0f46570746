from django.http import Http404


def project_page(request, **rest):
    raise Http404
