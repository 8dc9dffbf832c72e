"""Every setting of the services, in one table, read once and frozen.

The sections below are the table: key, type, default, unit, one sentence. SETTINGS lists its rows in
the order of the path (docs/configuration.md is made from them). A value comes from the first of:
command line, environment `ANDON_SECTION__KEY`, a file named by `ANDON_SECTION__KEY_FILE` (secrets),
andon.toml, the default. What the plant is (machines, ideal rates) is in plant.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from andon import addresses, sources
from andon.errors import ConfigError
from andon.sources import Layer, Origin, Setting
from andon.state_dir import default_state_dir, ensure_state_dir

MIB = 1024 * 1024
GIB = 1024 * MIB
PostgresUser = Literal["owner", "engine", "web"]


def _key(default: Any, doc: str, unit: str = "", *, secret: bool = False, **limits: Any) -> Any:
    """One row of the table: default, sentence, unit; `secret` masks it and allows *_FILE."""
    extra: JsonDict = {"unit": unit, "secret": secret}
    return Field(default, description=doc, json_schema_extra=extra, repr=not secret, **limits)


def _url(schemes: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value and (urlsplit(value).scheme not in schemes or "://" not in value):
            begin = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"should be empty or begin with {begin}")
        return value

    return AfterValidator(check)


def _topic(value: str) -> str:
    if "{machine_id}" not in value.split("/") or "+" in value or "#" in value:
        raise ValueError("should hold {machine_id} as one whole level, and no + or #")
    return value


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


Topic = Annotated[str, AfterValidator(_topic)]
Port = Annotated[int, Field(ge=1, le=65535)]
Bytes = Annotated[ByteSize, Field(ge=0)]
NoneIfEmpty = BeforeValidator(lambda value: None if value == "" else value)


class Section(BaseModel):
    """A table of andon.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Simulator(Section):
    """The simulated machines."""

    machines: int = _key(5, "How many machines to simulate.", "machines", ge=1, le=10_000)
    interval_s: float = _key(1.0, "Time between a machine's messages.", "s", gt=0, le=3600)
    seed: int = _key(7, "Seed of all chance: the same seed makes the same plant.", ge=0)
    faults: str = _key("", 'Faults to inject, comma separated; "all" is every one, "" none.')


class Broker(Section):
    """The MQTT broker that andon starts where mqtt.url is empty."""

    kind: Literal["auto", "mosquitto", "iotcore"] = _key(
        "auto", "Which broker to start; auto is Mosquitto where the machine has it, else iotcore."
    )
    queue_bytes: Bytes = _key(
        ByteSize(2 * GIB), "Most bytes the broker holds for an absent engine.", "bytes"
    )
    autosave_interval_s: int = _key(
        5, "Time between two saves of the broker's queue: what its crash can lose.", "s", ge=1
    )


class Mqtt(Section):
    """How simulator and engine reach the broker."""

    url: Annotated[str, _url(("mqtt", "mqtts"))] = _key(
        "", "A broker that exists already; empty starts andon's own.", secret=True
    )
    host: str = _key("127.0.0.1", "Address on which andon's own broker listens.", min_length=1)
    port: Port = _key(1883, "Port on which andon's own broker listens.")
    username: str = _key("", "User at the broker; empty is anonymous.")
    password: str = _key("", "Password at the broker.", secret=True)
    topic: Topic = _key("factory/machines/{machine_id}/telemetry", "Topic of telemetry.")
    status_topic: Topic = _key(
        "factory/machines/{machine_id}/status", "Topic of end-of-life (will) messages."
    )
    client_id: str = _key(
        "andon-engine", "The engine's name at the broker; its session lives under it.", min_length=1
    )
    max_inflight: int = _key(
        20_000, "Unacknowledged messages the broker may send.", "messages", ge=1, le=65_535
    )
    max_queued: int = _key(
        1_000_000, "Messages the broker holds for an absent engine.", "messages", ge=1
    )


