"""`andon simulate`: simulated machines, or recorded messages, to the broker."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status

from andon.cli.options import ConfigOption, StateDirOption, settings_of
from andon.errors import BrokerUnreachable, ConfigError
from andon.mqtt import Publisher, check
from andon.observe import configure_logging
from andon.plant import load_plant
from andon.settings import Settings
from andon.simulator import run as simulator
from andon.simulator.recording import publish_file, recorded
from andon.simulator.run import Outcome, RunOptions
from andon.simulator.scenarios import parse


def simulate(
    machines: Annotated[int | None, typer.Option(min=1, help="How many machines.")] = None,
    interval: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds between a machine's messages.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Messages per second of all; sets --interval.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same plant.")] = None,
    faults: Annotated[
        str | None, typer.Option(help='"all", "none" or fault=RATE[:SECONDS], comma separated.')
    ] = None,
    duration: Annotated[float | None, typer.Option(min=0.0, help="Stop after seconds.")] = None,
    messages: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--publish-file", help="Publish these recorded JSON lines instead."),
    ] = None,
    mqtt_url: Annotated[str | None, typer.Option(help="Broker to publish to.")] = None,
    state_dir: StateDirOption = None,
    config: ConfigOption = None,
) -> None:
    """Simulated machines publish telemetry, with faults if asked for, until Ctrl-C.

    What they did and what became of each message is kept in <state>/ledger (docs/simulator.md).
    """
    if rate is not None and interval is not None:
        raise ConfigError("--rate and --interval both say how often machines speak: give one")
    overrides = {
        "simulator.machines": machines,
        "simulator.interval_s": interval,
        "simulator.seed": seed,
        "simulator.faults": faults,
        "mqtt.url": mqtt_url,
    }
    settings = settings_of(config, state_dir, overrides)
    configure_logging(settings.log, "simulator")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if file is not None:
        _publish(settings, file, stop)
        return
    if settings.simulator.machines == 0:
        Console(stderr=True).print("simulator.machines is 0: there is nothing to simulate")
        return
    zone = load_plant(settings.file, settings).time_zone
    options = _options(settings, zone, rate, duration, messages)
    outcome = _run(options, stop)
    if sys.stderr.isatty():
        Console(stderr=True).print(
            f"{outcome.instants} message instants; the broker acknowledged "
            f"{outcome.acknowledged} messages, {outcome.unacknowledged} not"
        )


def _options(
    settings: Settings,
    zone: ZoneInfo,
    rate: float | None,
    duration_s: float | None,
    messages: int | None,
) -> RunOptions:
    wanted = settings.simulator
    return RunOptions(
        machines=wanted.machines,
        interval_s=wanted.machines / rate if rate is not None else wanted.interval_s,
        seed=wanted.seed,
        zone=zone,
        faults=parse(wanted.faults),
        topic=settings.mqtt.topic,
        mqtt_url=settings.mqtt_url,
        ledger_dir=settings.ledger_dir,
        duration_s=duration_s,
        messages=messages,
    )


def _run(options: RunOptions, stop: Event) -> Outcome:
    """Run, telling a person at a terminal how it goes; under the supervisor it is quiet."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return simulator.run(options, stop)
    many = "machine publishes" if options.machines == 1 else "machines publish"
    with console.status(f"{options.machines} {many}; Ctrl-C ends it") as status:

        def report(progress: simulator.Progress) -> None:
            _tell(status, options, progress)

        return simulator.run(options, stop, report)


def _tell(status: Status, options: RunOptions, progress: simulator.Progress) -> None:
    words = [
        f"{options.machines} machines",
        f"{progress.instants:,} message instants",
        f"{progress.acknowledged:,} of {progress.published:,} messages acknowledged",
    ]
    if progress.behind_s > 1.0:
        words.append(f"[yellow]{progress.behind_s:.0f} s behind[/yellow]")
    if progress.problem:
        words.append(f"[red]{escape(progress.problem)}[/red]")
    status.update("; ".join(words))


def _publish(settings: Settings, file: Path, stop: Event) -> None:
    total = sum(1 for _ in recorded(file))
    check(settings.mqtt_url, 5.0)
    publisher = Publisher(settings.mqtt_url, f"andon-recording-{file.stem[:20]}").start()
    columns = (TextColumn("publishing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    missing = total
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("publishing", total=total)
            done = publish_file(
                publisher,
                file,
                settings.mqtt.topic,
                stop,
                lambda count: bar.update(task, completed=count),
            )
            missing = total - done
    finally:
        with suppress(RuntimeError):
            publisher.close(2.0)
    if missing:
        raise BrokerUnreachable(
            f"{missing} of {total} messages of {file} were not acknowledged by the broker; "
            "publish the file again: what arrived twice counts once"
        )
