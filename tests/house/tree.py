"""The source tree as the house tests see it: modules, their imports, their names."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "andon"


@dataclass(frozen=True)
class Module:
    """One file under src/andon: its name below `andon`, its path, everything it imports."""

    name: str
    path: Path
    imports: frozenset[str]

    @property
    def room(self) -> str:
        """The part of the house it belongs to: its folder, or itself."""
        return self.name.partition(".")[0]

    @property
    def file(self) -> str:
        """Its path below src/andon."""
        return self.path.relative_to(SOURCE).as_posix()


@cache
def modules() -> tuple[Module, ...]:
    """Every module under src/andon."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path, imports_of(path)))
    return tuple(found)


def imports_of(path: Path) -> frozenset[str]:
    """Absolute names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            module = node.module or ""
            names.add(module)
            if module == "andon" or (SOURCE / Path(*module.split(".")[1:])).is_dir():
                names.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(names)
