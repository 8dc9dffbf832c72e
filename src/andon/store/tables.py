"""Tables that no frame of the kernel has: machines, plan, progress, quarantine, people's doings.

schema.py renders these and the frames of model.py; migrations/ leads every database there.
"""

from __future__ import annotations

from dataclasses import dataclass

from andon.model import MINUTE_SUMS, MINUTES


@dataclass(frozen=True, slots=True)
class Field:
    """One column: SQL type, one sentence, and whether it may be null or fills itself."""

    name: str
    sql: str
    doc: str
    null: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: columns in order, constraints, indexes ("name: expression"), storage options."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    constraints: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    options: str = ""


HOT = "WITH (fillfactor = 70)"
"""Room in each page, so that rows updated all the time stay on their page."""

_MACHINE = Field("machine_id", "text", "The machine, as in the topic.")
_ID = Field("id", "bigint GENERATED ALWAYS AS IDENTITY", "Running number.")


def _tally(name: str, doc: str) -> Field:
    return Field(name, "bigint", doc, default="0")


def _text(name: str, doc: str, *, null: bool = True) -> Field:
    return Field(name, "text", doc, null=null)


def _at(name: str, doc: str, *, null: bool = False, default: str = "") -> Field:
    return Field(name, "timestamptz", doc, null=null, default=default)


MACHINE = Table(
    "machine",
    "A machine that was declared in the plant file or discovered by its first message.",
    (
        _MACHINE,
        _at("discovered_at", "When andon first knew it.", default="now()"),
        Field("declared", "boolean", "It is in the plant file.", default="false"),
        _text("name", "What people call it."),
        _text("enterprise", "Enterprise of the plant tree."),
        _text("site", "Site of the plant tree."),
        _text("area", "Area of the plant tree."),
        _text("line", "Line of the plant tree."),
        Field("simulated", "boolean", "Its messages say that it is simulated.", default="false"),
        _at("retired_at", "When it was taken out of service.", null=True),
        _at("raw_from", "Start of its oldest complete raw day; null is its first.", null=True),
        _tally("received", "Messages and array elements received, duplicates included."),
        _tally("duplicates", "Readings that were there already: counted, not stored again."),
        _tally("late", "Readings older than another one received before."),
        _tally("awaiting_recompute", "Readings older than the watermark, not yet in the rows."),
        _tally("set_aside", "Optional fields that could not be read."),
        _tally("missing_messages", "Message numbers missing in its gaps."),
    ),
    ("PRIMARY KEY (machine_id)",),
    options=HOT,
)

IDEAL_RATE = Table(
    "ideal_rate",
    "Ideal cycle time by machine and rate, an exact fraction: numerator / denominator us a unit.",
    (
        _MACHINE,
        _text("rate_id", "Product, @, version; as in machine_minute.", null=False),
        _text("product_id", "Product; null is every product without a rate of its own."),
        _at("valid_from", "From when on it holds; null is always.", null=True),
        Field("cycle_us_numerator", "bigint", "Microseconds a unit, numerator."),
        Field("cycle_us_denominator", "bigint", "Microseconds a unit, denominator."),
    ),
    (
        "PRIMARY KEY (machine_id, rate_id)",
        "CHECK (cycle_us_numerator > 0 AND cycle_us_denominator > 0)",
    ),
)

PLAN = Table(
    "plan",
    "Every version of the plant configuration that an engine has worked by.",
    (
        Field("version", "bigint", "Running number."),
        _at("saved_at", "When it was saved.", default="now()"),
        _at("valid_from", "From when on it holds; null is always.", null=True),
        _text("fingerprint", "Hash of the content.", null=False),
        _text("content", "The plan as JSON.", null=False),
    ),
    ("PRIMARY KEY (version)",),
)

QUARANTINE = Table(
    "quarantine",
    "Messages and array elements that are no reading, with their bytes and the reason.",
    (
        Field("identity", "uuid", "Hash of topic and bytes."),
        _text("topic", "MQTT topic.", null=False),
        Field("payload", "bytea", "The bytes as received."),
        Field("element", "integer", "Index in the array; null for a whole message.", null=True),
        _text("machine_id", "The machine, where it can be told."),
        _text("reason", "One of a closed list: bad_json, no_timestamp, ...", null=False),
        _text("detail", "What exactly was wrong."),
        _at("received", "When its first copy was received."),
        _text("basis", "What the refusal was judged by, where that was more than its bytes."),
        Field("seen", "bigint", "Copies received.", default="1"),
        _at("last_seen", "When its last copy was received.", null=True),
        _at("released", "When a copy of it was admitted after all.", null=True),
    ),
    ("PRIMARY KEY (identity)",),
    ("quarantine_received: (received)",),
)

