"""`andon doctor`: look at this computer and this configuration."""

from __future__ import annotations

from dataclasses import asdict

import typer

from andon.cli.options import ConfigOption, JsonOption, StateDirOption, settings_of


def doctor(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Look for what may hinder andon here; the exit code is 1 where something must be corrected."""
    from andon.cli.render import print_json, print_table
    from andon.supervise.doctor import examine

    found = examine(settings_of(config, state_dir))
    bad = any(finding.level == "bad" for finding in found)
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        shown = {"good": "good", "note": "note", "bad": "CORRECT"}
        print_table(("looked at", "is", ""), [(f.name, shown[f.level], f.detail) for f in found])
    raise typer.Exit(1 if bad else 0)
