"""Who may ask and what the browser may do: Host names, methods, headers (DESIGN 8)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from flask import Flask, Request, Response, request

from andon.web.refusal import Refusal

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_ADDRESS = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104 - compared with, not bound


def host_name(header: str) -> str:
    """The name in a Host header: lower case, without port, brackets and final dot."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    name = header.rpartition(":")[0] if header.count(":") == 1 else header
    return name.rstrip(".")


def allowed_names(bind: str, more: Iterable[str]) -> frozenset[str]:
    """The Host names this server answers to: loopback, its own address, those of the settings."""
    own = set() if bind in ANY_ADDRESS else {host_name(bind)}
    return LOOPBACK | own | {host_name(name) for name in more}


def _loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def check(asked: Request, allowed: frozenset[str]) -> None:
    """Refuse foreign Host names (DNS rebinding) and everything that is not a read."""
    name = host_name(asked.headers.get("Host", ""))
    if name not in allowed and not _loopback(name):
        raise Refusal(
            400,
            "foreign_host",
            f"This server does not answer to the host name {name[:100]!r}.",
            "Use one of its own names, or add the name to web.allowed_hosts "
            "(ANDON_WEB__ALLOWED_HOSTS).",
        )
    if asked.method not in ("GET", "HEAD"):
        raise Refusal(
            405,
            "read_only",
            f"{asked.method} is not allowed here.",
            "Use GET: these pages only read.",
        )


def guard(app: Flask, allowed: frozenset[str]) -> None:
    """Put both on the app."""

    def before() -> None:
        check(request, allowed)

    def after(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-cache"
        else:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.before_request(before)
    app.after_request(after)
