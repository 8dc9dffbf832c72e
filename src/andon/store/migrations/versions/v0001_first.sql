CREATE TABLE "reading" (
    "machine_id" text NOT NULL,
    "time" timestamptz NOT NULL,
    "identity" uuid NOT NULL,
    "seq" bigint,
    "boot_id" text,
    "is_death" boolean NOT NULL,
    "state_raw" text,
    "stop_reason" text,
    "alarm" boolean,
    "product_id" text,
    "job_id" text,
    "job_ended" boolean NOT NULL,
    "good_units" bigint,
    "scrap_units" bigint,
    "total_good_units" bigint,
    "total_scrap_units" bigint,
    "production_count" bigint,
    "scrap_reason" text,
    "scrap_category" text,
    "temperature_milli" bigint,
    "speed_milli" bigint,
    "oee_milli" bigint,
    "quality_score_milli" bigint,
    "operator_name" text,
    "reported_shift" text,
    "location" text,
    "firmware_version" text,
    "job_progress_milli" bigint,
    "target_units" bigint,
    "produced_units" bigint,
    "order_start_time" timestamptz,
    "elapsed_time_milli" bigint,
    "scrap_rate_milli" bigint,
    "error_count" bigint,
    "downtime_incidents" bigint,
    "last_maintenance" timestamptz,
    "last_error_time" timestamptz,
    "simulated" boolean,
    "extra" text,
    "set_aside" text,
    "received" timestamptz NOT NULL,
    "awaiting_recompute" boolean NOT NULL,
    PRIMARY KEY ("machine_id", "time", "identity")
) PARTITION BY RANGE (time);

COMMENT ON TABLE "reading" IS 'One admitted message of a machine (or element of an array), decoded; also its death messages.';

COMMENT ON COLUMN "reading"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "reading"."time" IS 'Event time: the message''s timestamp.';

COMMENT ON COLUMN "reading"."identity" IS 'BLAKE2b-128 over machine_id, a zero byte and the element''s bytes as received.';

COMMENT ON COLUMN "reading"."seq" IS 'The machine''s message number since boot.';

COMMENT ON COLUMN "reading"."boot_id" IS 'Names the machine''s boot.';

COMMENT ON COLUMN "reading"."is_death" IS 'A death message (MQTT will): the state of that boot ended here.';

COMMENT ON COLUMN "reading"."state_raw" IS 'State as reported, byte for byte.';

COMMENT ON COLUMN "reading"."stop_reason" IS 'Reason of a stop as reported.';

COMMENT ON COLUMN "reading"."alarm" IS 'The device''s alarm flag.';

COMMENT ON COLUMN "reading"."product_id" IS 'Product being made.';

COMMENT ON COLUMN "reading"."job_id" IS 'Job being worked on.';

COMMENT ON COLUMN "reading"."job_ended" IS 'job_id was an explicit null or blank: no job from here on.';

COMMENT ON COLUMN "reading"."good_units" IS 'Good units since the last message.';

COMMENT ON COLUMN "reading"."scrap_units" IS 'Scrap units since the last message.';

COMMENT ON COLUMN "reading"."total_good_units" IS 'Running total of good units.';

COMMENT ON COLUMN "reading"."total_scrap_units" IS 'Running total of scrap units.';

COMMENT ON COLUMN "reading"."production_count" IS 'Running total of produced units.';

COMMENT ON COLUMN "reading"."scrap_reason" IS 'Why the reading''s own scrap was scrapped.';

COMMENT ON COLUMN "reading"."scrap_category" IS 'Category of the scrap reason.';

COMMENT ON COLUMN "reading"."temperature_milli" IS 'Temperature, thousandths of a degree Celsius.';

COMMENT ON COLUMN "reading"."speed_milli" IS 'Speed, thousandths of a revolution per minute.';

COMMENT ON COLUMN "reading"."oee_milli" IS 'OEE as the device reports it, thousandths.';

COMMENT ON COLUMN "reading"."quality_score_milli" IS 'Quality score as the device reports it, thousandths.';

COMMENT ON COLUMN "reading"."operator_name" IS 'Operator as reported.';

COMMENT ON COLUMN "reading"."reported_shift" IS 'Shift as reported (wire: shift).';

COMMENT ON COLUMN "reading"."location" IS 'Location as reported.';

COMMENT ON COLUMN "reading"."firmware_version" IS 'Firmware as reported.';

COMMENT ON COLUMN "reading"."job_progress_milli" IS 'Job progress as reported, thousandths.';

COMMENT ON COLUMN "reading"."target_units" IS 'Units the job asks for, as reported.';

COMMENT ON COLUMN "reading"."produced_units" IS 'Units of the job so far, as reported.';

COMMENT ON COLUMN "reading"."order_start_time" IS 'Start of the order, as reported.';

COMMENT ON COLUMN "reading"."elapsed_time_milli" IS 'Seconds since the order''s start, thousandths, as reported.';

COMMENT ON COLUMN "reading"."scrap_rate_milli" IS 'Scrap rate as the device reports it, thousandths.';

COMMENT ON COLUMN "reading"."error_count" IS 'Running total of errors as reported.';

COMMENT ON COLUMN "reading"."downtime_incidents" IS 'Running total of incidents as reported.';

COMMENT ON COLUMN "reading"."last_maintenance" IS 'Last maintenance as reported.';

COMMENT ON COLUMN "reading"."last_error_time" IS 'Last error as reported.';

COMMENT ON COLUMN "reading"."simulated" IS 'The machine says that it is simulated.';

COMMENT ON COLUMN "reading"."extra" IS 'Fields andon does not know, as a JSON object''s text.';

COMMENT ON COLUMN "reading"."set_aside" IS 'Fields that could not be read: JSON object of field to raw text.';

COMMENT ON COLUMN "reading"."received" IS 'When the engine first received it.';

COMMENT ON COLUMN "reading"."awaiting_recompute" IS 'Older than the watermark when it came: stored, not yet in the rows.';

CREATE INDEX reading_awaiting ON "reading" (machine_id, time) WHERE awaiting_recompute;

CREATE TABLE "state_interval" (
    "machine_id" text NOT NULL,
    "start" timestamptz NOT NULL,
    "end" timestamptz,
    "prev_end" timestamptz,
    "state" text NOT NULL,
    "state_raw" text,
    "stop_reason" text,
    "repair" boolean NOT NULL,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "start"),
    UNIQUE (machine_id, "end"),
    CHECK (start < "end"),
    CHECK (prev_end = start),
    FOREIGN KEY (machine_id, prev_end) REFERENCES state_interval (machine_id, "end") DEFERRABLE INITIALLY DEFERRED,
    CHECK (state IN ('RUNNING', 'IDLE', 'MAINTENANCE', 'ERROR', 'UNKNOWN'))
) WITH (fillfactor = 70);

COMMENT ON TABLE "state_interval" IS 'A machine''s time without overlap or hole: one state from start to end.';

COMMENT ON COLUMN "state_interval"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "state_interval"."start" IS 'First instant of the state.';

COMMENT ON COLUMN "state_interval"."end" IS 'First instant of the next interval; null while open.';

COMMENT ON COLUMN "state_interval"."prev_end" IS 'End of the interval before (= start); null for the first.';

COMMENT ON COLUMN "state_interval"."state" IS 'RUNNING, IDLE, MAINTENANCE, ERROR or UNKNOWN.';

COMMENT ON COLUMN "state_interval"."state_raw" IS 'State as reported, byte for byte; null where nothing was reported.';

COMMENT ON COLUMN "state_interval"."stop_reason" IS 'Reason of the stop where one is known; null is unassigned.';

COMMENT ON COLUMN "state_interval"."repair" IS 'MAINTENANCE after an ERROR and before the next RUNNING: unplanned.';

COMMENT ON COLUMN "state_interval"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "state_interval"."computed_at" IS 'When the row was written.';

CREATE UNIQUE INDEX state_interval_first ON "state_interval" (machine_id) WHERE prev_end IS NULL;

CREATE INDEX state_interval_open ON "state_interval" (machine_id) WHERE "end" IS NULL;

CREATE INDEX state_interval_prev_end ON "state_interval" (machine_id, prev_end);

CREATE INDEX state_interval_start ON "state_interval" (start);

