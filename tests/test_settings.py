"""Settings: the order of sources, and what a wrong value says."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from andon.errors import ConfigError, StateDirError
from andon.settings import SETTINGS, SETTINGS_BY_KEY, Settings, load
from andon.state_dir import ROOMS, ensure_state_dir, explain


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_key_has_a_default_a_sentence_and_one_name(here: Path) -> None:
    settings = load(environ={})
    for row in SETTINGS:
        assert settings.source(row.key) == "default"
        assert row.doc.endswith("."), row.key
        if row.key != "state_dir":
            assert settings.value(row.key) == row.default
    assert len({row.variable for row in SETTINGS}) == len(SETTINGS)
    assert SETTINGS_BY_KEY["mqtt.port"].variable == "ANDON_MQTT__PORT"


def test_sources_in_order(here: Path) -> None:
    """command line > environment > secret file > andon.toml > default"""
    (here / "secret").write_text("from file\n")
    (here / "andon.toml").write_text(
        'mqtt.password = "from toml"\nmqtt.port = 1\nweb.port = 2\n\n[log]\nlevel = "error"\n'
    )
    environ = {
        "ANDON_MQTT__PASSWORD_FILE": str(here / "secret"),
        "ANDON_MQTT__PORT": "11",
        "ANDON_WEB__PORT": "12",
    }
    settings = load(environ=environ, overrides={"web.port": 22, "web.host": None})
    assert settings.web.port == 22
    assert settings.source("web.port") == "command line"
    assert settings.mqtt.port == 11
    assert settings.source("mqtt.port") == "ANDON_MQTT__PORT"
    assert settings.mqtt.password == "from file"
    assert settings.source("mqtt.password") == "ANDON_MQTT__PASSWORD_FILE"
    assert settings.log.level == "error"
    assert settings.source("log.level") == f"{here / 'andon.toml'} line 6"
    assert settings.web.host == "127.0.0.1"
    assert settings.source("web.host") == "default"


def test_settings_are_frozen(here: Path) -> None:
    settings = load(environ={})
    with pytest.raises(ValueError, match="frozen"):
        settings.mqtt.port = 3


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('[mqtt]\nport = "abc"', 'line 2: mqtt.port = "abc": should be a whole number'),
        ("[mqtt]\n\nport = 70000", "line 3: mqtt.port = 70000: should be less than or equal to"),
        (
            "[mqtt]\nprot = 1",
            'line 2: mqtt.prot = 1: there is no such setting. Did you mean "port"',
        ),
        ("[mqqt]\nport = 1", 'line 1: [mqqt] is no table of andon\'s. Did you mean "mqtt"'),
        ("web.port = 1\nmqtt.port = 0", "line 2: mqtt.port = 0: should be greater than or equal"),
        ("mqtt = 3", "line 1: mqtt = 3 should be a table: [mqtt]"),
        ('[mqtt]\nurl = "localhost"', "should be empty or begin with mqtt:// or mqtts://"),
        ('[mqtt]\ntopic = "a/b"', "should hold {machine_id} as one whole level"),
        ('[store]\ndatabase_url = "mysql://x"', "should be empty or begin with postgresql://"),
        ("[engine]\nmax_future_s = 500", "should be less than engine.allowed_lateness_s (120)"),
        ('[broker]\nkind = "rabbit"', "should be 'auto', 'mosquitto' or 'iotcore'"),
        ("[mqtt", "not valid TOML"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(here: Path, toml: str, says: str) -> None:
    (here / "andon.toml").write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load(environ={})
    assert str(caught.value).startswith(str(here / "andon.toml"))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"ANDON_MQTT__PROT": "1"}, "ANDON_MQTT__PROT: no setting has this environment variable."),
        ({"ANDON_MQTT__PROT": "1"}, 'Did you mean "ANDON_MQTT__PORT"?'),
        ({"ANDON_MQTT__PORT": "x"}, 'ANDON_MQTT__PORT: mqtt.port = "x": should be a whole number'),
        ({"ANDON_STORE__DATABASE_URL_FILE": "/nowhere"}, "No such file"),
        ({"ANDON_CONFIG": "/nowhere.toml"}, "`andon config init --config /nowhere.toml`"),
    ],
)
def test_a_wrong_variable_is_named(here: Path, environ: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ=environ)
    assert says in str(caught.value)


def test_every_wrong_value_is_told_at_once_and_secrets_are_not(here: Path) -> None:
    (here / "andon.toml").write_text(
        '[mqtt]\nport = 0\nurl = "ftp://me:hunter2@x"\n[web]\nport = 0'
    )
    with pytest.raises(ConfigError) as caught:
        load(environ={})
    assert len(str(caught.value).splitlines()) == 3
    assert "hunter2" not in str(caught.value)


def test_other_andon_variables_are_none_of_ours(here: Path) -> None:
    load(environ={"ANDON_PORT_5000_TCP_ADDR": "10.0.0.1"})


def test_a_child_process_gets_the_same_settings(here: Path) -> None:
    (here / "andon.toml").write_text("[web]\nport = 5001\n")
    given: dict[str, object] = {
        "mqtt.url": "mqtt://b:1",
        "web.allowed_hosts": ("a", "b"),
        "simulator.machines": 0,
    }
    parent = load(state_dir=here / "state", overrides=given, environ={})
    child = load(environ=parent.environment())
    assert child.model_dump() == parent.model_dump()
    assert child.web.allowed_hosts == ("a", "b")
    assert child.file == here / "andon.toml"


def test_addresses(here: Path) -> None:
    own = load(
        environ={"ANDON_MQTT__USERNAME": "a b", "ANDON_MQTT__PASSWORD": "p@:/"},
        state_dir=Path("/s"),
    )
    assert own.mqtt_url == "mqtt://a%20b:p%40%3A%2F@127.0.0.1:1883"
    assert own.dsn("web") == "postgresql://andon_web@/andon?host=%2Fs%2Fpostgres"
    assert own.dsn() == "postgresql://andon_owner@/andon?host=%2Fs%2Fpostgres"
    other = load(
        environ={
            "ANDON_MQTT__URL": "mqtts://b:8883",
            "ANDON_MQTT__USERNAME": "u",
            "ANDON_STORE__DATABASE_URL": "postgresql://o:p@h:1/d?sslmode=require",
        }
    )
    assert other.mqtt_url == "mqtts://u@b:8883"
    assert other.dsn() == "postgresql://o:p@h:1/d?sslmode=require"
    query = parse_qs(urlsplit(other.dsn("engine")).query)
    assert query == {"sslmode": ["require"], "options": ["-c role=andon_engine"]}
    assert not other.own_broker
    assert not other.own_store


def test_sizes_and_lists_may_be_written_by_people(here: Path) -> None:
    settings = load(
        environ={"ANDON_STORE__MIN_FREE": "3 GiB", "ANDON_WEB__ALLOWED_HOSTS": "a.example, b"}
    )
    assert settings.min_free_bytes(10**12) == 3 * 1024**3
    assert settings.web.allowed_hosts == ("a.example", "b")
    default = load(environ={"ANDON_STORE__MIN_FREE": ""})
    assert default.min_free_bytes(20 * 1024**3) == 1024**3
    assert default.min_free_bytes(10**13) == 2 * 1024**3


# --- the state directory -------------------------------------------------------------------------


def test_state_dir_is_relative_to_the_file_that_names_it(here: Path) -> None:
    (here / "plant").mkdir()
    (here / "plant" / "andon.toml").write_text('state_dir = "data"')
    settings = load(here / "plant" / "andon.toml", environ={})
    assert settings.state_dir == here / "plant" / "data"


def test_default_state_dir(here: Path) -> None:
    settings = load(environ={"XDG_STATE_HOME": "/x"})
    root = os.geteuid() == 0
    assert settings.state_dir == Path("/var/lib/andon" if root else "/x/andon")


def _settings(top: Path) -> Settings:
    return load(state_dir=top, environ={"ANDON_STORE__DATABASE_URL": "postgresql://h/d"})


def test_rooms_are_closed_to_others(here: Path) -> None:
    settings = _settings(here / "a" / "state")
    settings.ensure_state_dir()
    settings.ensure_state_dir()
    for room in ROOMS:
        assert (settings.state_dir / room).stat().st_mode & 0o777 == 0o700
    settings.secrets_dir.chmod(0o755)
    settings.ensure_state_dir()
    assert settings.secrets_dir.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way(here: Path) -> None:
    (here / "state").write_text("")
    with pytest.raises(StateDirError, match=r"not a directory.*--state-dir"):
        _settings(here / "state").ensure_state_dir()


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a read-only file system")
def test_a_place_that_takes_no_directory() -> None:
    with pytest.raises(StateDirError, match="--state-dir"):
        _settings(Path("/proc/andon")).ensure_state_dir()


@pytest.mark.parametrize(
    ("number", "says"),
    [(30, "read-only"), (28, "no space left"), (13, "may not write"), (5, "Input/output error")],
)
def test_each_error_says_what_to_do(number: int, says: str) -> None:
    message = explain(Path("/s"), OSError(number, os.strerror(number)))
    assert says in message
    assert "--state-dir" in message


def test_no_room_for_the_socket(tmp_path: Path) -> None:
    with pytest.raises(StateDirError, match="longer than"):
        ensure_state_dir(tmp_path / ("x" * 100), own_store=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as another user")
def test_root_opens_no_closed_directory(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StateDirError, match="closed to other users"):
        ensure_state_dir(closed / "state", own_store=True)
    assert closed.stat().st_mode & 0o777 == 0o700
