"""What the heaviest page weighs on the line: 60 KB in all, the page and each file it loads, gzipped (screens 11)."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from config.static_files import OURS, lean
from invoicing.actions import invoices
from invoicing.models import CostCode
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in
from tests.invoicing.test_schedules import address, draft

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_it_goes_out(settings):
    settings.IS_COLLECTED = True


MOST = 60_000
FILE = re.compile(rb'(?:src|href)="/static/([^"#?]+)')
TRADES = ("Footings", "Partition", "Branch wiring", "Fire caulking", "Ductwork", "Storefront", "Epoxy floor")


def weight(content: bytes) -> int:
    return len(gzip.compress(content))


def loaded(content: bytes) -> set[str]:
    """The static files that a page names, each once."""
    return {path.decode() for path in FILE.findall(content)}


def text_of(path: str) -> str:
    return Path(finders.find(path)).read_text()


def weights(content: bytes) -> dict[str, int]:
    """What each file that a page loads weighs as it goes out."""
    return {
        path: weight(lean(path, text_of).encode() if OURS.fullmatch(path) else Path(finders.find(path)).read_bytes())
        for path in loaded(content)
    }


def test_the_editor_of_500_lines_with_200_cost_codes_is_light():
    there = world()
    made = [
        CostCode(company=there.company, code=f"{n // 9 + 1:02}-{n * 37 % 1000:03}{n}", name=name) for n, name in names()
    ]
    codes = CostCode.objects.bulk_create(made)
    commitment = draft(
        there,
        [
            there.line(f"{TRADES[n % 7]} {n * 31 % 997}, L{n % 40}", f"{n * 7919 % 99991}.{n % 100:02}")
            for n in range(500)
        ],
    )
    for n, line in enumerate(commitment.lines.all()):
        line.cost_code = codes[n * 7 % 200]
        line.save(update_fields=["cost_code"])
    content = signed_in(there.admin).get(address(commitment)).content
    files = weights(content)
    page, all_of_it = weight(content), sum(files.values())
    assert "js/schedule.js" in files and "css/site.css" in files, "the files were found"
    assert page + all_of_it <= MOST, f"page {page}, files {files}"


def big(there, lines: int = 500):
    commitment = there.commitment(
        lines=[
            there.line(f"{TRADES[n % 7]} {n * 31 % 997}, L{n % 40}", f"{n * 7919 % 99991 + 10}.{n % 100:02}")
            for n in range(lines)
        ]
    )
    figures = [{"work_this_period": D(f"{n * 37 % 10}.{n % 100:02}")} for n in range(lines)]
    return there.entered(there.draft(commitment), *figures)


def test_the_tab_of_500_lines_is_light():
    there = world()
    content = signed_in(there.admin).get(at(big(there), "invoice")).content
    files = weights(content)
    page, all_of_it = weight(content), sum(files.values())
    assert "js/how.js" in files and "css/site.css" in files, "the files were found"
    assert page + all_of_it <= MOST, f"page {page}, files {files}"


@pytest.mark.parametrize("name", ["invoice-enter", "invoice-review"])
def test_a_page_to_work_on_goes_out_gzipped_and_a_file_as_it_is(name):
    there = world()
    invoice = big(there)
    who, page = there.contact, at(invoice, name)
    if name == "invoice-review":
        invoice, who = invoices.submit(invoice, by=there.contact), there.admin
    takes = {"HTTP_ACCEPT_ENCODING": "gzip, br"}
    plain, sent = signed_in(who).get(page), signed_in(who).get(page, **takes)
    assert sent["Content-Encoding"] == "gzip" and "Accept-Encoding" in sent["Vary"]
    assert "Content-Encoding" not in plain and gzip.decompress(sent.content).endswith(plain.content[-20:])
    assert len(sent.content) < len(plain.content) / 15
    workbook = signed_in(there.admin).get(at(invoice, "invoice-workbook"), **takes)
    assert workbook.status_code == 200 and "Content-Encoding" not in workbook


@pytest.mark.parametrize("name", ["invoice", "invoice-enter", "invoice-review"])
def test_the_way_from_each_of_500_lines_to_how_it_was_computed_weighs_next_to_nothing(name):
    there = world()
    invoice = big(there)
    if name == "invoice-review":
        invoice = invoices.submit(invoice, by=there.contact)
    content = signed_in(there.contact if name == "invoice-enter" else there.admin).get(at(invoice, name)).content
    ways = re.compile(rb'<input type="submit" data-how [^>]*value="(\d+)">')
    assert len(ways.findall(content)) == 500
    assert weight(content) - weight(ways.sub(rb"\1", content)) <= 2 * 500


@pytest.mark.parametrize(("name", "most"), [("invoice-enter", 32_400), ("invoice-review", 24_800)])
def test_a_page_to_work_on_weighs_with_all_it_loads_what_it_may(name, most):
    """60 KB (screens 11), as it is sent; `most` for the page alone, which only ever goes down."""
    there = world()
    invoice, who = big(there), there.contact
    if name == "invoice-review":
        invoice, who = invoices.submit(invoice, by=there.contact), there.admin
    sent = signed_in(who).get(at(invoice, name), HTTP_ACCEPT_ENCODING="gzip").content
    files, page = weights(gzip.decompress(sent)), len(sent)
    assert {"css/site.css", "icons.svg", "js/how.js"} <= files.keys(), "the files were found"
    assert page <= most, page
    assert page + sum(files.values()) <= MOST, f"page {page}, files {files}"


def names() -> list[tuple[int, str]]:
    return [(n, f"{TRADES[n * 3 % 7]} of building {n * 13 % 101}") for n in range(200)]
