"""Draining a queue: messages that wait in the broker for an absent session, into PostgreSQL."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from andon.bench import references
from andon.bench.report import Figure
from andon.bench.rig import ANDON, Rig, rig
from andon.bench.workload import RULES, Fleet
from andon.mqtt import Subscriber
from andon.store import embedded_postgres, postgres
from andon.wire import subscription_filter

TOPIC = subscription_filter(RULES.topic)
REFERENCE_CLIENT = "bench-writer"


@dataclass(frozen=True, slots=True)
class Drained:
    """Seconds from the first message received to the last one committed, and what came out."""

    seconds: float
    rows: int
    distinct: int


def run(quick: bool) -> list[Figure]:
    """Writer and engine in turn, each with a queue of its own."""
    count, rounds = (20_000, 1) if quick else (300_000, 3)
    fleet = Fleet()
    ours, bare = [], []
    with rig(fleet) as made:
        made.up(without="engine,web,simulator")
        made.wait_ready("broker", "schema")
        postgres.execute(made.conn, references.CREATE)
        for _ in range(rounds):
            bare.append(_by_writer(made, fleet, count))
            ours.append(_by_engine(made, fleet, count))
    lost = sum(count - each.distinct for each in ours)
    doubled = sum(each.rows - each.distinct for each in ours)
    return [
        Figure(
            "drain",
            f"{count:,} queued messages, QoS 1",
            count / median(each.seconds for each in ours),
            "messages/s",
            "minimal paho + COPY of raw rows",
            count / median(each.seconds for each in bare),
            f"{lost} lost, {doubled} doubled; median of {rounds}",
        )
    ]


def writer(made: Rig) -> tuple[str, ...]:
    """The command line of the minimal writer."""
    return (
        *(sys.executable, "-m", "andon.bench.references", str(made.mqtt_port)),
        *(REFERENCE_CLIENT, TOPIC, made.settings.dsn("owner"), str(book(made))),
    )


def book(made: Rig) -> Path:
    """Where the minimal writer says how far it is."""
    return made.folder / "writer.count"


def open_session(made: Rig, client_id: str) -> None:
    """Leaves a persistent session of an absent client behind, so that the broker queues for it."""
    subscriber = Subscriber(made.settings.mqtt_url, client_id, [TOPIC]).start()
    subscriber.wait_connected(10)
    time.sleep(0.3)
    subscriber.close()


def queue_messages(made: Rig, fleet: Fleet, count: int) -> None:
    """Publishes `count` messages and waits for the broker's word."""
    publisher = made.publisher()
    publisher.publish_many(fleet.messages(count))
    missing = publisher.close(60)
    assert missing == 0, f"the broker has not taken {missing} messages"


def _by_writer(made: Rig, fleet: Fleet, count: int) -> Drained:
    postgres.execute(made.conn, f"TRUNCATE {references.TABLE}")
    open_session(made, REFERENCE_CLIENT)
    queue_messages(made, fleet, count)
    _settle(made)
    book(made).unlink(missing_ok=True)
    process = made.spawn(*writer(made))
    ended = _until(made, lambda: references.committed(book(made)), count)
    made.stop(process)
    forget_session(made, REFERENCE_CLIENT)
    return _drained(made, references.TABLE, references.DISTINCT, ended)


def _by_engine(made: Rig, fleet: Fleet, count: int) -> Drained:
    _empty(made)
    open_session(made, made.settings.mqtt.client_id)
    queue_messages(made, fleet, count)
    _settle(made)
    process = made.spawn(*ANDON, "engine")
    ended = _until(made, made.committed, count)
    made.stop(process)
    forget_session(made, made.settings.mqtt.client_id)
    return _drained(made, "reading", "SELECT count(DISTINCT identity) FROM reading", ended)


def _until(made: Rig, committed: Callable[[], int], count: int) -> float:
    made.wait(lambda: committed() >= count, f"{count} messages", timeout_s=600)
    return time.time()


def _drained(made: Rig, table: str, distinct: str, ended: float) -> Drained:
    """Counts a table; the first message's time of receipt is in it."""
    rows = postgres.query(
        made.conn,
        f"SELECT count(*) AS n, extract(epoch FROM min(received)) AS first FROM {table}",  # noqa: S608 - our names
    )[0]
    seconds = ended - float(rows["first"])
    return Drained(seconds, int(rows["n"]), int(postgres.scalar(made.conn, distinct)))


def _settle(made: Rig) -> None:
    """Every run begins with a checkpoint behind it and the broker's file written."""
    superuser = postgres.connect(embedded_postgres.superuser_dsn(made.settings))
    postgres.execute(superuser, "CHECKPOINT")
    superuser.close()
    time.sleep(1.0)


def _empty(made: Rig) -> None:
    """Takes everything out of the engine's tables."""
    names = postgres.query(
        made.conn,
        "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' "
        "AND tablename NOT IN ('schema_info', 'alembic_version') "
        "AND tablename NOT LIKE 'reading\\_%%' AND tablename <> %s",
        (references.TABLE,),
    )
    postgres.execute(made.conn, "TRUNCATE " + ", ".join(row["name"] for row in names))


def forget_session(made: Rig, client_id: str) -> None:
    """Ends the persistent session: nothing more is queued for it."""
    references.end_session(made.mqtt_port, client_id)
