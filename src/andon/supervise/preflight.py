"""What is checked before the first service starts, so that a wrong address is said once."""

from __future__ import annotations

import time
from collections.abc import Callable

from andon import broker
from andon.errors import BrokerUnreachable, StoreUnreachable
from andon.mqtt.probe import check
from andon.settings import Settings

GRACE_S = 10.0
"""A broker or store that exists already may be starting at the same time as we are."""


def prepare(settings: Settings, with_broker: bool = True) -> None:
    """State directory, programs, broker and store of others.

    Raises StateDirError, DependencyMissing, BrokerUnreachable, StoreUnreachable, AccessRefused.
    """
    settings.ensure_state_dir()
    for name in ("engine.json", "status.json"):
        (settings.run_dir / name).unlink(missing_ok=True)
    if with_broker:
        broker.write_description(settings)
        if not settings.own_broker:
            _within_grace(lambda: check(settings.mqtt_url), BrokerUnreachable)
    if not settings.own_store:
        _within_grace(lambda: _store_answers(settings), StoreUnreachable)


def _store_answers(settings: Settings) -> None:
    from andon.store.postgres import connect  # late: only who has a store of his own needs it here

    connect(settings.dsn("owner"), "andon up").close()


def _within_grace(ask: Callable[[], object], kind: type[Exception]) -> None:
    deadline = time.monotonic() + GRACE_S
    while True:
        try:
            ask()
            return
        except kind:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
