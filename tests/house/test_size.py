"""Size as a smell, and names that say nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, SOURCE

LONGEST_FILE = 420
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 6
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc"}

TABLES = {"src/andon/model.py"}
"""One declaration that is read as a table, however long."""

PYTHON = sorted([*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
SOURCES = sorted(SOURCE.rglob("*.py"))


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PYTHON, ids=_id)
def test_no_file_holds_two_ideas(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() in TABLES:
        return
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: find the second noun"


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_functions_are_short_and_take_few_parameters(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        assert lines <= LONGEST_FUNCTION, f"{node.name}: {lines} lines"
        if path.is_relative_to(SOURCE / "cli") or node.name == "__init__":
            continue  # options of a command are its parameters; a value is made of its fields
        taken = [
            a for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")
        ]
        assert len(taken) <= MOST_PARAMETERS, f"{node.name}: {len(taken)} parameters, make a value"


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert path.stem not in NAMELESS, "a name that says nothing"
    assert path.parent.name not in NAMELESS
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), "the first line says what it is"
