"""Topic names: templates with one {machine_id}, and what they say about a topic."""

from __future__ import annotations

from andon.errors import ConfigError

PLACE = "{machine_id}"
TELEMETRY_TEMPLATE = f"factory/machines/{PLACE}/telemetry"
STATUS_TEMPLATE = f"factory/machines/{PLACE}/status"


def check_template(setting: str, template: str) -> None:
    """Raise ConfigError unless `template` is a topic with exactly one {machine_id}."""
    rest = template.replace(PLACE, "", 1)
    if PLACE not in template or any(c in rest for c in "{}"):
        raise ConfigError(
            f'{setting} is "{template}": it needs {PLACE} exactly once and no other braces'
        )
    if any(c in rest for c in "+#\0"):
        raise ConfigError(f'{setting} is "{template}": + and # cannot be part of a topic')


def telemetry_topic(template: str, machine_id: str) -> str:
    """The topic on which a machine publishes its telemetry."""
    return template.replace(PLACE, machine_id, 1)


def status_topic(template: str, machine_id: str) -> str:
    """The topic of a machine's death message (its MQTT will)."""
    return template.replace(PLACE, machine_id, 1)


def subscription_filter(template: str) -> str:
    """The MQTT filter for every machine of a template: its level becomes +."""
    return "/".join("+" if PLACE in level else level for level in template.split("/"))


def parse_topic(template: str, topic: str) -> str | None:
    """The machine that `topic` names, or None where it is no topic of the template."""
    head, _, tail = template.partition(PLACE)
    if len(topic) <= len(head) + len(tail):
        return None
    if not (topic.startswith(head) and topic.endswith(tail)):
        return None
    machine_id = topic[len(head) : len(topic) - len(tail)]
    return None if "/" in machine_id else machine_id
