"""Is a port free, and if not, who has it."""

from __future__ import annotations

import errno
import socket

import psutil  # type: ignore[import-untyped]

from andon.errors import PortTaken
from andon.supervise.services import Port


def require_free(port: Port) -> None:
    """Raises PortTaken naming port, holder (where it can be seen) and setting."""
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    try:
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((port.host, port.number))
    except OSError as error:
        variable = "ANDON_" + port.setting.replace(".", "__").upper()
        remedy = f"change {port.setting} (or {variable})"
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port.number} on {port.host} is taken{holder(port.number)}: "
                f"free it, or {remedy}."
            ) from None
        if error.errno == errno.EACCES:
            raise PortTaken(
                f"Port {port.number} needs a right this user does not have: {remedy}."
            ) from None
        raise PortTaken(
            f"Cannot listen on {port.host}:{port.number} ({error.strerror}): "
            f"correct {port.setting.split('.')[0]}.host, or {remedy}."
        ) from None


def holder(number: int) -> str:
    """ " by mosquitto (process 812)" where the listener can be seen, else ""."""
    try:
        for found in psutil.net_connections(kind="tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == number:
                if found.pid is None:
                    return ""
                return f" by {psutil.Process(found.pid).name()} (process {found.pid})"
    except (psutil.Error, OSError):
        pass
    return ""
