"""JSON bytes taken apart exactly: depth, elements of an array, members and their raw texts."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

import msgspec

_FIRST = re.compile(r'[ \t\n\r]*["}]').match
_NEXT = re.compile(r'[ \t\n\r]*(?:,[ \t\n\r]*"|})').match
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*").match
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]+|[\]}]+|[,"]', re.DOTALL)
_WHITE = b" \t\n\r"
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
_ROUND = bytes.maketrans(b"[]{}", b"()()")
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Number(str):
    """A JSON number as its text was received."""

    __slots__ = ()


class NotJson(ValueError):
    """The text is not JSON (RFC 8259; NaN and Infinity are not)."""


def _constant(name: str) -> Any:
    raise NotJson(f"{name} is not JSON")


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, in order."""


_decoder: Any = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=Number, parse_float=Number, parse_constant=_constant
)
_decode = _decoder.decode
_value_at = _decoder.scan_once


def too_deep(element: bytes, limit: int) -> bool:
    """Whether brackets nest deeper than `limit`; those inside texts do not count."""
    if element.count(b"{") + element.count(b"[") <= limit:
        return False
    bare = element
    if b'"' in element:
        bare = (
            b"".join(element.split(b'"')[::2]) if b"\\" not in element else _STRING.sub(b"", bare)
        )
    depth = 0
    for bracket in bare.translate(_ROUND, _NOT_BRACKETS):
        depth += 1 if bracket == 0x28 else -1
        if depth > limit:
            return True
    return False


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
    depth, start, end = 0, 0, len(payload.rstrip(_WHITE))
    if payload[end - 1 : end] != b"]":
        return None
    for token in _TOKEN.finditer(payload):
        mark = token.group()
        if mark[0] in b"[{":
            start = token.start() + 1 if depth == 0 else start
            depth += len(mark)
        elif mark[0] in b"]}":
            depth -= len(mark)
            if depth <= 0:
                found.append(payload[start : token.end() - 1].strip(_WHITE))
                closed = depth == 0 and token.end() == end
                if not closed or (b"" in found and len(found) > 1):
                    return None
                return [] if found == [b""] else found
        elif depth == 1 and mark == b",":
            found.append(payload[start : token.start()].strip(_WHITE))
            start = token.end()
        elif mark == b'"':  # a text without end
            return None
    return None


def pairs(text: str) -> list[tuple[str, Any]] | None:
    """Name and value of an object's members in order, repeated names included.

    Numbers come as Number. None where the JSON is right but no object. Raises NotJson, and
    RecursionError where the text nests deeper than Python goes.
    """
    try:
        value = _decode(text)
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value if type(value) is _Pairs else None


def raw_texts(text: str) -> dict[str, str]:
    """Name to the value's text as received, of a text that `pairs` reads as an object."""
    found: dict[str, str] = {}
    mark = _FIRST(text, text.index("{") + 1)
    while mark is not None and text[mark.end() - 1] != "}":
        name, at = scanstring(text, mark.end())
        colon = _COLON(text, at)
        start = at if colon is None else colon.end()
        at = _value_at(text, start)[1]
        found[name] = text[start:at]
        mark = _NEXT(text, at)
    return found


def unsound(text: str) -> bool:
    """Whether a text holds NUL or a lone surrogate, which PostgreSQL cannot store."""
    if "\0" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
