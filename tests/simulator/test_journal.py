"""The journal: a kill at any point loses no row and doubles none."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import polars as pl
import pytest

from andon.errors import StateDirError
from andon.simulator import journal
from andon.simulator.journal import Keep, Layer, Writer, forget, read, recover

LAYER = Layer(
    "sent", {"n": pl.Int64(), "payload": pl.Binary(), "fate": pl.String()}, unsettled="open"
)
BYTES = bytes(range(256))


def _row(n: int) -> tuple[int, bytes, str]:
    return (n, BYTES + str(n).encode(), "delivered")


def _rows(folder: Path) -> list[tuple[object, ...]]:
    return read(folder, LAYER).sort("n").rows()


def test_rows_are_read_while_they_are_written_and_after(tmp_path: Path) -> None:
    writer = Writer(tmp_path, LAYER)
    writer.add(_row(1))
    waiting = writer.add(_row(2), settled=False)
    assert _rows(tmp_path) == []
    writer.sync()
    assert _rows(tmp_path) == [_row(1), (*_row(2)[:2], "open")]
    writer.settle([waiting])
    writer.sync()
    assert _rows(tmp_path) == [_row(1), _row(2)]
    writer.add(_row(3), settled=False)
    writer.close()
    assert _rows(tmp_path) == [_row(1), _row(2), (*_row(3)[:2], "open")]
    assert [path.name for path in tmp_path.iterdir()] == ["sent-000001.parquet"]


def test_a_killed_writer_leaves_its_rows_to_the_next(tmp_path: Path) -> None:
    killed = Writer(tmp_path, LAYER)
    for n in range(5):
        killed.add(_row(n))
    killed.sync()
    killed.add(_row(99))  # not synced: it never left either
    (journal_file,) = tmp_path.glob("*.open")
    with journal_file.open("a") as file:
        file.write('[6,true,5,"cut sho')
    writer = Writer(tmp_path, LAYER)
    writer.add(_row(7))
    writer.sync()
    assert _rows(tmp_path) == [*(_row(n) for n in range(5)), _row(7)]
    writer.close()
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_a_full_journal_rolls_over_and_takes_open_rows_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_CHUNK_ROWS", 10)
    writer = Writer(tmp_path, LAYER)
    waiting = writer.add(_row(0), settled=False)
    for n in range(1, 26):
        writer.add(_row(n))
        writer.sync()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["sent-000001.parquet", "sent-000002.parquet", "sent-000003.open"]
    writer.settle([waiting])
    writer.sync()
    assert _rows(tmp_path) == [_row(n) for n in range(26)]
    writer.close()
    assert _rows(tmp_path) == [_row(n) for n in range(26)]


@pytest.mark.parametrize("died", ["before the Parquet file", "before the old journal went"])
def test_a_kill_while_rolling_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, died: str
) -> None:
    live, dead = tmp_path / "live", tmp_path / "dead"
    live.mkdir()
    writer = Writer(live, LAYER)
    writer.add(_row(0), settled=False)
    writer.add(_row(1))
    writer.sync()
    write = journal._write

    def spy(path: Path, layer: Layer, rows: list[journal.Row]) -> None:
        if died == "before the old journal went":
            write(path, layer, rows)
        shutil.copytree(live, dead)
        write(path, layer, rows)

    monkeypatch.setattr(journal, "_write", spy)
    monkeypatch.setattr(journal, "_CHUNK_ROWS", 1)
    writer.sync()
    monkeypatch.setattr(journal, "_write", write)
    expected = [(*_row(0)[:2], "open"), _row(1)]
    assert len(list(dead.glob("*.open"))) == 2
    assert _rows(dead) == expected
    recover(dead, LAYER)
    assert _rows(dead) == expected
    assert not list(dead.glob("*.open"))
    Writer(dead, LAYER).close()
    assert _rows(dead) == expected


def test_old_files_and_too_many_bytes_are_forgotten_but_never_the_newest(tmp_path: Path) -> None:
    for n in range(1, 5):
        writer = Writer(tmp_path, LAYER)
        writer.add(_row(n))
        writer.close()
    files = sorted(tmp_path.glob("*.parquet"))
    os.utime(files[0], (time.time() - 90_000,) * 2)
    forget(tmp_path, LAYER, Keep(hours=24))
    assert _rows(tmp_path) == [_row(2), _row(3), _row(4)]
    forget(tmp_path, LAYER, Keep(total_bytes=files[1].stat().st_size * 2))
    assert _rows(tmp_path) == [_row(3), _row(4)]
    forget(tmp_path, LAYER, Keep(hours=0, total_bytes=0))
    assert _rows(tmp_path) == [_row(4)]


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StateDirError, match="cannot be written"):
        Writer(tmp_path / "absent", LAYER)
