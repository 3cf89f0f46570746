"""Secrets that must wait in the database until they are used: readable only with the site's key (R88, R123).

A mail with a one-time link lies in a table before a worker sends it. Its link is sealed there, in letters that can
stand in an address, and opened on the way out. Whoever has the database and not SECRET_KEY has nothing. The keys of
SECRET_KEY_FALLBACKS open what they once sealed; `reseal` gives it today's.
"""

import base64
import hashlib
import re

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

SEALED = re.compile(r"sealed\.([\w-]+)\.")


def _box() -> MultiFernet:
    """It seals with the first key and opens with any."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"plumbline.sealing:" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal(secret: str) -> str:
    return f"sealed.{_box().encrypt(secret.encode()).decode().rstrip('=')}."


def unseal(text: str) -> str:
    """The text with every sealed part of it opened. InvalidToken: sealed with a key that the site no longer names."""
    return SEALED.sub(lambda found: _open(found[1]), text)


def reseal(text: str) -> str:
    """The text with every sealed part of it sealed with today's key. Raises as `unseal` does."""
    return SEALED.sub(lambda found: seal(_open(found[1])), text)


def _open(token: str) -> str:
    return _box().decrypt(token + "=" * (-len(token) % 4)).decode()
