"""The one table of services, in the order of the path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from andon.errors import ConfigError
from andon.settings import Settings
from andon.supervise import ready

Check = Callable[[Settings, float], str]
"""(settings, start in seconds since 1970) -> "" when ready, else what it still waits for."""


@dataclass(frozen=True)
class Port:
    """A listener: its address and the setting that moves it."""

    host: str
    number: int
    setting: str


@dataclass(frozen=True)
class Service:
    """One process of andon.

    command: what follows `andon`. after: services that must be ready before it starts and that
    end after it. imports: loaded while it waits for them, so that the wait costs nothing; for who
    is on the way to the first reading (the web is not: it would take their time).
    task: ends by itself with code 0 before others go on. may_end: code 0 is no crash.
    """

    name: str
    command: tuple[str, ...]
    doc: str
    ready: Check | None = None
    after: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    start_s: float = 30.0
    stop_s: float = 5.0
    task: bool = False
    may_end: bool = False


NAMES = ("broker", "store", "schema", "engine", "web", "simulator")
"""Every service, in path order; `schema` is the migration of the database."""

OPTIONAL = ("broker", "store", "engine", "web", "simulator")
"""What --without accepts."""


def table(settings: Settings, without: Sequence[str] = ()) -> list[Service]:
    """The services that these settings need, in path order.

    A broker or store that exists already (mqtt.url, store.database_url) is not in it. Raises
    ConfigError for a name in `without` that is no service.
    """
    for name in without:
        if name not in OPTIONAL:
            raise ConfigError(
                f"--without {name}: there is no such service; known are {', '.join(OPTIONAL)}."
            )
    wanted = [service for service in _all(settings) if service.name not in without]
    if not settings.own_broker:
        wanted = [service for service in wanted if service.name != "broker"]
    if not settings.own_store:
        wanted = [service for service in wanted if service.name != "store"]
    return wanted


def _all(settings: Settings) -> list[Service]:
    mqtt, web = settings.mqtt, settings.web
    return [
        Service(
            "broker",
            ("broker",),
            "MQTT broker",
            ready=ready.broker,
            ports=(Port(mqtt.host, mqtt.port, "mqtt.port"),),
            start_s=20,
        ),
        Service("store", ("store",), "PostgreSQL", ready=ready.store, start_s=90),
        Service(
            "schema",
            ("db", "upgrade"),
            "tables and views",
            after=("store",),
            imports=("andon.store.migrate", "andon.cli.db"),
            start_s=300,
            task=True,
        ),
        Service(
            "engine",
            ("engine",),
            "states, counts, OEE",
            ready=ready.engine,
            after=("broker", "schema"),
            imports=("andon.engine.embedded", "andon.cli.engine"),
            start_s=120,
        ),
        Service(
            "web",
            ("web",),
            "dashboard",
            ready=ready.web,
            after=("schema",),
            ports=(Port(web.host, web.port, "web.port"),),
            start_s=60,
        ),
        Service(
            "simulator",
            ("simulate",),
            "simulated machines",
            after=("broker", "engine"),
            imports=("andon.simulator.run", "andon.cli.simulate"),
            may_end=True,
        ),
    ]
