"""Connectors: typed channels to the world outside, and what is the same for every protocol.

``docs/connectors.md`` shows how to use them. Errors: :mod:`taktora.errors`, here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from taktora.connectors.codec import BytesCodec, PayloadCodec
from taktora.connectors.codecs import CborCodec, JsonCodec, MsgpackCodec, RawCodec, codec
from taktora.connectors.connector import Connector
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.envelope import Envelope, Rejection
from taktora.connectors.health import (
    Connecting,
    ConnectorHealth,
    Degraded,
    Down,
    HealthEvent,
    HealthMonitor,
    Up,
)
from taktora.connectors.health_feed import HealthFeed, HealthSubscription
from taktora.connectors.health_keeper import HealthKeeper
from taktora.connectors.inbound import Session
from taktora.connectors.link import Direction, Link
from taktora.connectors.loopback import LoopbackConnector, LoopbackOptions
from taktora.connectors.loopback_world import LoopbackWorld
from taktora.connectors.options import NoOptions
from taktora.connectors.placement import Placement
from taktora.connectors.port_stats import PortStats
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.connectors.reader import ChannelReader, Received
from taktora.connectors.reconnect import ExponentialBackoff, ReconnectPolicy
from taktora.connectors.remote import RemoteConnector
from taktora.connectors.resolving import load_connectors
from taktora.connectors.routing import NoRouting, Routing
from taktora.connectors.service_factory import ServiceFactory
from taktora.connectors.writer import ChannelWriter
from taktora.errors import (
    BackPressure,
    CodecError,
    ConnectorClosed,
    ConnectorDown,
    ConnectorError,
    IllegalTransition,
    InvalidConfig,
    InvalidDescriptor,
    PayloadOverflow,
    StackError,
    UnknownPlugin,
)

if TYPE_CHECKING:
    from taktora.connectors.gateway_host import ConnectorGateway
    from taktora.connectors.host import ConnectorHost

__all__ = [
    "BackPressure",
    "BytesCodec",
    "CborCodec",
    "ChannelDescriptor",
    "ChannelReader",
    "ChannelWriter",
    "CodecError",
    "Connecting",
    "Connector",
    "ConnectorClosed",
    "ConnectorDown",
    "ConnectorError",
    "ConnectorGateway",
    "ConnectorHealth",
    "ConnectorHost",
    "Degraded",
    "Direction",
    "Down",
    "Envelope",
    "ExponentialBackoff",
    "HealthEvent",
    "HealthFeed",
    "HealthKeeper",
    "HealthMonitor",
    "HealthSubscription",
    "IllegalTransition",
    "InvalidConfig",
    "InvalidDescriptor",
    "JsonCodec",
    "Link",
    "LoopbackConnector",
    "LoopbackOptions",
    "LoopbackWorld",
    "MsgpackCodec",
    "NoOptions",
    "NoRouting",
    "PayloadCodec",
    "PayloadOverflow",
    "Placement",
    "PortStats",
    "ProcessAttributes",
    "RawCodec",
    "Received",
    "ReconnectPolicy",
    "Rejection",
    "RemoteConnector",
    "Routing",
    "ServiceFactory",
    "Session",
    "StackError",
    "UnknownPlugin",
    "Up",
    "codec",
    "load_connectors",
]

_ON_DEMAND: Final = {
    "ConnectorGateway": "taktora.connectors.gateway_host",
    "ConnectorHost": "taktora.connectors.host",
}
"""Names that bring iceoryx2 along, which a simulation does without, and where they are."""


def __getattr__(name: str) -> Any:
    """Import what needs iceoryx2 when it is first asked for."""
    module = _ON_DEMAND.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