CREATE TABLE "machine_minute" (
    "machine_id" text NOT NULL,
    "minute" timestamptz NOT NULL,
    "rate_id" text NOT NULL,
    "running_us" bigint NOT NULL,
    "idle_job_us" bigint NOT NULL,
    "idle_no_job_us" bigint NOT NULL,
    "error_us" bigint NOT NULL,
    "repair_us" bigint NOT NULL,
    "maintenance_us" bigint NOT NULL,
    "unknown_us" bigint NOT NULL,
    "planned_stop_us" bigint NOT NULL,
    "off_shift_us" bigint NOT NULL,
    "unplanned_running_us" bigint NOT NULL,
    "unknown_healed_us" bigint NOT NULL,
    "produced_units" bigint NOT NULL,
    "good_units" bigint NOT NULL,
    "scrap_units" bigint NOT NULL,
    "produced_uncovered" bigint NOT NULL,
    "good_uncovered" bigint NOT NULL,
    "scrap_uncovered" bigint NOT NULL,
    "good_in_unknown" bigint NOT NULL,
    "produced_unplanned" bigint NOT NULL,
    "readings" bigint NOT NULL,
    "alarm_count" bigint NOT NULL,
    "incidents" bigint NOT NULL,
    "failures_begun" bigint NOT NULL,
    "failures_ended" bigint NOT NULL,
    "repair_time_us" bigint NOT NULL,
    "repair_time_unknown_us" bigint NOT NULL,
    "scrap_quality_units" bigint NOT NULL,
    "scrap_unreported_units" bigint NOT NULL,
    "unmapped_states" bigint NOT NULL,
    "anomalies" bigint NOT NULL,
    "healed_from" timestamptz,
    "last_reading" timestamptz,
    "operator_name" text,
    "reported_shift" text,
    "location" text,
    "firmware_version" text,
    "job_id" text,
    "job_progress_milli" bigint,
    "target_units" bigint,
    "job_produced_units" bigint,
    "order_start_time" timestamptz,
    "elapsed_time_milli" bigint,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "minute", "rate_id")
) WITH (fillfactor = 70);

COMMENT ON TABLE "machine_minute" IS 'A machine''s minute per ideal rate: integer sums. State times sum to 60 s; a missing row between first and newest reading is 60 s UNKNOWN. Counts are (start, end].';

COMMENT ON COLUMN "machine_minute"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "machine_minute"."minute" IS 'Start of the minute.';

