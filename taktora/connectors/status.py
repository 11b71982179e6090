"""What a gateway in a process of its own says of itself: one small frame, often. Pure.

It goes over the channel ``<connector>.status`` as JSON, with a version in front: a plug-in of another
release says what it cannot read instead of guessing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import field, frozen

from taktora.connectors.frame_reader import Followed
from taktora.connectors.health import Connecting, ConnectorHealth, Degraded, Down, Up
from taktora.observe.port_stats import PortStats

__all__ = ["MAX_BYTES", "MOST_WRITERS", "SUFFIX", "PortStatus", "Status", "decode", "encode"]

SUFFIX: Final = ".status"
"""What is put behind the connector's name."""
MAX_BYTES: Final = 65536
"""Of a frame. Ports that find no room in it are left out."""
MOST_WRITERS: Final = 16
"""Of one port that are told of: those that sent last. A channel has no more at a time."""
_VERSION: Final = 1
_LONGEST_REASON: Final = 2000  # characters, of up to 12 bytes each
_COUNTS: Final = ("messages", "bytes", "gaps", "drops", "crc_errors")


@frozen
class PortStatus:
    """What one port of the gateway has counted since the gateway was started."""

    stats: PortStats
    """``messages``, ``bytes``, ``gaps``, ``drops`` and ``crc_errors``; the rest stays with it."""
    writers: Mapping[str, Followed] = field(factory=dict)
    """Of a port that reads: how far each writer was carried, by the id of its publisher."""


@frozen
class Status:
    """One sign of life."""

    instance: str
    """Of the gateway: another one after each start."""
    beat: int
    """Counts signs of life."""
    health: ConnectorHealth
    ports: Mapping[str, PortStatus] = field(factory=dict)
    """By direction and channel: ``out motor/speed``."""
    left_out: int = 0
    """Ports that found no room."""


def encode(status: Status) -> bytes:
    """As bytes. What finds no room is left out, ports from the first that does not on."""
    health = status.health
    since = getattr(health, "since", None)
    text: dict[str, Any] = {
        "version": _VERSION,
        "instance": status.instance,
        "beat": status.beat,
        "state": type(health).__name__,
        "reason": getattr(health, "reason", "")[:_LONGEST_REASON],
        "since": None if since is None else since.isoformat(),
        "left_out": status.left_out + len(status.ports),
    }
    room = MAX_BYTES - len(_json(text)) - len(',"ports":{}')
    ports: list[str] = []
    for name, port in status.ports.items():
        one = f"{_json(name)}:{_json(_packed(port))}"
        room -= len(one) + 1
        if room < 0:
            break
        ports.append(one)
    text["left_out"] -= len(ports)
    return f'{_json(text)[:-1]},"ports":{{{",".join(ports)}}}}}'.encode()


def decode(data: bytes | memoryview) -> Status | str:
    """What it says; or, in words, why it cannot be read."""
    try:
        found: Any = json.loads(bytes(data))
        if found["version"] != _VERSION:
            return f"its gateway speaks version {found['version']} of the status, not {_VERSION}"
        health = _health(found["state"], found["reason"], found["since"])
        ports = {str(name): _unpacked(packed) for name, packed in found["ports"].items()}
        return Status(
            str(found["instance"]), _count(found["beat"]), health, ports, _count(found["left_out"])
        )
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        return f"its gateway's status cannot be read: {type(error).__name__}: {error}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))  # ASCII: as many bytes as characters


def _packed(port: PortStatus) -> list[Any]:
    latest = list(port.writers.items())[-MOST_WRITERS:]
    writers = {writer: [how_far.next, how_far.missing] for writer, how_far in latest}
    return [*(getattr(port.stats, name) for name in _COUNTS), writers]


def _unpacked(packed: list[Any]) -> PortStatus:
    *counts, writers = packed
    messages, octets, gaps, drops, crc_errors = map(_count, counts)
    return PortStatus(
        PortStats(messages, octets, drops, gaps, crc_errors),
        {writer: Followed(*map(_count, how_far)) for writer, how_far in writers.items()},
    )


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} counts nothing")
    return value


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
