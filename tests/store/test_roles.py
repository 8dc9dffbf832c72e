"""Each role may do its work and nothing else; without roles everything runs as the owner."""

from __future__ import annotations

import pytest
from tests.store.test_postgres import intervals

from andon import model
from andon.errors import AccessRefused
from andon.store import grants, migrate, postgres, roles, sql
from andon.store.cluster import Cluster
from andon.store.postgres import Connection

REFUSED = {
    roles.ENGINE: [
        "CREATE TABLE t (i int)",
        "DELETE FROM audit_log",
        "SELECT * FROM app_user",
        "UPDATE alert_action SET author = ''",
        "DROP TABLE carry",
    ],
    roles.WEB: [
        "DELETE FROM reading",
        "UPDATE machine_minute SET readings = 0",
        "INSERT INTO progress (id) VALUES ('x')",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = ''",
        "SELECT ensure_reading_partitions(ARRAY['2026-01-01'::date])",
        "SELECT drop_reading_partitions('1 day')",
        "CREATE TABLE t (i int)",
    ],
    roles.READER: ["SELECT * FROM machine_minute", "SELECT * FROM app_user"],
}


@pytest.mark.parametrize(("role", "text"), [(r, t) for r, ts in REFUSED.items() for t in ts])
def test_what_a_role_may_not_do(conn: Connection, role: str, text: str) -> None:
    with pytest.raises(AccessRefused, match=r"permission denied|must be owner"):
        _as(conn, role, text)


def _as(conn: Connection, role: str, text: str) -> None:
    folder, name = conn.info.host, conn.info.dbname
    other = postgres.connect(f"host='{folder}' user={role} dbname={name}")
    try:
        postgres.execute(other, text)
    finally:
        other.close()


def test_what_each_role_needs(conn: Connection, server: Cluster) -> None:
    engine = postgres.connect(server.dsn(roles.ENGINE, conn.info.dbname))
    postgres.upsert_frame(engine, model.INTERVALS, intervals(500))
    postgres.execute(engine, "SELECT ensure_reading_partitions(ARRAY['2026-01-01'::date])")
    for table in grants.ENGINE_WRITES:
        postgres.execute(engine, f"DELETE FROM {table}")  # noqa: S608
    engine.close()
    for role in (roles.WEB, roles.READER):
        other = postgres.connect(server.dsn(role, conn.info.dbname))
        for view in sql.views():
            postgres.query(other, f"SELECT * FROM {view.name}")  # noqa: S608
        if role == roles.WEB:
            postgres.query(other, "SELECT * FROM oee_range(NULL, now() - interval '1h', now())")
            text = "INSERT INTO audit_log (actor, action) VALUES ('a', 'b')"
            postgres.execute(other, text)
        other.close()


def test_a_role_of_the_address_is_taken_where_it_may_be(conn: Connection, server: Cluster) -> None:
    name = conn.info.dbname
    superuser = f"{server.dsn('postgres', name)} options='-c role={roles.WEB}'"
    with postgres.connect(superuser) as web:
        assert postgres.scalar(web, "SELECT current_user") == roles.WEB
    for role in (roles.WEB, "not_there"):  # the owner is no member of it
        with postgres.connect(f"{server.dsn(roles.OWNER, name)} options='-c role={role}'") as own:
            assert postgres.scalar(own, "SELECT current_user") == roles.OWNER


def test_missing_roles_are_named_and_the_rest_works(server: Cluster) -> None:
    superuser = postgres.connect(server.dsn())
    roles.ensure_database(superuser, "no_roles")
    wanted = roles.Roles("not_there_engine", "not_there_web", "")
    done = migrate.upgrade(server.dsn(roles.OWNER, "no_roles"), wanted)
    assert done.missing_roles == ("not_there_engine", "not_there_web")
    postgres.execute(superuser, "DROP DATABASE no_roles WITH (FORCE)")
    superuser.close()