COMMENT ON COLUMN "machine_minute"."rate_id" IS 'Product and rate version of the ideal rate; '''' is none.';

COMMENT ON COLUMN "machine_minute"."running_us" IS 'Time RUNNING inside planned busy time (APT).';

COMMENT ON COLUMN "machine_minute"."idle_job_us" IS 'Time IDLE with a job (ADET).';

COMMENT ON COLUMN "machine_minute"."idle_no_job_us" IS 'Time IDLE without a job (ADOT).';

COMMENT ON COLUMN "machine_minute"."error_us" IS 'Time in ERROR (ADET).';

COMMENT ON COLUMN "machine_minute"."repair_us" IS 'MAINTENANCE after an ERROR before the next RUNNING: unplanned.';

COMMENT ON COLUMN "machine_minute"."maintenance_us" IS 'Other MAINTENANCE: planned downtime.';

COMMENT ON COLUMN "machine_minute"."unknown_us" IS 'UNKNOWN in planned time (U).';

COMMENT ON COLUMN "machine_minute"."planned_stop_us" IS 'Time in planned stops of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_minute"."off_shift_us" IS 'Time outside the shifts of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_minute"."unplanned_running_us" IS 'RUNNING in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_minute"."unknown_healed_us" IS 'UNKNOWN time that running totals booked in this minute span.';

COMMENT ON COLUMN "machine_minute"."produced_units" IS 'Units booked (PQ), covered or not.';

COMMENT ON COLUMN "machine_minute"."good_units" IS 'Good units booked (GQ), covered or not.';

COMMENT ON COLUMN "machine_minute"."scrap_units" IS 'Scrap units booked (SQ), covered or not.';

COMMENT ON COLUMN "machine_minute"."produced_uncovered" IS 'PQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_minute"."good_uncovered" IS 'GQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_minute"."scrap_uncovered" IS 'SQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_minute"."good_in_unknown" IS 'Uncovered good units whose span touches UNKNOWN time.';

COMMENT ON COLUMN "machine_minute"."produced_unplanned" IS 'Uncovered PQ made in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_minute"."readings" IS 'Readings in [minute, minute + 60 s).';

COMMENT ON COLUMN "machine_minute"."alarm_count" IS 'Readings with alarm true.';

COMMENT ON COLUMN "machine_minute"."incidents" IS 'Entries into ERROR (SEMANTICS 15).';

COMMENT ON COLUMN "machine_minute"."failures_begun" IS 'First ERROR after RUNNING.';

COMMENT ON COLUMN "machine_minute"."failures_ended" IS 'Next RUNNING after a failure.';

COMMENT ON COLUMN "machine_minute"."repair_time_us" IS 'Time from first ERROR to RUNNING of the failures ended here.';

COMMENT ON COLUMN "machine_minute"."repair_time_unknown_us" IS 'UNKNOWN time inside repair_time_us.';

COMMENT ON COLUMN "machine_minute"."scrap_quality_units" IS 'Scrap units of category QUALITY (defect_count).';

COMMENT ON COLUMN "machine_minute"."scrap_unreported_units" IS 'Scrap units without a reported reason.';

COMMENT ON COLUMN "machine_minute"."unmapped_states" IS 'Readings whose state the state map does not know.';

COMMENT ON COLUMN "machine_minute"."anomalies" IS 'Counter anomalies in the minute.';

COMMENT ON COLUMN "machine_minute"."healed_from" IS 'Earliest start of the spans behind unknown_healed_us.';

COMMENT ON COLUMN "machine_minute"."last_reading" IS 'Newest reading of the row; null if none.';

COMMENT ON COLUMN "machine_minute"."operator_name" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."reported_shift" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."location" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."firmware_version" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."job_id" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."job_progress_milli" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."target_units" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."job_produced_units" IS 'Last non-null produced_units as reported.';

COMMENT ON COLUMN "machine_minute"."order_start_time" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."elapsed_time_milli" IS 'Last non-null among the row''s readings.';

COMMENT ON COLUMN "machine_minute"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "machine_minute"."computed_at" IS 'When the row was written.';

CREATE INDEX machine_minute_5min ON "machine_minute" (date_bin('5 minutes', minute, '2000-01-01 00:00:00+00'), machine_id);

CREATE INDEX machine_minute_healed ON "machine_minute" (machine_id, minute) WHERE unknown_healed_us > 0;

CREATE TABLE "measure_minute" (
    "machine_id" text NOT NULL,
    "minute" timestamptz NOT NULL,
    "measure" text NOT NULL,
    "n" bigint NOT NULL,
    "sum_milli" bigint NOT NULL,
    "min_milli" bigint NOT NULL,
    "max_milli" bigint NOT NULL,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "minute", "measure")
) WITH (fillfactor = 70);

COMMENT ON TABLE "measure_minute" IS 'A measure''s minute: integer sums of thousandths over the minute''s readings.';

COMMENT ON COLUMN "measure_minute"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "measure_minute"."minute" IS 'Start of the minute.';

COMMENT ON COLUMN "measure_minute"."measure" IS 'Name of the measure: temperature, speed, ...';

COMMENT ON COLUMN "measure_minute"."n" IS 'Readings that carry the measure.';

COMMENT ON COLUMN "measure_minute"."sum_milli" IS 'Sum of the values.';

COMMENT ON COLUMN "measure_minute"."min_milli" IS 'Smallest value.';

COMMENT ON COLUMN "measure_minute"."max_milli" IS 'Largest value.';

COMMENT ON COLUMN "measure_minute"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "measure_minute"."computed_at" IS 'When the row was written.';

CREATE INDEX measure_minute_5min ON "measure_minute" (date_bin('5 minutes', minute, '2000-01-01 00:00:00+00'), machine_id);

CREATE TABLE "scrap_event" (
    "machine_id" text NOT NULL,
    "time" timestamptz NOT NULL,
    "identity" uuid NOT NULL,
    "reason" text NOT NULL,
    "category" text,
    "units" bigint NOT NULL,
    "span_start" timestamptz NOT NULL,
    "job_id" text,
    "good_units" bigint NOT NULL,
    "produced_units" bigint NOT NULL,
    "quality_score_milli" bigint,
    "operator_name" text,
    "reported_shift" text,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "time", "identity", "reason")
);

COMMENT ON TABLE "scrap_event" IS 'Scrap booked at a reading, one row per reason. For every range they sum to the scrap units.';

COMMENT ON COLUMN "scrap_event"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "scrap_event"."time" IS 'Event time of the reading.';

COMMENT ON COLUMN "scrap_event"."identity" IS 'The reading.';

COMMENT ON COLUMN "scrap_event"."reason" IS 'Reason as reported, or UNREPORTED.';

COMMENT ON COLUMN "scrap_event"."category" IS 'Category as reported; null for UNREPORTED.';

COMMENT ON COLUMN "scrap_event"."units" IS 'Scrap units; negative where a total corrected increments.';

COMMENT ON COLUMN "scrap_event"."span_start" IS 'Start of the time in which they arose.';

COMMENT ON COLUMN "scrap_event"."job_id" IS 'Job that the reading names or keeps.';

COMMENT ON COLUMN "scrap_event"."good_units" IS 'Good units booked at the same reading.';

COMMENT ON COLUMN "scrap_event"."produced_units" IS 'Units booked at the same reading (good + scrap).';

COMMENT ON COLUMN "scrap_event"."quality_score_milli" IS 'Quality score that the reading reports.';

COMMENT ON COLUMN "scrap_event"."operator_name" IS 'Operator that the reading reports.';

COMMENT ON COLUMN "scrap_event"."reported_shift" IS 'Shift that the reading reports.';

COMMENT ON COLUMN "scrap_event"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "scrap_event"."computed_at" IS 'When the row was written.';

CREATE INDEX scrap_event_time ON "scrap_event" (time);

CREATE TABLE "incident" (
    "machine_id" text NOT NULL,
    "start" timestamptz NOT NULL,
    "end" timestamptz,
    "uncovered_us" bigint NOT NULL,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "start")
);

COMMENT ON TABLE "incident" IS 'From an entry into ERROR to the end of its last ERROR; UNKNOWN in between is uncovered time.';

COMMENT ON COLUMN "incident"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "incident"."start" IS 'Entry into ERROR.';

COMMENT ON COLUMN "incident"."end" IS 'End of the last ERROR; null while it can go on.';

COMMENT ON COLUMN "incident"."uncovered_us" IS 'UNKNOWN time between ERRORs of the same incident.';

COMMENT ON COLUMN "incident"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "incident"."computed_at" IS 'When the row was written.';

CREATE INDEX incident_start ON "incident" (start);

CREATE TABLE "failure" (
    "machine_id" text NOT NULL,
    "start" timestamptz NOT NULL,
    "end" timestamptz,
    "unknown_us" bigint NOT NULL,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "start")
);

COMMENT ON TABLE "failure" IS 'From the first ERROR after RUNNING to the next RUNNING (MTBF, MTTR).';

COMMENT ON COLUMN "failure"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "failure"."start" IS 'First ERROR after RUNNING.';

COMMENT ON COLUMN "failure"."end" IS 'Next RUNNING; null while open.';

COMMENT ON COLUMN "failure"."unknown_us" IS 'UNKNOWN time inside, once ended.';

COMMENT ON COLUMN "failure"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "failure"."computed_at" IS 'When the row was written.';

CREATE INDEX failure_start ON "failure" (start);

CREATE TABLE "anomaly" (
    "machine_id" text NOT NULL,
    "time" timestamptz NOT NULL,
    "identity" uuid NOT NULL,
    "counter" text NOT NULL,
    "kind" text NOT NULL,
    "value" bigint NOT NULL,
    "baseline" bigint,
    "units" bigint NOT NULL,
    "outcome" text,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "time", "identity", "counter", "kind")
);

COMMENT ON TABLE "anomaly" IS 'A counter value that was judged (SEMANTICS 20 to 23).';

COMMENT ON COLUMN "anomaly"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "anomaly"."time" IS 'Event time of the reading.';

COMMENT ON COLUMN "anomaly"."identity" IS 'The reading.';

COMMENT ON COLUMN "anomaly"."counter" IS 'Wire name of the counter.';

COMMENT ON COLUMN "anomaly"."kind" IS 'suspicious_total, counter_reset, ...';

COMMENT ON COLUMN "anomaly"."value" IS 'Value that the reading carried.';

COMMENT ON COLUMN "anomaly"."baseline" IS 'Accepted value it was judged against.';

COMMENT ON COLUMN "anomaly"."units" IS 'Units booked because of it.';

COMMENT ON COLUMN "anomaly"."outcome" IS 'Of a suspicious total: refuted, confirmed, replaced; null while pending.';

COMMENT ON COLUMN "anomaly"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "anomaly"."computed_at" IS 'When the row was written.';

CREATE INDEX anomaly_time ON "anomaly" (time);

CREATE TABLE "gap" (
    "machine_id" text NOT NULL,
    "time" timestamptz NOT NULL,
    "identity" uuid NOT NULL,
    "boot_id" text,
    "first_seq" bigint NOT NULL,
    "last_seq" bigint NOT NULL,
    "after" timestamptz NOT NULL,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "time", "identity")
);

COMMENT ON TABLE "gap" IS 'Message numbers that are missing between two readings of one boot.';

COMMENT ON COLUMN "gap"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "gap"."time" IS 'Event time of the reading after the gap.';

COMMENT ON COLUMN "gap"."identity" IS 'The reading after the gap.';

COMMENT ON COLUMN "gap"."boot_id" IS 'The boot; null where the machine names none.';

COMMENT ON COLUMN "gap"."first_seq" IS 'First missing number.';

COMMENT ON COLUMN "gap"."last_seq" IS 'Last missing number.';

COMMENT ON COLUMN "gap"."after" IS 'Event time of the reading before the gap.';

COMMENT ON COLUMN "gap"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "gap"."computed_at" IS 'When the row was written.';

CREATE INDEX gap_time ON "gap" (time);

CREATE TABLE "job" (
    "machine_id" text NOT NULL,
    "start" timestamptz NOT NULL,
    "end" timestamptz,
    "job_id" text NOT NULL,
    "product_id" text,
    "readings" bigint NOT NULL,
    "produced_units" bigint NOT NULL,
    "good_units" bigint NOT NULL,
    "scrap_units" bigint NOT NULL,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "start")
) WITH (fillfactor = 70);

COMMENT ON TABLE "job" IS 'A segment of work on one job: from the first reading with its id to the first with another.';

COMMENT ON COLUMN "job"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "job"."start" IS 'First reading of the segment.';

COMMENT ON COLUMN "job"."end" IS 'First reading with another id or none; null while open.';

COMMENT ON COLUMN "job"."job_id" IS 'The job.';

COMMENT ON COLUMN "job"."product_id" IS 'Product of the segment.';

COMMENT ON COLUMN "job"."readings" IS 'Readings of the segment.';

COMMENT ON COLUMN "job"."produced_units" IS 'Units booked in the segment.';

COMMENT ON COLUMN "job"."good_units" IS 'Good units booked in the segment.';

COMMENT ON COLUMN "job"."scrap_units" IS 'Scrap units booked in the segment.';

COMMENT ON COLUMN "job"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "job"."computed_at" IS 'When the row was written.';

CREATE INDEX job_job_id ON "job" (job_id, machine_id);

CREATE INDEX job_start ON "job" (start);

CREATE TABLE "alert" (
    "machine_id" text NOT NULL,
    "rule_id" text NOT NULL,
    "condition_since" timestamptz NOT NULL,
    "rule_version" bigint NOT NULL,
    "priority" text NOT NULL,
    "raised" timestamptz NOT NULL,
    "cleared" timestamptz,
    "stale" boolean NOT NULL,
    "value_milli" bigint,
    "limit_milli" bigint,
    "message" text NOT NULL,
    "withdrawn" boolean NOT NULL DEFAULT false,
    "revision" bigint NOT NULL DEFAULT 0,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("machine_id", "rule_id", "condition_since")
);

COMMENT ON TABLE "alert" IS 'An alert episode (ISA-18.2), keyed by machine, rule and when its condition began.';

COMMENT ON COLUMN "alert"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "alert"."rule_id" IS 'The rule.';

COMMENT ON COLUMN "alert"."condition_since" IS 'When the condition became true.';

COMMENT ON COLUMN "alert"."rule_version" IS 'Version of the rule.';

COMMENT ON COLUMN "alert"."priority" IS 'INFO, LOW, MEDIUM, HIGH or CRITICAL.';

COMMENT ON COLUMN "alert"."raised" IS 'When the on-delay had passed.';

COMMENT ON COLUMN "alert"."cleared" IS 'When the off-delay had passed; null while active.';

COMMENT ON COLUMN "alert"."stale" IS 'The machine is UNKNOWN while the alert is active.';

COMMENT ON COLUMN "alert"."value_milli" IS 'Value at which it was raised.';

COMMENT ON COLUMN "alert"."limit_milli" IS 'Limit of the rule.';

COMMENT ON COLUMN "alert"."message" IS 'What a person reads.';

COMMENT ON COLUMN "alert"."withdrawn" IS 'A later recomputation found that it never was.';

COMMENT ON COLUMN "alert"."revision" IS 'How often recomputation has replaced this row.';

COMMENT ON COLUMN "alert"."computed_at" IS 'When the row was written.';

CREATE INDEX alert_raised ON "alert" (raised);

CREATE TABLE "input" (
    "input_id" uuid NOT NULL,
    "machine_id" text NOT NULL,
    "kind" text NOT NULL,
    "start" timestamptz NOT NULL,
    "end" timestamptz,
    "value" text,
    "author" text NOT NULL,
    "entered" timestamptz NOT NULL,
    "why" text,
    "retracts" uuid,
    PRIMARY KEY ("input_id")
);

COMMENT ON TABLE "input" IS 'What a person entered: stop reason, state override, correction, planned stop, note.';

COMMENT ON COLUMN "input"."input_id" IS 'The input.';

COMMENT ON COLUMN "input"."machine_id" IS 'The machine.';

COMMENT ON COLUMN "input"."kind" IS 'stop_reason, state, good_units, scrap_units, planned_stop, note.';

COMMENT ON COLUMN "input"."start" IS 'Start of the range it speaks of.';

COMMENT ON COLUMN "input"."end" IS 'End of the range; null for an instant.';

COMMENT ON COLUMN "input"."value" IS 'What it says.';

COMMENT ON COLUMN "input"."author" IS 'Who said it.';

COMMENT ON COLUMN "input"."entered" IS 'When it was said.';

COMMENT ON COLUMN "input"."why" IS 'Why, in the author''s words.';

COMMENT ON COLUMN "input"."retracts" IS 'The input that this one takes back.';

CREATE INDEX input_machine ON "input" (machine_id, start);

CREATE TABLE "carry" (
    "machine_id" text NOT NULL,
    "first" timestamptz NOT NULL,
    "time" timestamptz NOT NULL,
    "silent" boolean NOT NULL,
    "state" text NOT NULL,
    "state_raw" text,
    "stop_reason" text,
    "repair" boolean NOT NULL,
    "interval_start" timestamptz NOT NULL,
    "interval_first" boolean NOT NULL,
    "last_known" text,
    "last_run_or_error" text,
    "incident_start" timestamptz,
    "error_end" timestamptz,
    "incident_uncovered_us" bigint NOT NULL,
    "failure_start" timestamptz,
    "failure_unknown_us" bigint NOT NULL,
    "boot_id" text,
    "boots" text,
    "death_boot" text,
    "death" timestamptz,
    "job_id" text,
    "product_id" text,
    "seq" bigint,
    "seq_at" timestamptz,
    "counts" text,
    "main_total" bigint,
    "main_total_at" timestamptz,
    "main_boot" text,
    "main_since" bigint NOT NULL,
    "main_since_boot" bigint NOT NULL,
    "main_known_us" bigint NOT NULL,
    "main_unknown_us" bigint NOT NULL,
    "main_old_total" bigint,
    "main_old_total_at" timestamptz,
    "main_old_boot" text,
    "main_pending" bigint,
    "main_pending_at" timestamptz,
    "main_pending_identity" uuid,
    "main_pending_since" bigint NOT NULL,
    "main_pending_known_us" bigint NOT NULL,
    "main_pending_unknown_us" bigint NOT NULL,
    "scrap_total" bigint,
    "scrap_total_at" timestamptz,
    "scrap_boot" text,
    "scrap_since" bigint NOT NULL,
    "scrap_since_boot" bigint NOT NULL,
    "scrap_known_us" bigint NOT NULL,
    "scrap_unknown_us" bigint NOT NULL,
    "scrap_old_total" bigint,
    "scrap_old_total_at" timestamptz,
    "scrap_old_boot" text,
    "scrap_pending" bigint,
    "scrap_pending_at" timestamptz,
    "scrap_pending_identity" uuid,
    "scrap_pending_since" bigint NOT NULL,
    "scrap_pending_known_us" bigint NOT NULL,
    "scrap_pending_unknown_us" bigint NOT NULL,
    PRIMARY KEY ("machine_id")
) WITH (fillfactor = 70);

COMMENT ON TABLE "carry" IS 'The head: what is needed to go on after a machine''s newest reading.';

COMMENT ON COLUMN "carry"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "carry"."first" IS 'The machine''s first reading.';

COMMENT ON COLUMN "carry"."time" IS 'The newest reading.';

COMMENT ON COLUMN "carry"."silent" IS 'Silence or death has been booked after the newest reading.';

COMMENT ON COLUMN "carry"."state" IS 'State held since interval_start.';

COMMENT ON COLUMN "carry"."state_raw" IS 'As reported, byte for byte.';

COMMENT ON COLUMN "carry"."stop_reason" IS 'As reported.';

COMMENT ON COLUMN "carry"."repair" IS 'The MAINTENANCE held is a repair.';

COMMENT ON COLUMN "carry"."interval_start" IS 'Start of the open interval.';

COMMENT ON COLUMN "carry"."interval_first" IS 'The open interval is the machine''s first.';

COMMENT ON COLUMN "carry"."last_known" IS 'Last state that was not UNKNOWN.';

COMMENT ON COLUMN "carry"."last_run_or_error" IS 'Last state that was RUNNING or ERROR.';

COMMENT ON COLUMN "carry"."incident_start" IS 'Entry into ERROR of the open incident.';

COMMENT ON COLUMN "carry"."error_end" IS 'End of its last ERROR, where one has ended.';

COMMENT ON COLUMN "carry"."incident_uncovered_us" IS 'UNKNOWN time between its ERRORs so far.';

COMMENT ON COLUMN "carry"."failure_start" IS 'First ERROR of the open failure.';

COMMENT ON COLUMN "carry"."failure_unknown_us" IS 'UNKNOWN time inside it so far.';

COMMENT ON COLUMN "carry"."boot_id" IS 'Current boot.';

COMMENT ON COLUMN "carry"."boots" IS 'Boots begun, newest first, at most 8, one a line.';

COMMENT ON COLUMN "carry"."death_boot" IS 'Boot of the last death message.';

COMMENT ON COLUMN "carry"."death" IS 'When that message arrived.';

COMMENT ON COLUMN "carry"."job_id" IS 'Job held; null without a job.';

COMMENT ON COLUMN "carry"."product_id" IS 'Product held.';

COMMENT ON COLUMN "carry"."seq" IS 'Last message number of the current boot.';

COMMENT ON COLUMN "carry"."seq_at" IS 'Event time of the reading that carried it.';

COMMENT ON COLUMN "carry"."counts" IS 'How the machine counts; null until a reading can serve one way.';

COMMENT ON COLUMN "carry"."main_total" IS 'Baseline: the last accepted total; null before the first.';

COMMENT ON COLUMN "carry"."main_total_at" IS 'When the baseline was read.';

COMMENT ON COLUMN "carry"."main_boot" IS 'Boot of the baseline.';

COMMENT ON COLUMN "carry"."main_since" IS 'Increments booked since the baseline.';

COMMENT ON COLUMN "carry"."main_since_boot" IS 'Those of the current boot among them.';

COMMENT ON COLUMN "carry"."main_known_us" IS 'Known busy time since the baseline.';

COMMENT ON COLUMN "carry"."main_unknown_us" IS 'UNKNOWN time since the baseline.';

COMMENT ON COLUMN "carry"."main_old_total" IS 'Baseline of the boot before, where it has its own.';

COMMENT ON COLUMN "carry"."main_old_total_at" IS 'When that was read.';

COMMENT ON COLUMN "carry"."main_old_boot" IS 'The boot before.';

COMMENT ON COLUMN "carry"."main_pending" IS 'Suspicious total that waits for the next one.';

COMMENT ON COLUMN "carry"."main_pending_at" IS 'When it was read.';

COMMENT ON COLUMN "carry"."main_pending_identity" IS 'Its reading.';

COMMENT ON COLUMN "carry"."main_pending_since" IS 'Increments booked since the pending total.';

COMMENT ON COLUMN "carry"."main_pending_known_us" IS 'Known busy time since the pending total.';

COMMENT ON COLUMN "carry"."main_pending_unknown_us" IS 'UNKNOWN time since the pending total.';

COMMENT ON COLUMN "carry"."scrap_total" IS 'Baseline: the last accepted total; null before the first.';

COMMENT ON COLUMN "carry"."scrap_total_at" IS 'When the baseline was read.';

COMMENT ON COLUMN "carry"."scrap_boot" IS 'Boot of the baseline.';

COMMENT ON COLUMN "carry"."scrap_since" IS 'Increments booked since the baseline.';

COMMENT ON COLUMN "carry"."scrap_since_boot" IS 'Those of the current boot among them.';

COMMENT ON COLUMN "carry"."scrap_known_us" IS 'Known busy time since the baseline.';

COMMENT ON COLUMN "carry"."scrap_unknown_us" IS 'UNKNOWN time since the baseline.';

COMMENT ON COLUMN "carry"."scrap_old_total" IS 'Baseline of the boot before, where it has its own.';

COMMENT ON COLUMN "carry"."scrap_old_total_at" IS 'When that was read.';

COMMENT ON COLUMN "carry"."scrap_old_boot" IS 'The boot before.';

COMMENT ON COLUMN "carry"."scrap_pending" IS 'Suspicious total that waits for the next one.';

COMMENT ON COLUMN "carry"."scrap_pending_at" IS 'When it was read.';

COMMENT ON COLUMN "carry"."scrap_pending_identity" IS 'Its reading.';

COMMENT ON COLUMN "carry"."scrap_pending_since" IS 'Increments booked since the pending total.';

COMMENT ON COLUMN "carry"."scrap_pending_known_us" IS 'Known busy time since the pending total.';

COMMENT ON COLUMN "carry"."scrap_pending_unknown_us" IS 'UNKNOWN time since the pending total.';

CREATE TABLE "machine" (
    "machine_id" text NOT NULL,
    "discovered_at" timestamptz NOT NULL DEFAULT now(),
    "declared" boolean NOT NULL DEFAULT false,
    "name" text,
    "enterprise" text,
    "site" text,
    "area" text,
    "line" text,
    "simulated" boolean NOT NULL DEFAULT false,
    "retired_at" timestamptz,
    "raw_from" timestamptz,
    "received" bigint NOT NULL DEFAULT 0,
    "duplicates" bigint NOT NULL DEFAULT 0,
    "late" bigint NOT NULL DEFAULT 0,
    "awaiting_recompute" bigint NOT NULL DEFAULT 0,
    "set_aside" bigint NOT NULL DEFAULT 0,
    "missing_messages" bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (machine_id)
) WITH (fillfactor = 70);

COMMENT ON TABLE "machine" IS 'A machine that was declared in the plant file or discovered by its first message.';

COMMENT ON COLUMN "machine"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "machine"."discovered_at" IS 'When andon first knew it.';

COMMENT ON COLUMN "machine"."declared" IS 'It is in the plant file.';

COMMENT ON COLUMN "machine"."name" IS 'What people call it.';

COMMENT ON COLUMN "machine"."enterprise" IS 'Enterprise of the plant tree.';

COMMENT ON COLUMN "machine"."site" IS 'Site of the plant tree.';

COMMENT ON COLUMN "machine"."area" IS 'Area of the plant tree.';

COMMENT ON COLUMN "machine"."line" IS 'Line of the plant tree.';

COMMENT ON COLUMN "machine"."simulated" IS 'Its messages say that it is simulated.';

COMMENT ON COLUMN "machine"."retired_at" IS 'When it was taken out of service.';

COMMENT ON COLUMN "machine"."raw_from" IS 'Start of its oldest complete raw day; null is its first.';

COMMENT ON COLUMN "machine"."received" IS 'Messages and array elements received, duplicates included.';

COMMENT ON COLUMN "machine"."duplicates" IS 'Readings that were there already: counted, not stored again.';

COMMENT ON COLUMN "machine"."late" IS 'Readings older than another one received before.';

COMMENT ON COLUMN "machine"."awaiting_recompute" IS 'Readings older than the watermark, not yet in the rows.';

COMMENT ON COLUMN "machine"."set_aside" IS 'Optional fields that could not be read.';

COMMENT ON COLUMN "machine"."missing_messages" IS 'Message numbers missing in its gaps.';

CREATE TABLE "ideal_rate" (
    "machine_id" text NOT NULL,
    "rate_id" text NOT NULL,
    "product_id" text,
    "valid_from" timestamptz,
    "cycle_us_numerator" bigint NOT NULL,
    "cycle_us_denominator" bigint NOT NULL,
    PRIMARY KEY (machine_id, rate_id),
    CHECK (cycle_us_numerator > 0 AND cycle_us_denominator > 0)
);

COMMENT ON TABLE "ideal_rate" IS 'Ideal cycle time by machine and rate, an exact fraction: numerator / denominator us a unit.';

COMMENT ON COLUMN "ideal_rate"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "ideal_rate"."rate_id" IS 'Product, @, version; as in machine_minute.';

COMMENT ON COLUMN "ideal_rate"."product_id" IS 'Product; null is every product without a rate of its own.';

COMMENT ON COLUMN "ideal_rate"."valid_from" IS 'From when on it holds; null is always.';

COMMENT ON COLUMN "ideal_rate"."cycle_us_numerator" IS 'Microseconds a unit, numerator.';

COMMENT ON COLUMN "ideal_rate"."cycle_us_denominator" IS 'Microseconds a unit, denominator.';

CREATE TABLE "plan" (
    "version" bigint NOT NULL,
    "saved_at" timestamptz NOT NULL DEFAULT now(),
    "valid_from" timestamptz,
    "fingerprint" text NOT NULL,
    "content" text NOT NULL,
    PRIMARY KEY (version)
);

COMMENT ON TABLE "plan" IS 'Every version of the plant configuration that an engine has worked by.';

COMMENT ON COLUMN "plan"."version" IS 'Running number.';

COMMENT ON COLUMN "plan"."saved_at" IS 'When it was saved.';

COMMENT ON COLUMN "plan"."valid_from" IS 'From when on it holds; null is always.';

COMMENT ON COLUMN "plan"."fingerprint" IS 'Hash of the content.';

COMMENT ON COLUMN "plan"."content" IS 'The plan as JSON.';

CREATE TABLE "quarantine" (
    "identity" uuid NOT NULL,
    "topic" text NOT NULL,
    "payload" bytea NOT NULL,
    "element" integer,
    "machine_id" text,
    "reason" text NOT NULL,
    "detail" text,
    "received" timestamptz NOT NULL,
    "basis" text,
    "seen" bigint NOT NULL DEFAULT 1,
    "last_seen" timestamptz,
    "released" timestamptz,
    PRIMARY KEY (identity)
);

COMMENT ON TABLE "quarantine" IS 'Messages and array elements that are no reading, with their bytes and the reason.';

COMMENT ON COLUMN "quarantine"."identity" IS 'Hash of topic and bytes.';

COMMENT ON COLUMN "quarantine"."topic" IS 'MQTT topic.';

COMMENT ON COLUMN "quarantine"."payload" IS 'The bytes as received.';

COMMENT ON COLUMN "quarantine"."element" IS 'Index in the array; null for a whole message.';

COMMENT ON COLUMN "quarantine"."machine_id" IS 'The machine, where it can be told.';

COMMENT ON COLUMN "quarantine"."reason" IS 'One of a closed list: bad_json, no_timestamp, ...';

COMMENT ON COLUMN "quarantine"."detail" IS 'What exactly was wrong.';

COMMENT ON COLUMN "quarantine"."received" IS 'When its first copy was received.';

COMMENT ON COLUMN "quarantine"."basis" IS 'What the refusal was judged by, where that was more than its bytes.';

COMMENT ON COLUMN "quarantine"."seen" IS 'Copies received.';

COMMENT ON COLUMN "quarantine"."last_seen" IS 'When its last copy was received.';

COMMENT ON COLUMN "quarantine"."released" IS 'When a copy of it was admitted after all.';

CREATE INDEX quarantine_received ON "quarantine" (received);

CREATE TABLE "carry_snapshot" (
    "machine_id" text NOT NULL,
    "at" timestamptz NOT NULL,
    "hourly" boolean NOT NULL DEFAULT false,
    "head" text NOT NULL,
    "open_minutes" text NOT NULL,
    "open_measures" text NOT NULL,
    PRIMARY KEY (machine_id, at)
);

COMMENT ON TABLE "carry_snapshot" IS 'Older carries of a machine, to recompute from: those of the tail, and one for each UTC hour.';

COMMENT ON COLUMN "carry_snapshot"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "carry_snapshot"."at" IS 'Its newest reading at that time.';

COMMENT ON COLUMN "carry_snapshot"."hourly" IS 'Kept as long as raw readings are.';

COMMENT ON COLUMN "carry_snapshot"."head" IS 'The carry''s columns as JSON.';

COMMENT ON COLUMN "carry_snapshot"."open_minutes" IS 'Minute rows still open then, as JSON.';

COMMENT ON COLUMN "carry_snapshot"."open_measures" IS 'Measure rows still open then, as JSON.';

CREATE TABLE "progress" (
    "id" text NOT NULL,
    "epoch" bigint NOT NULL DEFAULT 0,
    "batch" bigint NOT NULL DEFAULT 0,
    "now" timestamptz,
    "updated_at" timestamptz NOT NULL DEFAULT now(),
    "engine" text,
    "ranges" text,
    "messages" bigint NOT NULL DEFAULT 0,
    "readings" bigint NOT NULL DEFAULT 0,
    "duplicates" bigint NOT NULL DEFAULT 0,
    "late" bigint NOT NULL DEFAULT 0,
    "quarantined" bigint NOT NULL DEFAULT 0,
    "awaiting_recompute" bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (id)
) WITH (fillfactor = 70);

COMMENT ON TABLE "progress" IS 'The fence: one row per engine lane. A transaction that finds another epoch writes nothing.';

COMMENT ON COLUMN "progress"."id" IS 'Lane: embedded, or a bucket of the cluster.';

COMMENT ON COLUMN "progress"."epoch" IS 'Raised by each engine that takes over.';

COMMENT ON COLUMN "progress"."batch" IS 'Number of the last committed batch.';

COMMENT ON COLUMN "progress"."now" IS 'Clock of the last batch; never decreases.';

COMMENT ON COLUMN "progress"."updated_at" IS 'When the last batch was committed.';

COMMENT ON COLUMN "progress"."engine" IS 'Which process holds the epoch.';

COMMENT ON COLUMN "progress"."ranges" IS 'Offsets read so far (Kafka), as JSON.';

COMMENT ON COLUMN "progress"."messages" IS 'Messages taken from the source.';

COMMENT ON COLUMN "progress"."readings" IS 'Readings stored.';

COMMENT ON COLUMN "progress"."duplicates" IS 'Readings that were there already.';

COMMENT ON COLUMN "progress"."late" IS 'Readings older than another one received before.';

COMMENT ON COLUMN "progress"."quarantined" IS 'Messages and elements put in quarantine.';

COMMENT ON COLUMN "progress"."awaiting_recompute" IS 'Readings older than the watermark.';

CREATE TABLE "recompute_request" (
    "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    "machine_id" text,
    "start" timestamptz NOT NULL,
    "end" timestamptz,
    "reason" text NOT NULL,
    "requested_by" text NOT NULL,
    "requested_at" timestamptz NOT NULL DEFAULT now(),
    "taken_at" timestamptz,
    "done_at" timestamptz,
    "differences" bigint,
    PRIMARY KEY (id)
);

COMMENT ON TABLE "recompute_request" IS 'Ranges that a person or a change of plan wants computed again.';

COMMENT ON COLUMN "recompute_request"."id" IS 'Running number.';

COMMENT ON COLUMN "recompute_request"."machine_id" IS 'The machine; null is all.';

COMMENT ON COLUMN "recompute_request"."start" IS 'Start of the range.';

COMMENT ON COLUMN "recompute_request"."end" IS 'End of the range; null is up to the head.';

COMMENT ON COLUMN "recompute_request"."reason" IS 'Why.';

COMMENT ON COLUMN "recompute_request"."requested_by" IS 'Who.';

COMMENT ON COLUMN "recompute_request"."requested_at" IS 'When it was asked for.';

COMMENT ON COLUMN "recompute_request"."taken_at" IS 'When the engine began.';

COMMENT ON COLUMN "recompute_request"."done_at" IS 'When it was done.';

COMMENT ON COLUMN "recompute_request"."differences" IS 'Rows that came out different.';

CREATE INDEX recompute_request_open ON "recompute_request" (id) WHERE done_at IS NULL;

CREATE TABLE "machine_hour" (
    "machine_id" text NOT NULL,
    "hour" timestamptz NOT NULL,
    "rate_id" text NOT NULL,
    "running_us" bigint NOT NULL,
    "idle_job_us" bigint NOT NULL,
    "idle_no_job_us" bigint NOT NULL,
    "error_us" bigint NOT NULL,
    "repair_us" bigint NOT NULL,
    "maintenance_us" bigint NOT NULL,
    "unknown_us" bigint NOT NULL,
    "planned_stop_us" bigint NOT NULL,
    "off_shift_us" bigint NOT NULL,
    "unplanned_running_us" bigint NOT NULL,
    "unknown_healed_us" bigint NOT NULL,
    "produced_units" bigint NOT NULL,
    "good_units" bigint NOT NULL,
    "scrap_units" bigint NOT NULL,
    "produced_uncovered" bigint NOT NULL,
    "good_uncovered" bigint NOT NULL,
    "scrap_uncovered" bigint NOT NULL,
    "good_in_unknown" bigint NOT NULL,
    "produced_unplanned" bigint NOT NULL,
    "readings" bigint NOT NULL,
    "alarm_count" bigint NOT NULL,
    "incidents" bigint NOT NULL,
    "failures_begun" bigint NOT NULL,
    "failures_ended" bigint NOT NULL,
    "repair_time_us" bigint NOT NULL,
    "repair_time_unknown_us" bigint NOT NULL,
    "scrap_quality_units" bigint NOT NULL,
    "scrap_unreported_units" bigint NOT NULL,
    "unmapped_states" bigint NOT NULL,
    "anomalies" bigint NOT NULL,
    "minutes" bigint NOT NULL,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_id, hour, rate_id)
) WITH (fillfactor = 70);

COMMENT ON TABLE "machine_hour" IS 'Sums of a machine''s minutes per UTC hour.';

COMMENT ON COLUMN "machine_hour"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "machine_hour"."hour" IS 'Its start.';

COMMENT ON COLUMN "machine_hour"."rate_id" IS 'Ideal rate; '''' is none.';

