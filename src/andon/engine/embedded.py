"""The embedded engine: MQTT -> decode -> advance -> one transaction -> acknowledge."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from andon import broker
from andon.engine import fence
from andon.engine.clock import Clock
from andon.engine.maintenance import Maintenance
from andon.engine.registry import current_plan
from andon.engine.report import Report
from andon.engine.space import Space
from andon.engine.step import Batch, Stepper
from andon.errors import StoreUnreachable
from andon.mqtt import Delivery, Subscriber
from andon.observe import Logger
from andon.plan import Plan
from andon.plant import Plant, load_plant
from andon.settings import Settings
from andon.store import postgres
from andon.store.postgres import Connection
from andon.wire import Message, WireRules, subscription_filter

_BACKOFF_S = (0.2, 5.0)
_IDLE_WAIT_S = 0.5
_SLOWEST_INTERVAL_S = 0.5
_FEW = 50
_REST = (8, 2)
"""Batches are this many times their own duration apart, up to half a second: a small plant (batches
of few messages) is to cost little, a large one to be fast."""


def _now_us() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class Engine:
    """The loop. `after_commit` is called between commit and acknowledgement (tests stop there)."""

    settings: Settings
    log: Logger
    take_over: bool = False
    after_commit: Callable[[], None] = lambda: None
    _stop: bool = field(default=False, init=False)
    _store_ok: bool = field(default=False, init=False)
    _paused: str = field(default="", init=False)
    _broker: str = field(default="", init=False)
    _reconnects: int = field(default=0, init=False)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ends the loop after the batch at hand."""
        self._stop = True

    def run(self) -> None:
        """Until stopped. Raises FenceLost and what a start-up can raise."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        plant = load_plant(self.settings.file, self.settings)
        conn = self._connect(first=True)
        held = fence.take(conn, take_over=self.take_over)
        plan = current_plan(conn, plant, _now_us())
        stepper = Stepper(
            conn, held, plant, plan, self._rules(plant, plan), self.settings.engine.max_machines
        )
        stepper.load()
        self._store_ok = True
        if stepper.difference:
            self.log.error("recovery", problem=stepper.difference)
        self.log.info(
            "ready", epoch=held.epoch, machines=stepper.carry.head.height, tail=stepper.tail.rows
        )
        mqtt = self.settings.mqtt
        self._broker = str(broker.choose(self.settings)) if self.settings.own_broker else "external"
        topics = [subscription_filter(t) for t in (mqtt.topic, mqtt.status_topic)]
        source = Subscriber(
            self.settings.mqtt_url, mqtt.client_id, topics, max_inflight=mqtt.max_inflight
        )
        source.subscribe_sys()
        source.start()
        try:
            self._loop(stepper, source)
        finally:
            source.close()
            stepper.conn.close()

    def _rules(self, plant: Plant, plan: Plan) -> WireRules:
        wire, mqtt = self.settings.wire, self.settings.mqtt
        return WireRules(
            time_zone=plant.time_zone,
            topic=mqtt.topic,
            status_topic=mqtt.status_topic,
            max_bytes=wire.max_bytes,
            max_depth=wire.max_depth,
            naive_timestamp=wire.naive_timestamp,
            timestamp=wire.timestamp,
            max_future_us=plan.max_future_us,
            measures=plan.measures,
        )

    def _loop(self, stepper: Stepper, source: Subscriber) -> None:
        engine = self.settings.engine
        plan = stepper.plan
        clock = Clock(plan.transit_us, plan.default.max_gap_us, stepper.fence.now)
        clock.seen(_newest(stepper))
        report = Report(self.settings.run_dir / "engine.json")
        space = Space(self.settings.state_dir, self.settings.min_free_bytes)
        upkeep = Maintenance(plan)
        self._say(report, stepper, source, force=True)
        next_batch = time.monotonic()
        while not self._stop:
            problem = space.problem()
            if problem != self._paused:
                self.log.warning("space", problem=problem or "there is room again")
                self._paused = problem
            taken = [] if problem else self._take(source, next_batch)
            started = time.monotonic()
            receive = _now_us()
            limited = len(taken) >= engine.batch_messages or source.window_full
            batch = self._batch(clock, stepper, taken, receive, limited)
            if batch is not None:
                self._commit(stepper, batch, report)
                clock.seen(_newest(stepper))
                self.after_commit()
                source.ack(taken)
            elif problem:
                time.sleep(_IDLE_WAIT_S)
            self._still_ours(stepper, source, report)
            upkeep.run(stepper)
            spent = time.monotonic() - started
            rest = _REST[len(taken) >= _FEW] * spent
            pause = min(max(engine.batch_interval_ms / 1000, rest), _SLOWEST_INTERVAL_S)
            next_batch = started + pause
            self._say(report, stepper, source)

    def _take(self, source: Subscriber, next_batch: float) -> list[Delivery]:
        """What has arrived; waits for the interval unless much waits or the window is full."""
        engine = self.settings.engine
        first = source.take(engine.max_batch, _IDLE_WAIT_S)
        if not first:
            return first
        while not self._stop and len(first) < engine.batch_messages and not source.window_full:
            left = next_batch - time.monotonic()
            if left <= 0:
                break
            first += source.take(engine.max_batch - len(first), min(left, 0.05))
        if len(first) < engine.max_batch and source.waiting:
            first += source.take(engine.max_batch - len(first), 0)
        return first

    def _batch(
        self, clock: Clock, stepper: Stepper, taken: list[Delivery], receive: int, limited: bool
    ) -> Batch | None:
        """The batch to commit, or None where nothing is to be done."""
        if taken:
            clock.received(receive, limited)
        now = clock.at(receive)
        if not taken and not stepper.falls_silent(now):
            return None
        messages = [Message(d.topic, d.payload, d.received_us, d.retained) for d in taken]
        return Batch(messages, now)

    def _commit(self, stepper: Stepper, batch: Batch, report: Report) -> None:
        """Commits, and tries again for as long as the store is away."""
        while True:
            try:
                tally = stepper.step(batch)
                report.batch(
                    tally.totals,
                    [m.received_us for m in batch.messages[:: len(batch.messages) // 50 + 1]],
                )
                return
            except StoreUnreachable as error:
                self._store_ok = False
                self.log.warning("store", problem=str(error))
                report.write({"store_ok": False, "detail": str(error)}, force=True)
            if self._reconnected(stepper, report):
                return

    def _reconnected(self, stepper: Stepper, report: Report) -> bool:
        """A new session as soon as there is one; True if the batch at hand was committed."""
        wait = _BACKOFF_S[0]
        while not self._stop:
            try:
                stepper.conn.close()
                committed = stepper.reconnect(self._connect())
                self._store_ok = True
                return committed
            except StoreUnreachable as error:
                report.write({"store_ok": False, "detail": str(error)})
                time.sleep(wait)
                wait = min(wait * 2, _BACKOFF_S[1])
        raise StoreUnreachable("Stopped while the store was away; nothing was acknowledged.")

    def _still_ours(self, stepper: Stepper, source: Subscriber, report: Report) -> None:
        """After each reconnection: the broker may have put us out because we were replaced.

        Raises FenceLost; without it two engines would put each other out for ever.
        """
        if source.counters.reconnects == self._reconnects:
            return
        self._reconnects = source.counters.reconnects
        try:
            stepper.hold()
        except StoreUnreachable:
            self._reconnected(stepper, report)

    def _connect(self, *, first: bool = False) -> Connection:
        """A session of the engine; at the start it waits for the store to come up."""
        deadline = time.monotonic() + (30.0 if first else 0.0)
        while True:
            try:
                return postgres.connect(self.settings.dsn("engine"), "andon engine")
            except StoreUnreachable:
                if time.monotonic() > deadline or self._stop:
                    raise
                time.sleep(0.1)

    def _say(
        self, report: Report, stepper: Stepper, source: Subscriber, *, force: bool = False
    ) -> None:
        facts = source.broker
        report.write(
            {
                "epoch": stepper.fence.epoch,
                "batch": stepper.fence.batch,
                "machines": stepper.carry.head.height,
                "tail": stepper.tail.rows,
                "inflight": source.inflight,
                "waiting": source.waiting,
                "broker": self._broker,
                "broker_dropped": facts.dropped,
                "mqtt_connected": source.connected,
                "mqtt_problem": source.problem,
                "redelivered": source.counters.redelivered,
                "reconnects": source.counters.reconnects,
                "store_ok": self._store_ok,
                "paused": self._paused,
                "detail": self._paused or stepper.difference,
            },
            force=force,
        )


def _newest(stepper: Stepper) -> int | None:
    """Newest event time of any machine, us."""
    newest = stepper.carry.head["time"].max()
    return newest if isinstance(newest, int) else None


def run(settings: Settings, log: Logger, *, take_over: bool = False) -> None:
    """Runs the engine until SIGTERM."""
    settings.ensure_state_dir()
    Engine(settings, log, take_over=take_over).run()
