"""The nouns: every frame that the kernel takes or gives, declared once.

A column is *law* (a function of the set of readings, inputs, `now` and plan) or *record* (how it
came about). Instants are int64 microseconds since 1970-01-01T00:00Z in frames and `timestamptz` in
PostgreSQL; durations end in `_us`; measured values are thousandths and end in `_milli`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class State(StrEnum):
    """What a machine does. The four of the wire, and UNKNOWN where nothing says."""

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    MAINTENANCE = "MAINTENANCE"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"


class Kind(StrEnum):
    """What a column holds; decides its Polars dtype and its PostgreSQL type."""

    TEXT = "text"
    INSTANT = "instant"
    DURATION = "duration"
    COUNT = "count"
    MILLI = "milli"
    FLAG = "flag"
    IDENTITY = "identity"
    JSON = "json"

    @property
    def dtype(self) -> pl.DataType:
        """The Polars dtype of a column of this kind."""
        return _DTYPES[self]

    @property
    def sql(self) -> str:
        """The PostgreSQL type of a column of this kind."""
        return _SQL_TYPES[self]


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INSTANT: pl.Int64(),
    Kind.DURATION: pl.Int64(),
    Kind.COUNT: pl.Int64(),
    Kind.MILLI: pl.Int64(),
    Kind.FLAG: pl.Boolean(),
    Kind.IDENTITY: pl.Binary(),
    Kind.JSON: pl.String(),
}
_SQL_TYPES: dict[Kind, str] = {
    Kind.TEXT: "text",
    Kind.INSTANT: "timestamptz",
    Kind.DURATION: "bigint",
    Kind.COUNT: "bigint",
    Kind.MILLI: "bigint",
    Kind.FLAG: "boolean",
    Kind.IDENTITY: "uuid",
    Kind.JSON: "text",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, kind, one sentence; `key` columns name the row; `law` unless record."""

    name: str
    kind: Kind
    doc: str
    key: bool = False
    null: bool = False
    law: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame and the table of the same name."""

    name: str
    doc: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name to Polars dtype, in order."""
        return {c.name: c.kind.dtype for c in self.columns}

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]

    @property
    def key(self) -> list[str]:
        """Names of the key columns."""
        return [c.name for c in self.columns if c.key]

    def empty(self) -> pl.DataFrame:
        """A frame of this schema without rows."""
        return pl.DataFrame(schema=self.schema)


def _text(name: str, doc: str, *, null: bool = True, law: bool = True) -> Column:
    return Column(name, Kind.TEXT, doc, null=null, law=law)


def _instant(name: str, doc: str, *, null: bool = False, law: bool = True) -> Column:
    return Column(name, Kind.INSTANT, doc, null=null, law=law)


def _us(name: str, doc: str) -> Column:
    return Column(name, Kind.DURATION, doc)


def _count(name: str, doc: str, *, null: bool = False, law: bool = True) -> Column:
    return Column(name, Kind.COUNT, doc, null=null, law=law)


def _milli(name: str, doc: str, *, null: bool = True) -> Column:
    return Column(name, Kind.MILLI, doc, null=null)


def _flag(name: str, doc: str, *, null: bool = False, law: bool = True) -> Column:
    return Column(name, Kind.FLAG, doc, null=null, law=law)


MACHINE = Column("machine_id", Kind.TEXT, "The machine, as in the topic.", key=True)
REVISION = _count("revision", "How often recomputation has replaced this row.", law=False)
COMPUTED_AT = _instant("computed_at", "When the row was written.", law=False)


# --- what comes in -----------------------------------------------------------------------------

