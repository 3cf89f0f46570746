"""What goes out is what was written, without comments and indents (11)."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory

from config.static_files import IMPORT, OfEveryVersion, lean
from config.ui.icons import AT_HAND
from config.ui.sheets import scripts, style_sheets

ROOT = Path(__file__).parent.parent / "static"
SCRIPTS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("js/*.js"))
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`/\\])//[^\n]*", re.S)
TEMPLATE = re.compile(r"`[^`]*`")


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_template_of_words_in_a_script_goes_out_as_it_was_written(name):
    packed = lean(name, read)
    assert not [text for text in TEMPLATE.findall(COMMENT.sub("", read(name))) if text not in packed]


def test_one_style_sheet_holds_all_of_them_in_the_order_of_their_layers():
    text = lean("css/site.css", read)
    assert "@import" not in text and "/*" not in text
    found = re.findall(r"@layer ([a-z]+)\{", text)
    assert found == ["tokens", "base", "parts", "grid", "print"]


def test_what_was_packed_once_is_packed_again_from_what_is_written_now(settings, tmp_path):
    settings.STATIC_ROOT, written = tmp_path / "packed", tmp_path / "written"
    settings.STATICFILES_DIRS = [written]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static_files.LeanFiles"}}
    finders.get_finder.cache_clear()
    (written / "css").mkdir(parents=True)
    (written / "css/site.css").write_text('@import "part.css";')
    for colour in ("red", "green"):
        (written / "css/part.css").write_text(f"/* why */ p {{ color: {colour}; }}")
        call_command("collectstatic", interactive=False, verbosity=0)
    finders.get_finder.cache_clear()
    assert len(list(settings.STATIC_ROOT.glob("css/site.*.css"))) == 2, "each by a name of its own"
    assert (settings.STATIC_ROOT / "css/site.css").read_text() == "p{color:green}"


@pytest.fixture
def asked(settings, tmp_path):
    """What a process that has started already answers at an address; another version packed a sheet since."""
    settings.WHITENOISE_AUTOREFRESH, settings.STATIC_ROOT = False, tmp_path / "mine"
    settings.STATIC_OF_ALL_VERSIONS = tmp_path / "all"
    for name in ("mine", "all/css"):
        (tmp_path / name).mkdir(parents=True)
    process = OfEveryVersion(lambda request: HttpResponse(status=404))
    (tmp_path / "all/css/site.0123456789ab.css").write_text("p{}")
    (tmp_path / "secret-key").write_text("nobody's")
    return lambda path: process(RequestFactory().get(path))


def test_a_process_serves_the_sheet_of_a_page_that_another_version_made(asked):
    for _ in range(2):
        answer = asked("/static/css/site.0123456789ab.css")
        assert (answer.status_code, answer.getvalue()) == (200, b"p{}")


@pytest.mark.parametrize("name", ["css/none.css", "../secret-key", "%2e%2e/secret-key", "css", "a%00b", "/etc/passwd"])
def test_it_looks_nowhere_else(asked, name):
    assert asked(f"/static/{name}").status_code == 404


RULES = r"""text => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return [...sheet.cssRules].map(rule => rule.cssText.replace(/\s*([(),])\s*/g, "$1"));
}"""


@pytest.mark.browser
def test_a_browser_reads_the_same_rules_and_can_run_every_script(page):
    for name in ("tokens", "base", "parts", "grid", "apart", "print", "admin"):
        path = f"css/{name}.css"
        assert page.evaluate(RULES, read(path)) == page.evaluate(RULES, lean(path, read)), f"{name}: write .a *:is(b)"
    for name in SCRIPTS:
        page.evaluate("text => { new Function(text); }", lean(name, read))


@pytest.mark.parametrize(("is_collected", "first", "count"), [(True, "site", 2), (False, "tokens", 6)])
def test_a_page_links_one_packed_sheet_or_each_as_it_was_written(settings, is_collected, first, count):
    """No sheet that imports others is ever linked: they would come one after the other."""
    settings.IS_COLLECTED = is_collected
    links = re.findall(r"/static/css/([a-z]+)\.css", style_sheets("site", "apart"))
    assert (links[0], len(links)) == (first, count)


@pytest.mark.parametrize("name", ["enter", "desk"])
def test_a_page_of_many_lines_loads_what_every_page_does_and_more(name):
    """base.html names the scripts of every page; these two pages leave them to their own list."""
    block = re.search(r"block site_scripts %}(.*?){% endblock", (ROOT.parent / "templates/base.html").read_text(), re.S)
    of_every_page = re.findall(r"js/(\w+\.js)", block[1])
    held = IMPORT.findall(read(f"js/{name}.js"))
    assert of_every_page == held[: len(of_every_page)] and len(held) > len(of_every_page)


@pytest.mark.parametrize(("is_collected", "count"), [(True, 1), (False, 4)])
def test_such_a_page_loads_one_file_or_each_as_it_was_written(settings, is_collected, count):
    settings.IS_COLLECTED = is_collected
    assert scripts("desk").count("<script ") == count


def test_an_icon_that_a_line_draws_by_itself_is_in_the_file_it_names():
    """invoicing stands below config.ui, which knows of two files."""
    text = (ROOT.parent / "invoicing/templatetags/bill_lines.py").read_text()
    drawn = set(re.findall(r"_icon\([\"\']([\w-]+)", text))
    assert drawn and drawn <= AT_HAND
