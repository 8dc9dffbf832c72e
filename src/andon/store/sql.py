"""SQL that lives in files, and the quoting of names and texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_HERE = files("andon.store")


def quoted(name: str) -> str:
    """The name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@cache
def query(name: str) -> str:
    """The text of queries/<name>.sql."""
    return (_HERE / "queries" / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class View:
    """A public view: its name, one sentence, a sentence per column, and its SELECT."""

    name: str
    doc: str
    columns: dict[str, str]
    select: str


@cache
def functions() -> tuple[tuple[str, str], ...]:
    """Name and statements (CREATE FUNCTION, COMMENT) of each file in functions/, in order."""
    return tuple((_stem(file), file.read_text(encoding="utf-8")) for file in _sorted("functions"))


@cache
def views() -> tuple[View, ...]:
    """The views of views/, in the order in which they build on each other."""
    return tuple(_view(_stem(file), file.read_text(encoding="utf-8")) for file in _sorted("views"))


def _sorted(folder: str) -> list[Traversable]:
    found = [file for file in (_HERE / folder).iterdir() if file.name.endswith(".sql")]
    return sorted(found, key=lambda file: file.name)


def _stem(file: Traversable) -> str:
    """machine_minute of 10_machine_minute.sql."""
    return file.name.removesuffix(".sql").partition("_")[2]


def _view(name: str, text: str) -> View:
    """Read a file: "-- " lines with the sentence, then "--   column: sentence", then the SELECT."""
    head: list[str] = []
    columns: dict[str, str] = {}
    lines = text.splitlines()
    count = 0
    for line in lines:
        if not line.startswith("--"):
            break
        count += 1
        if line.startswith("--   "):
            column, _, doc = line[5:].partition(": ")
            columns[column] = doc
        else:
            head.append(line[2:].strip())
    return View(name, " ".join(head).strip(), columns, "\n".join(lines[count:]).strip().rstrip(";"))
