"""Settings with which the site must not start (R115).

Told by every command, by the web server before it serves, and by worker and scheduler before they begin.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core import checks
from django.core.checks import Error
from django.db import Error as DatabaseTrouble
from django.db import connections
from django.http.request import validate_host

KEY_LENGTH = 50  # what `manage.py check --deploy` asks for too
TOKEN_LENGTH = 20
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MOUNTS = Path("/proc/mounts")
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs"}

logger = structlog.get_logger(__name__)


def bad_settings(app_configs=None, **kwargs) -> list[Error]:  # Django's signature
    """Nothing is asked of a demo, or SQLite, over http under this machine's own names. All else is production."""
    if (settings.DEMO or settings.EMBEDDED) and not settings.IS_HTTPS and _is_for_this_machine_alone():
        return _of_sqlite()
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
            settings.DEMO,
            "DEMO is on, which signs anybody in as anybody, and the site is not on http://localhost alone.",
            "Unset DEMO; or set SITE_URL to http://localhost:8000 and ALLOWED_HOSTS to localhost.",
            "plumbline.E005",
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
        (
            settings.BEHIND_PROXY and not settings.ALLAUTH_TRUSTED_PROXY_COUNT,
            "BEHIND_PROXY counts no more: the site would take every request for http, from the proxy itself.",
            "Set TRUSTED_PROXY_COUNT to how many proxies of yours stand in front, 1 for one, and unset BEHIND_PROXY.",
            "plumbline.E008",
        ),
        (
            not settings.EMBEDDED and settings.VAR_DIR.resolve().is_relative_to(settings.BASE_DIR),
            f"Files are kept in {settings.VAR_DIR}, in the program's own folder: its next version would not find them.",
            "Set PLUMBLINE_VAR to a folder beside it, by its whole path, and move there what this one holds.",
            "plumbline.E009",
        ),
    ]
    found = [Error(message, hint=hint, id=number) for is_wrong, message, hint, number in problems if is_wrong]
    return found + _of_sqlite()


def _is_for_this_machine_alone() -> bool:
    """Whether every name that the site answers to, or puts into links, leads to the machine that asks."""
    names = [*settings.ALLOWED_HOSTS, urlsplit(settings.SITE_URL).hostname or ""]
    return all(name.lower().strip("[]") in LOOPBACK or name.lower().endswith(".localhost") for name in names)


def _of_sqlite() -> list[Error]:
    """What would let two write at once. Nobody is asked on PostgreSQL, which locks rows itself."""
    if not settings.EMBEDDED:
        return []
    found, kind = [], file_system_of(settings.VAR_DIR.resolve())
    if kind in NETWORK_DISKS:  # R133: its log is shared through memory, which two hosts don't have in common
        hint = "Set PLUMBLINE_VAR to a folder on a disk of this machine, or DATABASE_URL to a PostgreSQL."
        words = f"SQLite would be on a network disk ({kind}): {settings.VAR_DIR}."
        found.append(Error(words, hint=hint, id="plumbline.E010"))
    if settings.DATABASES["default"]["OPTIONS"].get("transaction_mode") != "IMMEDIATE":  # R46: no row is locked there
        hint = "Keep SQLITE_OPTIONS of config/settings.py."
        words = "SQLite's transactions would not begin IMMEDIATE: who reads to write would not be alone."
        found.append(Error(words, hint=hint, id="plumbline.E011"))
    return found


def file_system_of(folder: Path, mounts: str | None = None) -> str:
    """The type of what is mounted there, as Linux tells it in /proc/mounts; "" where nothing tells."""
    if mounts is None:
        mounts = MOUNTS.read_text() if MOUNTS.exists() else ""
    rows = [line.split() for line in mounts.splitlines() if line]
    kinds = {re.sub(r"\\(\d{3})", lambda each: chr(int(each[1], 8)), where): kind for _, where, kind, *_ in rows}
    return next((kinds[str(place)] for place in (folder, *folder.parents) if str(place) in kinds), "")


def worth_a_word(app_configs=None, **kwargs) -> list[checks.Warning]:  # Django's signature
    """What a site runs with and had better not; `manage.py check` and every other command say it."""
    found, is_production = [], not settings.EMBEDDED and not settings.DEMO
    if is_production and not settings.REDIS_URL:
        hint = (
            "Set REDIS_URL. On a disk that hosts share, a folder costs a look in fifty times a second from each worker."
        )
        found.append(checks.Warning("DATABASE_URL is set and messages go by a folder.", hint=hint, id="plumbline.W001"))
    if 0 < len(settings.METRICS_TOKEN) < TOKEN_LENGTH:
        hint = "Use one from: python3 -c 'import secrets; print(secrets.token_urlsafe())'"
        words = "METRICS_TOKEN is short: whoever guesses it reads /metrics."
        found.append(checks.Warning(words, hint=hint, id="plumbline.W002"))
    if is_production and settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        hint = "Set DEFAULT_FROM_EMAIL: many mail servers take none from an address that they can't answer."
        words = f"Mail comes from {settings.DEFAULT_FROM_EMAIL}."
        found.append(checks.Warning(words, hint=hint, id="plumbline.W003"))
    return found


def tell_of_the_role() -> None:
    """Into the log of a process that starts to serve, where its role in the database should be another one (R120).

    One that can't be asked is told of by whatever needs it. No connection is left behind.
    """
    try:
        found = checks.run_checks(tags=["role"], include_deployment_checks=True, databases=["default"])
    except DatabaseTrouble:
        found = []
    finally:
        connections["default"].close()
    for each in found:
        logger.warning("serves_as_the_owner", check=each.id, words=each.msg, hint=each.hint)
