"""docs/techniques.md agrees with the code."""

import ast
import re

import pytest
from django.conf import settings

from benchmarks.techniques.measure import PAGE, TECHNIQUES, split

LONGEST = 20  # lines of an entry that are not empty

TEXT = PAGE.read_text()
ENTRIES = {
    part.partition("\n")[0]: part.partition("\n")[2]
    for part in re.split(r"^### ", re.sub(r"^## .*\n", "", TEXT, flags=re.M), flags=re.M)[1:]
}
NAMES = [technique.name for technique in TECHNIQUES]


def symbols(text):
    """The pairs of path and symbol that are written as `path.py:symbol`."""
    return re.findall(r"`([\w/]+\.py):([\w.]+)`", text)


def defined_in(path):
    """The names that a module defines at its top, and those in its classes as "Class.name"."""
    for node in ast.parse((settings.BASE_DIR / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
            for child in getattr(node, "body", ()) if isinstance(node, ast.ClassDef) else ():
                yield f"{node.name}.{getattr(child, 'name', '')}"


def test_the_page_has_an_entry_and_a_row_for_each_technique():
    _before, table, _after = split(TEXT)
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]

    assert list(ENTRIES) == NAMES
    assert rows == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_short_and_names_our_form_the_naive_one_and_a_test(name):
    entry = ENTRIES[name]

    assert len([line for line in entry.splitlines() if line.strip()]) <= LONGEST
    for part in ("**Here:**", "**Naive:**", "**What goes wrong:**", "**Cost:**"):
        assert entry.count(part) == 1
    assert any(symbol.startswith("test_") for _path, symbol in symbols(entry))


def test_each_path_and_symbol_exists():
    for path, symbol in symbols(TEXT):
        assert symbol in set(defined_in(path)), f"{path}:{symbol}"
    for path in re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", TEXT):
        assert (settings.BASE_DIR / path).exists(), path


@pytest.mark.parametrize("name", NAMES)
def test_an_excerpt_is_in_a_file_that_its_entry_names(name):
    files = {path for path, _symbol in symbols(ENTRIES[name])}
    files |= set(re.findall(r"`([\w/]+\.html)`", ENTRIES[name]))
    sources = [one_space((settings.BASE_DIR / path).read_text()) for path in files]

    for excerpt in re.findall(r"^```\w+\n(.*?)^```", ENTRIES[name], flags=re.M | re.S):
        assert any(one_space(excerpt) in source for source in sources), excerpt


def one_space(text):
    return " ".join(text.split())