COMMENT ON COLUMN "machine_hour"."running_us" IS 'Time RUNNING inside planned busy time (APT).';

COMMENT ON COLUMN "machine_hour"."idle_job_us" IS 'Time IDLE with a job (ADET).';

COMMENT ON COLUMN "machine_hour"."idle_no_job_us" IS 'Time IDLE without a job (ADOT).';

COMMENT ON COLUMN "machine_hour"."error_us" IS 'Time in ERROR (ADET).';

COMMENT ON COLUMN "machine_hour"."repair_us" IS 'MAINTENANCE after an ERROR before the next RUNNING: unplanned.';

COMMENT ON COLUMN "machine_hour"."maintenance_us" IS 'Other MAINTENANCE: planned downtime.';

COMMENT ON COLUMN "machine_hour"."unknown_us" IS 'UNKNOWN in planned time (U).';

COMMENT ON COLUMN "machine_hour"."planned_stop_us" IS 'Time in planned stops of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_hour"."off_shift_us" IS 'Time outside the shifts of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_hour"."unplanned_running_us" IS 'RUNNING in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_hour"."unknown_healed_us" IS 'UNKNOWN time that running totals booked in this minute span.';

COMMENT ON COLUMN "machine_hour"."produced_units" IS 'Units booked (PQ), covered or not.';

