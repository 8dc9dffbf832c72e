"""`andon health`: ask every part now."""

from __future__ import annotations

from dataclasses import asdict

import typer

from andon.cli.options import ConfigOption, JsonOption, StateDirOption, settings_of


def health(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Check broker, store, engine, web and disk; the exit code is 1 where one is not well."""
    from andon.cli.render import print_json, print_table
    from andon.supervise.health import examine

    found = examine(settings_of(config, state_dir))
    well = all(check.well for check in found)
    if as_json:
        print_json({"well": well, "checks": [asdict(check) for check in found]})
    else:
        rows = [
            (c.name, "well" if c.well else "NOT WELL", f"{c.seconds * 1000:.0f} ms", c.detail)
            for c in found
        ]
        print_table(("check", "is", "took", ""), rows, right=("took",))
    raise typer.Exit(0 if well else 1)
