"""Secrets that must wait in the database until they are used: readable only with the site's key (R88, R123).

A mail with a one-time link lies in a table before a worker sends it. Its link is sealed there, in letters that can
stand in an address, and opened on the way out. Whoever has the database and not SECRET_KEY has nothing.
"""

import base64
import hashlib
import re

from cryptography.fernet import Fernet
from django.conf import settings

SEALED = re.compile(r"sealed\.([\w-]+)\.")


def _box() -> Fernet:
    key = hashlib.sha256(b"plumbline.sealing:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(secret: str) -> str:
    return f"sealed.{_box().encrypt(secret.encode()).decode().rstrip('=')}."


def unseal(text: str) -> str:
    """The text with every sealed part of it opened."""
    return SEALED.sub(lambda found: _open(found[1]), text)


def _open(token: str) -> str:
    return _box().decrypt(token + "=" * (-len(token) % 4)).decode()
