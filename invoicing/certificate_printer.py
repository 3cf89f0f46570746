"""Sets one certificate as a PDF, or its first page as a picture, in a process of its own.

Run by `invoicing.printing`, which limits its time, and never imported by the site: `python certificate_printer.py <
request > answer`. The request is JSON: {"template": path, "at": ISO moment, "data": {…}, "format": "pdf" or "png"};
the answer is that file. typst keeps what it has set in memory, some 30 MB for each long certificate; here that is gone
with the process. It knows nothing of Django, so it starts at once. Whatever goes wrong is told on the standard error
and by the exit's number.
"""

import contextlib
import json
import os
import sys
from datetime import datetime

import typst

try:
    import resource
except ImportError:  # not on Windows: there the time limit of the caller stands alone
    resource = None

GIGABYTE = 1024 * 1024 * 1024
MEMORY = 2 * GIGABYTE  # of addresses, of which 500 lines touch 150 MB
PIXELS_PER_INCH = 120  # sharp enough to read on a page 8.5 inches wide
ACCESSIBLE = "ua-1"  # PDF/UA: tagged, titled, in a named language


def pdf_of(request: dict) -> bytes:
    """The same request gives the same bytes. Raises typst.TypstError."""
    template, given = request["template"], {"data": json.dumps(request["data"])}
    at = datetime.fromisoformat(request["at"])
    try:
        return typst.compile(
            template, format="pdf", sys_inputs=given, timestamp=at, ignore_system_fonts=True, pdf_standards=[ACCESSIBLE]
        )
    except typst.TypstError as error:  # somebody's name has a character that none of typst's own fonts has
        print(f"without PDF/UA: {error.message}", file=sys.stderr)
        return typst.compile(template, format="pdf", sys_inputs=given, timestamp=at)


def first_page_of(request: dict) -> bytes:
    """Page 1 as a PNG. Raises typst.TypstError."""
    given = {"data": json.dumps(request["data"])}
    pages = typst.compile(request["template"], format="png", ppi=PIXELS_PER_INCH, sys_inputs=given)
    return pages[0] if isinstance(pages, list) else pages


def main() -> None:
    if resource:
        for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(ValueError, OSError):  # some systems know a limit by name only
                resource.setrlimit(what, (limit, limit))
    request = json.loads(sys.stdin.buffer.read())
    answer = first_page_of(request) if request["format"] == "png" else pdf_of(request)
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # nothing is left to do, least of all to take apart what typst keeps


if __name__ == "__main__":
    main()
