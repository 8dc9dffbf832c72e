"""Frames and rows go to PostgreSQL and come back as they were; errors say what to do."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from andon import model
from andon.errors import AccessRefused, SchemaError, StoreUnreachable
from andon.model import Kind
from andon.store import postgres
from andon.store.cluster import Cluster
from andon.store.postgres import Connection
from andon.store.upserts import written_kinds

NASTY = [
    *("", None, '"', '""', "'", "x\ny", "\\.", "a\n\\.\nb", "\\.\nz", "\\N", "\\n", "\\\\n", "\\"),
    *(
        "a\\\tb",
        "\t",
        "\b\f\v",
        "\r",
        "\r\n",
        "a,b",
        "NULL",
        "null",
        " ",
        "é",
        "😀",
        "\u2028",
        "\x01",
    ),
    *("{}", '{"a": "\\u00e9"}', "\x85", "\ufeff", "\\x41", "t", "0"),
]
START = 1_795_434_780_123_456


def intervals(n: int, **columns: pl.Series) -> pl.DataFrame:
    """`n` chained RUNNING intervals of one machine, one second each, the last one open."""
    start = pl.Series("start", [START + i * 1_000_000 for i in range(n)], dtype=pl.Int64)
    frame = pl.DataFrame(
        {
            "machine_id": ["M1"] * n,
            "start": start,
            "end": start.shift(-1),
            "prev_end": pl.Series([None, *start[1:]], dtype=pl.Int64),
            "state": ["RUNNING"] * n,
            "state_raw": ["Running"] * n,
            "stop_reason": pl.Series([None] * n, dtype=pl.String),
            "repair": [False] * n,
        }
    )
    return frame.with_columns(**columns)


def stored(conn: Connection, decl: model.Frame) -> pl.DataFrame:
    """The table's law and record columns that writers give, by key."""
    kinds = written_kinds(decl)
    names = ", ".join(f'"{name}"' for name in kinds)
    order = ", ".join(f'"{name}"' for name in decl.key)
    sql = f'SELECT {names} FROM "{decl.name}" ORDER BY {order}'  # noqa: S608
    return postgres.read_frame(conn, sql, None, kinds)


@pytest.mark.parametrize("n", [1, 33, 5000])
def test_a_frame_comes_back_as_it_went(conn: Connection, n: int) -> None:
    texts = pl.Series([NASTY[i % len(NASTY)] for i in range(n)])
    frame = intervals(n, state_raw=texts, stop_reason=texts.reverse())
    postgres.upsert_frame(conn, model.INTERVALS, frame)
    assert_frame_equal(stored(conn, model.INTERVALS), frame)


def test_every_nasty_text_survives_copy_and_upsert_in_first_and_last_place(
    conn: Connection,
) -> None:
    postgres.execute(conn, "CREATE TABLE t (a text, i bigint, b text)")
    kinds = {"a": Kind.TEXT, "i": Kind.COUNT, "b": Kind.TEXT}
    frame = pl.DataFrame({"a": NASTY, "i": range(len(NASTY)), "b": NASTY})
    postgres.copy_frame(conn, "t", frame, kinds)
    assert_frame_equal(
        postgres.read_frame(conn, "SELECT a, i, b FROM t ORDER BY i", None, kinds), frame
    )


def test_instants_and_identities_are_exact(conn: Connection) -> None:
    postgres.execute(conn, "CREATE TABLE t (at timestamptz, identity uuid, ok boolean)")
    kinds = {"at": Kind.INSTANT, "identity": Kind.IDENTITY, "ok": Kind.FLAG}
    instants = [0, 1, -1, START, 253_402_300_799_999_999, -62_135_596_800_000_000, None]
    frame = pl.DataFrame(
        {
            "at": pl.Series(instants, dtype=pl.Int64),
            "identity": [bytes([i] * 16) for i in range(6)] + [None],
            "ok": [True, False, None, True, False, True, None],
        }
    )
    postgres.copy_frame(conn, "t", frame.drop_nulls("at"), kinds)
    got = postgres.read_frame(conn, "SELECT at, identity, ok FROM t", None, kinds)
    assert_frame_equal(got, frame.drop_nulls("at"))
    assert postgres.scalar(conn, "SELECT max(at)::text FROM t") == "9999-12-31 23:59:59.999999+00"


