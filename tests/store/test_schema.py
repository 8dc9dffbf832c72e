"""The migrations lead to the declared schema; everything is described; the chain holds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from tests.store.test_postgres import intervals

from andon import model
from andon.errors import AndonError, SchemaError
from andon.store import migrate, pages, postgres, roles, schema, sql
from andon.store.cluster import Cluster
from andon.store.postgres import Connection

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
    a.attidentity::text AS identity, pg_get_expr(d.adbin, d.adrelid) AS fallback,
    col_description(c.oid, a.attnum) AS doc
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum
"""
TABLES = """
SELECT relname, relkind::text, reloptions, obj_description(oid) AS doc,
    pg_get_partkeydef(oid) AS part
FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text AS of, pg_get_constraintdef(oid) AS what FROM pg_constraint
WHERE connamespace = %s::regnamespace ORDER BY 1, 2
"""
INDEXES = """
SELECT tablename, indexname, regexp_replace(indexdef, ' ON \\S+ ', ' ON ') AS what
FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2
"""


def catalog(conn: Connection, name: str) -> dict[str, list[dict[str, object]]]:
    """What PostgreSQL knows of a schema's tables, without the schema's name."""
    found: dict[str, list[dict[str, object]]] = {}
    for part, text in (
        ("columns", COLUMNS),
        ("tables", TABLES),
        ("constraints", CONSTRAINTS),
        ("indexes", INDEXES),
    ):
        rows = [
            {k: v.replace(f"{name}.", "") if isinstance(v, str) else v for k, v in row.items()}
            for row in postgres.query(conn, text, (name,))
        ]
        found[part] = [row for row in rows if "alembic_version" not in row.values()]
    return found


def test_the_migrations_lead_to_the_declared_schema(conn: Connection) -> None:
    postgres.execute(conn, "CREATE SCHEMA declared")
    postgres.execute(conn, "SET search_path = declared")
    for statement in schema.statements():
        postgres.execute(conn, statement)
    postgres.execute(conn, "SET search_path = public")
    migrated, declared = catalog(conn, "public"), catalog(conn, "declared")
    for part, rows in declared.items():
        assert migrated[part] == rows


def test_every_table_column_view_and_function_has_a_sentence(conn: Connection) -> None:
    bare = postgres.query(
        conn,
        """
        SELECT c.relname || coalesce('.' || a.attname, '') AS place
        FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
        UNION ALL SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
            AND obj_description(p.oid) IS NULL
        """,
    )
    assert bare == []


def test_comments_of_views_are_those_of_the_page(conn: Connection) -> None:
    rows = postgres.query(
        conn,
        "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) AS names FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
        "WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace GROUP BY 1",
    )
    assert {row["relname"]: row["names"] for row in rows} == {
        view.name: list(view.columns) for view in sql.views()
    }
    assert all(f"`{name}`" in pages.views_block() for row in rows for name in row["names"])
    assert all(f"### {table.name}\n" in pages.tables_block() for table in schema.ALL)


def chained(**changes: object) -> pl.DataFrame:
    """Three chained intervals with the second one changed."""
    frame = intervals(3)
    row = frame.row(1, named=True) | changes
    return pl.concat([frame[:1], pl.DataFrame([row], schema=frame.schema), frame[2:]])


@pytest.mark.parametrize(
    "broken",
    [
        lambda f: chained(start=f["start"][1] + 1, prev_end=f["start"][1] + 1),  # hole
        lambda f: chained(start=f["start"][1] - 1, prev_end=f["start"][1] - 1),  # overlap
        lambda f: chained(prev_end=None),  # second first
        lambda f: chained(end=f["start"][1]),  # empty
        lambda f: chained(state="BUSY"),
        lambda f: f[1:],  # begins nowhere
    ],
)
def test_the_database_refuses_intervals_that_overlap_or_leave_a_hole(
    conn: Connection, broken: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    with pytest.raises(Exception, match=r"violates|duplicate"):
        postgres.upsert_frame(conn, model.INTERVALS, broken(intervals(3)))
    assert postgres.scalar(conn, "SELECT count(*) FROM state_interval") == 0


def test_an_open_interval_is_closed_and_the_next_one_added(conn: Connection) -> None:
    for n in (1, 2, 3, 2000):
        postgres.upsert_frame(conn, model.INTERVALS, intervals(n))
        assert postgres.scalar(conn, "SELECT count(*) FROM state_interval") == n


def test_an_upgrade_of_an_upgraded_schema_does_nothing(conn: Connection, server: Cluster) -> None:
    dsn = server.dsn(roles.OWNER, conn.info.dbname)
    assert not migrate.upgrade(dsn).changed
    postgres.execute(conn, "UPDATE schema_info SET derived = 'old'")
    assert migrate.upgrade(dsn).changed
    migrate.check(conn)


def test_a_view_of_others_on_ours_is_named(conn: Connection, server: Cluster) -> None:
    postgres.execute(conn, "CREATE VIEW theirs AS SELECT id FROM machine_metrics_5min")
    postgres.execute(conn, "UPDATE schema_info SET derived = 'old'")
    with pytest.raises(SchemaError, match="theirs"):
        migrate.upgrade(server.dsn(roles.OWNER, conn.info.dbname))


def test_two_upgrades_at_once_wait_for_each_other(server: Cluster) -> None:
    name = "upgraded_twice"
    superuser = postgres.connect(server.dsn())
    roles.ensure_database(superuser, name)
    dsn = server.dsn(roles.OWNER, name)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(migrate.upgrade, [dsn] * 3))
    assert sorted(upgrade.changed for upgrade in done) == [False, False, True]
    postgres.execute(superuser, f"DROP DATABASE {name} WITH (FORCE)")
    superuser.close()


def test_a_newer_schema_is_refused(conn: Connection, server: Cluster) -> None:
    postgres.execute(conn, "UPDATE schema_info SET version = %s", (schema.VERSION + 1,))
    with pytest.raises(SchemaError, match="restore a backup"):
        migrate.upgrade(server.dsn(roles.OWNER, conn.info.dbname))
    with pytest.raises(SchemaError, match="restore a backup"):
        migrate.check(conn)


def test_an_empty_database_asks_for_the_upgrade(server: Cluster) -> None:
    conn = postgres.connect(server.dsn())
    with pytest.raises(SchemaError, match="andon db upgrade"):
        migrate.check(conn)
    conn.close()


def test_a_user_who_may_not_create_tables_is_told(conn: Connection, server: Cluster) -> None:
    with pytest.raises(AndonError, match=r"may not create|refused a right"):
        migrate.upgrade(server.dsn(roles.WEB, conn.info.dbname))
