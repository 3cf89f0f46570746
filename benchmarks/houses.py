"""`python -m benchmarks.houses FOLDER …`: the same figures of several Django code bases, side by side (decision 35).

Each folder is the root of a checkout. What is measured is Python of its own: no migrations, nothing vendored.
A file is a test's if it lies in a folder of tests or is named as one. Complexity is 1 and one more for each branch of a
function, its inner functions not counted. A write in a view is a call by the name of a manager's or a row's method,
but not one that says `by=` whom: that is an action, which writes elsewhere.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

NOT_THEIRS = {"migrations", "node_modules", "vendor", "vendored", ".venv", "venv", "site-packages", "docker"}
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
WRITES = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete", "update"}
NO_ROWS = {"session", "context", "data", "kwargs", "headers", "GET", "params", "form", "formset"}
WORDS = (
    "files",
    "lines of code",
    "lines of tests to one of code",
    "file: median, 95th percentile, longest",
    "function: median, 95th percentile, longest",
    "complexity: mean, 95th percentile, most",
    "writes in views, of 1,000 lines of views",
    "public functions with a docstring, of 100",
    "apps that import each other in a circle",
)


@dataclass
class House:
    """What is counted of one code base; lengths in lines."""

    files: list[int] = field(default_factory=list)
    tests: int = 0
    functions: list[int] = field(default_factory=list)
    complexity: list[int] = field(default_factory=list)
    views: int = 0
    writes: int = 0
    public: int = 0
    documented: int = 0
    imports: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def figures(self) -> list[str]:
        return [
            f"{len(self.files):,}",
            f"{sum(self.files):,}",
            f"{self.tests / sum(self.files):.1f}",
            _spread(self.files),
            _spread(self.functions),
            f"{mean(self.complexity):.1f}, {_percentile(self.complexity)}, {max(self.complexity)}",
            f"{1000 * self.writes / max(1, self.views):.0f}",
            f"{100 * self.documented / self.public:.0f}",
            str(_in_circles(self.imports)),
        ]


def _spread(lengths: list[int]) -> str:
    return f"{median(lengths):.0f}, {_percentile(lengths)}, {max(lengths)}"


def _percentile(numbers: list[int]) -> int:
    return sorted(numbers)[int(0.95 * (len(numbers) - 1))]


def measured(root: Path) -> House:
    house, apps = House(), _apps(root)
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if NOT_THEIRS & set(parts):
            continue
        text = path.read_text(errors="replace")
        length = len(text.splitlines())
        if _is_test(parts):
            house.tests += length
        elif length:
            house.files.append(length)
            with suppress(SyntaxError):  # written for a newer Python than this one: its length alone is counted
                _look_into(house, ast.parse(text), path, apps)
    return house


def _is_test(parts: tuple[str, ...]) -> bool:
    name = parts[-1]
    return bool({"tests", "test"} & set(parts)) or name.startswith(("test_", "conftest")) or name == "tests.py"


def _apps(root: Path) -> dict[str, Path]:
    """{dotted name: folder} of every folder with models."""
    found = {path.parent for path in root.rglob("models.py")} | {path for path in root.rglob("models") if path.is_dir()}
    folders = {path.parent if path.name == "models" else path for path in found}
    here = [path for path in folders if not NOT_THEIRS & set(path.relative_to(root).parts)]
    return {_dotted(path, root): path for path in here}


def _dotted(path: Path, root: Path) -> str:
    while root.parent in path.parents and not (root / "__init__.py").exists() and (root / "src").exists():
        root /= "src"
    return ".".join(path.relative_to(root).parts) if root in path.parents else path.name


def _look_into(house: House, tree: ast.Module, path: Path, apps: dict[str, Path]) -> None:
    is_view = "views" in path.parts or path.stem.startswith("views")
    if is_view:
        house.views += len(path.read_text(errors="replace").splitlines())
        house.writes += sum(_is_write(node) for node in ast.walk(tree))
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            house.functions.append(node.end_lineno - node.lineno + 1)
            house.complexity.append(1 + sum(_branches(node)))
    for node in _public(tree):
        house.public += 1
        house.documented += ast.get_docstring(node) is not None
    own = next((name for name, folder in apps.items() if folder in path.parents), None)
    if own:
        house.imports[own] |= {app for app in _imported(tree, apps) if app != own}


def _branches(function: ast.AST) -> Iterator[int]:
    for node in ast.iter_child_nodes(function):
        if isinstance(node, FUNCTIONS):
            continue
        yield int(isinstance(node, BRANCHES))
        if isinstance(node, ast.BoolOp):
            yield len(node.values) - 1
        yield from _branches(node)


def _is_write(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES):
        return False
    on = node.func.value
    name = on.attr if isinstance(on, ast.Attribute) else getattr(on, "id", "")
    is_action = any(each.arg == "by" for each in node.keywords)
    return name not in NO_ROWS and not is_action and not isinstance(on, ast.Dict)


def _public(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (each for each in inner if isinstance(each, FUNCTIONS) and not each.name.startswith("_"))


def _imported(tree: ast.Module, apps: dict[str, Path]) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {app for app in apps for name in names if name == app or name.startswith(f"{app}.")}


def _in_circles(imports: dict[str, set[str]]) -> int:
    """How many apps reach themselves again."""
    return sum(app in _reached(app, imports) for app in list(imports))


def _reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    found, ahead = set(), [start]
    while ahead:
        for app in imports.get(ahead.pop(), set()) - found:
            found.add(app)
            ahead.append(app)
    return found


def main() -> None:
    roots = [Path(name).resolve() for name in sys.argv[1:]]
    columns = [measured(root).figures() for root in roots]
    print("|", " | ".join(["", *(root.name for root in roots)]), "|")
    print("|---" * (len(roots) + 1) + "|")
    for words, figures in zip(WORDS, zip(*columns, strict=True), strict=True):
        print("|", " | ".join([words, *figures]), "|")


if __name__ == "__main__":
    main()
