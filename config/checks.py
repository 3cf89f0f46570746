"""Settings with which the site must not start (R115).

Told by every command, by the web server before it serves, and by worker and scheduler before they begin.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error
from django.http.request import validate_host

KEY_LENGTH = 50  # what `manage.py check --deploy` asks for too


def bad_settings(app_configs=None, **kwargs) -> list[Error]:  # Django's signature
    """Nothing to say of the embedded default and of a demo; with DATABASE_URL it is production."""
    if settings.EMBEDDED or settings.DEMO:
        return _demo_in_the_open()
    problems = [
        (settings.DEBUG, "DEBUG is on: every error would show the settings.", "Unset DEBUG.", "plumbline.E001"),
        (
            len(settings.SECRET_KEY) < KEY_LENGTH or len(set(settings.SECRET_KEY)) < 5,
            "SECRET_KEY is short: sessions and links could be forged.",
            "Use one from: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
            "plumbline.E002",
        ),
        (
            not settings.IS_HTTPS,
            f"SITE_URL is {settings.SITE_URL}: passwords would travel in the open.",
            "Set SITE_URL to the https:// address that people type.",
            "plumbline.E003",
        ),
        (
            not settings.ALLOWED_HOSTS or any("*" in host for host in settings.ALLOWED_HOSTS),
            "ALLOWED_HOSTS names no host, or any.",
            "Set ALLOWED_HOSTS to the host name in SITE_URL.",
            "plumbline.E004",
        ),
        (
            settings.EMAIL_BACKEND.endswith(".filebased.EmailBackend"),
            "Mail goes to files: no invitation would reach anybody.",
            "Set EMAIL_URL to your mail server: smtp+tls://user:password@mail.example.com:587",
            "plumbline.E006",
        ),
        (
            not validate_host(urlsplit(settings.SITE_URL).hostname or "", settings.ALLOWED_HOSTS),
            f"ALLOWED_HOSTS does not name the host of {settings.SITE_URL}: links in mail would be refused.",
            "Set ALLOWED_HOSTS to the host name in SITE_URL.",
            "plumbline.E007",
        ),
    ]
    return [Error(message, hint=hint, id=number) for is_wrong, message, hint, number in problems if is_wrong]


def _demo_in_the_open() -> list[Error]:
    if settings.DEMO and settings.IS_HTTPS:
        hint = "A demo signs anybody in as anybody. Unset DEMO, or serve it on http://localhost."
        return [Error("DEMO is on and SITE_URL is an https:// address.", hint=hint, id="plumbline.E005")]
    return []
