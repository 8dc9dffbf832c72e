"""Memory and CPU of `andon up` as a whole: broker, PostgreSQL, engine, web, supervisor."""

from __future__ import annotations

import time

import psutil  # type: ignore[import-untyped]

from andon.bench.report import Figure
from andon.bench.rig import cpu_seconds, pss_mib, rig, tree

OTHERS = ("mosquitto", "postgres")
"""Programs that any such plant needs: the reference."""


def run(quick: bool) -> list[Figure]:
    """The default run with 5 simulated machines at 1 Hz, then one where nothing publishes."""
    settle_s, watch_s = (5.0, 10.0) if quick else (60.0, 60.0)
    figures = []
    for name, without in (("5 machines x 1 Hz", ""), ("nothing publishes", "simulator")):
        with rig() as made:
            supervisor = made.up(without=without)
            made.wait_ready("broker", "store", "engine", "web")
            time.sleep(settle_s)
            processes = tree(supervisor.pid)
            others = [p for p in processes if _name(p) in OTHERS]
            before = cpu_seconds(processes), cpu_seconds(others)
            began = time.monotonic()
            time.sleep(watch_s)
            took = time.monotonic() - began
            used = cpu_seconds(processes) - before[0]
            theirs = cpu_seconds(others) - before[1]
            parts = ", ".join(f"{n} {m:.0f}" for n, m in _parts(processes))
            reference = "mosquitto and PostgreSQL in it"
            figures += [
                Figure("footprint", f"memory, {name}", pss_mib(processes), "MiB PSS",
                       reference, pss_mib(others), parts),
                Figure("footprint", f"CPU, {name}", 100 * used / took, "% of a core",
                       reference, 100 * theirs / took, f"over {took:.0f} s"),
            ]  # fmt: skip
    return figures


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def _parts(processes: list[psutil.Process]) -> list[tuple[str, float]]:
    """MiB by what a process is: the andon command, or the program's name."""
    parts: dict[str, float] = {}
    for process in processes:
        try:
            line, name = process.cmdline(), _name(process)
        except psutil.NoSuchProcess:
            continue
        if name.startswith("python"):
            name = line[line.index("--") + 1] if "--" in line else "up"
        parts[name] = parts.get(name, 0.0) + pss_mib([process])
    return sorted(parts.items(), key=lambda part: -part[1])
