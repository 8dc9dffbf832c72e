"""JSON bytes taken apart exactly and without trust: depth, array elements, members with raw text."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import msgspec

_SPACE = re.compile(r"[ \t\n\r]*").match
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},"]', re.DOTALL)
_WHITE = b" \t\n\r"
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
_ROUND = bytes.maketrans(b"[]{}", b"()()")
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Number(str):
    """A JSON number as its text was received."""

    __slots__ = ()


class Member(NamedTuple):
    """One member of an object: `raw` is the value's text as received."""

    name: str
    value: Any
    raw: str


class NotJson(ValueError):
    """The text is not JSON (RFC 8259; NaN and Infinity are not)."""


def _constant(name: str) -> Any:
    raise NotJson(f"{name} is not JSON")


_value_at = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_constant
).scan_once


def too_deep(element: bytes, limit: int) -> bool:
    """Whether brackets nest deeper than `limit`; those inside texts do not count."""
    if element.count(b"{") + element.count(b"[") <= limit:
        return False
    bare = element
    if b'"' in element:
        bare = (
            b"".join(element.split(b'"')[::2]) if b"\\" not in element else _STRING.sub(b"", bare)
        )
    depth = deepest = 0
    for bracket in bare.translate(_ROUND, _NOT_BRACKETS):
        if bracket == 0x28:
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest > limit


def elements(payload: bytes) -> list[bytes] | None:
    """The exact slices of an array's elements, without the white space around them.

    None where the envelope is broken. What is inside an element is not judged here, so that one
    bad element does not spoil its neighbours.
    """
    try:
        return [bytes(raw) for raw in _slices(payload)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _split(payload)


def _split(payload: bytes) -> list[bytes] | None:
    found: list[bytes] = []
    depth, start, closed = 0, 0, False
    for token in _TOKEN.finditer(payload):
        mark = token.group()
        if closed or mark == b'"':  # an unended text, or something after the end
            return None
        if mark in (b"[", b"{"):
            depth += 1
            if depth == 1:
                start = token.end()
        elif depth == 1 and mark in (b",", b"]", b"}"):
            found.append(payload[start : token.start()].strip(_WHITE))
            start = token.end()
            closed = mark != b","
            if mark == b"}":
                return None
        elif mark in (b"]", b"}"):
            depth -= 1
    if not closed or payload[start:].strip(_WHITE):
        return None
    if found == [b""]:
        return []
    return None if b"" in found else found


def members(text: str) -> list[Member] | None:
    """Name, value and raw text of an object's members in order, repeated names included.

    Numbers come as Number. None where the JSON is right but no object. Raises NotJson, and
    RecursionError where the text nests deeper than Python goes.
    """
    try:
        start = _skip(text, 0)
        if text[start : start + 1] == "{":
            found, end = _object(text, start + 1)
        else:
            found, end = None, _value_at(text, start)[1]
    except StopIteration as stop:
        raise NotJson(f"expected a value at character {stop.value}") from None
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(str(error)) from None
    if _skip(text, end) != len(text):
        raise NotJson(f"something follows the value at character {end}")
    return found


def _object(text: str, at: int) -> tuple[list[Member], int]:
    found: list[Member] = []
    at = _skip(text, at)
    if text[at : at + 1] == "}":
        return found, at + 1
    while True:
        if text[at : at + 1] != '"':
            raise NotJson(f"expected a name at character {at}")
        name, at = scanstring(text, at + 1)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise NotJson(f"expected a colon at character {at}")
        start = _skip(text, at + 1)
        value, at = _value_at(text, start)
        found.append(Member(name, value, text[start:at]))
        at = _skip(text, at)
        mark = text[at : at + 1]
        if mark == "}":
            return found, at + 1
        if mark != ",":
            raise NotJson(f"expected a comma at character {at}")
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE(text, at)
    return at if match is None else match.end()


def unsound(text: str) -> bool:
    """Whether a text holds NUL or a lone surrogate, which PostgreSQL cannot store."""
    if "\0" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