READINGS = Frame(
    "reading",
    "One admitted message of a machine (or element of an array), decoded; also its death messages.",
    (
        MACHINE,
        Column("time", Kind.INSTANT, "Event time: the message's timestamp.", key=True),
        Column(
            "identity",
            Kind.IDENTITY,
            "BLAKE2b-128 over machine_id, a zero byte and the element's bytes as received.",
            key=True,
        ),
        _count("seq", "The machine's message number since boot.", null=True),
        _text("boot_id", "Names the machine's boot."),
        _flag("is_death", "A death message (MQTT will): the state of that boot ended here."),
        _text("state_raw", "State as reported, byte for byte."),
        _text("stop_reason", "Reason of a stop as reported."),
        _flag("alarm", "The device's alarm flag.", null=True),
        _text("product_id", "Product being made."),
        _text("job_id", "Job being worked on."),
        _flag("job_ended", "job_id was an explicit null or blank: no job from here on."),
        _count("good_units", "Good units since the last message.", null=True),
        _count("scrap_units", "Scrap units since the last message.", null=True),
        _count("total_good_units", "Running total of good units.", null=True),
        _count("total_scrap_units", "Running total of scrap units.", null=True),
        _count("production_count", "Running total of produced units.", null=True),
        _text("scrap_reason", "Why the reading's own scrap was scrapped."),
        _text("scrap_category", "Category of the scrap reason."),
        _milli("temperature_milli", "Temperature, thousandths of a degree Celsius."),
        _milli("speed_milli", "Speed, thousandths of a revolution per minute."),
        _milli("oee_milli", "OEE as the device reports it, thousandths."),
        _milli("quality_score_milli", "Quality score as the device reports it, thousandths."),
        _text("operator_name", "Operator as reported."),
        _text("reported_shift", "Shift as reported (wire: shift)."),
        _text("location", "Location as reported."),
        _text("firmware_version", "Firmware as reported."),
        _milli("job_progress_milli", "Job progress as reported, thousandths."),
        _count("target_units", "Units the job asks for, as reported.", null=True),
        _count("produced_units", "Units of the job so far, as reported.", null=True),
        _instant("order_start_time", "Start of the order, as reported.", null=True),
        _milli("elapsed_time_milli", "Seconds since the order's start, thousandths, as reported."),
        _milli("scrap_rate_milli", "Scrap rate as the device reports it, thousandths."),
        _count("error_count", "Running total of errors as reported.", null=True),
        _count("downtime_incidents", "Running total of incidents as reported.", null=True),
        _instant("last_maintenance", "Last maintenance as reported.", null=True),
        _instant("last_error_time", "Last error as reported.", null=True),
        _flag("simulated", "The machine says that it is simulated.", null=True),
        Column(
            "extra", Kind.JSON, "Fields andon does not know, as a JSON object's text.", null=True
        ),
        Column(
            "set_aside",
            Kind.JSON,
            "Fields that could not be read: JSON object of field to raw text.",
            null=True,
        ),
        _instant("received", "When the engine first received it.", law=False),
        _flag(
            "awaiting_recompute",
            "Older than the watermark when it came: stored, not yet in the rows.",
            law=False,
        ),
    ),
)
"""Measures of the plan beyond the four built in travel as extra Int64 columns `<measure>_milli` of
the frame and stay inside `extra` in the table."""

MEASURE_SUFFIX = "_milli"

LABELS = (
    "operator_name",
    "reported_shift",
    "location",
    "firmware_version",
    "job_id",
    "job_progress_milli",
    "target_units",
    "produced_units",
    "order_start_time",
    "elapsed_time_milli",
)
"""Columns of a minute that hold the last non-null value among the row's readings."""

# --- what comes out ----------------------------------------------------------------------------

INTERVALS = Frame(
    "state_interval",
    "A machine's time without overlap or hole: one state from start to end.",
    (
        MACHINE,
        Column("start", Kind.INSTANT, "First instant of the state.", key=True),
        _instant("end", "First instant of the next interval; null while open.", null=True),
        _instant(
            "prev_end", "End of the interval before (= start); null for the first.", null=True
        ),
        _text("state", "RUNNING, IDLE, MAINTENANCE, ERROR or UNKNOWN.", null=False),
        _text("state_raw", "State as reported, byte for byte; null where nothing was reported."),
        _text("stop_reason", "Reason of the stop where one is known; null is unassigned."),
        _flag("repair", "MAINTENANCE after an ERROR and before the next RUNNING: unplanned."),
        REVISION,
        COMPUTED_AT,
    ),
)

