"""What a gateway in a process of its own says of itself: one small frame, often. Pure.

It goes over the channel ``<connector>.status`` as JSON, with a version in front: a plug-in of another
release says what it cannot read instead of guessing.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from taktora.connectors.health import Connecting, ConnectorHealth, Degraded, Down, Up

__all__ = ["MAX_BYTES", "SUFFIX", "Status", "decode", "encode"]

SUFFIX: Final = ".status"
"""What is put behind the connector's name."""
MAX_BYTES: Final = 4096
"""Of a frame; a longer reason is cut."""
_VERSION: Final = 1
_LONGEST_REASON: Final = 2000  # characters; some take more bytes than one


@frozen
class Status:
    """One sign of life."""

    instance: str
    """Of the gateway: another one after each start."""
    beat: int
    """Counts signs of life."""
    health: ConnectorHealth


def encode(status: Status) -> bytes:
    """As bytes."""
    health = status.health
    since = getattr(health, "since", None)
    text = {
        "version": _VERSION,
        "instance": status.instance,
        "beat": status.beat,
        "state": type(health).__name__,
        "reason": getattr(health, "reason", "")[:_LONGEST_REASON],
        "since": None if since is None else since.isoformat(),
    }
    data = json.dumps(text).encode()
    if len(data) > MAX_BYTES:  # characters beyond ASCII
        text["reason"] = str(text["reason"])[: _LONGEST_REASON // 8]
        data = json.dumps(text).encode()
    return data


def decode(data: bytes | memoryview) -> Status | str:
    """What it says; or, in words, why it cannot be read."""
    try:
        found: Any = json.loads(bytes(data))
        if found["version"] != _VERSION:
            return f"its gateway speaks version {found['version']} of the status, not {_VERSION}"
        health = _health(found["state"], found["reason"], found["since"])
        return Status(str(found["instance"]), int(found["beat"]), health)
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        return f"its gateway's status cannot be read: {type(error).__name__}: {error}"


def _health(state: str, reason: str, since: str | None) -> ConnectorHealth:
    when = datetime.fromisoformat(since) if since is not None else datetime.now(UTC)
    match state:
        case "Up":
            return Up()
        case "Connecting":
            return Connecting(when)
        case "Degraded":
            return Degraded(reason)
        case "Down":
            return Down(reason, when)
    raise ValueError(f"no health is called {state!r}")
