"""`andon config`: write a first andon.toml, show every setting with its source, check a file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import ConfigOption, JsonOption, StateDirOption, settings_of
from andon.errors import ConfigError

if TYPE_CHECKING:
    from andon.settings import Settings

app = typer.Typer(
    help="The configuration: init, show, validate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def init(
    file: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="Where to write it.")
    ] = Path("andon.toml"),
) -> None:
    """Write a commented andon.toml with the five simulated machines; never overwrites one."""
    text = files("andon").joinpath("example.toml").read_text("utf-8")
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError(
            f"{file} exists already and is left as it is. Move it away, or name another file by "
            "--config."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be written ({error.strerror}). Name another file by --config."
        ) from None
    typer.echo(f"Wrote {file}. Edit it, then `andon config validate` and `andon up`.")


@app.command()
def show(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Show every setting with its value and where the value comes from; secrets are masked."""
    from andon.cli.render import print_json, print_table
    from andon.settings import SETTINGS

    settings = settings_of(config, state_dir)
    if as_json:
        print_json(
            {
                row.key: {
                    "value": _masked(settings, row.key),
                    "source": settings.source(row.key),
                    "unit": row.unit or None,
                    "doc": row.doc,
                }
                for row in SETTINGS
            }
        )
        return
    rows = [
        (row.key, shown(settings, row.key), row.unit, settings.source(row.key)) for row in SETTINGS
    ]
    print_table(("setting", "value", "unit", "source"), rows)


@app.command()
def validate(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Check settings and plant file; the exit code is 3 where something is wrong."""
    from andon.cli.render import print_json
    from andon.plant import load_plant

    settings = settings_of(config, state_dir)
    plant = load_plant(None, settings)
    facts = {
        "file": settings.file,
        "machines": len(plant.machines),
        "machines_with_ideal_rate": sum(m.cycle_us is not None for m in plant.machines),
        "products": len(plant.products),
        "measures": [m.name for m in plant.measures],
        "time_zone": plant.time_zone.key,
        "declared": plant.declared,
        "fingerprint": plant.fingerprint(),
    }
    if as_json:
        print_json(facts)
        return
    kind = "listed" if plant.declared else "simulated"
    typer.echo(
        f"{settings.file or 'No andon.toml, all defaults'}: right. {len(plant.machines)} machines "
        f"({kind}), {facts['machines_with_ideal_rate']} with an ideal rate, "
        f"{len(plant.products)} products, {len(plant.measures)} measures, "
        f"time zone {plant.time_zone.key}."
    )


def _masked(settings: Settings, key: str) -> object:
    from andon.addresses import without_password
    from andon.settings import SETTINGS_BY_KEY

    value = settings.value(key)
    if not SETTINGS_BY_KEY[key].secret or not value:
        return value
    return without_password(value) if "://" in value else "***"


def shown(settings: Settings, key: str) -> str:
    """A setting's value as one cell of a table; secrets masked."""
    from andon.sources import shown_value

    return shown_value(_masked(settings, key))
