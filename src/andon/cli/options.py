"""Options that many commands take, and the settings that they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from andon.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="andon.toml to read (also ANDON_CONFIG); else ./andon.toml.",
    ),
]
StateDirOption = Annotated[
    Path | None,
    typer.Option(
        "--state-dir", metavar="DIR", help="Where data and logs live (also ANDON_STATE_DIR)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]


def settings_of(
    config: Path | None,
    state_dir: Path | None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """The settings with what this command line gives. Raises ConfigError."""
    from andon.settings import load  # imported late: it takes longer than `--help` should

    return load(config, state_dir, overrides)
