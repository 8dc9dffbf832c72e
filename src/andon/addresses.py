"""Addresses of broker and database, with users and passwords quoted into them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit


def mqtt_address(host: str, port: int, username: str = "", password: str = "") -> str:
    """mqtt://[user[:password]@]host:port; a listener on every address is reached by loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    return f"mqtt://{_login(username, password)}{shown}:{port}"


def with_login(url: str, username: str, password: str) -> str:
    """The URL with user and password, unless it names a user itself."""
    parts = urlsplit(url)
    if parts.username or not username:
        return url
    return urlunsplit(parts._replace(netloc=_login(username, password) + parts.netloc))


def without_password(url: str) -> str:
    """The URL as it may be shown: a password becomes ***."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))


def socket_dsn(folder: Path, user: str) -> str:
    """URL of the database andon on the PostgreSQL whose socket lies in `folder`."""
    return f"postgresql://{_quoted(user)}@/andon?host={_quoted(str(folder))}"


def dsn_in_role(url: str, role: str) -> str:
    """The URL with a role taken at connect (SET ROLE); '' keeps the URL's own user."""
    if not role:
        return url
    parts = urlsplit(url)
    option = "options=" + _quoted(f"-c role={role}")
    return urlunsplit(parts._replace(query=f"{parts.query}&{option}" if parts.query else option))


def _login(username: str, password: str) -> str:
    if not username:
        return ""
    return f"{_quoted(username)}:{_quoted(password)}@" if password else f"{_quoted(username)}@"


def _quoted(text: str) -> str:
    return quote(text, safe="")
