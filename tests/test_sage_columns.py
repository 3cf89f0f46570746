"""Nothing outside `erp_integrations/sage100/` knows Sage's columns: another accounting program may stand beside it.

The columns are asked of that folder itself: the sources of its layouts, and the fields of its lists. What the apps
below say in words of their own is no column of Sage's (they import nothing of it, by contract), and neither is what
the folder is asked and answers with through its doors.
"""

import ast
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from erp_integrations.sage100 import facts, layout, list_rows, reconciling

ROOT = Path(__file__).resolve().parent.parent
INSIDE = ROOT / "erp_integrations" / "sage100"
BELOW = ("directory", "invoicing")
ABOVE = ("erp_integrations", "config")
TAG = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)

# {place: (column, …)}, each with the reason why it is no knowledge of how Sage keeps it.
ALLOWED = {
    "config/wsgi.py": {"application"},  # what a web server looks for
    # The demo company's bookkeeper: it writes the lists that Sage would export, to be uploaded.
    "config/demo_accounting.py": {
        "due_terms",
        "first_date",
        "last_date",
        "ledger_account",
        "remaining",
        "retention",
        "retention_rate",
        "user_def_1",
    },
}


def columns() -> set[str]:
    found = {source for sources in layout.SOURCES.values() for source in sources}
    for spec in list_rows.KINDS.values():
        found |= {*spec.readers, *list_rows.LINE_READERS, *(field.name for field in fields(spec.record))}
    return found


def of_the_doors() -> set[str]:
    shapes = [
        each
        for module in (facts, reconciling)
        for each in vars(module).values()
        if is_dataclass(each) and each.__module__ == module.__name__
    ]
    return {field.name for each in shapes for field in fields(each)}


def words_of(path: Path) -> set[str]:
    """The names that a module or template reads, writes or looks up by."""
    if path.suffix == ".html":
        return set(re.findall(r"\w+", " ".join(TAG.findall(path.read_text()))))
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(attr=word) | ast.Constant(value=str(word)) | ast.keyword(arg=str(word)):
                found.add(word)
            case ast.Name(id=word) | ast.arg(arg=word) | ast.FunctionDef(name=word):
                found.add(word)
    return found


def files_of(*apps: str) -> list[Path]:
    found = [path for app in apps for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    pages = [path for app in apps for path in (ROOT / "templates" / app).rglob("*.html")]
    return sorted(path for path in (*found, *pages) if INSIDE not in path.parents)


def sages_own() -> set[str]:
    ours = set().union(*map(words_of, files_of(*BELOW)))
    return columns() - ours - of_the_doors()


SAGES_OWN = sages_own()


def test_what_is_told_apart_is_sages():
    """Were the house's words to swallow them all, the next test could not fail."""
    assert {"user_def_1", "purchase_order_rule", "posts_to_wip", "hot_list", "retention", "sub_accounts"} <= SAGES_OWN
    assert not {"number", "retainage", "cost_code"} & SAGES_OWN


@pytest.mark.parametrize("path", files_of(*ABOVE), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_column_of_sages_is_named_outside_its_folder(path):
    named = words_of(path) & SAGES_OWN
    assert named == ALLOWED.get(str(path.relative_to(ROOT)), set()), "move what asks for it into sage100/"


@pytest.mark.parametrize("path", [p for p in files_of(*ABOVE) if p.suffix == ".py"], ids=lambda p: str(p.name))
def test_no_cell_of_the_import_file_is_looked_up_by_its_column(path):
    """By whatever word the column goes: `row.text("retainage")` knows where Sage wants it."""
    asked = [
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("cell", "text") and node.args
        if isinstance(node.args[0], ast.Constant)
    ]
    assert not columns().intersection(asked)


def titles() -> set[str]:
    """What only Sage calls its columns: of two words and more, as they stand in the layouts."""
    columns = (column for each in layout.SHIPPED for column in (*each.header, *each.detail))
    return {column.title for column in columns if column.title.endswith(" no")} | {
        "User def 1",
        "User def 2",
        "Hot list",
    }


def test_no_column_is_called_by_its_title_outside():
    """What a finding is about leads to a page by its title: that table stands inside, too."""
    said = {}
    for app in ABOVE:
        for path in (ROOT / app).rglob("*.py"):
            if INSIDE in path.parents or "migrations" in path.parts:
                continue
            texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            if found := {text for text in texts if isinstance(text, str)} & titles():
                said[str(path.relative_to(ROOT))] = found
    assert said == {}
