"""A service in a few lines: tiny.py GATE_FD BEHAVIOUR FILE...; appends what it does to FILE."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    gate, behaviour, book = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    name = sys.argv[4]
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:

        def end(*_: object) -> None:
            write(book, f"{name} ends")
            os._exit(0)

        signal.signal(signal.SIGTERM, end)
    if not os.read(gate, 1):
        os._exit(0)
    runs = sum(line.startswith(f"{name} starts") for line in read(book))
    write(book, f"{name} starts {os.getpid()}")
    match behaviour:
        case "task":
            return
        case "crash_twice" if runs < 2:
            sys.exit("it broke")
        case "crash":
            sys.exit("it broke")
        case "wrong_setting":
            print("andon: web.port = banana is not a number", file=sys.stderr)
            sys.exit(3)
    while True:
        time.sleep(60)


def read(book: Path) -> list[str]:
    return book.read_text().splitlines() if book.exists() else []


def write(book: Path, line: str) -> None:
    with book.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
