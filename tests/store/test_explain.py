"""A filter on a public view reaches an index: nobody reads a year to show an hour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import new_database

from andon.model import MEASURES, MINUTES, SCRAP, Frame
from andon.store import postgres, roles
from andon.store.cluster import Cluster
from andon.store.postgres import Connection

MACHINES = 20
MINUTES_BACK = 3 * 1440

INTERVALS = """
INSERT INTO state_interval (machine_id, start, "end", prev_end, state, repair)
SELECT 'M' || m, t, CASE WHEN n < 2000 THEN t + interval '1 minute' END,
    CASE WHEN n > 0 THEN t END, 'UNKNOWN', false
FROM generate_series(1, 20) m, generate_series(0, 2000) n,
    LATERAL (SELECT date_trunc('minute', now()) + (n - 2000) * interval '1 minute' AS t) x
"""

QUERIES = {
    "window": "SELECT * FROM machine_metrics_5min WHERE window_start >= now() - interval '1 hour'",
    "machine": "SELECT * FROM machine_metrics_5min WHERE machine_id = 'M7' "
    "AND window_start >= now() - interval '6 hours'",
    "status": "SELECT * FROM current_machine_status",
    "scrap": "SELECT * FROM production_scrap WHERE timestamp >= now() - interval '1 hour'",
    "tracking": "SELECT * FROM real_time_scrap_tracking",
    "oee": "SELECT * FROM oee_range('M7', now() - interval '8 hours', now())",
    "oee of all": "SELECT * FROM oee_range(NULL, now() - interval '1 hour', now())",
}


def _values(frame: Frame, given: dict[str, str]) -> str:
    zero = {"text": "''", "flag": "false", "instant": "now()", "identity": "gen_random_uuid()"}
    return ", ".join(
        given.get(c.name, "NULL" if c.null else zero.get(c.kind, "1")) for c in frame.columns
    )


def _fill(conn: Connection) -> None:
    minute = "date_trunc('minute', now()) - n * interval '1 minute'"
    given = {"machine_id": "'M' || m", "minute": minute, "time": minute, "measure": "'speed'"}
    for frame, every in ((MINUTES, 1), (MEASURES, 1), (SCRAP, 5)):
        postgres.execute(
            conn,
            f"INSERT INTO {frame.name} SELECT {_values(frame, given)} "  # noqa: S608
            f"FROM generate_series(1, {MACHINES}) m, generate_series(0, {MINUTES_BACK}, {every}) n",
        )
    postgres.execute(conn, INTERVALS)
    postgres.execute(conn, "ANALYZE")


@pytest.fixture(scope="module")
def filled(server: Cluster) -> Iterator[Connection]:
    """Three days of 20 machines."""
    for name in new_database(server):
        conn = postgres.connect(server.dsn(roles.OWNER, name))
        _fill(conn)
        yield conn
        conn.close()


@pytest.mark.parametrize("name", QUERIES)
def test_a_filter_reaches_an_index(filled: Connection, name: str) -> None:
    rows = filled.execute(f"EXPLAIN {QUERIES[name]}").fetchall()
    plan = "\n".join(row[0] for row in rows)
    for table in ("machine_minute", "measure_minute", "scrap_event", "state_interval"):
        assert f"Seq Scan on {table}" not in plan, plan
    assert "Index" in plan