CARRY_SNAPSHOT = Table(
    "carry_snapshot",
    "Older carries of a machine, to recompute from: those of the tail, and one for each UTC hour.",
    (
        _MACHINE,
        _at("at", "Its newest reading at that time."),
        Field("hourly", "boolean", "Kept as long as raw readings are.", default="false"),
        _text("head", "The carry's columns as JSON.", null=False),
        _text("open_minutes", "Minute rows still open then, as JSON.", null=False),
        _text("open_measures", "Measure rows still open then, as JSON.", null=False),
    ),
    ("PRIMARY KEY (machine_id, at)",),
)

PROGRESS = Table(
    "progress",
    "The fence: one row per engine lane. A transaction that finds another epoch writes nothing.",
    (
        _text("id", "Lane: embedded, or a bucket of the cluster.", null=False),
        Field("epoch", "bigint", "Raised by each engine that takes over.", default="0"),
        Field("batch", "bigint", "Number of the last committed batch.", default="0"),
        _at("now", "Clock of the last batch; never decreases.", null=True),
        _at("updated_at", "When the last batch was committed.", default="now()"),
        _text("engine", "Which process holds the epoch."),
        _text("ranges", "Offsets read so far (Kafka), as JSON."),
        _tally("messages", "Messages taken from the source."),
        _tally("readings", "Readings stored."),
        _tally("duplicates", "Readings that were there already."),
        _tally("late", "Readings older than another one received before."),
        _tally("quarantined", "Messages and elements put in quarantine."),
        _tally("awaiting_recompute", "Readings older than the watermark."),
    ),
    ("PRIMARY KEY (id)",),
    options=HOT,
)

RECOMPUTE_REQUEST = Table(
    "recompute_request",
    "Ranges that a person or a change of plan wants computed again.",
    (
        _ID,
        _text("machine_id", "The machine; null is all."),
        _at("start", "Start of the range."),
        _at("end", "End of the range; null is up to the head.", null=True),
        _text("reason", "Why.", null=False),
        _text("requested_by", "Who.", null=False),
        _at("requested_at", "When it was asked for.", default="now()"),
        _at("taken_at", "When the engine began.", null=True),
        _at("done_at", "When it was done.", null=True),
        Field("differences", "bigint", "Rows that came out different.", null=True),
    ),
    ("PRIMARY KEY (id)",),
    ("recompute_request_open: (id) WHERE done_at IS NULL",),
)

SHIFT_REPORT = Table(
    "shift_report",
    "A shift's figures as reported: frozen once, never changed by later data.",
    (
        _MACHINE,
        _at("shift_start", "Start of the shift."),
        _at("shift_end", "End of the shift."),
        _text("shift", "Name of the shift.", null=False),
        _at("frozen_at", "When it was frozen.", default="now()"),
        _text("figures", "The figures as JSON.", null=False),
    ),
    ("PRIMARY KEY (machine_id, shift_start)",),
)

ALERT_ACTION = Table(
    "alert_action",
    "What people did about alerts; joined to the episode that covers or next overlaps it.",
    (
        _ID,
        _MACHINE,
        _text("rule_id", "The rule.", null=False),
        _at("condition_since", "Episode that the person saw."),
        _text("kind", "acknowledge, shelve, unshelve or comment.", null=False),
        _at("at", "When.", default="now()"),
        _at("until", "End of a shelving.", null=True),
        _text("author", "Who.", null=False),
        _text("comment", "What they said."),
    ),
    ("PRIMARY KEY (id)",),
    ("alert_action_machine: (machine_id, rule_id, condition_since)",),
)

