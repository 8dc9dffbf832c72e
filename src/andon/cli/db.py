"""`andon db`: the database's address, and its schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from andon.cli.options import ConfigOption, JsonOption, StateDirOption, settings_of

app = typer.Typer(
    help="The database: url, upgrade.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class User(StrEnum):
    """Whose address."""

    OWNER = "owner"
    ENGINE = "engine"
    WEB = "web"


@app.command()
def url(
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    user: Annotated[User, typer.Option("--as", help="Whose rights to connect with.")] = User.OWNER,
    as_json: JsonOption = False,
) -> None:
    """Print the address of the database for psql and psycopg. It may hold a password."""
    from andon.cli.render import print_json

    settings = settings_of(config, state_dir)
    dsn = settings.dsn(user.value)
    if as_json:
        print_json({"url": dsn, "user": user.value, "own": settings.own_store})
    else:
        typer.echo(dsn)


@app.command()
def upgrade(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Bring tables, views and rights to this version; does nothing where they are."""
    from dataclasses import asdict

    from andon.cli.render import print_json
    from andon.store import embedded_postgres, migrate
    from andon.store.roles import Roles

    settings = settings_of(config, state_dir)
    wanted = Roles(settings.store.engine_role, settings.store.web_role)
    if settings.own_store:
        embedded_postgres.prepare(embedded_postgres.superuser_dsn(settings), wanted)
    done = migrate.upgrade(settings.dsn("owner"), wanted)
    if as_json:
        print_json(asdict(done))
        return
    if not done.changed:
        typer.echo(f"The schema has version {done.after} already.")
    elif done.before == done.after:
        typer.echo(f"Made the views of schema version {done.after} again.")
    else:
        typer.echo(f"Upgraded the schema from version {done.before} to {done.after}.")
    if done.missing_roles:
        typer.echo(
            f"Roles {', '.join(done.missing_roles)} do not exist and may not be created by this "
            "user: their work is done as the user of store.database_url."
        )
