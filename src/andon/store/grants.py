"""Who may do what: the engine writes what it computes, the web looks and records what people do.

A role gets nothing beyond this list; readers see the public views only. Pure.
"""

from __future__ import annotations

from andon.store import schema, sql
from andon.store.roles import Roles

ENGINE_READS = ("plan", "input", "shift_report", "alert_action", "service_control", "schema_info")
ENGINE_WRITES = (
    "machine",
    "ideal_rate",
    "plan",
    "reading",
    "state_interval",
    "machine_minute",
    "measure_minute",
    "machine_hour",
    "machine_shift",
    "machine_day",
    "scrap_event",
    "incident",
    "failure",
    "anomaly",
    "gap",
    "job",
    "alert",
    "carry",
    "carry_snapshot",
    "progress",
    "quarantine",
    "recompute_request",
    "outbox",
    "shift_report",
)
WEB_HIDDEN = ("carry_snapshot", "outbox")
WEB_APPENDS = ("alert_action", "audit_log", "input", "recompute_request")
WEB_WRITES = ("service_control", "app_user")
WEB_FUNCTIONS = ("oee_range(text, timestamptz, timestamptz)",)
ENGINE_FUNCTIONS = ("ensure_reading_partitions(date[])", "drop_reading_partitions(interval)")


def grant_statements(roles: Roles, there: tuple[str, ...]) -> list[str]:
    """REVOKE and GRANT statements for the roles that exist."""
    functions = (*ENGINE_FUNCTIONS, *WEB_FUNCTIONS)
    made = [f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC" for function in functions]
    if roles.engine in there:
        made += _engine(sql.quoted(roles.engine))
    if roles.web in there:
        made += _web(sql.quoted(roles.web))
    if roles.reader in there:
        made += _views(sql.quoted(roles.reader))
    return made


def _engine(role: str) -> list[str]:
    return [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON {_list(ENGINE_READS)} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_list(ENGINE_WRITES)} TO {role}",
        *(f"GRANT EXECUTE ON FUNCTION {function} TO {role}" for function in ENGINE_FUNCTIONS),
    ]


def _web(role: str) -> list[str]:
    shown = [table.name for table in schema.ALL if table.name not in WEB_HIDDEN]
    return [
        *_views(role),
        f"GRANT SELECT ON {_list(shown)} TO {role}",
        *(f"GRANT EXECUTE ON FUNCTION {function} TO {role}" for function in WEB_FUNCTIONS),
        f"GRANT INSERT ON {_list(WEB_APPENDS)} TO {role}",
        f"GRANT INSERT, UPDATE ON {_list(WEB_WRITES)} TO {role}",
    ]


def _views(role: str) -> list[str]:
    names = [view.name for view in sql.views()]
    made = [f"GRANT USAGE ON SCHEMA public TO {role}"]
    if names:
        made.append(f"GRANT SELECT ON {_list(names)} TO {role}")
    return made


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(sql.quoted(name) for name in names)
