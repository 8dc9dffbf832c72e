"""The same work written by hand as barely as it can be: what andon's figures stand beside.

`python -m andon.bench.references MQTT_PORT CLIENT_ID TOPIC DSN BOOK` is the writer: paho as MQTT
3.1.1 with acknowledgements by hand, psycopg COPY of raw rows in batches of 2,000, commit,
acknowledge. The file BOOK says how many rows are committed. It ends on SIGTERM.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import polars as pl
import psycopg
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from andon.settings import Settings
from andon.store import cluster as cluster_of
from andon.store import embedded_postgres
from andon.units import MINUTE_US

TABLE = "bench_raw"
CREATE = f"CREATE TABLE IF NOT EXISTS {TABLE} (received timestamptz, topic text, payload text)"
DISTINCT = f"SELECT count(DISTINCT md5(topic || payload)) FROM {TABLE}"  # noqa: S608 - our name
BATCH = 2_000
LOOPBACK = "127.0.0.1"
_WAIT_S = 0.2

MEASURES = ("temperature_milli", "speed_milli", "oee_milli", "quality_score_milli")
COUNTS = ("good_units", "scrap_units")
TOTALS = ("total_good_units", "total_scrap_units", "production_count")


def group_by(readings: pl.DataFrame) -> pl.DataFrame:
    """Sums, minima and maxima per machine and minute of the columns that minutes are made of."""
    minute = (pl.col("time") - pl.col("time") % MINUTE_US).alias("minute")
    return readings.group_by("machine_id", minute).agg(
        pl.len(),
        *(pl.col(n).sum().name.suffix("_sum") for n in (*MEASURES, *COUNTS)),
        *(pl.col(n).min().name.suffix("_min") for n in (*MEASURES, *TOTALS)),
        *(pl.col(n).max().name.suffix("_max") for n in (*MEASURES, *TOTALS)),
    )


def committed(book: Path) -> int:
    """Rows that the writer has committed. Asking the table would take its time."""
    return int(book.read_bytes()) if book.exists() else 0


def write(port: int, client_id: str, topic: str, dsn: str, book: Path) -> None:
    """Drains a persistent session on this computer into TABLE until SIGTERM."""
    count, pages = 0, os.open(book, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.pwrite(pages, b"%012d" % count, 0)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    arrived: queue.SimpleQueue[tuple[float, mqtt.MQTTMessage]] = queue.SimpleQueue()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=False,
        protocol=mqtt.MQTTv311,
        manual_ack=True,
    )
    client.on_message = lambda _c, _u, message: arrived.put((time.time(), message))
    client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
    with psycopg.connect(dsn) as conn:
        client.connect(LOOPBACK, port)
        client.loop_start()
        while not stopping.is_set():
            batch = _take(arrived)
            if not batch:
                continue
            sql = f"COPY {TABLE} FROM STDIN"
            with conn.cursor() as cursor, cursor.copy(sql) as copy:
                copy.write(b"".join([_row(at, message) for at, message in batch]))
            conn.commit()
            count += len(batch)
            os.pwrite(pages, b"%012d" % count, 0)
            for _, message in batch:
                client.ack(message.mid, message.qos)
        client.disconnect()
        client.loop_stop()


def start_postgres(folder: Path, settings: Settings) -> float:
    """Seconds until a bare PostgreSQL takes connections; makes its data where there is none."""
    clusters = embedded_postgres.cluster_of(settings)
    cluster = replace(clusters, folder=folder, log=folder.with_suffix(".log"))
    began = time.monotonic()
    pid, _ = embedded_postgres.start(cluster)
    took = time.monotonic() - began
    cluster_of.stop(cluster, pid)
    return took


def end_session(port: int, client_id: str) -> None:
    """Connects once with a clean session, so that the broker forgets the persistent one."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    welcomed = threading.Event()
    client.on_connect = lambda *_: welcomed.set()
    client.connect(LOOPBACK, port)
    client.loop_start()
    welcomed.wait(10)
    client.disconnect()
    client.loop_stop()


def _take(
    arrived: queue.SimpleQueue[tuple[float, mqtt.MQTTMessage]],
) -> list[tuple[float, mqtt.MQTTMessage]]:
    """Up to BATCH messages, fewer where none comes for a while."""
    batch: list[tuple[float, mqtt.MQTTMessage]] = []
    try:
        while len(batch) < BATCH:
            batch.append(arrived.get(timeout=_WAIT_S))
    except queue.Empty:
        pass
    return batch


def _row(at: float, message: mqtt.MQTTMessage) -> bytes:
    """A line of COPY's text format; JSON on one line holds no tabs or line ends."""
    payload = message.payload.replace(b"\\", b"\\\\")
    received = _second(int(at)), int(at % 1 * 1e6)
    return b"%s.%06dZ\t%s\t%s\n" % (*received, message.topic.encode(), payload)


@lru_cache(maxsize=4)
def _second(at: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)).encode()


if __name__ == "__main__":
    _port, _client_id, _topic, _dsn, _book = sys.argv[1:]
    write(int(_port), _client_id, _topic, _dsn, Path(_book))
