"""Whether a file that somebody attaches is free of viruses, as the site's scanner says (R105).

The scanner is a clamd, asked over its socket; without one configured nothing is scanned. With one, only its plain OK
lets a file in: what it finds, can't read, or does not answer in time is not kept, so nothing unscanned is ever stored.
"""

import socket
import time
from urllib.parse import urlsplit

import structlog
from django.conf import settings

CHUNK = 256 * 1024
LONGEST_ANSWER = 4096
LOCAL_PORT = 3310

logger = structlog.get_logger(__name__)


def why_not_clean(name: str, content: bytes) -> str:
    """In words for whoever attached it, "" if the scanner says that it is clean, or there is none."""
    if not settings.VIRUS_SCANNER:
        return ""
    try:
        answer = _asked(content)
    except (OSError, ValueError) as error:  # not there, silent, or its address makes no sense
        answer = f"{type(error).__name__}: {error} ERROR"
    if answer == "stream: OK":
        return ""
    if answer.endswith(" FOUND"):
        found = answer.removeprefix("stream: ").removesuffix(" FOUND")
        logger.error("virus_found", file=name, virus=found, size=len(content))
        return f"“{name}” was not kept: the virus scanner found {found} in it. Attach a clean copy."
    logger.error("virus_scanner_failed", answer=answer[:300])
    return (
        f"“{name}” was not kept: the virus scanner of this site does not answer, and nothing is taken unscanned. "
        "Try again in some minutes; if it goes on, tell the site’s owner."
    )


def _asked(content: bytes) -> str:
    """clamd's INSTREAM: each part behind its length, none at the end."""
    until = time.monotonic() + settings.VIRUS_SCANNER_SECONDS
    with _connected() as scanner:
        scanner.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), CHUNK):
            part = content[start : start + CHUNK]
            scanner.settimeout(_left(until))
            scanner.sendall(len(part).to_bytes(4, "big") + part)
        scanner.sendall(bytes(4))
        return _answer(scanner, until)


def _answer(scanner: socket.socket, until: float) -> str:
    said = b""
    while b"\0" not in said and len(said) < LONGEST_ANSWER:
        scanner.settimeout(_left(until))
        more = scanner.recv(LONGEST_ANSWER)
        if not more:
            break
        said += more
    return said.split(b"\0")[0].decode("utf-8", "replace").strip()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"no answer in {settings.VIRUS_SCANNER_SECONDS} seconds")
    return left


def _connected() -> socket.socket:
    """`unix:///run/clamav/clamd.ctl` or `tcp://host:3310`."""
    address = urlsplit(settings.VIRUS_SCANNER)
    if address.scheme == "tcp" and address.hostname:
        place = (address.hostname, address.port or LOCAL_PORT)
        return socket.create_connection(place, timeout=settings.VIRUS_SCANNER_SECONDS)
    if address.scheme != "unix" or not address.path:
        raise ValueError(f"VIRUS_SCANNER is {settings.VIRUS_SCANNER}, neither unix:///path nor tcp://host:port")
    scanner = socket.socket(socket.AF_UNIX)
    scanner.settimeout(settings.VIRUS_SCANNER_SECONDS)
    try:
        scanner.connect(address.path)
    except OSError:
        scanner.close()
        raise
    return scanner
