"""Values as the page shows them: every field one short text, formatted here and nowhere else.

Templates print these fields at first, static/js/live.js puts the changed ones in their places. A
field that ends in `_w` is a bar's length 0 to 100; `_at` is an instant in ms that the browser
counts from; "" hides its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from andon.web.strings import STRINGS
from andon.web.values.clock import duration

Fields = dict[str, str]
NONE = STRINGS["none"]
SHAPES = ("RUNNING", "IDLE", "MAINTENANCE", "ERROR", "UNKNOWN")
THIN = "\u202f"


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage without its sign; the dash where it is null."""
    return NONE if share is None else f"{share * 100:.{digits}f}"


def count(units: int | None) -> str:
    """A count with thin spaces between thousands; the dash where it is null."""
    return NONE if units is None else f"{units:,}".replace(",", THIN)


def number(value: float | None, digits: int) -> str:
    """A measured value; the dash where it is null."""
    return NONE if value is None else f"{value:.{digits}f}"


def width(share: float | None) -> str:
    """A bar's length, 0 to 100."""
    return "0" if share is None else f"{max(0.0, min(1.0, share)) * 100:.1f}"


def tile(t: Mapping[str, Any]) -> Fields:
    """The fields of one machine's tile."""
    state = t["state"]
    word = STRINGS["repair"] if t["repair"] and state == "MAINTENANCE" else STRINGS[state]
    raw = t["state_raw"] or ""
    same = raw.upper() == state or (state == "UNKNOWN" and t["silent"])
    job = t["job_id"] or ""
    low = "coverage_low" in t["flags"]
    return {
        "id": t["machine_id"],
        "name": t["name"] or "",
        "place": " · ".join(p for p in (t["area"], t["line"]) if p),
        "href": f"/machines/{quote(t['machine_id'], safe='')}",
        "state": state,
        "word": word,
        "shape": f"#shape-{state}",
        "since_at": str(t["state_since_us"] // 1000),
        "held": duration(t["state_held_us"]),
        "raw": "" if same else raw,
        "silent": STRINGS["no_signal"] if t["silent"] else "",
        "reason": t["stop_reason"] or "",
        "oee": percent(t["oee"]),
        "oee_sign": "" if t["oee"] is None else "%",
        "note": t["note"] or "",
        "a": percent(t["availability"], 0),
        "a_w": width(t["availability"]),
        "e": percent(t["effectiveness"], 0),
        "e_w": width(t["effectiveness"]),
        "q": percent(t["quality"], 0),
        "q_w": width(t["quality"]),
        "coverage": percent(t["coverage"], 0),
        "low": "1" if low else "",
        "temperature": number(t["temperature_c"], 1),
        "speed": number(t["speed_rpm"], 0),
        "alarm": STRINGS["alarm"] if t["alarm"] else "",
        "job": job,
        "no_job": "" if job else STRINGS["no_job"],
        "job_share": "" if t["job_progress"] is None else f"{percent(t['job_progress'], 0)} %",
        "job_w": width(t["job_progress"]),
        "job_units": _job_units(t),
        "good": count(t["good_units"]),
        "scrap": count(t["scrap_units"]),
        "last_at": str(t["last_reading_us"] // 1000),
        "simulated": STRINGS["simulated"] if t["simulated"] else "",
        "provisional": "1" if t["provisional"] else "",
    }


def _job_units(t: Mapping[str, Any]) -> str:
    done, asked = t["produced_units_reported"], t["target_units"]
    if done is None and asked is None:
        return ""
    return count(done) if asked is None else f"{count(done)} / {count(asked)}"


def plant(p: Mapping[str, Any]) -> Fields:
    """The fields of the plant's key figures."""
    fields = {
        "machines": count(p["machines"]),
        "oee": percent(p["oee"]),
        "oee_sign": "" if p["oee"] is None else "%",
        "note": p["note"] or "",
        "a": percent(p["availability"], 0),
        "a_w": width(p["availability"]),
        "e": percent(p["effectiveness"], 0),
        "e_w": width(p["effectiveness"]),
        "q": percent(p["quality"], 0),
        "q_w": width(p["quality"]),
        "coverage": percent(p["coverage"], 0),
        "low": "1" if "coverage_low" in p["flags"] else "",
        "produced": count(p["produced_units"]),
        "good": count(p["good_units"]),
        "scrap": count(p["scrap_units"]),
        "scrap_rate": percent(p["scrap_rate"], 2),
        "scrap_sign": "" if p["scrap_rate"] is None else "%",
        "alarms": count(p["alarms_now"]),
        "alarmed": "1" if p["alarms_now"] else "",
        "alarm_count": count(p["alarm_count"]),
    }
    for state in SHAPES:
        fields[f"n_{state}"] = str(p["states"][state])
        fields[f"has_{state}"] = "1" if p["states"][state] else ""
    return fields


def strip(s: Mapping[str, Any], store_since_ms: int | None) -> Fields:
    """The fields of the strip and of the banners."""
    heard = s["engine_heard_us"]
    fields = {
        "rate": NONE if s["rate_per_s"] is None else f"{s['rate_per_s']:.1f}",
        "latency": NONE if s["latency_ms_p99"] is None else f"{s['latency_ms_p99']:.0f}",
        "quarantine": count(s["quarantined"]),
        "quarantine_bad": "1" if s["quarantined"] else "",
        "gaps": count(s["gaps_today"]),
        "gaps_bad": "1" if s["gaps_today"] else "",
        "anomalies": count(s["anomalies_today"]),
        "anomalies_bad": "1" if s["anomalies_today"] else "",
        "awaiting": count(s["awaiting_recompute"]),
        "awaiting_bad": "1" if s["awaiting_recompute"] else "",
        "broker_kind": s["broker"] or "",
        "broker_memory": STRINGS["memory_only"] if s["broker_memory_only"] else "",
        "stale_at": "" if s["engine_live"] or heard is None else str(heard // 1000),
        "heard_at": "" if heard is None else str(heard // 1000),
        "store_at": "" if store_since_ms is None else str(store_since_ms),
        "paused": s["detail"] or STRINGS["paused_title"] if s["paused"] else "",
    }
    named = {v["name"]: v for v in s["services"]}
    for name in ("broker", "store", "simulator", "engine", "web"):
        service = named.get(name)
        state, well = ("", True) if service is None else (service["state"] or "", service["well"])
        if name == "engine" and not s["engine_live"]:
            state, well = STRINGS["not_running"], False
        if name == "store" and store_since_ms is not None:
            state, well = STRINGS["store_title"].lower(), False
        fields[f"svc_{name}"] = state
        fields[f"bad_{name}"] = "" if well else "1"
    return fields
