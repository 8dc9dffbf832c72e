"""docs/wire.md says what the code does: fields, reasons, limits, topics, the golden identity."""

from __future__ import annotations

import json
import re
from pathlib import Path

from andon.wire import FIELDS, MAX_ELEMENTS, Reason, WireRules, identity
from andon.wire.fields import MAX_TEXT
from tests.wire.messages import ROME, one

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text("utf-8")


def test_the_page_shows_every_field() -> None:
    rows = [f"| `{f.name}` | {f.kind} | {f.unit} | {f.doc} | `{f.column}` |" for f in FIELDS]
    assert "\n".join(rows) in PAGE


def test_the_page_lists_every_reason_and_no_other() -> None:
    table = PAGE.split("## Refused")[1].split("## Death")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(Reason)


def test_the_page_states_the_limits_and_topics() -> None:
    rules = WireRules(ROME)
    for number in (rules.max_bytes, rules.max_depth, MAX_ELEMENTS, MAX_TEXT):
        assert f"| {number:,} |" in PAGE
    assert rules.topic in PAGE
    assert rules.status_topic in PAGE


def test_the_example_is_a_reading() -> None:
    example = PAGE.split("```json\n")[1].split("```")[0]
    rules = WireRules(ROME, max_future_us=10**12)
    row = one(example.strip(), rules, "factory/machines/PRESS_7/telemetry")
    assert row["set_aside"] is None
    assert json.loads(row["extra"]) == {"vibration": 1.5}


def test_the_golden_identity_is_right() -> None:
    made = identity("M1", b'{"machine_id":"M1","timestamp":1763899999123}').hex()
    assert f"    {made}  -" in PAGE
