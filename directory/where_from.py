"""From where a request comes: what a log says of it."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied


def where_from(request) -> str | None:
    """Its IP address, by the word of our own proxies alone, as signing in counts tries (R91); None when none tells."""
    try:
        return get_adapter().get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return None