COMMENT ON COLUMN "machine_hour"."good_units" IS 'Good units booked (GQ), covered or not.';

COMMENT ON COLUMN "machine_hour"."scrap_units" IS 'Scrap units booked (SQ), covered or not.';

COMMENT ON COLUMN "machine_hour"."produced_uncovered" IS 'PQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_hour"."good_uncovered" IS 'GQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_hour"."scrap_uncovered" IS 'SQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_hour"."good_in_unknown" IS 'Uncovered good units whose span touches UNKNOWN time.';

COMMENT ON COLUMN "machine_hour"."produced_unplanned" IS 'Uncovered PQ made in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_hour"."readings" IS 'Readings in [minute, minute + 60 s).';

COMMENT ON COLUMN "machine_hour"."alarm_count" IS 'Readings with alarm true.';

COMMENT ON COLUMN "machine_hour"."incidents" IS 'Entries into ERROR (SEMANTICS 15).';

COMMENT ON COLUMN "machine_hour"."failures_begun" IS 'First ERROR after RUNNING.';

COMMENT ON COLUMN "machine_hour"."failures_ended" IS 'Next RUNNING after a failure.';

COMMENT ON COLUMN "machine_hour"."repair_time_us" IS 'Time from first ERROR to RUNNING of the failures ended here.';

