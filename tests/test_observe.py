"""Log lines and metrics as a machine reads them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from andon.observe import CONTENT_TYPE, Metric, Metrics, configure_logging, logger, single
from andon.sections import Log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_one_json_object_whoever_writes_it() -> None:
    stream = io.StringIO()
    configure_logging(Log(), "engine", stream).info("batch committed", readings=3)
    logging.getLogger("waitress").warning("slow %s", "client")
    logger("engine").debug("not shown")
    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert ours["event"] == "batch committed"
    assert ours["readings"] == 3
    assert theirs["event"] == "slow client"
    for line in (ours, theirs):
        assert line["service"] == "engine"
        assert line["at"].endswith("Z")


def test_an_exception_is_inside_its_line() -> None:
    stream = io.StringIO()
    log = configure_logging(Log(), "engine", stream)
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("failed")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert line["exception"].endswith("ValueError: odd")


def test_a_console_line_is_for_a_person() -> None:
    stream = io.StringIO()
    configure_logging(Log(format="console"), "web", stream).warning("listening", port=5000)
    assert "listening" in stream.getvalue()
    assert "port=5000" in stream.getvalue()


def test_metrics_are_read_when_asked() -> None:
    metrics = Metrics()
    count = 0.0
    metrics.add(Metric("messages", "counter", "Messages taken."), lambda: single(count))
    metrics.add(Metric("age_seconds", "gauge", "Age.", ("machine",)), lambda: {("A",): 1.5})
    metrics.add(Metric("nothing", "gauge", "Not known."), lambda: single(None))
    count = 7.0
    lines = metrics.render().decode().splitlines()
    assert "andon_messages_total 7.0" in lines
    assert 'andon_age_seconds{machine="A"} 1.5' in lines
    assert not [line for line in lines if line.startswith("andon_nothing")]
    assert CONTENT_TYPE.startswith("text/plain")
