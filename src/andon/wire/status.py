"""Status messages: a machine's death (its MQTT will) ends the last state of that boot (SEMANTICS 3)."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from andon.wire.exact import Refused, Row, Unreadable, open_object, read
from andon.wire.fields import POSITION, FieldKind
from andon.wire.reject import Reason
from andon.wire.rules import Message, WireRules

_KNOWN = ("machine_id", "boot_id", "online")


class Ignored:
    """A status message that says nothing: online, a retained copy, or a cleared one."""


def judge_status(message: Message, expected: str, rules: WireRules) -> Row | Refused | Ignored:
    """A death message's row: its time is the arrival. Never raises on data."""
    if not message.payload:
        return Ignored()
    found = open_object(message.payload, expected, rules.max_depth)
    if isinstance(found, Refused):
        return found
    online = found.get("online")
    if online is None or type(online.value) is not bool:
        return Refused(Reason.BAD_STATUS, 'a status message needs "online": true or false')
    if online.value or message.retained:
        return Ignored()
    values: list[Any] = [UNSET] * len(POSITION)
    values[POSITION["machine_id"]] = expected
    values[POSITION["timestamp"]] = message.received_us
    aside: dict[str, str] = {}
    boot = found.get("boot_id")
    if boot is not None:
        try:
            values[POSITION["boot_id"]] = read(FieldKind.BOOT, boot, rules)
        except Unreadable:
            aside["boot_id"] = boot.raw
    extra = {name: m.raw for name, m in found.items() if name not in _KNOWN}
    return Row(tuple(values), extra or None, aside or None, _no_measures(rules))


def _no_measures(rules: WireRules) -> tuple[None, ...] | None:
    return tuple(None for _ in rules.extra_measures) or None
