"""Every setting of the services: read once, frozen, each value with its source.

A value comes from the first of: command line, environment `ANDON_SECTION__KEY`, a file named by
`ANDON_SECTION__KEY_FILE` (secrets), andon.toml, the default. The environment is read nowhere else.
SETTINGS lists the table of sections.py. What the plant is (machines, ideal rates) is in plant.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from andon import addresses, sources
from andon.errors import ConfigError
from andon.sections import (
    GIB,
    Broker,
    Engine,
    Log,
    Mqtt,
    Section,
    Simulator,
    Store,
    Web,
    Wire,
    setting,
)
from andon.sources import Layer, Origin, Setting
from andon.state_dir import default_state_dir, ensure_state_dir

PostgresUser = Literal["owner", "engine", "web"]


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


class Settings(BaseSettings):
    """All settings, frozen. Made by load(); `source()` says where a value came from."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False
    )

    state_dir: Annotated[Path, AfterValidator(_absolute)] = setting(
        None, "Where data, logs and secrets live; as root /var/lib/andon, else under the home."
    )
    simulator: Simulator = Simulator()
    broker: Broker = Broker()
    mqtt: Mqtt = Mqtt()
    wire: Wire = Wire()
    engine: Engine = Engine()
    store: Store = Store()
    web: Web = Web()
    log: Log = Log()

    _file: Path | None = PrivateAttr(None)
    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)
    _overrides: dict[str, str] = PrivateAttr(default_factory=dict)
    _machine_zone: str = PrivateAttr("UTC")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Our layers in their order, and nothing else."""
        given = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        layers: tuple[Layer, ...] = given.get("layers", ())
        return tuple(InitSettingsSource(settings_cls, layer.nested()) for layer in layers)

    @property
    def file(self) -> Path | None:
        """The andon.toml that was read, or None."""
        return self._file

    @property
    def machine_zone(self) -> str:
        """Name of the computer's time zone, UTC where it has none."""
        return self._machine_zone

    def source(self, key: str) -> str:
        """Where the value of "section.key" came from, in words a person can act on."""
        if key not in SETTINGS_BY_KEY:
            raise KeyError(key)
        origin = self._origins.get(key)
        return str(origin) if origin else "default"

    def value(self, key: str) -> Any:
        """The value of "section.key"."""
        setting = SETTINGS_BY_KEY[key]
        return getattr(getattr(self, setting.section) if setting.section else self, setting.name)

    def _remember(
        self, file: Path | None, origins: dict[str, Origin], given: Layer, zone: str
    ) -> None:
        self._file = file
        self._origins = origins
        self._machine_zone = zone
        rows = ((SETTINGS_BY_KEY[key], value) for key, value in given.values.items())
        self._overrides = {row.variable: sources.shown_value(value) for row, value in rows}

    def environment(self) -> dict[str, str]:
        """Environment variables that give a child process these settings, command line included."""
        file = {"ANDON_CONFIG": str(self._file)} if self._file else {}
        return {**file, **self._overrides, "ANDON_STATE_DIR": str(self.state_dir)}

    # --- the state directory -------------------------------------------------------------------

    def ensure_state_dir(self) -> Path:
        """Create the state directory with its rooms. Raises StateDirError with what to do."""
        return ensure_state_dir(self.state_dir, own_store=self.own_store)

    @property
    def broker_dir(self) -> Path:
        """Configuration and queue of andon's own broker."""
        return self.state_dir / "broker"

    @property
    def postgres_dir(self) -> Path:
        """Data and socket of andon's own PostgreSQL."""
        return self.state_dir / "postgres"

    @property
    def logs_dir(self) -> Path:
        """One file per service."""
        return self.state_dir / "logs"

    @property
    def run_dir(self) -> Path:
        """What runs now: process ids and status, rewritten at each start."""
        return self.state_dir / "run"

    @property
    def ledger_dir(self) -> Path:
        """What the simulator meant and sent."""
        return self.state_dir / "ledger"

    @property
    def secrets_dir(self) -> Path:
        """Keys and passwords, readable by the owner only."""
        return self.state_dir / "secrets"

    # --- addresses -----------------------------------------------------------------------------

    @property
    def own_broker(self) -> bool:
        """andon starts the broker itself."""
        return not self.mqtt.url

    @property
    def own_store(self) -> bool:
        """andon starts PostgreSQL itself."""
        return not self.store.database_url

    @property
    def mqtt_url(self) -> str:
        """mqtt[s]://[user[:password]@]host[:port] of the broker; may hold a password."""
        mqtt = self.mqtt
        if self.own_broker:
            return addresses.mqtt_address(mqtt.host, mqtt.port, mqtt.username, mqtt.password)
        return addresses.with_login(mqtt.url, mqtt.username, mqtt.password)

    def dsn(self, user: PostgresUser = "owner") -> str:
        """A PostgreSQL URL for psql and psycopg. May hold a password: never log it.

        andon's own PostgreSQL is reached by its socket under the state directory, each user by its
        own role. With database_url the owner is that URL's user; engine and web begin as it and
        take their role by `options` (SET ROLE at connect).
        """
        role = {"owner": "", "engine": self.store.engine_role, "web": self.store.web_role}[user]
        if self.own_store:
            return addresses.socket_dsn(self.postgres_dir, role or "andon_owner")
        return addresses.dsn_in_role(self.store.database_url, role)

    def min_free_bytes(self, total: int) -> int:
        """Bytes that must stay free on a file system of `total` bytes."""
        return (
            min(total // 20, 2 * GIB) if self.store.min_free is None else int(self.store.min_free)
        )


def _rows(section: str, model: type[BaseModel]) -> list[Setting]:
    rows = []
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict):
            continue  # a section, not a key
        rows.append(
            Setting(
                section,
                name,
                sources.type_words(field.annotation),
                field.default,
                str(extra["unit"]),
                field.description or "",
                bool(extra["secret"]),
            )
        )
    return rows


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
SETTINGS: tuple[Setting, ...] = (
    *_rows("", Settings),
    *(row for name, model in SECTIONS.items() for row in _rows(name, model)),
)
"""Every setting, in the order of the path."""