COMMENT ON COLUMN "machine_hour"."repair_time_unknown_us" IS 'UNKNOWN time inside repair_time_us.';

COMMENT ON COLUMN "machine_hour"."scrap_quality_units" IS 'Scrap units of category QUALITY (defect_count).';

COMMENT ON COLUMN "machine_hour"."scrap_unreported_units" IS 'Scrap units without a reported reason.';

COMMENT ON COLUMN "machine_hour"."unmapped_states" IS 'Readings whose state the state map does not know.';

COMMENT ON COLUMN "machine_hour"."anomalies" IS 'Counter anomalies in the minute.';

COMMENT ON COLUMN "machine_hour"."minutes" IS 'Minutes with a row.';

COMMENT ON COLUMN "machine_hour"."computed_at" IS 'When the row was written.';

CREATE INDEX machine_hour_hour ON "machine_hour" (hour);

CREATE TABLE "machine_shift" (
    "machine_id" text NOT NULL,
    "shift_start" timestamptz NOT NULL,
    "shift" text NOT NULL,
    "rate_id" text NOT NULL,
    "running_us" bigint NOT NULL,
    "idle_job_us" bigint NOT NULL,
    "idle_no_job_us" bigint NOT NULL,
    "error_us" bigint NOT NULL,
    "repair_us" bigint NOT NULL,
    "maintenance_us" bigint NOT NULL,
    "unknown_us" bigint NOT NULL,
    "planned_stop_us" bigint NOT NULL,
    "off_shift_us" bigint NOT NULL,
    "unplanned_running_us" bigint NOT NULL,
    "unknown_healed_us" bigint NOT NULL,
    "produced_units" bigint NOT NULL,
    "good_units" bigint NOT NULL,
    "scrap_units" bigint NOT NULL,
    "produced_uncovered" bigint NOT NULL,
    "good_uncovered" bigint NOT NULL,
    "scrap_uncovered" bigint NOT NULL,
    "good_in_unknown" bigint NOT NULL,
    "produced_unplanned" bigint NOT NULL,
    "readings" bigint NOT NULL,
    "alarm_count" bigint NOT NULL,
    "incidents" bigint NOT NULL,
    "failures_begun" bigint NOT NULL,
    "failures_ended" bigint NOT NULL,
    "repair_time_us" bigint NOT NULL,
    "repair_time_unknown_us" bigint NOT NULL,
    "scrap_quality_units" bigint NOT NULL,
    "scrap_unreported_units" bigint NOT NULL,
    "unmapped_states" bigint NOT NULL,
    "anomalies" bigint NOT NULL,
    "minutes" bigint NOT NULL,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_id, shift_start, rate_id)
) WITH (fillfactor = 70);