_MINUTE_SUMS = (
    _us("running_us", "Time RUNNING inside planned busy time (APT)."),
    _us("idle_job_us", "Time IDLE with a job (ADET)."),
    _us("idle_no_job_us", "Time IDLE without a job (ADOT)."),
    _us("error_us", "Time in ERROR (ADET)."),
    _us("repair_us", "MAINTENANCE after an ERROR before the next RUNNING: unplanned."),
    _us("maintenance_us", "Other MAINTENANCE: planned downtime."),
    _us("unknown_us", "UNKNOWN in planned time (U)."),
    _us("planned_stop_us", "Time in planned stops of the calendar, whatever the state."),
    _us("off_shift_us", "Time outside the shifts of the calendar, whatever the state."),
    _us("unplanned_running_us", "RUNNING in planned stops or off-shift time."),
    _us("unknown_healed_us", "UNKNOWN time that running totals booked in this minute span."),
    _count("produced_units", "Units booked (PQ), covered or not."),
    _count("good_units", "Good units booked (GQ), covered or not."),
    _count("scrap_units", "Scrap units booked (SQ), covered or not."),
    _count("produced_uncovered", "PQ that belongs to no known busy time: outside OEE."),
    _count("good_uncovered", "GQ that belongs to no known busy time: outside OEE."),
    _count("scrap_uncovered", "SQ that belongs to no known busy time: outside OEE."),
    _count("good_in_unknown", "Uncovered good units whose span touches UNKNOWN time."),
    _count("produced_unplanned", "Uncovered PQ made in planned stops or off-shift time."),
    _count("readings", "Readings in [minute, minute + 60 s)."),
    _count("alarm_count", "Readings with alarm true."),
    _count("incidents", "Entries into ERROR (SEMANTICS 15)."),
    _count("failures_begun", "First ERROR after RUNNING."),
    _count("failures_ended", "Next RUNNING after a failure."),
    _us("repair_time_us", "Time from first ERROR to RUNNING of the failures ended here."),
    _us("repair_time_unknown_us", "UNKNOWN time inside repair_time_us."),
    _count("scrap_quality_units", "Scrap units of category QUALITY (defect_count)."),
    _count("scrap_unreported_units", "Scrap units without a reported reason."),
    _count("unmapped_states", "Readings whose state the state map does not know."),
    _count("anomalies", "Counter anomalies in the minute."),
)
MINUTE_SUMS = tuple(c.name for c in _MINUTE_SUMS)
"""The columns of a minute that add up over rows and roll-ups."""

MINUTES = Frame(
    "machine_minute",
    "A machine's minute per ideal rate: integer sums. State times sum to 60 s; a missing row "
    "between first and newest reading is 60 s UNKNOWN. Counts are (start, end].",
    (
        MACHINE,
        Column("minute", Kind.INSTANT, "Start of the minute.", key=True),
        Column(
            "rate_id",
            Kind.TEXT,
            "Product and rate version of the ideal rate; '' is none.",
            key=True,
        ),
        *_MINUTE_SUMS,
        _instant("healed_from", "Earliest start of the spans behind unknown_healed_us.", null=True),
        _instant("last_reading", "Newest reading of the row; null if none.", null=True),
        _text("operator_name", "Last non-null among the row's readings."),
        _text("reported_shift", "Last non-null among the row's readings."),
        _text("location", "Last non-null among the row's readings."),
        _text("firmware_version", "Last non-null among the row's readings."),
        _text("job_id", "Last non-null among the row's readings."),
        _milli("job_progress_milli", "Last non-null among the row's readings."),
        _count("target_units", "Last non-null among the row's readings.", null=True),
        _count("job_produced_units", "Last non-null produced_units as reported.", null=True),
        _instant("order_start_time", "Last non-null among the row's readings.", null=True),
        _milli("elapsed_time_milli", "Last non-null among the row's readings."),
        REVISION,
        COMPUTED_AT,
    ),
)

MEASURES = Frame(
    "measure_minute",
    "A measure's minute: integer sums of thousandths over the minute's readings.",
    (
        MACHINE,
        Column("minute", Kind.INSTANT, "Start of the minute.", key=True),
        Column("measure", Kind.TEXT, "Name of the measure: temperature, speed, ...", key=True),
        _count("n", "Readings that carry the measure."),
        _milli("sum_milli", "Sum of the values.", null=False),
        _milli("min_milli", "Smallest value.", null=False),
        _milli("max_milli", "Largest value.", null=False),
        REVISION,
        COMPUTED_AT,
    ),
)

SCRAP = Frame(
    "scrap_event",
    "Scrap booked at a reading, one row per reason. For every range they sum to the scrap units.",
    (
        MACHINE,
        Column("time", Kind.INSTANT, "Event time of the reading.", key=True),
        Column("identity", Kind.IDENTITY, "The reading.", key=True),
        Column("reason", Kind.TEXT, "Reason as reported, or UNREPORTED.", key=True),
        _text("category", "Category as reported; null for UNREPORTED."),
        _count("units", "Scrap units; negative where a total corrected increments."),
        _instant("span_start", "Start of the time in which they arose."),
        _text("job_id", "Job that the reading names or keeps."),
        _count("good_units", "Good units booked at the same reading."),
        _count("produced_units", "Units booked at the same reading (good + scrap)."),
        _milli("quality_score_milli", "Quality score that the reading reports."),
        _text("operator_name", "Operator that the reading reports."),
        _text("reported_shift", "Shift that the reading reports."),
        REVISION,
        COMPUTED_AT,
    ),
)