SETTINGS_BY_KEY: Mapping[str, Setting] = {row.key: row for row in SETTINGS}


PLANT_TABLES = ("plant", "machine", "product", "measure", "state_map")
"""Tables of andon.toml that describe the plant (plant.py reads them)."""


def load(
    file: Path | None = None,
    state_dir: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read every source once. Raises ConfigError naming file or variable, key, value, remedy.

    file: andon.toml to read (default: ANDON_CONFIG, else ./andon.toml if there is one);
    state_dir: --state-dir; overrides: other values of the command line by "section.key", where
    None means not given; environ: in place of the process's environment (tests).
    """
    environ = os.environ if environ is None else environ
    document = sources.find_document(file, environ)
    given = {"state_dir": state_dir, **(overrides or {})}
    if unknown := given.keys() - SETTINGS_BY_KEY.keys():
        raise KeyError(*unknown)
    command_line = sources.from_command_line(given)
    variables, secret_files = sources.from_environment(SETTINGS_BY_KEY, environ)
    layers = [command_line, variables, secret_files]
    if document:
        layers.append(sources.from_document(document, SETTINGS_BY_KEY, PLANT_TABLES))
    layers.append(Layer({"state_dir": default_state_dir(environ)}))
    origins = {key: origin for layer in reversed(layers) for key, origin in layer.origins.items()}
    try:
        settings = Settings(layers=layers)  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None
    path = document.path if document else None
    settings._remember(path, origins, command_line, _machine_zone(environ))
    return settings


def _machine_zone(environ: Mapping[str, str]) -> str:
    """The computer's zone: TZ, else what /etc/localtime points to, else UTC."""
    if environ.get("TZ"):
        return environ["TZ"].lstrip(":")
    _, found, name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
    return name if found else "UTC"


def _explain(error: ValidationError, origins: Mapping[str, Origin]) -> str:
    """Every wrong value, a line each."""
    lines = []
    for detail in error.errors():
        words = [str(part) for part in detail["loc"]]
        key = next(k for k in (".".join(words[:2]), words[0]) if k in SETTINGS_BY_KEY)
        lines.append(
            sources.problem(SETTINGS_BY_KEY[key], origins.get(key), detail["input"], detail["msg"])
        )
    return "\n".join(lines)