OUTBOX = Table(
    "outbox",
    "What leaves andon: notifications, MQTT and Kafka messages, each delivered by one sender.",
    (
        _ID,
        _text("channel", "notify, mqtt or kafka.", null=False),
        _text("key", "Episode and transition: never delivered twice.", null=False),
        _text("target", "Topic or address.", null=False),
        _text("payload", "What is sent.", null=False),
        _at("created_at", "When it was written.", default="now()"),
        _at("not_before", "When to try next.", default="now()"),
        Field("attempts", "integer", "Tries so far.", default="0"),
        _at("sent_at", "When it was delivered.", null=True),
        _text("failure", "Why the last try failed."),
    ),
    ("PRIMARY KEY (id)", "UNIQUE (channel, key)"),
    ("outbox_waiting: (not_before) WHERE sent_at IS NULL",),
)

SERVICE_CONTROL = Table(
    "service_control",
    "What each service should do; the services follow.",
    (
        _text("service", "Name of the service.", null=False),
        _text("wanted", "running or stopped.", null=False),
        Field("restarts", "bigint", "Raised to ask for a restart.", default="0"),
        _at("changed_at", "When it was changed.", default="now()"),
        _text("changed_by", "Who changed it.", null=False),
    ),
    ("PRIMARY KEY (service)", "CHECK (wanted IN ('running', 'stopped'))"),
)

APP_USER = Table(
    "app_user",
    "People who may log in.",
    (
        _text("name", "Login name.", null=False),
        _text("role", "viewer, operator or admin.", null=False),
        _text("password_hash", "argon2id.", null=False),
        Field("must_change", "boolean", "The password must be changed.", default="false"),
        _at("created_at", "When.", default="now()"),
        _at("disabled_at", "Since when no login is possible.", null=True),
    ),
    ("PRIMARY KEY (name)", "CHECK (role IN ('viewer', 'operator', 'admin'))"),
)

AUDIT_LOG = Table(
    "audit_log",
    "Every action of a person, never changed.",
    (
        _ID,
        _at("at", "When.", default="now()"),
        _text("actor", "Who; empty is nobody logged in.", null=False),
        _text("action", "What was done.", null=False),
        _text("subject", "To what."),
        _text("detail", "Details as JSON."),
        _text("address", "From where."),
    ),
    ("PRIMARY KEY (id)",),
    ("audit_log_at: (at)",),
)

SCHEMA_INFO = Table(
    "schema_info",
    "Which program brought the schema to its version; one row.",
    (
        Field("one", "boolean", "Always true.", default="true"),
        Field("version", "integer", "Version of the schema."),
        _text("derived", "Hash of the views, functions and grants.", null=False),
        _text("program", "Version of andon.", null=False),
        _at("upgraded_at", "When.", default="now()"),
    ),
    ("PRIMARY KEY (one)", "CHECK (one)"),
)


def _roll_up(name: str, doc: str, start: Field, *more: Field) -> Table:
    """A table of the minutes' sums over a longer time, rewritten from its minutes."""
    docs = {column.name: column.doc for column in MINUTES.columns}
    return Table(
        name,
        doc,
        (
            _MACHINE,
            start,
            *more,
            _text("rate_id", "Ideal rate; '' is none.", null=False),
            *(Field(column, "bigint", docs[column]) for column in MINUTE_SUMS),
            Field("minutes", "bigint", "Minutes with a row."),
            _at("computed_at", "When the row was written.", default="now()"),
        ),
        (f"PRIMARY KEY (machine_id, {start.name}, rate_id)",),
        (f"{name}_{start.name}: ({start.name})",),
        HOT,
    )


ROLL_UPS = (
    _roll_up(
        "machine_hour", "Sums of a machine's minutes per UTC hour.", _at("hour", "Its start.")
    ),
    _roll_up(
        "machine_shift",
        "Sums of a machine's minutes per shift.",
        _at("shift_start", "Start of the shift."),
        _text("shift", "Name of the shift.", null=False),
    ),
    _roll_up(
        "machine_day",
        "Sums of a machine's minutes per production day.",
        Field("day", "date", "The production day."),
    ),
)

TABLES: tuple[Table, ...] = (
    MACHINE,
    IDEAL_RATE,
    PLAN,
    QUARANTINE,
    CARRY_SNAPSHOT,
    PROGRESS,
    RECOMPUTE_REQUEST,
    *ROLL_UPS,
    SHIFT_REPORT,
    ALERT_ACTION,
    OUTBOX,
    SERVICE_CONTROL,
    APP_USER,
    AUDIT_LOG,
    SCHEMA_INFO,
)
"""Every table without a frame."""
