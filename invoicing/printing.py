"""Has a document set by `certificate_printer` in a process of its own; says so when that fails or takes too long."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import structlog

from directory.refusals import Refused

PRINTER = Path(__file__).with_name("certificate_printer.py")
SECONDS = 25  # 500 lines take less than one
# Few threads, so that a long certificate leaves the machine to the others and the memory it takes is known beforehand.
ALONE = {"RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}

logger = structlog.get_logger(__name__)


class NotPrinted(Refused):
    """The printer's process failed or took too long. Nothing is changed by that."""

    status = 503


def printed(template: Path, data: dict, at: datetime) -> bytes:
    """The PDF that `template` makes of `data`, dated `at`; the same of the same. Raises NotPrinted."""
    return _made("pdf", b"%PDF-", template, data, at)


def first_page(template: Path, data: dict, at: datetime) -> bytes:
    """Page 1 of the same as a PNG. Raises NotPrinted."""
    return _made("png", b"\x89PNG", template, data, at)


def _made(kind: str, begins: bytes, template: Path, data: dict, at: datetime) -> bytes:
    """The process has its time and then it is gone, with everything it took."""
    request = json.dumps({"template": str(template), "at": at.isoformat(), "data": data, "format": kind}).encode()
    command = [sys.executable, "-I", str(PRINTER)]
    try:
        done = subprocess.run(command, input=request, capture_output=True, timeout=SECONDS, env=ALONE, check=False)
    except (subprocess.TimeoutExpired, OSError) as why:
        raise _not_printed(data, type(why).__name__) from None
    problem = done.stderr.decode("utf-8", "replace")
    if done.returncode or not done.stdout.startswith(begins):
        raise _not_printed(data, problem[-300:])
    if problem:
        logger.info("certificate_without_pdf_ua", about=data["foot"], problem=problem[:300])
    return done.stdout


def _not_printed(data: dict, problem: str) -> NotPrinted:
    logger.error("certificate_not_printed", about=data["foot"], problem=problem)
    return NotPrinted("The certificate could not be printed now. Try again in a minute.")
