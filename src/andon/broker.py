"""andon's own MQTT broker: Mosquitto where the machine has it, else iotcore from the package index.

Only this file knows either. What was chosen is written to run/broker.json for the page. Defaults
of both drop messages silently (Mosquitto beyond 1,000 queued) or listen to the world (iotcore), so
every limit is set here.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from andon.errors import ConfigError, DependencyMissing, PortTaken
from andon.settings import Settings

Kind = Literal["mosquitto", "iotcore"]

OLDEST_MOSQUITTO = (2, 0, 11)
MAX_PACKET_BYTES = 1024 * 1024
IOTCORE_QUEUE_BYTES = 256 * 1024 * 1024
_SEGMENTS = 16


@dataclass(frozen=True)
class Description:
    """The broker in words and numbers for people (run/broker.json).

    queue_bytes: how much it holds for an absent engine; loses: what its own end costs.
    """

    kind: str
    version: str
    host: str
    port: int
    persistent: bool
    queue_bytes: int | None
    loses: str


@dataclass(frozen=True)
class Mosquitto:
    """A Mosquitto found on this machine."""

    program: Path
    version: tuple[int, ...]


def find_mosquitto() -> Mosquitto | None:
    """Mosquitto on PATH or in the usual system folders, of any version."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    program = shutil.which("mosquitto", path=places)
    if program is None:
        return None
    try:
        done = subprocess.run([program, "-h"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", done.stdout + done.stderr)
    return Mosquitto(Path(program), tuple(map(int, found.groups()))) if found else None


def choose(settings: Settings) -> Kind:
    """Which broker `andon broker` runs. Raises DependencyMissing where there is none such."""
    kind = settings.broker.kind
    if kind == "iotcore":
        return "iotcore"
    found = find_mosquitto()
    if found and found.version >= OLDEST_MOSQUITTO:
        return "mosquitto"
    if kind == "mosquitto":
        have = f"{'.'.join(map(str, found.version))} is too old" if found else "there is none"
        raise DependencyMissing(
            f"broker.kind = mosquitto needs Mosquitto 2.0.11 or newer; {have} on this machine. "
            "Install the package mosquitto, or set broker.kind to auto."
        )
    return "iotcore"


def describe(settings: Settings) -> Description:
    """What andon knows of the broker before anyone has connected to it."""
    host, port = settings.mqtt.host, settings.mqtt.port
    if settings.mqtt.url:
        from andon.mqtt.probe import parse

        address = parse(settings.mqtt_url)
        loses = "its owner's settings say what it holds and what its crash loses"
        return Description("external", "", address.host, address.port, True, None, loses)
    if choose(settings) == "mosquitto":
        found = find_mosquitto()
        version = ".".join(map(str, found.version)) if found else ""
        loses = f"a crash loses at most the last {settings.broker.autosave_interval_s} s"
        queue = int(settings.broker.queue_bytes)
        return Description("mosquitto", version, host, port, True, queue, loses)
    from importlib.metadata import version as version_of

    loses = "it holds its queue in memory only: its end loses what the engine has not committed"
    queue = _iotcore_queue(settings)
    return Description("iotcore", version_of("iotcore"), host, port, False, queue, loses)


def write_description(settings: Settings) -> None:
    """Write run/broker.json, whole or not at all."""
    target = settings.run_dir / "broker.json"
    part = target.with_suffix(".part")
    part.write_text(json.dumps(asdict(describe(settings))) + "\n")
    part.replace(target)


def serve(settings: Settings) -> None:
    """Run the broker in the foreground until SIGTERM; Mosquitto takes this process over.

    Raises ConfigError for a listener open to others without a user, PortTaken, DependencyMissing.
    """
    _refuse_open_listener(settings)
    settings.broker_dir.mkdir(parents=True, exist_ok=True)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    kind = choose(settings)
    write_description(settings)
    found = find_mosquitto()
    if kind == "mosquitto" and found:
        file = settings.broker_dir / "mosquitto.conf"
        _write_private(file, mosquitto_config(settings))
        os.execv(found.program, [str(found.program), "-c", str(file)])  # noqa: S606 # no shell
    _serve_iotcore(settings)


def mosquitto_config(settings: Settings) -> str:
    """The text of mosquitto.conf; writes the password file beside it where a user is set."""
    mqtt, folder = settings.mqtt, settings.broker_dir
    lines = [
        f"listener {mqtt.port} {mqtt.host}",
        f"max_inflight_messages {mqtt.max_inflight}",
        f"max_queued_messages {mqtt.max_queued}",
        f"max_queued_bytes {int(settings.broker.queue_bytes)}",
        f"max_packet_size {MAX_PACKET_BYTES}",
        "queue_qos0_messages false",
        "persistence true",
        f"persistence_location {folder}/",
        f"autosave_interval {settings.broker.autosave_interval_s}",
        "autosave_on_changes false",
        "sys_interval 5",
        "set_tcp_nodelay true",
        "log_dest stdout",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S%z",
        "user root",  # read only where root starts it: it must stay who owns the state directory
    ]
    if not mqtt.username:
        return "\n".join([*lines, "allow_anonymous true", ""])
    accounts = folder / "accounts"
    _write_private(accounts, f"{mqtt.username}:{_hashed(mqtt.password)}\n")
    return "\n".join([*lines, "allow_anonymous false", f"password_file {accounts}", ""])


def iotcore_config(settings: Settings) -> str:
    """The text of rumqttd's TOML for iotcore: loopback, 1 MB packets, a queue of fixed size."""
    mqtt = settings.mqtt
    host = f"[{mqtt.host}]" if ":" in mqtt.host else mqtt.host
    auth = ""
    if mqtt.username:
        pair = f"{json.dumps(mqtt.username)} = {json.dumps(mqtt.password)}"
        auth = f"\n[v4.1.connections.auth]\n{pair}\n"
    return f"""id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = {_iotcore_queue(settings) // _SEGMENTS}
max_segment_count = {_SEGMENTS}

[v4.1]
name = "andon"
listen = "{host}:{mqtt.port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PACKET_BYTES}
max_inflight_count = {mqtt.max_inflight}
dynamic_filters = true
{auth}"""


def _iotcore_queue(settings: Settings) -> int:
    """Bytes; its log is never shortened below this, so it is what the process grows to."""
    return min(int(settings.broker.queue_bytes), IOTCORE_QUEUE_BYTES)


def _serve_iotcore(settings: Settings) -> None:
    import logging

    from iotcore import Broker

    # rumqttd reports each connection's routing as an error
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    file = settings.broker_dir / "iotcore.toml"
    _write_private(file, iotcore_config(settings))
    try:
        Broker(config_path=str(file)).run_forever()
    except OSError as error:
        raise PortTaken(
            f"The broker cannot listen on {settings.mqtt.host}:{settings.mqtt.port} ({error}): "
            "free the port or change mqtt.port."
        ) from None


def _refuse_open_listener(settings: Settings) -> None:
    host = settings.mqtt.host
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local and not (settings.mqtt.username and settings.mqtt.password):
        raise ConfigError(
            f"mqtt.host = {host} opens the broker to the network; "
            "set mqtt.username and mqtt.password as well, or keep 127.0.0.1."
        )


def _write_private(file: Path, text: str) -> None:
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    part.replace(file)


def _hashed(password: str) -> str:
    """Mosquitto's password format 7: PBKDF2-SHA512, 101 rounds, salt of 12 bytes."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
