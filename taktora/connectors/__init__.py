"""Connectors: typed channels to the world outside, and what is the same for every protocol."""

from __future__ import annotations

from taktora.connectors.codec import BytesCodec, PayloadCodec
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
from taktora.connectors.reconnect import ExponentialBackoff, ReconnectPolicy
from taktora.connectors.routing import NoRouting, Routing
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

__all__ = [
    "BackPressure",
    "BytesCodec",
    "ChannelDescriptor",
    "CodecError",
    "Connecting",
    "ConnectorClosed",
    "ConnectorDown",
    "ConnectorError",
    "ConnectorHealth",
    "Degraded",
    "Down",
    "Envelope",
    "ExponentialBackoff",
    "HealthEvent",
    "HealthMonitor",
    "IllegalTransition",
    "InvalidConfig",
    "InvalidDescriptor",
    "NoRouting",
    "PayloadCodec",
    "PayloadOverflow",
    "ReconnectPolicy",
    "Rejection",
    "Routing",
    "StackError",
    "UnknownPlugin",
    "Up",
]
