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

from erp_integrations.sage100 import facts, layout, list_columns, list_rows, list_words, reconciling

ROOT = Path(__file__).resolve().parent.parent
INSIDE = ROOT / "erp_integrations" / "sage100"
BELOW = ("directory", "invoicing")
ABOVE = ("erp_integrations", "config")
COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", re.DOTALL)
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
    return found.union(*list_columns.NAMED.values())


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


# What staff call it on our own pages, too: no word by which Sage's columns are told apart.
WORDS_OF_BOTH = {"Discount date", "Invoice date", "Job number", "Ledger account", "PO number", "Record no",
                 "Record number", "Sub-account", "Sub-accounts", "Subcontract number"}  # fmt: skip
TITLED = {"erp_integrations/models/exports.py": {"Reference no"}}  # our own field: what a credit reduces


def titles() -> set[str]:
    """What only Sage calls its columns, of two words and more, in its import file and in its lists."""
    in_files = {column.title for each in layout.SHIPPED for column in (*each.header, *each.detail)}
    in_lists = {heading for named in list_columns.NAMED.values() for heading, *_ in named.values()}
    found = {title for title in in_files | in_lists | {*list_words.TITLES.values()} if re.search(r"\W", title)}
    return found - WORDS_OF_BOTH - {title for path in files_of(*BELOW) for title in titles_in(path, found)}


def texts_of(path: Path) -> list[str]:
    """What a module or template says: all but its comments and docstrings."""
    if path.suffix == ".html":
        return [COMMENT.sub("", path.read_text())]
    tree = ast.parse(path.read_text())
    unsaid = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in unsaid)
    return [node.value for node in constants if isinstance(node.value, str)]


def titles_in(path: Path, some: set[str]) -> set[str]:
    """In any case, within whatever else is said; “the vendor no longer” has no number."""
    said = "\n".join(texts_of(path))
    ends = {title: r"(?!\s?\w)" if title.endswith(" no") else r"(?!\w)" for title in some}
    return {title for title, end in ends.items() if re.search(rf"(?<!\w){re.escape(title)}{end}", said, re.IGNORECASE)}


TITLES = titles()


def test_titles_are_told_apart_as_well():
    assert {"User def 1", "Hot list", "Vendor no", "Invoice no", "Posts to WIP", "PO rule", "Retention %"} <= TITLES
    assert not {"Cost code", "Due date", "Gross"} & TITLES


@pytest.mark.parametrize("path", files_of(*ABOVE), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_column_is_called_by_its_title_outside(path):
    """What a finding is about leads to a page by its title: that table stands inside, too."""
    assert titles_in(path, TITLES) == TITLED.get(str(path.relative_to(ROOT)), set()), "take its words from sage100/"


@pytest.mark.parametrize("path", files_of(*ABOVE), ids=lambda path: str(path.relative_to(ROOT)))
def test_how_much_sage_takes_is_counted_inside(path):
    assert not re.search(r"Sage takes (up to )?\d", "\n".join(texts_of(path)))


@pytest.mark.parametrize("path", files_of(*BELOW), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_lies_below_counts_nothing_of_what_sage_takes(path):
    """It imports nothing of that folder, so that a number of characters there would be a second copy of Sage's."""
    assert "Sage takes" not in "\n".join(texts_of(path))


def test_the_forms_of_sages_keys_stand_inside():
    """What a column of ours may hold of Sage's is asked of the doors: a second copy would drift."""
    kept = [ROOT / "erp_integrations/models" / f"{name}.py" for name in ("links", "layouts", "exports")]
    for path in kept:
        said = path.read_text()
        assert not re.search(r"\\d\{1,|\(1, 2\)|lte=9|\(1, \"Open|max_length=50\b", said), path.name
