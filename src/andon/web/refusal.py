"""An answer that is not the one asked for: status, code, what happened, what would be right."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Raised by pages; app.py turns it into JSON under /api and a page elsewhere."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint

    def value(self) -> dict[str, Any]:
        """The JSON body."""
        body = {"status": self.status, "code": self.code, "message": self.message}
        return {"error": {**body, "hint": self.hint} if self.hint else body}


def store_away(why: str) -> Refusal:
    """503 while PostgreSQL does not answer."""
    return Refusal(503, "store_unreachable", why, "The page tries again by itself.")
