"""Documents cannot drift: the map names every module, generated tables are new, commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from andon.cli.docs import rendered
from andon.cli.main import COMMANDS, Lazy
from tests.house.tree import ROOT, SOURCE, Module, modules

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAP = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
CHEAP = {"andon --help", "andon --version", "andon config validate", "andon config show"}
"""Commands of the README that are run here; others are looked up."""


@pytest.mark.parametrize("module", [m for m in modules() if m.name], ids=lambda m: m.name)
def test_the_map_names_every_module(module: Module) -> None:
    named = module.file.removesuffix("__init__.py") if "__init__" in module.file else module.file
    assert f"`{named}`" in MAP, f"say in ARCHITECTURE.md what {named} is for"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z_0-9/]+(?:\.[a-z]+|/))`", MAP))))
def test_what_the_map_names_exists(name: str) -> None:
    assert (SOURCE / name).exists() or (ROOT / name).exists(), f"{name} is not there"


def test_generated_tables_are_what_the_code_says() -> None:
    for path, text in rendered(ROOT):
        assert path.read_text("utf-8") == text, f"{path.name}: run `make docs`"


def _commands(page: Path) -> list[str]:
    """Lines of a page's shell blocks, without prompts, comments and output."""
    blocks = re.findall(r"```(?:sh|bash|shell)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


SHOWN = [(page, line) for page in PAGES for line in _commands(page)]


@pytest.mark.parametrize(
    ("page", "line"), SHOWN, ids=[f"{page.name}: {line[:50]}" for page, line in SHOWN]
)
def test_a_command_in_the_docs_exists(page: Path, line: str) -> None:
    words = shlex.split(line, comments=True)
    while words and "=" in words[0]:
        words.pop(0)
    program, *arguments = words
    if program == "make":
        targets = {word for word in arguments if "=" not in word}
        assert targets <= TARGETS, f"no such target: {targets - TARGETS}"
    elif program.endswith("andon"):
        _exists(arguments)
        if " ".join(("andon", *arguments)) in CHEAP:
            subprocess.run(
                [sys.executable, "-m", "andon.cli.main", *arguments], check=True, timeout=30
            )


def _exists(arguments: list[str]) -> None:
    """The command, its sub-command and the options named are there."""
    entries = {entry.name: entry for entry in COMMANDS}
    words = [word for word in arguments if not word.startswith("-")]
    if not words:
        return
    assert words[0] in entries, f"no such command: andon {words[0]}"
    command = Lazy(entries[words[0]]).load()
    if hasattr(command, "commands") and len(words) > 1:
        command = command.commands[words[1]]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    options = {word.partition("=")[0] for word in arguments if word.startswith("--")}
    assert options <= known, f"no such option: {options - known}"


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda e: e.name)
def test_every_command_loads(entry: object) -> None:
    command = Lazy(entry).load()  # type: ignore[arg-type]
    assert command.help


@pytest.mark.parametrize("page", [*PAGES, ROOT / "ARCHITECTURE.md"], ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
