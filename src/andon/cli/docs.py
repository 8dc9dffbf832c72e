"""`andon docs`: fill the generated blocks of the documentation from the code.

A page holds prose and blocks between `<!-- made: name -->` and `<!-- end -->`; BLOCKS names the
function that makes each. A test checks that nothing changes when they are made again.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from andon.errors import AndonError, ConfigError

BLOCKS = {
    "settings": "andon.cli.docs:settings_block",
    "frames": "andon.cli.docs:frames_block",
    "commands": "andon.cli.docs:commands_block",
    "exit-codes": "andon.cli.docs:exit_codes_block",
    "views": "andon.store.pages:views_block",
    "tables": "andon.store.pages:tables_block",
}
"""Name of a block -> "module:function"; the function returns Markdown."""

_BLOCK = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def docs(
    root: Annotated[Path, typer.Option(help="Where docs/ lies.")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="Only say what would change.")] = False,
) -> None:
    """Write the generated blocks of README.md and docs/ again."""
    stale = [path for path, text in rendered(root) if path.read_text("utf-8") != text]
    if check and stale:
        names = ", ".join(str(path) for path in stale)
        raise AndonError(f"{names}: not what the code says now. Run `make docs`.")
    for path, text in rendered(root):
        if path in stale:
            path.write_text(text, "utf-8")
            typer.echo(f"wrote {path}")


def rendered(root: Path) -> Iterator[tuple[Path, str]]:
    """Every page that has blocks, with the text it should have."""
    for path in (root / "README.md", *sorted((root / "docs").rglob("*.md"))):
        text = path.read_text("utf-8")
        if _BLOCK.search(text):
            yield path, _BLOCK.sub(lambda m: f"{m[1]}\n{_make(m[2])}\n\n{m[3]}", text)


def _make(name: str) -> str:
    if name not in BLOCKS:
        raise ConfigError(f'No block is called "{name}"; known: {", ".join(BLOCKS)}.')
    module, _, function = BLOCKS[name].partition(":")
    block: str = getattr(importlib.import_module(module), function)()
    return block.strip()


def markdown_table(columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table; pipes and line feeds in cells are escaped."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in line) + " |"
        for line in lines
    )


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def settings_block() -> str:
    """Every setting by section, in path order."""
    from andon.settings import SECTIONS, SETTINGS
    from andon.sources import shown_value

    parts = []
    for section in ("", *SECTIONS):
        rows = [row for row in SETTINGS if row.section == section]
        about = SECTIONS[section].__doc__ if section else "Above all tables of the file."
        parts.append(f"### {f'[{section}]' if section else 'state_dir'}\n\n{about}\n")
        parts.append(
            markdown_table(
                ("key", "type", "default", "unit", "what it is"),
                (
                    (
                        _code(row.name),
                        row.type + (" (secret)" if row.secret else ""),
                        _code(shown_value(row.default)),
                        row.unit,
                        row.doc,
                    )
                    for row in rows
                ),
            )
            + "\n"
        )
    return "\n".join(parts)


def frames_block() -> str:
    """Every frame of model.FRAMES with its columns."""
    from andon.model import FRAMES

    parts = []
    for frame in FRAMES:
        parts.append(f"## {frame.name}\n\n{frame.doc}\n")
        parts.append(
            markdown_table(
                ("column", "holds", "PostgreSQL", "key", "null", "law", "what it is"),
                (
                    (
                        _code(c.name),
                        c.kind.value,
                        c.kind.sql,
                        "key" if c.key else "",
                        "null" if c.null else "",
                        "law" if c.law else "record",
                        c.doc,
                    )
                    for c in frame.columns
                ),
            )
            + "\n"
        )
    return "\n".join(parts)


def commands_block() -> str:
    """Every command that help lists, with its options."""
    from andon.cli.main import COMMANDS, Lazy

    parts = []
    for entry in COMMANDS:
        if not entry.hidden and find_spec(entry.module):
            parts += _command(f"andon {entry.name}", Lazy(entry).load())
    return "\n".join(parts)


def _command(name: str, command: Any) -> list[str]:
    sub_commands: dict[str, Any] = getattr(command, "commands", {})
    about = inspect.cleandoc(command.help or "")
    parts = [f"## {name}\n\n{about}\n"]
    rows = [
        (
            _code(", ".join(param.opts) if param.opts[0].startswith("-") else param.name.upper()),
            inspect.cleandoc(getattr(param, "help", None) or ""),
        )
        for param in command.params
        if param.name != "help"
    ]
    if rows:
        parts.append(markdown_table(("option", "what it does"), iter(rows)) + "\n")
    for sub_name, sub_command in sub_commands.items():
        parts += _command(f"{name} {sub_name}", sub_command)
    return parts


def exit_codes_block() -> str:
    """Exit codes of every command."""
    rows = [
        ("0", "", "Done, or stopped as asked."),
        ("1", "AndonError", "Not well: a check failed, or something not foreseen."),
        ("2", "", "Usage: no such command, option or value."),
    ]
    for error in sorted(AndonError.__subclasses__(), key=lambda e: e.exit_code):
        rows.append(
            (str(error.exit_code), error.__name__, inspect.cleandoc(error.__doc__ or "").strip())
        )
    rows.append(("130", "", "Interrupted by Ctrl-C."))
    return markdown_table(("code", "error", "what it means"), iter(rows))
