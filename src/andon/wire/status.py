"""Status messages: a machine's death, its MQTT will, ends the state of that boot (SEMANTICS 3)."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from andon.wire.exact import Refused, Row, Unreadable, kept, open_object, read
from andon.wire.fields import POSITION, FieldKind
from andon.wire.reject import Reason
from andon.wire.rules import Message, WireRules


class Ignored:
    """A status message that says nothing: online, a retained copy, or a cleared one."""


def judge_status(message: Message, expected: str, rules: WireRules) -> Row | Refused | Ignored:
    """A death message's row: its time is the arrival. Never raises on data."""
    if not message.payload:
        return Ignored()
    found = open_object(message.payload, expected, rules.max_depth)
    if isinstance(found, Refused):
        return found
    online = found.pop("online", None)
    if type(online) is not bool:
        return Refused(Reason.BAD_STATUS, 'a status message needs "online": true or false')
    if online or message.retained:
        return Ignored()
    values: list[Any] = [UNSET] * len(POSITION)
    values[POSITION["machine_id"]] = found.pop("machine_id")
    boot, aside = found.pop("boot_id", None), []
    if boot is not None:
        try:
            values[POSITION["boot_id"]] = read(FieldKind.BOOT, boot, rules)
        except Unreadable:
            aside.append("boot_id")
    extra, set_aside = kept(message.payload, found, aside)
    measures = tuple(None for _ in rules.extra_measures) or None
    return message.received_us, tuple(values), extra, set_aside, measures
