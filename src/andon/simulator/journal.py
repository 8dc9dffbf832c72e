"""Rows that survive a kill: appended to a journal first, then rolled into Parquet.

A layer is a folder's files `<name>-000001.parquet`, complete and never changed, and the journal
`<name>-000002.open` of the rows since: JSON lines, a row (its number, whether it is settled, its
values; bytes as Latin-1) or the numbers of rows settled since. A journal rolls over when it is old
or large: the next one begins with the rows that are not settled, then the settled ones become
Parquet (written aside and renamed), then the old one goes. A journal counts only while it is newer
than the newest Parquet file, so a kill at any point loses and doubles nothing; what a killed
process leaves is rolled over by the next.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import polars as pl

from andon.errors import StateDirError

Row = tuple[Any, ...]

_CHUNK_ROWS = 20_000
_CHUNK_BYTES = 32 * 1024 * 1024
_CHUNK_S = 300.0
_OPEN, _PARQUET = ".open", ".parquet"


@dataclass(frozen=True)
class Layer:
    """A table of the ledger: name and schema; `unsettled` stands in the last column of rows that
    nothing has settled (None: every row is complete when it is added).
    """

    name: str
    schema: Mapping[str, pl.DataType]
    unsettled: str | None = None

    @property
    def binary(self) -> list[int]:
        """Places of the columns that hold bytes."""
        return [i for i, kind in enumerate(self.schema.values()) if kind == pl.Binary()]


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a layer is kept: files younger than `hours`, at most `total_bytes` of them."""

    hours: float = 24.0
    total_bytes: int = 1024 * 1024 * 1024


class Writer:
    """A layer being written, by one process at a time.

    Raises StateDirError when the folder cannot be written.
    """

    def __init__(self, folder: Path, layer: Layer, keep: Keep | None = None) -> None:
        self._folder, self._layer, self._keep = folder, layer, keep or Keep()
        self._binary = layer.binary
        self._open: dict[int, Row] = {}
        self._done: list[Row] = []
        self._lines: list[str] = []
        self._rows = 0
        recover(folder, layer)
        self._chunk = max((_number(path) for path in folder.glob(f"{layer.name}-*")), default=0)
        self._begin()

    def add(self, row: Row, settled: bool = True) -> int:
        """Add a row; returns its number, by which it is settled. `sync` makes it safe."""
        self._rows += 1
        self._lines.append(self._line(self._rows, row, settled))
        if settled:
            self._done.append(row)
        else:
            self._open[self._rows] = row
        return self._rows

    def settle(self, numbers: Iterable[int]) -> None:
        """These rows are true as they were added."""
        settled = list(numbers)
        if settled:
            self._lines.append(json.dumps(settled, separators=(",", ":")))
            self._done.extend(self._open.pop(number) for number in settled)

    def sync(self) -> None:
        """Hand all rows to the operating system: from here a kill of the process loses none."""
        try:
            if self._lines:
                text = "\n".join(self._lines) + "\n"
                self._lines.clear()
                self._bytes += len(text)
                self._journal.write(text)
                self._journal.flush()
            old = time.monotonic() - self._begun > _CHUNK_S and self._done
            if old or len(self._done) >= _CHUNK_ROWS or self._bytes >= _CHUNK_BYTES:
                self._roll()
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def close(self) -> None:
        """Roll everything into Parquet, unsettled rows marked as such."""
        self.sync()
        self._journal.close()
        recover(self._folder, self._layer)

    def _line(self, number: int, row: Row, settled: bool) -> str:
        values: list[Any] = [number, settled, *row]
        for i in self._binary:
            values[i + 2] = row[i].decode("latin-1")
        return json.dumps(values, separators=(",", ":"))

    def _begin(self) -> None:
        """Open the next journal, with the rows that are not settled yet."""
        self._chunk += 1
        try:
            self._journal: TextIO = self._path(_OPEN).open("w", encoding="ascii")
            for number, row in self._open.items():
                self._journal.write(self._line(number, row, False) + "\n")
            self._journal.flush()
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        self._bytes, self._begun = 0, time.monotonic()

    def _roll(self) -> None:
        full = self._path(_OPEN)
        self._journal.close()
        self._begin()
        done, self._done = self._done, []
        if done:
            _write(full.with_suffix(_PARQUET), self._layer, done)
        full.unlink()
        forget(self._folder, self._layer, self._keep)

    def _path(self, suffix: str) -> Path:
        return self._folder / f"{self._layer.name}-{self._chunk:06d}{suffix}"


def read(folder: Path, layer: Layer) -> pl.DataFrame:
    """Every row of a layer, those still in its journal included; also while it is written."""
    while True:
        paths = _files(folder, layer, _PARQUET)
        try:
            rows = list(_journalled(folder, layer).values())
        except FileNotFoundError:
            continue  # it rolled over under our eyes
        if paths == _files(folder, layer, _PARQUET):
            break
    frames = [pl.read_parquet(path) for path in paths]
    return pl.concat([*frames, _frame(layer, rows)])


def recover(folder: Path, layer: Layer) -> None:
    """Roll over what an earlier process left in journals."""
    journals = _files(folder, layer, _OPEN)
    if not journals:
        return
    try:
        rows = list(_journalled(folder, layer).values())
        if rows:
            _write(journals[-1].with_suffix(_PARQUET), layer, rows)
        for path in journals:
            path.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error


def forget(folder: Path, layer: Layer, keep: Keep) -> None:
    """Delete files that are too old, and the oldest while all are too large; never the newest."""
    oldest = time.time() - keep.hours * 3600
    room = keep.total_bytes
    for place, path in enumerate(reversed(_files(folder, layer, _PARQUET))):
        facts = path.stat()
        room -= facts.st_size
        if place and (facts.st_mtime < oldest or room < 0):
            path.unlink()


def _journalled(folder: Path, layer: Layer) -> dict[int, Row]:
    """Rows by number of the journals that are newer than the newest Parquet file."""
    newest = max((_number(path) for path in _files(folder, layer, _PARQUET)), default=0)
    rows: dict[int, Row] = {}
    unsettled: dict[int, Row] = {}
    binary = layer.binary
    for path in _files(folder, layer, _OPEN):
        for values in _lines(path) if _number(path) > newest else ():
            if values and not (len(values) > 1 and isinstance(values[1], bool)):
                for number in values:
                    rows[number] = unsettled.pop(number)
                continue
            number, settled, *row = values
            for i in binary:
                row[i] = row[i].encode("latin-1")
            (rows if settled else unsettled)[number] = tuple(row)
    rows.update({n: (*row[:-1], layer.unsettled) for n, row in unsettled.items()})
    return dict(sorted(rows.items()))


def _lines(path: Path) -> Iterator[list[Any]]:
    """The lines of a journal; a last one that a kill cut short is left out."""
    with path.open(encoding="ascii") as journal:
        for line in journal:
            if line.endswith("\n"):
                yield json.loads(line)


def _files(folder: Path, layer: Layer, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"{layer.name}-*{suffix}"))


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _frame(layer: Layer, rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(layer.schema), orient="row")


def _write(path: Path, layer: Layer, rows: list[Row]) -> None:
    aside = path.with_suffix(".writing")
    _frame(layer, rows).write_parquet(aside)
    aside.replace(path)


def _unwritable(folder: Path, error: OSError) -> StateDirError:
    return StateDirError(
        f"the simulator's ledger in {folder} cannot be written: {error.strerror or error}; free "
        "some space or choose another directory with --state-dir"
    )
