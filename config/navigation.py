"""The top bar: where this person can go from here."""


def navigation(request):
    return {"navigation": []}
