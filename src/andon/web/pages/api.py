"""`/api/v1`: the pages' values as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from andon.units import MINUTE_US, to_us
from andon.web.current import Current
from andon.web.pages.machine import asked_hours, machine_value
from andon.web.refusal import Refusal, store_away
from andon.web.values.board import machine_figures, note
from andon.web.values.clock import iso, minute_up, parse_instant
from andon.web.values.machine import times
from andon.web.values.oee import Figures, over_machines, twin

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def _current() -> Current:
    current: Current = current_app.extensions["andon"]
    return current


@blueprint.get("/machines")
def machines() -> Response | tuple[Response, int]:
    """The overview's value. ?display=1 adds the fields as the page shows them (polling)."""
    snapshot = _current().snapshot()
    value = dict(snapshot.value)
    if request.args.get("display") == "1":
        value["display"] = {
            "at": value["at_us"] // 1000,
            "whole": True,
            "tiles": snapshot.tiles,
            "plant": snapshot.plant,
            "strip": snapshot.strip,
        }
    elif snapshot.store_since is not None:
        raise store_away(f"The store does not answer since {snapshot.store_since}.")
    return jsonify(value)


@blueprint.get("/machines/<machine_id>")
def machine(machine_id: str) -> Response:
    """The machine page's value."""
    value = machine_value(_current(), machine_id, asked_hours())
    _refuse_old()
    return jsonify(value)


@blueprint.get("/plant")
def plant() -> Response:
    """The plant's key figures and the strip."""
    value = _current().snapshot().value
    _refuse_old()
    return jsonify({k: v for k, v in value.items() if k != "machines"})


@blueprint.get("/oee")
def oee() -> Response:
    """OEE of ?machine= (or of all) over whole minutes [from, to): a ratio of sums."""
    unknown = sorted(set(request.args) - {"machine", "from", "to"})
    if unknown:
        raise Refusal(
            400,
            "unknown_parameter",
            f"{unknown[0]!r} is no parameter.",
            "Use machine, from and to.",
        )
    current = _current()
    moment = current.moment()
    since = minute_up(_instant("from", moment.midnight_us))
    until = minute_up(_instant("to", moment.now_us))
    if since >= until:
        raise Refusal(
            400,
            "empty_range",
            f"from ({iso(since)}) is not before to ({iso(until)}).",
            "Give from < to; both are rounded up to whole minutes.",
        )
    wanted = request.args.get("machine")
    heads = current.store.rows("heads", {"machines": None if wanted is None else [wanted]})
    if wanted is not None and not heads:
        raise Refusal(
            404,
            "unknown_machine",
            f"No reading of {wanted!r} has been stored.",
            "Ids are case-sensitive; /api/v1/machines lists them.",
        )
    current.today.load_rates(moment.now_us)
    sums = current.today.sums([(h["machine_id"], since, until, since) for h in heads])
    each = [
        machine_figures(
            current.today.one(h, sums.get(h["machine_id"], {}), since), until, moment.now_us
        )
        for h in heads
    ]
    f = each[0] if wanted is not None else over_machines(each)
    counts = heads[0]["counts"] if wanted is not None else None
    final = min((_watermark(h, current.lateness_us) for h in heads), default=until)
    provisional = until > final
    return jsonify(_oee_value(f, counts, wanted, (since, until), provisional))


def _oee_value(
    f: Figures, counts: str | None, machine: str | None, span: tuple[int, int], provisional: bool
) -> dict[str, Any]:
    value = twin(f, counts)
    return {
        "machine": machine,
        "from": iso(span[0]),
        "to": iso(span[1]),
        "minutes": (span[1] - span[0]) // MINUTE_US,
        **value,
        "note": note(value["flags"]),
        "times_us": times(f.sums, f.unknown_us),
        "provisional": provisional,
    }


def _watermark(head: dict[str, Any], lateness_us: int) -> int:
    return to_us(head["time"]) - lateness_us


def _instant(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise Refusal(
            400,
            f"bad_{name}",
            f"{name}={text[:40]!r} {error}.",
            "Give ISO 8601 with an offset (2026-11-23T06:00:00+01:00, the plus written %2B) "
            "or epoch milliseconds.",
        ) from error


def _refuse_old() -> None:
    """An API answer is never older than it says: 503 while the store is away."""
    away = _current().store.unreachable_since
    if away is not None:
        raise store_away(f"The store does not answer since {away.isoformat(timespec='seconds')}.")
