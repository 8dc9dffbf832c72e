"""`/`: the andon board."""

from __future__ import annotations

import shlex
from collections import defaultdict

from flask import Blueprint, current_app, render_template

from andon.web.current import Current, Plant

blueprint = Blueprint("overview", __name__)

BLANK: defaultdict[str, str] = defaultdict(str)
"""Fields of the tile that the browser copies for a new machine."""


@blueprint.get("/")
def overview() -> str:
    """Every machine at a glance; without machines, how to publish the first reading."""
    current: Current = current_app.extensions["andon"]
    snapshot = current.snapshot()
    return render_template(
        "overview.html",
        snapshot=snapshot,
        value=snapshot.value,
        tiles=list(snapshot.tiles.values()),
        plant=snapshot.plant,
        strip=snapshot.strip,
        blank=BLANK,
        publish=publish(current.plant),
    )


def publish(plant: Plant) -> dict[str, str]:
    """Commands that publish one reading: for a shell, and for Python."""
    topic = plant.topic.replace("{machine_id}", "M001")
    fields = (
        '{"machine_id": "M001", "timestamp": "%s", "state": "RUNNING", '
        '"temperature": 54.2, "speed": 1000, "good_units": 1, "scrap_units": 0}'
    )
    shell = fields % "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"
    return {
        "topic": topic,
        "shell": f"mosquitto_pub -h {shlex.quote(plant.mqtt_host)} -p {plant.mqtt_port} -q 1 "
        f"-t {shlex.quote(topic)} -m '{shell}'",
        "python": "import json, datetime, paho.mqtt.publish as mqtt\n"
        "reading = dict(machine_id='M001', state='RUNNING', temperature=54.2, speed=1000,\n"
        "               timestamp=datetime.datetime.now(datetime.timezone.utc).isoformat(),\n"
        "               good_units=1, scrap_units=0)\n"
        f"mqtt.single({topic!r}, json.dumps(reading), qos=1,\n"
        f"            hostname={plant.mqtt_host!r}, port={plant.mqtt_port})",
        "simulate": "andon simulate",
    }