INCIDENTS = Frame(
    "incident",
    "From an entry into ERROR to the end of its last ERROR; UNKNOWN in between is uncovered time.",
    (
        MACHINE,
        Column("start", Kind.INSTANT, "Entry into ERROR.", key=True),
        _instant("end", "End of the last ERROR; null while it can go on.", null=True),
        _us("uncovered_us", "UNKNOWN time between ERRORs of the same incident."),
        REVISION,
        COMPUTED_AT,
    ),
)

FAILURES = Frame(
    "failure",
    "From the first ERROR after RUNNING to the next RUNNING (MTBF, MTTR).",
    (
        MACHINE,
        Column("start", Kind.INSTANT, "First ERROR after RUNNING.", key=True),
        _instant("end", "Next RUNNING; null while open.", null=True),
        _us("unknown_us", "UNKNOWN time inside, once ended."),
        REVISION,
        COMPUTED_AT,
    ),
)


class AnomalyKind(StrEnum):
    """Why a counter's value was not simply added."""

    SUSPICIOUS = "suspicious_total"
    RESET = "counter_reset"
    ROLLOVER = "counter_rollover"
    RECLASSIFIED = "reclassification"
    OVERRULED = "total_below_increments"
    SCRAP_CUT = "scrap_increment_cut"
    OLD_BOOT = "total_of_old_boot"


ANOMALIES = Frame(
    "anomaly",
    "A counter value that was judged (SEMANTICS 20 to 23).",
    (
        MACHINE,
        Column("time", Kind.INSTANT, "Event time of the reading.", key=True),
        Column("identity", Kind.IDENTITY, "The reading.", key=True),
        Column("counter", Kind.TEXT, "Wire name of the counter.", key=True),
        Column("kind", Kind.TEXT, "suspicious_total, counter_reset, ...", key=True),
        _count("value", "Value that the reading carried."),
        _count("baseline", "Accepted value it was judged against.", null=True),
        _count("units", "Units booked because of it."),
        _text(
            "outcome", "Of a suspicious total: refuted, confirmed, replaced; null while pending."
        ),
        REVISION,
        COMPUTED_AT,
    ),
)

GAPS = Frame(
    "gap",
    "Message numbers that are missing between two readings of one boot.",
    (
        MACHINE,
        Column("time", Kind.INSTANT, "Event time of the reading after the gap.", key=True),
        Column("identity", Kind.IDENTITY, "The reading after the gap.", key=True),
        _text("boot_id", "The boot; null where the machine names none."),
        _count("first_seq", "First missing number."),
        _count("last_seq", "Last missing number."),
        _instant("after", "Event time of the reading before the gap."),
        REVISION,
        COMPUTED_AT,
    ),
)

JOBS = Frame(
    "job",
    "A segment of work on one job: from the first reading with its id to the first with another.",
    (
        MACHINE,
        Column("start", Kind.INSTANT, "First reading of the segment.", key=True),
        _instant("end", "First reading with another id or none; null while open.", null=True),
        _text("job_id", "The job.", null=False),
        _text("product_id", "Product of the segment."),
        _count("readings", "Readings of the segment."),
        _count("produced_units", "Units booked in the segment."),
        _count("good_units", "Good units booked in the segment."),
        _count("scrap_units", "Scrap units booked in the segment."),
        REVISION,
        COMPUTED_AT,
    ),
)

ALERTS = Frame(
    "alert",
    "An alert episode (ISA-18.2), keyed by machine, rule and when its condition began.",
    (
        MACHINE,
        Column("rule_id", Kind.TEXT, "The rule.", key=True),
        Column("condition_since", Kind.INSTANT, "When the condition became true.", key=True),
        _count("rule_version", "Version of the rule."),
        _text("priority", "INFO, LOW, MEDIUM, HIGH or CRITICAL.", null=False),
        _instant("raised", "When the on-delay had passed."),
        _instant("cleared", "When the off-delay had passed; null while active.", null=True),
        _flag("stale", "The machine is UNKNOWN while the alert is active."),
        _milli("value_milli", "Value at which it was raised."),
        _milli("limit_milli", "Limit of the rule."),
        _text("message", "What a person reads.", null=False),
        _flag("withdrawn", "A later recomputation found that it never was.", law=False),
        REVISION,
        COMPUTED_AT,
    ),
)