def test_an_empty_result_has_the_schema(conn: Connection) -> None:
    got = stored(conn, model.READINGS)
    assert got.is_empty()
    assert dict(got.schema) == model.READINGS.schema


@pytest.mark.parametrize("n", [3, 500])
def test_upsert_replaces_and_revision_counts_recomputation_only(conn: Connection, n: int) -> None:
    frame = intervals(n)
    postgres.upsert_frame(conn, model.INTERVALS, frame)
    changed = frame.with_columns(stop_reason=pl.lit("jam"))
    postgres.upsert_frame(conn, model.INTERVALS, changed)
    assert postgres.scalar(conn, "SELECT sum(revision)::bigint FROM state_interval") == 0
    postgres.upsert_frame(conn, model.INTERVALS, changed, recomputed_machines=["M1", "M2"])
    assert postgres.scalar(conn, "SELECT sum(revision)::bigint FROM state_interval") == n
    postgres.upsert_frame(conn, model.INTERVALS, changed, recomputed_machines=["M2"])
    assert postgres.scalar(conn, "SELECT sum(revision)::bigint FROM state_interval") == n
    assert_frame_equal(stored(conn, model.INTERVALS), changed)


def test_a_failed_transaction_leaves_nothing_and_the_session_works_on(conn: Connection) -> None:
    def fail() -> None:
        with postgres.transaction(conn):
            postgres.upsert_frame(conn, model.INTERVALS, intervals(500))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert stored(conn, model.INTERVALS).is_empty()
    postgres.upsert_frame(conn, model.INTERVALS, intervals(500))
    assert stored(conn, model.INTERVALS).height == 500


def test_small_upserts_go_through_a_pipeline(conn: Connection) -> None:
    with postgres.transaction(conn), postgres.pipeline(conn):
        postgres.upsert_frame(conn, model.INTERVALS, intervals(3))
        postgres.upsert_frame(conn, model.INTERVALS, intervals(4))
    assert stored(conn, model.INTERVALS).height == 4


def test_parameters_of_read_frame_are_values(conn: Connection) -> None:
    got = postgres.read_frame(
        conn,
        "SELECT %(a)s::text, %(b)s::bigint",
        {"a": "%s'\\", "b": 3},
        {"a": Kind.TEXT, "b": Kind.COUNT},
    )
    assert got.rows() == [("%s'\\", 3)]


def test_notifications_arrive(conn: Connection, server: Cluster) -> None:
    postgres.listen(conn, "andon_batch")
    other = postgres.connect(server.dsn("postgres", conn.info.dbname))
    postgres.notify(other, "andon_batch", "7")
    other.close()
    assert postgres.notifications(conn, 2.0) == ["7"]
    assert postgres.notifications(conn, 0.01) == []


def test_a_missing_table_asks_for_the_upgrade(conn: Connection) -> None:
    with pytest.raises(SchemaError, match="andon db upgrade"):
        postgres.query(conn, "SELECT * FROM nowhere")


def test_a_missing_server_is_said_without_the_password() -> None:
    with pytest.raises(StoreUnreachable, match=r"database d at 127\.0\.0\.1:9 as u") as raised:
        postgres.connect("postgresql://u:hunter2@127.0.0.1:9/d")
    assert "hunter2" not in str(raised.value)


def test_a_refused_user_and_a_missing_database_are_said(postgres: Cluster) -> None:
    from andon.store.postgres import connect

    with pytest.raises(AccessRefused, match="nobody_known"):
        connect(postgres.dsn("nobody_known"))
    with pytest.raises(StoreUnreachable, match="createdb"):
        connect(postgres.dsn(database="not_there"))


def test_a_server_that_goes_away_is_unreachable(server: Cluster, conn: Connection) -> None:
    with pytest.raises(StoreUnreachable):
        postgres.execute(conn, "SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(StoreUnreachable):
        postgres.query(conn, "SELECT 1")
