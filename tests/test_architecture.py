"""The house keeps its shape: who may import whom, where a message is sent, what every view declares."""

import ast
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import get_resolver

from directory.decorators import Requires

ROOT = Path(__file__).resolve().parent.parent
OURS = [path for app in ("config", "directory", "invoicing", "erp_integrations") for path in (ROOT / app).rglob("*.py")]
CODE = [path for path in OURS if "migrations" not in path.parts]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_apps_and_layers_import_downward_only():
    """The contracts of pyproject.toml, by import-linter."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def own_patterns(patterns, prefix=""):
    """(route, pattern) of every view of ours but the admin's, which has a door of its own."""
    for pattern in patterns:
        if str(pattern.pattern) == "admin/":
            continue
        if hasattr(pattern, "url_patterns"):
            yield from own_patterns(pattern.url_patterns, prefix + str(pattern.pattern))
        elif pattern.callback.__module__.split(".")[0] in ("config", "directory", "invoicing", "erp_integrations"):
            yield prefix + str(pattern.pattern), pattern


def test_every_view_of_ours_declares_what_it_requires():
    undeclared = [
        route
        for route, pattern in own_patterns(get_resolver().url_patterns)
        if not isinstance(getattr(pattern.callback, "requires", None), Requires)
    ]
    assert not undeclared


def calls(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node


@pytest.mark.parametrize("path", CODE, ids=named)
def test_messages_are_sent_from_one_module(path):
    """R7: `.delay` and `.apply_async` only in directory/queue.py, which sends after the commit and never raises."""
    senders = [c.lineno for c in calls(path) if getattr(c.func, "attr", "") in ("delay", "apply_async", "send_task")]
    assert not senders or named(path) == "directory/queue.py"


@pytest.mark.parametrize("path", CODE, ids=named)
def test_money_is_never_a_float(path):
    """R50."""
    floats = [c.lineno for c in calls(path) if getattr(c.func, "id", "") == "float"]
    assert not floats or path.parts[-2:-1] == ("config",)


@pytest.mark.parametrize("path", [p for p in CODE if "/views/" in str(p)], ids=named)
def test_views_write_nothing(path):
    """A view translates; what is written is written by an action."""
    writers = {"save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
    tree = ast.parse(path.read_text())
    acts = {  # `invoices.create(…)` is a call of an action
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and ".actions" in f"{node.module}."
        for name in node.names
    }
    found = [
        (call.lineno, call.func.attr)
        for call in calls(path)
        if getattr(call.func, "attr", "") in writers and getattr(call.func.value, "id", "") not in acts
    ]
    assert not found


@pytest.mark.parametrize("path", CODE, ids=named)
def test_imports_stand_at_the_top(path):
    tree = ast.parse(path.read_text())
    inside = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside


@pytest.mark.parametrize("path", [p for p in CODE if p.read_text().strip()], ids=named)
def test_every_module_says_what_it_is_for(path):
    if path.name in ("__init__.py", "apps.py"):
        return
    assert ast.get_docstring(ast.parse(path.read_text())), "add a sentence at the top"


def test_task_arguments_are_ids():
    """R33: what a message carries is a number of a row, never money or a right."""
    for path in CODE:
        if path.name != "tasks.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any("shared_task" in ast.unparse(d) for d in node.decorator_list):
                assert all(a.arg.endswith("_id") or a.arg == "self" for a in node.args.args), (named(path), node.name)


@pytest.mark.parametrize("path", [p for p in CODE if p.is_relative_to(ROOT / "invoicing")], ids=named)
def test_invoicing_names_no_page_of_accounting(path):
    """Neither an address nor a template of the app above: what invoicing needs of it is put into its registries."""
    texts = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    assert not [node.lineno for node in texts if str(node.value).startswith(("erp-", "erp_integrations/"))]


FETCHERS = ("urllib.request", "http.client", "urllib3", "requests", "httpx", "aiohttp")


def imported(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nothing_of_ours_asks_an_address_that_somebody_could_have_typed():
    """R117: papers and pages are made from rows alone. The demo looks whether its own site is up."""
    fetchers = tuple(f"{each}." for each in FETCHERS)
    asking = {named(path) for path in CODE if any(f"{name}.".startswith(fetchers) for name in imported(path))}
    assert asking == {"config/management/commands/demo.py"}


def test_no_test_reaches_another_machine():
    """R145, the control: the address is one of those that are nobody's."""
    with pytest.raises(AssertionError, match="A test asks 192.0.2.1"):
        socket.create_connection(("192.0.2.1", 25), timeout=0.1)
