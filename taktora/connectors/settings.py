"""What stands in a connectors file: its schema, and what each table of it must hold by itself."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from attrs import field, frozen

from taktora.config import at_least, not_empty, positive, within
from taktora.config.durations import duration_text
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.connectors.reconnect import ExponentialBackoff
from taktora.errors import InvalidArgument, InvalidDescriptor, InvalidName
from taktora.transport.names import check_channel_name, check_domain

__all__ = [
    "ChannelSettings",
    "ConnectorSettings",
    "ConnectorsFile",
    "Direction",
    "ReconnectSettings",
]

_LONGEST_NAME: Final = 64
_MOST_PAYLOAD: Final = 2**32 - 1 - 64
_MOST_QUEUED: Final = 65_536


class Direction(enum.Enum):
    """Which way a channel carries values, as seen from the plug-in side."""

    OUT = "out"
    """To the world outside."""
    IN = "in"
    """From there."""
    BOTH = "both"


def _channel_name(_: Any, __: Any, name: str) -> None:
    try:
        ChannelDescriptor(name)
    except InvalidDescriptor as error:
        raise InvalidArgument(str(error).removeprefix(f"channel {name!r}: ")) from error


def _connector_name(_: Any, __: Any, name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidArgument(f"must have 1 to {_LONGEST_NAME} characters, not {len(name)}")
    try:
        check_channel_name(name)
    except InvalidName as error:
        raise InvalidArgument(str(error).replace("channel name", "name")) from error


def _domain(_: Any, __: Any, name: str | None) -> None:
    if name is not None:
        check_domain(name)


def _longer_than_heartbeat(its: ConnectorSettings, _: Any, value: timedelta) -> None:
    positive(its, _, value)
    if value <= its.heartbeat:
        raise InvalidArgument(
            f"is {duration_text(value)}, and must be longer than heartbeat "
            f"({duration_text(its.heartbeat)}), or a gateway that is well counts as gone; try "
            f'"{duration_text(5 * its.heartbeat)}"'
        )


def _not_below_initial(its: ReconnectSettings, _: Any, value: timedelta) -> None:
    positive(its, _, value)
    if value < its.initial:
        raise InvalidArgument(
            f"is {duration_text(value)}, and must not be below initial "
            f"({duration_text(its.initial)})"
        )


@frozen
class ReconnectSettings:
    """When to try again; the arguments of :class:`~taktora.connectors.ExponentialBackoff`."""

    initial: timedelta = field(default=timedelta(milliseconds=100), validator=positive)
    maximum: timedelta = field(default=timedelta(seconds=30), validator=_not_below_initial)
    growth: float = field(default=2.0, validator=at_least(1))
    jitter: float = field(default=0.1, validator=within(0, 1))
    max_attempts: int | None = field(default=None, validator=at_least(0))
    seed: int | None = None

    def policy(self) -> ExponentialBackoff:
        """A fresh policy."""
        return ExponentialBackoff(
            self.initial,
            self.maximum,
            self.growth,
            jitter=self.jitter,
            max_attempts=self.max_attempts,
            seed=self.seed,
        )


@frozen
class ChannelSettings:
    """One ``[[connectors.channels]]``."""

    name: str = field(validator=_channel_name)
    direction: Direction = Direction.BOTH
    max_payload: int = field(default=4096, validator=within(1, _MOST_PAYLOAD))
    codec: str | None = None
    """Entry point of group ``taktora.codecs``; ``None``: the connector's."""
    routing: Mapping[str, Any] = field(factory=dict)
    """Of the connector's own schema."""


@frozen
class ConnectorSettings:
    """One ``[[connectors]]``."""

    name: str = field(validator=_connector_name)
    type: str
    """Entry point of group ``taktora.connectors``."""
    codec: str | None = None
    """Entry point of group ``taktora.codecs``, for channels that name none; ``None``: what its type
    says of each channel, which is JSON for most."""
    queue: int = field(default=64, validator=within(1, _MOST_QUEUED))
    """Frames that wait per channel and direction."""
    heartbeat: timedelta = field(default=timedelta(milliseconds=100), validator=positive)
    """The gateway gives a sign of life this often."""
    stale_after: timedelta = field(
        default=timedelta(milliseconds=500), validator=_longer_than_heartbeat
    )
    """The plug-in side is down after so much silence."""
    reconnect: ReconnectSettings = field(factory=ReconnectSettings)
    checksum: Literal["auto", "frame", "header"] = "auto"
    """What the checksum of a frame guards: ``"frame"``: header and payload; ``"header"``: the header
    alone; ``"auto"``: both up to 64 KiB of payload, the header alone above."""
    options: Mapping[str, Any] = field(factory=dict)
    """Of the connector's own schema."""
    channels: tuple[ChannelSettings, ...] = ()


@frozen
class ConnectorsFile:
    """The whole file."""

    connectors: tuple[ConnectorSettings, ...] = field(validator=not_empty)
    domain: str | None = field(default=None, validator=_domain)
    """Of iceoryx2; ``None``: the environment's, or the default."""
    process: ProcessAttributes = field(factory=ProcessAttributes)
    """What the process asks for that runs the gateways."""
