"""docs/asvs.md, held against the repository: every point stands once, and whatever it names is there (G15)."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs/asvs.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| (L[123](?: \+ L3)?) \| ([^|]+) \| (.+) \|$", TEXT, re.MULTILINE)
VERDICTS = {"pass", "n.a.", "accepted", "open"}
# Of level 3, what is this program's business.
OURS_OF_L3 = {
    *("1.2.10", "2.3.5", "5.2.4", "5.2.6", "7.5.3", "8.3.2"),
    *("15.4.1", "15.4.2", "15.4.3", "16.3.2", "16.5.4"),
}
# How many points of levels 1 and 2 each chapter of version 5.0.0 has.
POINTS = {1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7}
POINTS |= {10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7}
PLACES = "|".join((r"\.ci", "config", "deploy", "directory", "docs", "erp_integrations", "invoicing"))
PLACES += "|static|templates|tests"
NAMED = re.compile(rf"`((?:(?:{PLACES})/|\.dockerignore|requirements\.)[\w./-]*)(?:(::?)([\w-]+))?`")


def test_each_point_of_levels_1_and_2_stands_once_and_so_does_what_is_ours_of_level_3():
    of_level = Counter(level for _, level, _, _ in ROWS)
    numbers = [number for number, *_ in ROWS]
    assert len(numbers) == len(set(numbers))
    assert (of_level["L1"], of_level["L2"] + of_level["L2 + L3"]) == (70, 183)
    assert {number for number, level, _, _ in ROWS if "L3" in level} == OURS_OF_L3
    assert Counter(int(number.split(".")[0]) for number, level, _, _ in ROWS if level != "L3") == POINTS
    assert len(numbers) == len(re.findall(r"^\| \d", TEXT, re.MULTILINE)), "a row that is none of the table's"


def test_each_verdict_is_one_of_four_and_leads_somewhere():
    assert {verdict for _, _, verdict, _ in ROWS} == VERDICTS - {"open"}, "what is open again says so at the top, too"
    passed = [(number, evidence) for number, _, verdict, evidence in ROWS if verdict == "pass"]
    assert [number for number, evidence in passed if not NAMED.search(evidence) and "](#" not in evidence] == []


def test_what_is_open_says_what_is_missing_and_what_is_accepted_who_decides():
    told = {"open": ("Missing:", "as ", "It would take", "a step of"), "accepted": ("ecide",)}
    assert [
        number
        for number, _, verdict, evidence in ROWS
        if verdict in told and not any(words in evidence for words in told[verdict])
    ] == []


def test_every_file_test_and_name_is_there():
    named = NAMED.findall(TEXT)
    assert len(named) > 200
    assert [f"{path}{mark}{name}" for path, mark, name in named if not is_there(path, mark, name)] == []


def test_every_place_on_the_page_that_it_leads_to_is_there():
    headings = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in re.findall(r"^#+ (.+)$", TEXT, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings


@pytest.mark.parametrize(
    ("path", "mark", "name"),
    [
        ("tests/test_asvs.py", "::", "test_that_nobody_wrote"),
        ("tests/no_such_test.py", "", ""),
        ("config/settings.py", ":", "NO_SUCH_SETTING"),
        ("directory/sealing.py", "::", "seal"),
    ],
)
def test_what_is_not_there_is_found(path, mark, name):
    assert not is_there(path, mark, name)


def is_there(path: str, mark: str, name: str) -> bool:
    if not (ROOT / path).is_file():
        return False
    if mark == "::":
        return name.startswith("test_") and path.startswith("tests/") and name in names_in(path)
    return not mark or name in names_in(path)


@cache
def names_in(path: str) -> set[str]:
    """Every function, class and name that is set in it, at any depth."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
