"""The table of settings: sections of andon.toml with key, type, default, unit and one sentence.

In the order of the path. settings.py reads the values; docs/configuration.md is made from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict

MIB = 1024 * 1024
GIB = 1024 * MIB


def setting(default: Any, doc: str, unit: str = "", *, secret: bool = False, **limits: Any) -> Any:
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


Topic = Annotated[str, AfterValidator(_topic)]
Port = Annotated[int, Field(ge=1, le=65535)]
Bytes = Annotated[ByteSize, Field(ge=0)]
NoneIfEmpty = BeforeValidator(lambda value: None if value == "" else value)


class Section(BaseModel):
    """A table of andon.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Simulator(Section):
    """The simulated machines."""

    machines: int = setting(
        5, "How many machines to simulate; 0 runs no simulator.", "machines", ge=0, le=10_000
    )
    interval_s: float = setting(1.0, "Time between a machine's messages.", "s", gt=0, le=3600)
    seed: int = setting(7, "Seed of all chance: the same seed makes the same plant.", ge=0)
    faults: str = setting("", 'Faults to inject, comma separated; "all" is every one, "" none.')


class Broker(Section):
    """The MQTT broker that andon starts where mqtt.url is empty."""

    kind: Literal["auto", "mosquitto", "iotcore"] = setting(
        "auto", "Which broker to start; auto is Mosquitto where the machine has it, else iotcore."
    )
    queue_bytes: Bytes = setting(
        ByteSize(2 * GIB), "Most bytes the broker holds for an absent engine.", "bytes"
    )
    autosave_interval_s: int = setting(
        5, "Time between two saves of the broker's queue: what its crash can lose.", "s", ge=1
    )


class Mqtt(Section):
    """How simulator and engine reach the broker."""

    url: Annotated[str, _url(("mqtt", "mqtts"))] = setting(
        "", "A broker that exists already; empty starts andon's own.", secret=True
    )
    host: str = setting("127.0.0.1", "Address on which andon's own broker listens.", min_length=1)
    port: Port = setting(1883, "Port on which andon's own broker listens.")
    username: str = setting("", "User at the broker; empty is anonymous.")
    password: str = setting("", "Password at the broker.", secret=True)
    topic: Topic = setting("factory/machines/{machine_id}/telemetry", "Topic of telemetry.")
    status_topic: Topic = setting(
        "factory/machines/{machine_id}/status", "Topic of end-of-life (will) messages."
    )
    client_id: str = setting(
        "andon-engine", "The engine's name at the broker; its session lives under it.", min_length=1
    )
    max_inflight: int = setting(
        20_000, "Unacknowledged messages the broker may send.", "messages", ge=1, le=65_535
    )
    max_queued: int = setting(
        1_000_000, "Messages the broker holds for an absent engine.", "messages", ge=1
    )


class Wire(Section):
    """What counts as a message."""

    max_bytes: Bytes = setting(
        ByteSize(256 * 1024), "Largest message; larger go to quarantine.", "bytes"
    )
    max_depth: int = setting(32, "Deepest nesting of JSON in a message.", "levels", ge=1, le=500)
    naive_timestamp: Literal["reject", "plant"] = setting(
        "reject", "A timestamp without offset: reject the message, or take it as plant time."
    )
    timestamp: Literal["message", "arrival"] = setting(
        "message", "Event time: the message's, or its arrival (for gateways without a clock)."
    )


class Engine(Section):
    """From readings to rows."""

    batch_interval_ms: int = setting(250, "Least time between two commits.", "ms", ge=1)
    batch_messages: int = setting(5_000, "Commit at once when so many wait.", "messages", ge=1)
    max_batch: int = setting(10_000, "Most messages of one commit.", "messages", ge=1)
    max_gap_s: float = setting(
        60.0, "Silence after which a machine without declared period is UNKNOWN.", "s", gt=0
    )
    allowed_lateness_s: float = setting(
        120.0, "How late a reading may be and still change rows at once.", "s", gt=0
    )
    max_future_s: float = setting(
        30.0, "How far a timestamp may lie ahead of arrival; less than the lateness.", "s", ge=0
    )
    transit_s: float = setting(
        2.0, "Time a message may travel before silence is judged.", "s", ge=0
    )
    max_machines: int = setting(10_000, "Most machines to discover.", "machines", ge=1)

    @field_validator("max_future_s")
    @classmethod
    def _before_lateness(cls, value: float, info: ValidationInfo) -> float:
        lateness = info.data.get("allowed_lateness_s")
        if lateness is not None and value >= lateness:
            raise ValueError(f"should be less than engine.allowed_lateness_s ({lateness:g})")
        return value


class Store(Section):
    """PostgreSQL."""

    database_url: Annotated[str, _url(("postgresql", "postgres"))] = setting(
        "", "A PostgreSQL (15 to 18) that exists already; empty starts andon's own.", secret=True
    )
    min_free: Annotated[Bytes | None, NoneIfEmpty] = setting(
        None, "Free space that stops the engine; empty is the smaller of 5 % and 2 GiB.", "bytes"
    )
    raw_retention_days: int = setting(
        14, "Days of raw readings kept, counted back from each machine's newest.", "days", ge=1
    )
    engine_role: str = setting(
        "andon_engine", "Database role of the engine; empty is the user of database_url."
    )
    web_role: str = setting(
        "andon_web", "Database role of the web; empty is the user of database_url."
    )


class Web(Section):
    """The dashboard."""

    host: str = setting("127.0.0.1", "Address on which the dashboard listens.", min_length=1)
    port: Port = setting(5000, "Port on which the dashboard listens.")
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)] = setting(
        (), "Further Host names it answers to, beside its own address and localhost."
    )


class Log(Section):
    """What the services write."""

    level: Literal["debug", "info", "warning", "error"] = setting("info", "Least level written.")
    format: Literal["auto", "console", "json"] = setting(
        "auto", "Form of a line; auto is console on a terminal, else JSON."
    )
