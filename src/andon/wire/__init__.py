"""The wire: the only room that knows topic names and JSON. Bytes in, readings and refusals out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from andon.wire.decode import Decoded, Origin, decode
from andon.wire.fields import FIELDS, KNOWN, Field, FieldKind
from andon.wire.recall import with_measures
from andon.wire.reject import (
    Reason,
    Rejected,
    arrival_bytes,
    identity,
    preview,
    quarantine_identity,
)
from andon.wire.rules import MAX_ELEMENTS, Message, WireRules
from andon.wire.topics import (
    STATUS_TEMPLATE,
    TELEMETRY_TEMPLATE,
    check_template,
    parse_topic,
    status_topic,
    subscription_filter,
    telemetry_topic,
)

__all__ = [
    "FIELDS",
    "KNOWN",
    "MAX_ELEMENTS",
    "STATUS_TEMPLATE",
    "TELEMETRY_TEMPLATE",
    "Decoded",
    "Field",
    "FieldKind",
    "Message",
    "Origin",
    "Reason",
    "Rejected",
    "WireRules",
    "arrival_bytes",
    "check_template",
    "decode",
    "encode",
    "identity",
    "parse_topic",
    "preview",
    "quarantine_identity",
    "status_topic",
    "subscription_filter",
    "telemetry_topic",
    "with_measures",
]

_encode = msgspec.json.Encoder().encode


def encode(fields: Mapping[str, Any]) -> bytes:
    """The payload of a message, in the order of `fields`: compact JSON, UTF-8, None as null."""
    return _encode(fields)
