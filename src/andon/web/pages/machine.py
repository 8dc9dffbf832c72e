"""`/machines/<id>`: one machine's last hours."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from flask import Blueprint, current_app, render_template, request

from andon.errors import StoreUnreachable
from andon.units import HOUR_US, from_us, to_us
from andon.web.board import FAR
from andon.web.current import Current
from andon.web.refusal import Refusal
from andon.web.values import display
from andon.web.values import machine as values
from andon.web.values.board import machine_figures
from andon.web.values.breakdown import breakdown, slices
from andon.web.values.clock import duration, iso

blueprint = Blueprint("machine", __name__)

HOURS = (1, 4, 8, 24)
DEFAULT_HOURS = 8
MOST_INTERVALS = 5000
MOST_ROWS = 50
KEPT = 64

_last: OrderedDict[tuple[str, int], dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


@blueprint.get("/machines/<machine_id>")
def machine(machine_id: str) -> str:
    """State timeline, trends, OEE breakdown, scrap, incidents, data integrity."""
    current: Current = current_app.extensions["andon"]
    hours = asked_hours()
    value = machine_value(current, machine_id, hours)
    detail = {
        "value": value,
        "m": value["machine"],
        "breakdown": breakdown(value["machine"]),
        "slices": slices(value["times_us"]),
        "duration": duration,
    }
    if request.args.get("part") == "panels":
        return render_template("_panels.html", **detail)
    snapshot = current.snapshot()
    fields = snapshot.tiles.get(machine_id) or display.tile(value["machine"])
    return render_template(
        "machine.html",
        **detail,
        t=fields,
        strip=snapshot.strip,
        hours=hours,
        choices=HOURS,
        store_since=snapshot.store_since,
    )


def asked_hours() -> int:
    """?hours= of the URL: 1 to 48."""
    text = request.args.get("hours", str(DEFAULT_HOURS))
    if not text.isdigit() or not 1 <= int(text) <= 48:
        raise Refusal(
            400,
            "bad_hours",
            f"hours={text[:20]!r} is not understood.",
            "Give 1 to 48, as ?hours=8.",
        )
    return int(text)


def machine_value(current: Current, machine_id: str, hours: int) -> dict[str, Any]:
    """The page's and the API's value; the last known one while the store is away."""
    key = (machine_id, hours)
    try:
        value = _read(current, machine_id, hours)
    except StoreUnreachable:
        with _lock:
            if key not in _last:
                raise
            return _last[key]
    with _lock:
        _last[key] = value
        _last.move_to_end(key)
        while len(_last) > KEPT:
            _last.popitem(last=False)
    return value


def _read(current: Current, machine_id: str, hours: int) -> dict[str, Any]:
    snapshot = current.snapshot()
    tiles = {t["machine_id"]: t for t in snapshot.value["machines"]}
    heads = current.store.rows("heads", {"machines": [machine_id]})
    if machine_id not in tiles or not heads:
        raise Refusal(
            404,
            "unknown_machine",
            f"No reading of {machine_id!r} has been stored.",
            "Ids are case-sensitive; /api/v1/machines lists them.",
        )
    moment = current.moment()
    head = heads[0]
    watermark = to_us(head["time"]) - current.lateness_us
    since = moment.now_us - hours * HOUR_US
    span = {"machine": machine_id, "since": from_us(since), "until": from_us(moment.now_us)}
    feed = {"machine": machine_id, "since": from_us(since), "most": MOST_ROWS}
    intervals = current.store.rows("intervals", {**span, "most": MOST_INTERVALS})
    measures = current.store.rows("measures", span)
    sums = current.today.sums([(machine_id, moment.midnight_us, FAR, moment.midnight_us)])
    today = current.today.one(head, sums.get(machine_id, {}), moment.midnight_us)
    figures = machine_figures(today, moment.now_us, moment.now_us)
    return {
        "at": iso(moment.now_us),
        "at_us": moment.now_us,
        "stale_since": snapshot.value["stale_since"],
        "from": iso(since),
        "to": iso(moment.now_us),
        "from_us": since,
        "hours": hours,
        "watermark": iso(watermark),
        "watermark_us": watermark,
        "machine": tiles[machine_id],
        "labels": values.labels(head),
        "times_us": values.times(figures.sums, figures.unknown_us),
        "intervals": [
            values.interval(r, watermark, moment.now_us, moment.now_us) for r in reversed(intervals)
        ],
        "temperature": values.trend(measures, "temperature"),
        "speed": values.trend(measures, "speed"),
        "scrap": values.scrap(current.store.rows("scrap", feed)),
        "incidents": values.incidents(current.store.rows("incidents", feed), moment.now_us),
        "anomalies": values.anomalies(current.store.rows("anomalies", feed)),
        "gaps": values.gaps(current.store.rows("gaps", feed)),
    }
