"""Where values come from: command line, environment, secret files, andon.toml; and how to say it.

A layer holds values by "section.key", each with its origin, so that a wrong one can be named:
file and line or variable, key, value, what would be right.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from andon.errors import ConfigError

PREFIX = "ANDON_"
CONFIG_VARIABLE = "ANDON_CONFIG"
STATE_DIR_VARIABLE = "ANDON_STATE_DIR"
COMMAND_LINE = "command line"
FILE_NAME = "andon.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings."""

    section: str
    name: str
    type: str
    default: Any
    unit: str
    doc: str
    secret: bool

    @property
    def key(self) -> str:
        """The setting's name: section.key."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.key.replace(".", "__").upper()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was found: a file with a line (0 is unknown), a variable, the command line."""

    place: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.place} line {self.line}" if self.line else self.place


@dataclass(frozen=True, slots=True)
class Layer:
    """Values of one source by "section.key", and where each was found."""

    values: Mapping[str, object]
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def nested(self) -> dict[str, Any]:
        """The values as section -> key -> value."""
        tree: dict[str, Any] = {}
        for dotted, value in self.values.items():
            section, _, name = dotted.rpartition(".")
            (tree.setdefault(section, {}) if section else tree)[name] = value
        return tree


@dataclass(frozen=True, slots=True)
class Document:
    """andon.toml as read: its tables and its text, to find a key's line."""

    path: Path
    text: str
    tables: Mapping[str, Any]

    def line(self, table: str, key: str = "", nth: int = 0) -> int:
        """Line of `key` in the nth [[table]] (or in [table]; "" is the top); 0 where not found."""
        current, seen = "", -1
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
            if header:
                current = header[1].replace('"', "")
                seen += current == table
                if current == table and not key and seen == nth:
                    return number
            elif key and current == table and (not table or seen == nth):
                if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line):
                    return number
            elif not current and re.match(
                rf"\s*{re.escape(table)}\s*\.\s*{re.escape(key)}\b", line
            ):
                return number
        return self.line(table, "", nth) if key and table else 0

    def origin(self, table: str, key: str = "", nth: int = 0) -> Origin:
        """The place of a key, to be named in a message."""
        return Origin(str(self.path), self.line(table, key, nth))


def read_document(path: Path) -> Document:
    """Parse andon.toml. Raises ConfigError where it is missing, unreadable or not TOML."""
    try:
        text = path.read_bytes().decode("utf-8")
        return Document(path, text, tomllib.loads(text, parse_float=Decimal))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file. `andon config init --config {path}` writes one."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}. Correct that line.") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Make it readable, or name another file "
            f"by --config or {CONFIG_VARIABLE}."
        ) from None


def find_document(file: Path | None, environ: Mapping[str, str]) -> Document | None:
    """The plant file: `file`, else ANDON_CONFIG, else ./andon.toml where there is one."""
    named = file or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is None and not os.path.lexists(FILE_NAME):
        return None
    return read_document(Path(os.path.abspath(Path(named or FILE_NAME).expanduser())))


def closest(word: str, words: Iterable[str]) -> str:
    """' Did you mean "x"?' for the nearest of `words`, or ''."""
    near = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.5)
    return f' Did you mean "{near[0]}"?' if near else ""


def from_command_line(given: Mapping[str, object]) -> Layer:
    """Values given as options; None is not given."""
    values = {key: value for key, value in given.items() if value is not None}
    return Layer(values, dict.fromkeys(values, Origin(COMMAND_LINE)))


def from_environment(
    rows: Mapping[str, Setting], environ: Mapping[str, str]
) -> tuple[Layer, Layer]:
    """ANDON_SECTION__KEY, and the contents of the files that ANDON_SECTION__KEY_FILE name."""
    by_variable = {row.variable: row for row in rows.values()}
    secret = {f"{name}_FILE": row for name, row in by_variable.items() if row.secret}
    plain: dict[str, object] = {}
    files: dict[str, object] = {}
    origins: dict[str, Origin] = {}
    file_origins: dict[str, Origin] = {}
    for name, value in environ.items():
        if name == STATE_DIR_VARIABLE and not value:
            continue
        if row := by_variable.get(name):
            plain[row.key], origins[row.key] = value, Origin(name)
        elif row := secret.get(name):
            files[row.key], file_origins[row.key] = _secret(name, value), Origin(name)
        elif name.startswith(PREFIX) and "__" in name:
            near = closest(name, [*by_variable, *secret])
            raise ConfigError(f"{name}: no setting has this environment variable.{near}")
    return Layer(plain, origins), Layer(files, file_origins)


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(
            f"{variable}={path}: the file cannot be read ({why}). It should hold the secret alone."
        ) from None


def from_document(
    document: Document, rows: Mapping[str, Setting], other_tables: Iterable[str]
) -> Layer:
    """The settings in andon.toml; `other_tables` belong to the plant and are left to it."""
    sections = {row.section for row in rows.values() if row.section}
    values: dict[str, object] = {}
    origins: dict[str, Origin] = {}
    others = set(other_tables)
    for name, content in document.tables.items():
        if name in others:
            continue
        if name == "state_dir" and isinstance(content, str):
            content = document.path.parent / Path(content).expanduser()  # relative to the file
        if name in rows:
            values[name], origins[name] = content, document.origin("", name)
        elif name not in sections:
            near = closest(name, sections | others | {key for key in rows if "." not in key})
            raise ConfigError(f"{document.origin(name)}: [{name}] is no table of andon's.{near}")
        elif not isinstance(content, dict):
            raise ConfigError(
                f"{document.origin('', name)}: {name} = {content!r} should be a table: [{name}]."
            )
        else:
            for key, value in content.items():
                origin = document.origin(name, key)
                if f"{name}.{key}" not in rows:
                    known = [row.name for row in rows.values() if row.section == name]
                    raise ConfigError(
                        f"{origin}: {name}.{key} = {value!r}: there is no such setting."
                        f"{closest(key, known)} `andon config show` lists them all."
                    )
                values[f"{name}.{key}"], origins[f"{name}.{key}"] = value, origin
    return Layer(values, origins)


def plain_words(message: str) -> str:
    """A validator's message as a person would say it."""
    said = re.sub(r"^(Value error, |Input )|, unable to parse.*", "", message)
    return said.replace("valid integer", "whole number").replace("valid number", "number")


def problem(row: Setting, origin: Origin | None, value: object, message: str) -> str:
    """One wrong value in a sentence: place, key, value, what would be right."""
    said = plain_words(message)
    shown = "(secret)" if row.secret else shown_input(value)
    unit = f", in {row.unit}" if row.unit else ""
    default = "" if row.default in (None, "", ()) else f", by default {shown_value(row.default)}"
    doc = row.doc.rstrip(".")
    return f"{origin or 'default'}: {row.key} = {shown}: {said}. It is: {doc}{unit}{default}."


def shown_value(value: object) -> str:
    """A value as a person writes it in andon.toml or reads it in a table."""
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def shown_input(value: object) -> str:
    """A wrong value as it stands in the file."""
    return f'"{value}"' if isinstance(value, str) else str(value)


def type_words(annotation: Any) -> str:
    """A field's type in words: text, whole number, number, bytes, a list, or its choices."""
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    names = str(annotation)
    for part, words in (
        ("ByteSize", "bytes"),
        ("Path", "path"),
        ("tuple", "list of text"),
        ("float", "number"),
        ("int", "whole number"),
    ):
        if part in names:
            return words
    return "text"
