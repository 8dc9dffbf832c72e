"""`andon bench`: measure this computer beside references."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from andon.cli.options import JsonOption

BENCHES = ("kernel", "drain", "ingest", "latency", "start", "footprint")
"""Modules of andon.bench with `run(quick)`, in the order they run."""


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar=f"[{'|'.join(BENCHES)}|all]...", help="What to measure."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small runs that show that it works.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table for docs/benchmarks.md.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure kernel, drain, ingest, latency, start and footprint; needs a quiet computer."""
    from andon.bench import report
    from andon.cli.render import print_json, print_line, print_table, progress

    wanted = _chosen(names or ["all"])
    computer, figures = report.computer(), []
    with progress() as bar:
        task = bar.add_task("bench", total=len(wanted))
        for name in wanted:
            bar.update(task, description=name)
            found = importlib.import_module(f"andon.bench.{name}").run(quick)
            figures += found
            bar.advance(task)
    if as_json:
        plain = [figure.plain() for figure in figures]
        print_json({"computer": computer, "quick": quick, "figures": plain})
    elif markdown:
        print_line(report.markdown(figures))
    else:
        print_line(report.words(computer))
        rows = [figure.row() for figure in figures]
        print_table(report.COLUMNS, rows, right=("andon", "beside it", "ratio", "load"))


def _chosen(names: list[str]) -> list[str]:
    for name in names:
        if name not in (*BENCHES, "all"):
            known = ", ".join((*BENCHES, "all"))
            raise typer.BadParameter(f"{name}: there is no such benchmark; known are {known}.")
    return [name for name in BENCHES if name in names or "all" in names]
