"""The tree of errors: a class says what to do, its message what happened, where, why.

AndonError                  shown to a person as one line, exit code of its class
  ConfigError        (3)    a setting or the plant file is wrong: correct it, start again
  PortTaken          (4)    a listener's port is in use: free it or change the named setting
  BrokerUnreachable  (5)    retry with backoff; after the start-up grace it ends `andon up`
  StoreUnreachable   (6)    retry with backoff; nothing is acknowledged meanwhile
  AccessRefused      (7)    broker or database refused the password or the right
  StateDirError      (8)    the state directory is read-only, full or open to others
  FenceLost          (9)    another engine owns the store: stop, acknowledge nothing
  SchemaError       (10)    the database's schema is older or newer than this program
  ServiceFailed     (11)    a service did not become ready in time
  DependencyMissing (12)    a program or package is needed and absent
"""

from __future__ import annotations


class AndonError(Exception):
    """Something a person must know; the message says what, where, why and what to do."""

    exit_code = 1


class ConfigError(AndonError):
    """A setting or the plant file is wrong. Names file, key, value and what would be right."""

    exit_code = 3


class PortTaken(AndonError):
    """A listener's port is in use. Names the port and the setting that moves it."""

    exit_code = 4


class BrokerUnreachable(AndonError):
    """The MQTT broker does not answer. Retried with backoff."""

    exit_code = 5


class StoreUnreachable(AndonError):
    """PostgreSQL does not answer. Retried with backoff; nothing is acknowledged meanwhile."""

    exit_code = 6


class AccessRefused(AndonError):
    """Broker or database refused the user, the password or the right."""

    exit_code = 7


class StateDirError(AndonError):
    """The state directory cannot be used: read-only, full, or readable by others."""

    exit_code = 8


class FenceLost(AndonError):
    """Another engine owns the store now. Stop; write and acknowledge nothing."""

    exit_code = 9


class SchemaError(AndonError):
    """The database's schema is not the one this program writes. Run `andon db upgrade`."""

    exit_code = 10


class ServiceFailed(AndonError):
    """A service did not become ready in time. Names its log."""

    exit_code = 11


class DependencyMissing(AndonError):
    """A program or package is needed and absent. Names the command that installs it."""

    exit_code = 12