COMMENT ON TABLE "machine_shift" IS 'Sums of a machine''s minutes per shift.';

COMMENT ON COLUMN "machine_shift"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "machine_shift"."shift_start" IS 'Start of the shift.';

COMMENT ON COLUMN "machine_shift"."shift" IS 'Name of the shift.';

COMMENT ON COLUMN "machine_shift"."rate_id" IS 'Ideal rate; '''' is none.';

COMMENT ON COLUMN "machine_shift"."running_us" IS 'Time RUNNING inside planned busy time (APT).';

COMMENT ON COLUMN "machine_shift"."idle_job_us" IS 'Time IDLE with a job (ADET).';

COMMENT ON COLUMN "machine_shift"."idle_no_job_us" IS 'Time IDLE without a job (ADOT).';

COMMENT ON COLUMN "machine_shift"."error_us" IS 'Time in ERROR (ADET).';

COMMENT ON COLUMN "machine_shift"."repair_us" IS 'MAINTENANCE after an ERROR before the next RUNNING: unplanned.';

COMMENT ON COLUMN "machine_shift"."maintenance_us" IS 'Other MAINTENANCE: planned downtime.';

COMMENT ON COLUMN "machine_shift"."unknown_us" IS 'UNKNOWN in planned time (U).';

COMMENT ON COLUMN "machine_shift"."planned_stop_us" IS 'Time in planned stops of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_shift"."off_shift_us" IS 'Time outside the shifts of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_shift"."unplanned_running_us" IS 'RUNNING in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_shift"."unknown_healed_us" IS 'UNKNOWN time that running totals booked in this minute span.';

COMMENT ON COLUMN "machine_shift"."produced_units" IS 'Units booked (PQ), covered or not.';

COMMENT ON COLUMN "machine_shift"."good_units" IS 'Good units booked (GQ), covered or not.';

COMMENT ON COLUMN "machine_shift"."scrap_units" IS 'Scrap units booked (SQ), covered or not.';

COMMENT ON COLUMN "machine_shift"."produced_uncovered" IS 'PQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_shift"."good_uncovered" IS 'GQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_shift"."scrap_uncovered" IS 'SQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_shift"."good_in_unknown" IS 'Uncovered good units whose span touches UNKNOWN time.';

COMMENT ON COLUMN "machine_shift"."produced_unplanned" IS 'Uncovered PQ made in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_shift"."readings" IS 'Readings in [minute, minute + 60 s).';

COMMENT ON COLUMN "machine_shift"."alarm_count" IS 'Readings with alarm true.';

COMMENT ON COLUMN "machine_shift"."incidents" IS 'Entries into ERROR (SEMANTICS 15).';

COMMENT ON COLUMN "machine_shift"."failures_begun" IS 'First ERROR after RUNNING.';

COMMENT ON COLUMN "machine_shift"."failures_ended" IS 'Next RUNNING after a failure.';

COMMENT ON COLUMN "machine_shift"."repair_time_us" IS 'Time from first ERROR to RUNNING of the failures ended here.';

COMMENT ON COLUMN "machine_shift"."repair_time_unknown_us" IS 'UNKNOWN time inside repair_time_us.';

COMMENT ON COLUMN "machine_shift"."scrap_quality_units" IS 'Scrap units of category QUALITY (defect_count).';

COMMENT ON COLUMN "machine_shift"."scrap_unreported_units" IS 'Scrap units without a reported reason.';

COMMENT ON COLUMN "machine_shift"."unmapped_states" IS 'Readings whose state the state map does not know.';

COMMENT ON COLUMN "machine_shift"."anomalies" IS 'Counter anomalies in the minute.';

COMMENT ON COLUMN "machine_shift"."minutes" IS 'Minutes with a row.';

COMMENT ON COLUMN "machine_shift"."computed_at" IS 'When the row was written.';

CREATE INDEX machine_shift_shift_start ON "machine_shift" (shift_start);

CREATE TABLE "machine_day" (
    "machine_id" text NOT NULL,
    "day" date NOT NULL,
    "rate_id" text NOT NULL,
    "running_us" bigint NOT NULL,
    "idle_job_us" bigint NOT NULL,
    "idle_no_job_us" bigint NOT NULL,
    "error_us" bigint NOT NULL,
    "repair_us" bigint NOT NULL,
    "maintenance_us" bigint NOT NULL,
    "unknown_us" bigint NOT NULL,
    "planned_stop_us" bigint NOT NULL,
    "off_shift_us" bigint NOT NULL,
    "unplanned_running_us" bigint NOT NULL,
    "unknown_healed_us" bigint NOT NULL,
    "produced_units" bigint NOT NULL,
    "good_units" bigint NOT NULL,
    "scrap_units" bigint NOT NULL,
    "produced_uncovered" bigint NOT NULL,
    "good_uncovered" bigint NOT NULL,
    "scrap_uncovered" bigint NOT NULL,
    "good_in_unknown" bigint NOT NULL,
    "produced_unplanned" bigint NOT NULL,
    "readings" bigint NOT NULL,
    "alarm_count" bigint NOT NULL,
    "incidents" bigint NOT NULL,
    "failures_begun" bigint NOT NULL,
    "failures_ended" bigint NOT NULL,
    "repair_time_us" bigint NOT NULL,
    "repair_time_unknown_us" bigint NOT NULL,
    "scrap_quality_units" bigint NOT NULL,
    "scrap_unreported_units" bigint NOT NULL,
    "unmapped_states" bigint NOT NULL,
    "anomalies" bigint NOT NULL,
    "minutes" bigint NOT NULL,
    "computed_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_id, day, rate_id)
) WITH (fillfactor = 70);

COMMENT ON TABLE "machine_day" IS 'Sums of a machine''s minutes per production day.';

COMMENT ON COLUMN "machine_day"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "machine_day"."day" IS 'The production day.';

COMMENT ON COLUMN "machine_day"."rate_id" IS 'Ideal rate; '''' is none.';

COMMENT ON COLUMN "machine_day"."running_us" IS 'Time RUNNING inside planned busy time (APT).';

COMMENT ON COLUMN "machine_day"."idle_job_us" IS 'Time IDLE with a job (ADET).';

COMMENT ON COLUMN "machine_day"."idle_no_job_us" IS 'Time IDLE without a job (ADOT).';

COMMENT ON COLUMN "machine_day"."error_us" IS 'Time in ERROR (ADET).';

COMMENT ON COLUMN "machine_day"."repair_us" IS 'MAINTENANCE after an ERROR before the next RUNNING: unplanned.';

COMMENT ON COLUMN "machine_day"."maintenance_us" IS 'Other MAINTENANCE: planned downtime.';

COMMENT ON COLUMN "machine_day"."unknown_us" IS 'UNKNOWN in planned time (U).';

COMMENT ON COLUMN "machine_day"."planned_stop_us" IS 'Time in planned stops of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_day"."off_shift_us" IS 'Time outside the shifts of the calendar, whatever the state.';

COMMENT ON COLUMN "machine_day"."unplanned_running_us" IS 'RUNNING in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_day"."unknown_healed_us" IS 'UNKNOWN time that running totals booked in this minute span.';

COMMENT ON COLUMN "machine_day"."produced_units" IS 'Units booked (PQ), covered or not.';

COMMENT ON COLUMN "machine_day"."good_units" IS 'Good units booked (GQ), covered or not.';

COMMENT ON COLUMN "machine_day"."scrap_units" IS 'Scrap units booked (SQ), covered or not.';

COMMENT ON COLUMN "machine_day"."produced_uncovered" IS 'PQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_day"."good_uncovered" IS 'GQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_day"."scrap_uncovered" IS 'SQ that belongs to no known busy time: outside OEE.';

COMMENT ON COLUMN "machine_day"."good_in_unknown" IS 'Uncovered good units whose span touches UNKNOWN time.';

COMMENT ON COLUMN "machine_day"."produced_unplanned" IS 'Uncovered PQ made in planned stops or off-shift time.';

COMMENT ON COLUMN "machine_day"."readings" IS 'Readings in [minute, minute + 60 s).';

COMMENT ON COLUMN "machine_day"."alarm_count" IS 'Readings with alarm true.';

