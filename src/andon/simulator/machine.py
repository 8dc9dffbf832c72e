"""What a machine does: a semi-Markov chain of states, and pieces, scrap and measures that follow.

Pure: time and dice are given. Everything happens at message instants: the state held since the
instant before made the pieces of this one, and the state changes only here. What is measured is
an integer in thousandths that a JSON number carries exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from andon.model import State
from andon.simulator.fleet import Traits
from andon.simulator.shifts import PlantTime, operator_at
from andon.units import DAY_US, SECOND_US

_AMBIENT_C = 22.0
_HOT_C = 9.0
"""Above its nominal temperature by this much a machine raises its alarm."""
_WARMING_S, _TURNING_S, _DRIFT_S, _REPORT_S = 45.0, 4.0, 150.0, 600.0
_DRIFT_C, _DRIFT_SPEED = 3.5, 0.035
_WARMTH = {State.RUNNING: 1.0, State.IDLE: 0.7, State.MAINTENANCE: 0.35, State.ERROR: 1.1}
_TURNING = {State.RUNNING: 1.0, State.IDLE: 0.12, State.MAINTENANCE: 0.0, State.ERROR: 0.0}

NEXT_STATES: dict[State, tuple[tuple[State, float], ...]] = {
    State.RUNNING: ((State.IDLE, 0.60), (State.ERROR, 0.27), (State.MAINTENANCE, 0.13)),
    State.IDLE: ((State.RUNNING, 0.88), (State.ERROR, 0.08), (State.MAINTENANCE, 0.04)),
    State.ERROR: ((State.MAINTENANCE, 0.90), (State.RUNNING, 0.07), (State.IDLE, 0.03)),
    State.MAINTENANCE: ((State.RUNNING, 0.90), (State.IDLE, 0.10)),
}
"""From each state the states that may follow, with their shares."""

SCRAP_REASONS: dict[str, str] = {
    "QUALITY_CHECK": "QUALITY",
    "DIMENSION": "QUALITY",
    "MACHINE_VIBRATION": "MACHINE_ERROR",
    "SPEED_DEVIATION": "MACHINE_ERROR",
    "TEMPERATURE_HIGH": "MACHINE_ERROR",
    "MATERIAL_DEFECT": "MATERIAL",
    "OPERATOR_ERROR": "OPERATOR",
}
"""Every scrap reason with its category."""


def dwell_us(state: State, dice: Random) -> int:
    """How long a machine stays in a state: log-normal for work and rest, Weibull for repair."""
    if state is State.RUNNING:
        seconds = dice.lognormvariate(math.log(170.0), 0.75)
    elif state is State.IDLE:
        seconds = dice.lognormvariate(math.log(17.0), 0.60)
    elif state is State.ERROR:
        seconds = dice.weibullvariate(14.0, 1.5)
    else:
        seconds = dice.weibullvariate(34.0, 2.0)
    return int(min(max(seconds, 2.0), 3600.0) * SECOND_US)


class MeantRecord(NamedTuple):
    """What a machine did at one message instant; `time` in us, measures in thousandths.

    good_units, scrap_units: pieces since the instant before. state: from this instant on. Totals
    count from the machine's first day. last_error_time, order_start_time are null before the
    first error and without a job.
    """

    machine_id: str
    time: int
    state: str
    good_units: int
    scrap_units: int
    scrap_reason: str | None
    scrap_category: str | None
    total_good_units: int
    total_scrap_units: int
    alarm: bool
    temperature_milli: int
    speed_milli: int
    oee_milli: int
    quality_score_milli: int
    job_id: str | None
    target_units: int | None
    produced_units: int | None
    order_start_time: int | None
    operator_name: str
    shift: str
    error_count: int
    downtime_incidents: int
    last_error_time: int | None
    last_maintenance: int


@dataclass(slots=True)
class Job:
    """An order at a machine: `target` units asked for, `produced` so far (good and scrap)."""

    job_id: str
    target: int
    started_us: int
    produced: int = 0


@dataclass(slots=True)
class MachineState:
    """What a machine remembers from one instant to the next.

    last_us is None before the first instant and after a stop of the plant: no time has passed for
    it then. `made` is the fraction of a piece under way. The drifts are slow deviations of
    temperature (degrees) and speed (share of the nominal).
    """

    state: State = State.RUNNING
    until_us: int = 0
    last_us: int | None = None
    temperature_c: float = _AMBIENT_C
    speed_rpm: float = 0.0
    drift_c: float = 0.0
    drift_speed: float = 0.0
    made: float = 0.0
    good: int = 0
    scrap: int = 0
    effectiveness: float = 0.75
    job: Job | None = None
    errors: int = 0
    alarms: int = 0
    alarm: bool = False
    last_error_us: int | None = None
    last_maintenance_us: int = 0


class Machine:
    """One machine. `step` takes it to its next message instant and says what it did."""

    def __init__(
        self, traits: Traits, clock: PlantTime, dice: Random, state: MachineState | None = None
    ) -> None:
        self.traits = traits
        self.state = state or MachineState()
        self._fresh = state is None
        self._clock = clock
        self._dice = dice
        self._lags: tuple[int, float, float, float, float] = (-1, 0.0, 0.0, 0.0, 0.0)

    def step(self, time_us: int) -> MeantRecord:
        """Advance to time_us, which must be later than the instant before."""
        me = self.state
        elapsed_us = 0 if me.last_us is None else time_us - me.last_us
        if me.last_us is None:
            self._begin(time_us)
        me.last_us = time_us
        produced = self._produce(elapsed_us)
        temperature_milli, speed_milli = self._measure(elapsed_us)
        quality_milli = self._quality(temperature_milli, speed_milli)
        scrap = self._scrap(produced, quality_milli)
        reason = self._reason(temperature_milli, speed_milli) if scrap else None
        good = produced - scrap
        me.good += good
        me.scrap += scrap
        if elapsed_us:
            share = good / (self.traits.units_per_minute * elapsed_us / (60 * SECOND_US))
            me.effectiveness += self._lags[4] * (share - me.effectiveness)
        if time_us >= me.until_us:
            self._change(self._draw_next(), time_us)
        job = self._work(produced, time_us)
        self._watch(temperature_milli)
        shift = self._clock.shift(time_us)
        return MeantRecord(
            machine_id=self.traits.machine_id,
            time=time_us,
            state=me.state.value,
            good_units=good,
            scrap_units=scrap,
            scrap_reason=reason,
            scrap_category=SCRAP_REASONS[reason] if reason else None,
            total_good_units=me.good,
            total_scrap_units=me.scrap,
            alarm=me.alarm,
            temperature_milli=temperature_milli,
            speed_milli=speed_milli,
            oee_milli=min(round(me.effectiveness * 1000), 1000),
            quality_score_milli=quality_milli,
            job_id=job.job_id if job else None,
            target_units=job.target if job else None,
            produced_units=job.produced if job else None,
            order_start_time=job.started_us if job else None,
            operator_name=operator_at(self.traits.number, shift),
            shift=shift.name,
            error_count=me.alarms,
            downtime_incidents=me.errors,
            last_error_time=me.last_error_us,
            last_maintenance=me.last_maintenance_us,
        )

    def _begin(self, time_us: int) -> None:
        """First instant of this life of the plant: no time has passed, a new dwell begins."""
        me = self.state
        if self._fresh:
            self._fresh = False
            me.last_maintenance_us = time_us - int(self._dice.uniform(1, 20) * DAY_US)
            me.temperature_c = self.traits.nominal_c
            me.speed_rpm = self.traits.nominal_rpm * self.traits.pace
            me.state = State.RUNNING if self._dice.random() < 0.8 else State.IDLE
        me.until_us = time_us + dwell_us(me.state, self._dice)

    def _produce(self, elapsed_us: int) -> int:
        """Pieces of the state held since the instant before: speed times ideal rate, whole ones."""
        me = self.state
        if me.state is not State.RUNNING or not elapsed_us:
            return 0
        full = self.traits.units_per_minute * elapsed_us / (60 * SECOND_US)
        me.made += full * min(me.speed_rpm / self.traits.nominal_rpm, 1.0)
        whole = int(me.made)
        me.made -= whole
        return whole

    def _measure(self, elapsed_us: int) -> tuple[int, int]:
        """Temperature and speed follow the held state by first-order lags, with drift and noise."""
        me, dice, traits = self.state, self._dice, self.traits
        if elapsed_us:
            if self._lags[0] != elapsed_us:
                seconds = elapsed_us / SECOND_US
                taus = (_WARMING_S, _TURNING_S, _DRIFT_S, _REPORT_S)
                warm, turn, drift, report = (1.0 - math.exp(-seconds / tau) for tau in taus)
                self._lags = (elapsed_us, warm, turn, drift, report)
            _, warm, turn, drift, _ = self._lags
            spread = math.sqrt(drift * (2.0 - drift))
            me.drift_c += -drift * me.drift_c + spread * dice.gauss(0.0, _DRIFT_C)
            me.drift_speed += -drift * me.drift_speed + spread * dice.gauss(0.0, _DRIFT_SPEED)
            warmth = _AMBIENT_C + _WARMTH[me.state] * (traits.nominal_c - _AMBIENT_C)
            turning = _TURNING[me.state] * traits.nominal_rpm * (traits.pace + me.drift_speed)
            me.temperature_c += warm * (warmth + me.drift_c - me.temperature_c)
            me.speed_rpm += turn * (turning - me.speed_rpm)
        temperature = me.temperature_c + dice.gauss(0.0, 0.12)
        speed = max(me.speed_rpm + dice.gauss(0.0, 2.5), 0.0) if me.speed_rpm >= 1.0 else 0.0
        return round(temperature * 100) * 10, round(speed * 10) * 100

    def _quality(self, temperature_milli: int, speed_milli: int) -> int:
        """Thousandths; falls with the deviation of temperature and speed from their nominal."""
        score = 0.985 - 0.30 * self._off_temperature(temperature_milli)
        score -= 0.30 * self._off_speed(speed_milli) + abs(self._dice.gauss(0.0, 0.004))
        return round(min(max(score, 0.0), 1.0) * 1000)

    def _off_temperature(self, temperature_milli: int) -> float:
        """Deviation from the nominal temperature as a share of 25 degrees, at most 1."""
        return min(abs(temperature_milli / 1000 - self.traits.nominal_c) / 25.0, 1.0)

    def _off_speed(self, speed_milli: int) -> float:
        """Deviation from the usual working speed as a share of it, at most 1."""
        usual = self.traits.nominal_rpm * self.traits.pace
        return min(abs(speed_milli / 1000 - usual) / usual, 1.0)

    def _scrap(self, produced: int, quality_milli: int) -> int:
        """Of the pieces produced those that fail; the chance grows as quality falls."""
        if not produced:
            return 0
        chance = 0.004 + 0.9 * max(0.99 - quality_milli / 1000, 0.0) ** 1.5
        return sum(self._dice.random() < chance for _ in range(produced))

    def _reason(self, temperature_milli: int, speed_milli: int) -> str:
        """Why: heat and speed take the blame in proportion to their deviation."""
        hot = max(temperature_milli / 1000 - self.traits.nominal_c, 0.0)
        weights = {
            "QUALITY_CHECK": 4.0,
            "DIMENSION": 3.0,
            "MACHINE_VIBRATION": 2.0,
            "SPEED_DEVIATION": 0.5 + 30.0 * self._off_speed(speed_milli),
            "TEMPERATURE_HIGH": 0.5 + 1.2 * hot,
            "MATERIAL_DEFECT": 3.0,
            "OPERATOR_ERROR": 1.5,
        }
        return self._dice.choices(list(weights), list(weights.values()))[0]

    def _work(self, produced: int, time_us: int) -> Job | None:
        """The job that this instant's pieces belong to. A finished one may end in a changeover:
        the machine rests without a job, and takes one when it runs again.
        """
        me = self.state
        if me.job is not None and me.job.produced >= me.job.target:
            me.job = None
        if me.job is None:
            if me.state is not State.RUNNING:
                return None
            stamp = self._clock.job_stamp(time_us)
            job_id = f"JOB-{self.traits.number:03d}-{stamp}"
            me.job = Job(job_id, 50 * self._dice.randint(3, 16), time_us)
        me.job.produced += produced
        done = me.job.produced >= me.job.target
        if done and me.state is State.RUNNING and self._dice.random() < 0.5:
            self._change(State.IDLE, time_us)
        return me.job

    def _draw_next(self) -> State:
        states, shares = zip(*NEXT_STATES[self.state.state], strict=True)
        chosen: State = self._dice.choices(states, shares)[0]
        return chosen

    def _change(self, state: State, time_us: int) -> None:
        """Enter a state at this instant and draw how long it lasts."""
        me = self.state
        if me.state is State.MAINTENANCE:
            me.last_maintenance_us = time_us
        if state is State.ERROR:
            me.errors += 1
            me.last_error_us = time_us
        me.state = state
        me.until_us = time_us + dwell_us(state, self._dice)

    def _watch(self, temperature_milli: int) -> None:
        """The alarm: on in ERROR and when too hot; error_count counts its onsets."""
        me = self.state
        hot = temperature_milli / 1000 > self.traits.nominal_c + _HOT_C
        alarm = me.state is State.ERROR or hot
        me.alarms += alarm and not me.alarm
        me.alarm = alarm
