"""The first lines of every service: end with the supervisor, wait at the gate, become `andon`.

    python -m andon.supervise.launch SUPERVISOR_PID GATE_FD MODULE,MODULE -- engine ...

Modules are imported before the gate opens, so that a service that must wait for others has done
its slow imports by then. The gate is a pipe: a byte opens it, its end means that nobody is left to
open it. On Linux the service also gets SIGTERM when the supervisor dies, however it dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Run `andon` with what follows `--`, once the gate is open."""
    supervisor, gate, modules, _, *command = arguments
    end_with(int(supervisor))
    for module in filter(None, modules.split(",")):
        with contextlib.suppress(Exception):  # the command will say what is wrong with it
            importlib.import_module(module)
    if not os.read(int(gate), 1):
        sys.exit(0)
    os.close(int(gate))
    sys.argv = ["andon", *command]
    from andon.cli.main import main as andon

    andon()


def end_with(supervisor: int) -> None:
    """Ask for SIGTERM at the parent's death; leave at once if it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != supervisor:
        sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