COMMENT ON COLUMN "machine_day"."incidents" IS 'Entries into ERROR (SEMANTICS 15).';

COMMENT ON COLUMN "machine_day"."failures_begun" IS 'First ERROR after RUNNING.';

COMMENT ON COLUMN "machine_day"."failures_ended" IS 'Next RUNNING after a failure.';

COMMENT ON COLUMN "machine_day"."repair_time_us" IS 'Time from first ERROR to RUNNING of the failures ended here.';

COMMENT ON COLUMN "machine_day"."repair_time_unknown_us" IS 'UNKNOWN time inside repair_time_us.';

COMMENT ON COLUMN "machine_day"."scrap_quality_units" IS 'Scrap units of category QUALITY (defect_count).';

COMMENT ON COLUMN "machine_day"."scrap_unreported_units" IS 'Scrap units without a reported reason.';

COMMENT ON COLUMN "machine_day"."unmapped_states" IS 'Readings whose state the state map does not know.';

COMMENT ON COLUMN "machine_day"."anomalies" IS 'Counter anomalies in the minute.';

COMMENT ON COLUMN "machine_day"."minutes" IS 'Minutes with a row.';

COMMENT ON COLUMN "machine_day"."computed_at" IS 'When the row was written.';

CREATE INDEX machine_day_day ON "machine_day" (day);

CREATE TABLE "shift_report" (
    "machine_id" text NOT NULL,
    "shift_start" timestamptz NOT NULL,
    "shift_end" timestamptz NOT NULL,
    "shift" text NOT NULL,
    "frozen_at" timestamptz NOT NULL DEFAULT now(),
    "figures" text NOT NULL,
    PRIMARY KEY (machine_id, shift_start)
);

COMMENT ON TABLE "shift_report" IS 'A shift''s figures as reported: frozen once, never changed by later data.';

COMMENT ON COLUMN "shift_report"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "shift_report"."shift_start" IS 'Start of the shift.';

COMMENT ON COLUMN "shift_report"."shift_end" IS 'End of the shift.';

COMMENT ON COLUMN "shift_report"."shift" IS 'Name of the shift.';

COMMENT ON COLUMN "shift_report"."frozen_at" IS 'When it was frozen.';

COMMENT ON COLUMN "shift_report"."figures" IS 'The figures as JSON.';

CREATE TABLE "alert_action" (
    "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    "machine_id" text NOT NULL,
    "rule_id" text NOT NULL,
    "condition_since" timestamptz NOT NULL,
    "kind" text NOT NULL,
    "at" timestamptz NOT NULL DEFAULT now(),
    "until" timestamptz,
    "author" text NOT NULL,
    "comment" text,
    PRIMARY KEY (id)
);

COMMENT ON TABLE "alert_action" IS 'What people did about alerts; joined to the episode that covers or next overlaps it.';

COMMENT ON COLUMN "alert_action"."id" IS 'Running number.';

COMMENT ON COLUMN "alert_action"."machine_id" IS 'The machine, as in the topic.';

COMMENT ON COLUMN "alert_action"."rule_id" IS 'The rule.';

COMMENT ON COLUMN "alert_action"."condition_since" IS 'Episode that the person saw.';

COMMENT ON COLUMN "alert_action"."kind" IS 'acknowledge, shelve, unshelve or comment.';

COMMENT ON COLUMN "alert_action"."at" IS 'When.';

COMMENT ON COLUMN "alert_action"."until" IS 'End of a shelving.';

COMMENT ON COLUMN "alert_action"."author" IS 'Who.';

COMMENT ON COLUMN "alert_action"."comment" IS 'What they said.';

CREATE INDEX alert_action_machine ON "alert_action" (machine_id, rule_id, condition_since);

CREATE TABLE "outbox" (
    "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    "channel" text NOT NULL,
    "key" text NOT NULL,
    "target" text NOT NULL,
    "payload" text NOT NULL,
    "created_at" timestamptz NOT NULL DEFAULT now(),
    "not_before" timestamptz NOT NULL DEFAULT now(),
    "attempts" integer NOT NULL DEFAULT 0,
    "sent_at" timestamptz,
    "failure" text,
    PRIMARY KEY (id),
    UNIQUE (channel, key)
);

COMMENT ON TABLE "outbox" IS 'What leaves andon: notifications, MQTT and Kafka messages, each delivered by one sender.';

COMMENT ON COLUMN "outbox"."id" IS 'Running number.';

COMMENT ON COLUMN "outbox"."channel" IS 'notify, mqtt or kafka.';

COMMENT ON COLUMN "outbox"."key" IS 'Episode and transition: never delivered twice.';

COMMENT ON COLUMN "outbox"."target" IS 'Topic or address.';

COMMENT ON COLUMN "outbox"."payload" IS 'What is sent.';

COMMENT ON COLUMN "outbox"."created_at" IS 'When it was written.';

COMMENT ON COLUMN "outbox"."not_before" IS 'When to try next.';

COMMENT ON COLUMN "outbox"."attempts" IS 'Tries so far.';

COMMENT ON COLUMN "outbox"."sent_at" IS 'When it was delivered.';

COMMENT ON COLUMN "outbox"."failure" IS 'Why the last try failed.';

CREATE INDEX outbox_waiting ON "outbox" (not_before) WHERE sent_at IS NULL;

CREATE TABLE "service_control" (
    "service" text NOT NULL,
    "wanted" text NOT NULL,
    "restarts" bigint NOT NULL DEFAULT 0,
    "changed_at" timestamptz NOT NULL DEFAULT now(),
    "changed_by" text NOT NULL,
    PRIMARY KEY (service),
    CHECK (wanted IN ('running', 'stopped'))
);

COMMENT ON TABLE "service_control" IS 'What each service should do; the services follow.';

COMMENT ON COLUMN "service_control"."service" IS 'Name of the service.';

COMMENT ON COLUMN "service_control"."wanted" IS 'running or stopped.';

COMMENT ON COLUMN "service_control"."restarts" IS 'Raised to ask for a restart.';

COMMENT ON COLUMN "service_control"."changed_at" IS 'When it was changed.';

COMMENT ON COLUMN "service_control"."changed_by" IS 'Who changed it.';

CREATE TABLE "app_user" (
    "name" text NOT NULL,
    "role" text NOT NULL,
    "password_hash" text NOT NULL,
    "must_change" boolean NOT NULL DEFAULT false,
    "created_at" timestamptz NOT NULL DEFAULT now(),
    "disabled_at" timestamptz,
    PRIMARY KEY (name),
    CHECK (role IN ('viewer', 'operator', 'admin'))
);

COMMENT ON TABLE "app_user" IS 'People who may log in.';

COMMENT ON COLUMN "app_user"."name" IS 'Login name.';

COMMENT ON COLUMN "app_user"."role" IS 'viewer, operator or admin.';

COMMENT ON COLUMN "app_user"."password_hash" IS 'argon2id.';

COMMENT ON COLUMN "app_user"."must_change" IS 'The password must be changed.';

COMMENT ON COLUMN "app_user"."created_at" IS 'When.';

COMMENT ON COLUMN "app_user"."disabled_at" IS 'Since when no login is possible.';

CREATE TABLE "audit_log" (
    "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    "at" timestamptz NOT NULL DEFAULT now(),
    "actor" text NOT NULL,
    "action" text NOT NULL,
    "subject" text,
    "detail" text,
    "address" text,
    PRIMARY KEY (id)
);

COMMENT ON TABLE "audit_log" IS 'Every action of a person, never changed.';

COMMENT ON COLUMN "audit_log"."id" IS 'Running number.';

COMMENT ON COLUMN "audit_log"."at" IS 'When.';

COMMENT ON COLUMN "audit_log"."actor" IS 'Who; empty is nobody logged in.';

COMMENT ON COLUMN "audit_log"."action" IS 'What was done.';

COMMENT ON COLUMN "audit_log"."subject" IS 'To what.';

COMMENT ON COLUMN "audit_log"."detail" IS 'Details as JSON.';

COMMENT ON COLUMN "audit_log"."address" IS 'From where.';

CREATE INDEX audit_log_at ON "audit_log" (at);

CREATE TABLE "schema_info" (
    "one" boolean NOT NULL DEFAULT true,
    "version" integer NOT NULL,
    "derived" text NOT NULL,
    "program" text NOT NULL,
    "upgraded_at" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (one),
    CHECK (one)
);

COMMENT ON TABLE "schema_info" IS 'Which program brought the schema to its version; one row.';

COMMENT ON COLUMN "schema_info"."one" IS 'Always true.';

COMMENT ON COLUMN "schema_info"."version" IS 'Version of the schema.';

COMMENT ON COLUMN "schema_info"."derived" IS 'Hash of the views, functions and grants.';

COMMENT ON COLUMN "schema_info"."program" IS 'Version of andon.';

COMMENT ON COLUMN "schema_info"."upgraded_at" IS 'When.';