INPUTS = Frame(
    "input",
    "What a person entered: stop reason, state override, correction, planned stop, note.",
    (
        Column("input_id", Kind.IDENTITY, "The input.", key=True),
        _text("machine_id", "The machine.", null=False),
        _text(
            "kind", "stop_reason, state, good_units, scrap_units, planned_stop, note.", null=False
        ),
        _instant("start", "Start of the range it speaks of."),
        _instant("end", "End of the range; null for an instant.", null=True),
        _text("value", "What it says."),
        _text("author", "Who said it.", null=False),
        _instant("entered", "When it was said."),
        _text("why", "Why, in the author's words."),
        Column("retracts", Kind.IDENTITY, "The input that this one takes back.", null=True),
    ),
)

# --- what is kept ------------------------------------------------------------------------------

COUNTER_LANES = ("main", "scrap")
"""At most two counters count: good or produced units, and scrap (SEMANTICS 19)."""


def _lane(lane: str) -> tuple[Column, ...]:
    return (
        _count(
            f"{lane}_total", "Baseline: the last accepted total; null before the first.", null=True
        ),
        _instant(f"{lane}_total_at", "When the baseline was read.", null=True),
        _text(f"{lane}_boot", "Boot of the baseline."),
        _count(f"{lane}_since", "Increments booked since the baseline."),
        _count(f"{lane}_since_boot", "Those of the current boot among them."),
        _us(f"{lane}_known_us", "Known busy time since the baseline."),
        _us(f"{lane}_unknown_us", "UNKNOWN time since the baseline."),
        _count(
            f"{lane}_old_total", "Baseline of the boot before, where it has its own.", null=True
        ),
        _instant(f"{lane}_old_total_at", "When that was read.", null=True),
        _text(f"{lane}_old_boot", "The boot before."),
        _count(f"{lane}_pending", "Suspicious total that waits for the next one.", null=True),
        _instant(f"{lane}_pending_at", "When it was read.", null=True),
        Column(f"{lane}_pending_identity", Kind.IDENTITY, "Its reading.", null=True),
        _count(f"{lane}_pending_since", "Increments booked since the pending total."),
        _us(f"{lane}_pending_known_us", "Known busy time since the pending total."),
        _us(f"{lane}_pending_unknown_us", "UNKNOWN time since the pending total."),
    )


CARRY = Frame(
    "carry",
    "The head: what is needed to go on after a machine's newest reading.",
    (
        MACHINE,
        _instant("first", "The machine's first reading."),
        _instant("time", "The newest reading."),
        _flag("silent", "Silence or death has been booked after the newest reading."),
        _text("state", "State held since interval_start.", null=False),
        _text("state_raw", "As reported, byte for byte."),
        _text("stop_reason", "As reported."),
        _flag("repair", "The MAINTENANCE held is a repair."),
        _instant("interval_start", "Start of the open interval."),
        _flag("interval_first", "The open interval is the machine's first."),
        _text("last_known", "Last state that was not UNKNOWN."),
        _text("last_run_or_error", "Last state that was RUNNING or ERROR."),
        _instant("incident_start", "Entry into ERROR of the open incident.", null=True),
        _instant("error_end", "End of its last ERROR, where one has ended.", null=True),
        _us("incident_uncovered_us", "UNKNOWN time between its ERRORs so far."),
        _instant("failure_start", "First ERROR of the open failure.", null=True),
        _us("failure_unknown_us", "UNKNOWN time inside it so far."),
        _text("boot_id", "Current boot."),
        _text("boots", "Boots begun, newest first, at most 8, one a line."),
        _text("death_boot", "Boot of the last death message."),
        _instant("death", "When that message arrived.", null=True),
        _text("job_id", "Job held; null without a job."),
        _text("product_id", "Product held."),
        _count("seq", "Last message number of the current boot.", null=True),
        _instant("seq_at", "Event time of the reading that carried it.", null=True),
        _text("counts", "How the machine counts; null until a reading can serve one way."),
        *_lane("main"),
        *_lane("scrap"),
    ),
)

FRAMES: tuple[Frame, ...] = (
    READINGS,
    INTERVALS,
    MINUTES,
    MEASURES,
    SCRAP,
    INCIDENTS,
    FAILURES,
    ANOMALIES,
    GAPS,
    JOBS,
    ALERTS,
    INPUTS,
    CARRY,
)
"""Every frame, in the order of the path."""
