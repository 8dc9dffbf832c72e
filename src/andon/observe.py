"""What the services say of themselves: log lines (structlog) and metrics (Prometheus).

A line goes to stderr: JSON for files and machines, colours for a person at a terminal. The
supervisor keeps what a service writes in <state_dir>/logs/<service>.log.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from andon.sections import Log

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Content type of Metrics.render()."""

Logger = structlog.stdlib.BoundLogger

_NOISY = ("waitress.queue", "alembic.runtime.migration", "asyncio")


def configure_logging(log: Log, service: str, stream: TextIO | None = None) -> Logger:
    """Set up logging of this process once and return the service's logger.

    Lines of libraries that use `logging` take the same form. Call it before threads start.
    """
    stream = stream or sys.stderr
    console = log.format == "console" or (log.format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    if not console:
        shared.append(structlog.processors.format_exc_info)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="at")
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log.level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    return logger(service)


def logger(name: str) -> Logger:
    """A logger: `logger("engine").info("batch committed", readings=5000)`."""
    return structlog.stdlib.get_logger(f"andon.{name}")


MetricKind = Literal["counter", "gauge"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without "andon_", whether it only grows, one sentence, its labels."""

    name: str
    kind: MetricKind
    doc: str
    labels: tuple[str, ...] = ()


Values = Mapping[tuple[str, ...], float]
"""Values of a metric by its labels' values, in the labels' order; () where it has none."""


class Metrics(Collector):
    """Metrics that are read when somebody asks: a table of Metric and functions of their values."""

    def __init__(self) -> None:
        self._sources: list[tuple[Metric, Callable[[], Values]]] = []
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def add(self, metric: Metric, read: Callable[[], Values]) -> None:
        """Show what `read` returns at each scrape; an empty mapping shows no sample."""
        self._sources.append((metric, read))

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """All families with their present values (called by the registry)."""
        for metric, read in self._sources:
            family_class = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = family_class(f"andon_{metric.name}", metric.doc, labels=metric.labels)
            for labels, value in read().items():
                family.add_metric(list(labels), value)
            yield family

    def render(self) -> bytes:
        """The text exposition, to be sent with CONTENT_TYPE."""
        return generate_latest(self._registry)


def single(value: float | None) -> Values:
    """Values of a metric without labels; None is no sample."""
    return {} if value is None else {(): float(value)}