class Wire(Section):
    """What counts as a message."""

    max_bytes: Bytes = _key(
        ByteSize(256 * 1024), "Largest message; larger go to quarantine.", "bytes"
    )
    max_depth: int = _key(32, "Deepest nesting of JSON in a message.", "levels", ge=1, le=500)
    naive_timestamp: Literal["reject", "plant"] = _key(
        "reject", "A timestamp without offset: reject the message, or take it as plant time."
    )
    timestamp: Literal["message", "arrival"] = _key(
        "message", "Event time: the message's, or its arrival (for gateways without a clock)."
    )


class Engine(Section):
    """From readings to rows."""

    batch_interval_ms: int = _key(250, "Least time between two commits.", "ms", ge=1)
    batch_messages: int = _key(5_000, "Commit at once when so many wait.", "messages", ge=1)
    max_batch: int = _key(20_000, "Most messages of one commit.", "messages", ge=1)
    max_gap_s: float = _key(
        60.0, "Silence after which a machine without declared period is UNKNOWN.", "s", gt=0
    )
    allowed_lateness_s: float = _key(
        120.0, "How late a reading may be and still change rows at once.", "s", gt=0
    )
    max_future_s: float = _key(
        30.0, "How far a timestamp may lie ahead of arrival; less than the lateness.", "s", ge=0
    )
    transit_s: float = _key(2.0, "Time a message may travel before silence is judged.", "s", ge=0)
    max_machines: int = _key(10_000, "Most machines to discover.", "machines", ge=1)

    @field_validator("max_future_s")
    @classmethod
    def _before_lateness(cls, value: float, info: ValidationInfo) -> float:
        lateness = info.data.get("allowed_lateness_s")
        if lateness is not None and value >= lateness:
            raise ValueError(f"should be less than engine.allowed_lateness_s ({lateness:g})")
        return value


class Store(Section):
    """PostgreSQL."""

    database_url: Annotated[str, _url(("postgresql", "postgres"))] = _key(
        "", "A PostgreSQL (15 to 18) that exists already; empty starts andon's own.", secret=True
    )
    min_free: Annotated[Bytes | None, NoneIfEmpty] = _key(
        None, "Free space that stops the engine; empty is the smaller of 5 % and 2 GiB.", "bytes"
    )
    raw_retention_days: int = _key(
        14, "Days of raw readings kept, counted back from each machine's newest.", "days", ge=1
    )
    engine_role: str = _key(
        "andon_engine", "Database role of the engine; empty is the user of database_url."
    )
    web_role: str = _key(
        "andon_web", "Database role of the web; empty is the user of database_url."
    )


class Web(Section):
    """The dashboard."""

    host: str = _key("127.0.0.1", "Address on which the dashboard listens.", min_length=1)
    port: Port = _key(5000, "Port on which the dashboard listens.")
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)] = _key(
        (), "Further Host names it answers to, beside its own address and localhost."
    )


class Log(Section):
    """What the services write."""

    level: Literal["debug", "info", "warning", "error"] = _key("info", "Least level written.")
    format: Literal["auto", "console", "json"] = _key(
        "auto", "Form of a line; auto is console on a terminal, else JSON."
    )


class Settings(BaseSettings):
    """All settings, frozen. Made by load(); `source()` says where a value came from."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False
    )

    state_dir: Annotated[Path, AfterValidator(_absolute)] = _key(
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

    def _remember(self, file: Path | None, origins: dict[str, Origin], given: Layer) -> None:
        self._file = file
        self._origins = origins
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
        """mqtt[s]://[user[:password]@]host[:port] of the broker. Holds the password: never log it."""
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
            return addresses.socket_dsn(self.postgres_dir, role or "postgres")
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


PLANT_TABLES = ("plant", "area", "line", "machine", "measure")
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
    settings._remember(document.path if document else None, origins, command_line)
    return settings


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
