"""Runs a Supervisor over tiny services: drive.py STATE_DIR BOOK NAME:BEHAVIOUR[:AFTER+AFTER]..."""

from __future__ import annotations

import sys
from pathlib import Path

from andon.errors import AndonError
from andon.settings import load
from andon.supervise.services import Service
from andon.supervise.supervisor import Event, Supervisor

TINY = str(Path(__file__).with_name("tiny.py"))


def service(text: str, book: str) -> Service:
    name, behaviour, after = (*text.split(":"), "")[:3]
    waits = tuple(filter(None, after.split("+")))
    task = behaviour == "task"
    return Service(name, (behaviour, book, name), name, after=waits, task=task, start_s=4, stop_s=1)


def tell(event: Event) -> None:
    print(f"{event.service} {event.kind} {event.text}", flush=True)


def main() -> None:
    state_dir, book, *texts = sys.argv[1:]
    settings = load(state_dir=Path(state_dir), environ={})
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    settings.logs_dir.mkdir(parents=True, exist_ok=True)
    services = [service(text, book) for text in texts]
    program = [sys.executable, TINY]
    try:
        Supervisor(
            settings, services, tell, lambda: print("all ready", flush=True), program=program
        ).run()
    except AndonError as error:
        print(f"error {error.exit_code} {error}", flush=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
