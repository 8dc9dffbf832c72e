"""`/events`: changed fields as server-sent events; viewers beyond the limit are told to poll."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, current_app, request

from andon.web.live import Difference, Live, Viewer
from andon.web.refusal import Refusal

blueprint = Blueprint("events", __name__)

PULSE_S = 5.0


@blueprint.get("/events")
def events() -> Response:
    """Event stream: `change` with the whole board at first and then what changed; `pulse` each 5 s.

    ?machine= narrows the tiles to one machine.
    """
    live: Live = current_app.extensions["andon_live"]
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream")
    joined = live.join(request.args.get("machine"))
    if joined is None:
        raise Refusal(
            503,
            "too_many_viewers",
            "Every live connection is taken.",
            "Poll /api/v1/machines?display=1 instead.",
        )
    viewer, first = joined
    response = Response(
        _stream(live, viewer, first),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    response.call_on_close(lambda: live.leave(viewer))
    return response


def _stream(live: Live, viewer: Viewer, first: Difference) -> Iterator[bytes]:
    yield b"retry: 2000\n\n" + _event(viewer, first)
    while not live.stopping:
        differences = viewer.take(PULSE_S)
        if differences is None:
            differences = [live.catch_up(viewer)]
        if not differences:
            yield b"event: pulse\ndata: {}\n\n"
        for difference in differences:
            yield _event(viewer, difference)


def _event(viewer: Viewer, difference: Difference) -> bytes:
    text = difference.text() if viewer.machine is None else difference.text_of(viewer.machine)
    return f"event: change\ndata: {text}\n\n".encode()
