"""Some 250 files that nobody should be able to hurt a reader with, each brought through the door (G8, R104 to R106).

Each is refused in words, or kept and handed out so that no browser ever opens it: a program may well call itself a PDF
inside and out, and then its name and its headers are what stands between it and whoever downloads it.
"""

import itertools
import resource
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from invoicing.models import Attachment
from tests.factories import world
from tests.invoicing.pages import at, signed_in, text_of
from tests.invoicing.test_file_types import document, types, workbook, zipped

pytestmark = pytest.mark.django_db
SECONDS, MEGABYTES = 5, 150  # for one file; more memory than before it
SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg", ".xlsx", ".docx")
SCRIPT = b"<script>fetch('/c/').then(alert)</script>"
STARTS = {
    ".pdf": b"%PDF-1.7\n",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff\xe0",
    ".jpeg": b"\xff\xd8\xff\xe1",
}

# What is in none of the kinds that are taken, so that no name may help it.
FOREIGN = {
    "page": b"<!doctype html><html>" + SCRIPT,
    "drawing": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "entities": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "laughs": b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
    "program of Windows": b"MZ\x90\x00\x03" + b"\0" * 60,
    "program of Linux": b"\x7fELF\x02\x01\x01" + b"\0" * 60,
    "program of a Mac": b"\xcf\xfa\xed\xfe" + b"\0" * 60,
    "class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34",
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "PHP": b"<?php system($_GET['c']); ?>",
    "template": b"{{ settings.SECRET_KEY }}{% load static %}",
    "shortcut": b"\x4c\x00\x00\x00\x01\x14\x02\x00",
    "old Office": bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600,
    "RAR": b"Rar!\x1a\x07\x01\x00",
    "7z": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "gzip": b"\x1f\x8b\x08\x00" + b"\0" * 20,
    "picture of a camera": b"GIF89a" + SCRIPT,
    "PostScript": b"%!PS-Adobe-3.0\n(%pipe%id) (r) file",
    "mail": b"From: a\r\nContent-Type: text/html\r\n\r\n" + SCRIPT,
    "one byte": b"%",
    "zeros": b"\0" * 4096,
    "half a character": b"\xff\xfe\xff",
    "formula": b"=cmd|'/c calc'!A0,1\n",
}

# What is a package, but no document of anybody's.
PACKAGES = {
    "with macros": document(**{"word/vbaProject.bin": b"\0"}),
    "with macros of a sheet": zipped({"[Content_Types].xml": types("x"), "xl/macrosheets/sheet1.xml": ""}),
    "with a control": document(**{"word/activeX/activeX1.bin": b"\0"}),
    "a package in a package": zipped({"a.zip": zipped({"b.zip": zipped({"c": "d"})})}),
    "out of its folder": zipped({"../../etc/cron.d/x": "* * * * * root id", "[Content_Types].xml": types("x")}),
    "bomb": zipped({"[Content_Types].xml": b" " * 20_000_000, "word/document.xml": b"0" * 20_000_000}),
    "many": zipped({f"word/{number}": "" for number in range(20_000)}),
    "cut": workbook()[:-40],
    "with a page behind it": workbook() + SCRIPT,
    "of another's kind": zipped({"META-INF/MANIFEST.MF": "Main-Class: X", "X.class": "x"}),
}

# What begins as it should and goes on as it likes; nothing but its headers keeps a browser from reading on.
POLYGLOTS = {"page": SCRIPT, "PHP": FOREIGN["PHP"], "package": zipped({"a": "b"}), "program": FOREIGN["shell"]}

NAMES = [
    "../../../etc/cron.d/plan.pdf",
    "..\\..\\windows\\plan.pdf",
    "/etc/passwd.pdf",
    "C:\\plan.pdf",
    "plan.pdf\x00.exe",
    "plan\u202efdp.exe.pdf",
    "plan.exe.pdf",
    "plan.pdf ",
    "plan.pdf.",
    ".pdf",
    "plan.PdF",
    "CON.pdf",
    "plan.pdf::$DATA",
    "pl\r\nSet-Cookie: a=b\r\nan.pdf",
    'pl"an.pdf',
    "pl'an;filename=x.html.pdf",
    "<script>alert(1)</script>.pdf",
    "{{ 7|add:1 }}.pdf",
    "=1+1.pdf",
    "\u200b.pdf",
    "e\u0301" * 60 + ".pdf",
    "x" * 250 + ".pdf",
    "x" * 5000 + ".pdf",
    "\ufdfa" * 80 + ".pdf",
    "🏗.pdf",
    "-rf.pdf",
    "$(id).pdf",
    "`id`.pdf",
    "%2e%2e%2fplan.pdf",
    "plan.pdf?x=1",
]

REFUSED = [
    (f"a{suffix}", content)
    for content, suffix in itertools.chain(
        itertools.product(FOREIGN.values(), (*SUFFIXES, ".html")),
        itertools.product(PACKAGES.values(), (".xlsx", ".docx", ".pdf")),
    )
]
INERT = [(f"a{suffix}", start + content) for suffix, start in STARTS.items() for content in POLYGLOTS.values()]
CORPUS = [*REFUSED, *INERT, *((name, b"%PDF-1.7 a plan") for name in NAMES)]


@pytest.fixture
def door():
    w = world()
    return signed_in(w.contact), signed_in(w.admin), w.submitted()


def test_there_are_enough_of_them():
    assert len(CORPUS) >= 200 and len(set(CORPUS)) == len(CORPUS)


def test_what_is_none_of_the_kinds_is_refused_whatever_it_calls_itself(door):
    client, _, invoice = door
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, content in REFUSED:
        answer = bring(client, invoice, name, content)
        assert answer.status_code == 422, (name, content[:20])
        assert f"“{name}” " in text_of(answer), (name, content[:20])
    assert not Attachment.objects.exists()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024


def test_what_is_kept_is_handed_out_so_that_no_browser_opens_it(door, settings):
    client, reader, invoice = door
    for name, content in INERT:
        assert bring(client, invoice, name, content).status_code == 302, name
    for file in Attachment.objects.all():
        answer = reader.get(at(invoice, "invoice-attachment", file.pk))
        assert b"".join(answer.streaming_content) in {content for _, content in INERT}
        assert_inert(answer)
    assert Attachment.objects.count() == len(INERT)


def test_no_name_leads_anywhere_or_reaches_a_header_or_a_page_as_it_is(door, settings):
    client, reader, invoice = door
    for name in NAMES:
        answer = bring(client, invoice, name, b"%PDF-1.7 a plan")
        assert answer.status_code in (302, 422, 400), name  # 400: a name longer than a header may be
    assert Attachment.objects.count() > len(NAMES) // 2, "most are only odd"
    page = reader.get(at(invoice) + "?show=files").content.decode()
    assert "<script>alert(1)" not in page and "\u202e" not in page and "8.pdf" not in page
    root = settings.MEDIA_ROOT.resolve()
    for file in Attachment.objects.all():
        assert root in (root / file.file.name).resolve().parents
        answer = reader.get(at(invoice, "invoice-attachment", file.pk))
        assert_inert(answer)
        assert len(answer["Content-Disposition"]) < 2000 and "\n" not in answer["Content-Disposition"]
        assert "Set-Cookie" not in answer


def bring(client, invoice, name: str, content: bytes):
    file = SimpleUploadedFile("a", content)
    file._name = name  # as it comes, not as Django would have cleaned it
    began = time.monotonic()
    answer = client.post(at(invoice, "invoice-attach"), {"file": file})
    assert time.monotonic() - began < SECONDS, name
    return answer


def assert_inert(answer) -> None:
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
