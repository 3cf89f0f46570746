"""Where the program leaves Django's escaping or its ORM, and a page this site: only here, each with its reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import CODE, ROOT, calls, named

TEMPLATES = [path for path in ROOT.glob("templates/**/*") if path.is_file()]
STATIC = [path for path in ROOT.glob("static/**/*") if path.suffix in (".css", ".js", ".svg", ".html", ".json")]

# {module and what is called there: why no typed text gets through it as it is}
UNESCAPED = {
    "config/ui/figures.py: SafeString": "nothing: an empty text",
    "directory/notifications.py: autoescape=False": "the plain text of a mail, which no program reads as HTML",
    "invoicing/templatetags/bill_lines.py: mark_safe": "lines of text, with `escape` around all that was typed",
    "invoicing/templatetags/invoice_rows.py: mark_safe": "rows of text, with `escape` around all that was typed",
    "invoicing/templatetags/review_lines.py: mark_safe": "lines of text, with `escape` around all that was typed",
    "invoicing/templatetags/schedules.py: mark_safe": "cells of text, with `escape` around all that was typed",
}
BY_HAND = {
    "directory/indexes.py: execute of what is put together": "the name of an index, as a migration gives it",
    "directory/permissions.py: raw": "a constant with parameters; every act asks it",
    "directory/triggers.py: execute of what is put together": "names of triggers, as the database told them",
    "invoicing/models/bulk_writing.py: execute of what is put together": "columns of a model; rows are parameters",
    "invoicing/models/carried_lines.py: execute of what is put together": "columns of a constant; facts are parameters",
}

# {script and what it does there: why what it shows as HTML was escaped by the server}
AS_HTML = {
    "static/js/confirm.js: innerHTML": "the answer of a page of ours, fetched from this site",
    "static/js/autosave.js: innerHTML": "likewise: the checks, as a template of ours says them after a row was saved",
    "static/js/review.js: insertAdjacentHTML": "likewise: the inputs of one line",
}
ELSEWHERE = {"http://www.w3.org/2000/svg": "the name of a language; nobody asks there"}

MARKS = {"mark_safe", "SafeString", "SafeText", "html_safe"}
SQL = {"raw", "extra", "RawSQL"}
FORMATS = {"format_html": 0, "format_html_join": 1}  # which argument is taken as it is


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def leaves_escaping(tree: ast.AST) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = name_of(call)
        if name in MARKS:
            yield name
        if name in FORMATS and not isinstance(call.args[FORMATS[name]], ast.Constant):
            yield f"{name} of what is put together"
        for keyword in call.keywords:
            said = f"{keyword.arg}={ast.unparse(keyword.value)}"
            if said in ("autoescape=False", "is_safe=True"):
                yield said


def leaves_the_orm(tree: ast.AST) -> Iterator[str]:
    """By a method of a query set, or by putting values into a statement that a cursor carries out."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = name_of(call)
        if name in SQL:
            yield name
        if name == "execute" and call.args and isinstance(call.args[0], (ast.JoinedStr, ast.BinOp)):
            yield "execute of what is put together"


def found(which) -> set[str]:
    return {f"{named(path)}: {what}" for path in CODE for what in which(ast.parse(path.read_text()))}


def test_escaping_is_left_only_where_it_is_said_why():
    """R113."""
    assert found(leaves_escaping) == set(UNESCAPED)


def test_the_orm_is_left_only_where_it_is_said_why():
    """R114."""
    assert found(leaves_the_orm) == set(BY_HAND)


def test_whoever_puts_html_together_by_hand_escapes():
    for where in UNESCAPED:
        if where.endswith("mark_safe"):
            path = ROOT / where.partition(":")[0]
            assert any(name_of(call) == "escape" for call in calls(path)), where


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("mark_safe(words)", "mark_safe"),
        ("safestring.SafeString(words)", "SafeString"),
        ("format_html('<b>' + words + '</b>')", "format_html of what is put together"),
        ("format_html(f'<b>{words}</b>')", "format_html of what is put together"),
        ("format_html_join('', '<b>' + words, rows)", "format_html_join of what is put together"),
        ("register.filter(words, is_safe=True)", "is_safe=True"),
        ("Context(words, autoescape=False)", "autoescape=False"),
    ],
)
def test_what_leaves_escaping_is_found(source, what):
    """The control."""
    assert list(leaves_escaping(ast.parse(source))) == [what]


def test_what_only_uses_it_is_not():
    source = "format_html('<b>{}</b>', words), format_html_join(sep, '<b>{}</b>', rows), Context(w, autoescape=True)"
    assert list(leaves_escaping(ast.parse(source))) == []


@pytest.mark.parametrize(
    "source",
    ["Mail.objects.raw(sql)", "Mail.objects.extra(where=[words])", "RawSQL(words, [])", "c.execute(f'SELECT {x}')"],
)
def test_what_leaves_the_orm_is_found(source):
    assert list(leaves_the_orm(ast.parse(source)))


UNESCAPED_IN_A_TEMPLATE = re.compile(r"\|\s*(?:safe|safeseq)\b|{%-?\s*autoescape\s+off")


@pytest.mark.parametrize("text", ["{{ words|safe }}", "{{ a | safeseq|join:'' }}", "{% autoescape off %}"])
def test_no_template_leaves_it(text):
    assert UNESCAPED_IN_A_TEMPLATE.search(text), "the control"
    assert TEMPLATES
    assert not [named(path) for path in TEMPLATES if UNESCAPED_IN_A_TEMPLATE.search(path.read_text())]


SHOWS_HTML = re.compile(
    r"\b(innerHTML|outerHTML)\s*\+?=(?!=)|\b(insertAdjacentHTML|write|writeln|createContextualFragment|setHTMLUnsafe)\("
    r"|\b(eval|Function)\("
)


def test_our_scripts_show_text_as_html_only_where_it_is_said_why():
    """R113, in the browser. What is packed from others (htmx) is theirs; the CSP lets it evaluate nothing."""
    for text in ("a.innerHTML = b", "a.innerHTML += b", 'a.insertAdjacentHTML("x", b)', "document.write(b)", "eval(b)"):
        assert SHOWS_HTML.search(text), "the control"
    assert not SHOWS_HTML.search('swap: "outerHTML", x === a.innerHTML')
    shown = {
        f"{named(path)}: {next(filter(None, match.groups()))}"
        for path in ROOT.glob("static/js/**/*.js")
        for match in SHOWS_HTML.finditer(path.read_text())
    }
    assert shown == set(AS_HTML)


# Nothing from elsewhere

ADDRESS = re.compile(r"""(?:\b(?:https?|wss?|ftp):|(?<=["'(=\s])(?=//\w+[.:]\w))//[^\s"'<>()`\\]+""")


def elsewhere(text: str) -> set[str]:
    return set(ADDRESS.findall(text)) - set(ELSEWHERE)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/htmx.js">',
        "<script src='//cdn.example/htmx.js'>",
        "@import url(//fonts.example/inter.css);",
        "@import url(https://fonts.example/inter.css);",
        'new WebSocket("wss://tell.example/")',
        "fetch(`http://tell.example/`)",
    ],
)
def test_an_address_of_elsewhere_is_found(text):
    """The control."""
    assert elsewhere(text)


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=named)
def test_no_page_style_sheet_or_script_names_another_host(path: Path):
    """R118: nobody else is told who opens a page, and no page waits for anybody else."""
    assert not elsewhere(path.read_text())
