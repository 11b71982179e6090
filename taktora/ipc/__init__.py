"""Channels and services on iceoryx2 shared memory, with the binding's traps closed.

:class:`Node` opens a :class:`Channel` (publish-subscribe) or a :class:`Service`
(request-response). Beside each lives an event service, so that whoever waits can be woken.
"""

from __future__ import annotations

from taktora.ipc.log import set_log_level
from taktora.ipc.node import Node
from taktora.ipc.wakeup import listener_wakeup
from taktora.transport.channel import Channel
from taktora.transport.client import Client, PendingResponse, Response
from taktora.transport.limits import (
    ChannelLimits,
    ChannelLimitsGiven,
    ServiceLimits,
    ServiceLimitsGiven,
)
from taktora.transport.loan import Loan
from taktora.transport.outcome import NotifyOutcome
from taktora.transport.publisher import Publisher
from taktora.transport.received import Sample
from taktora.transport.server import ActiveRequest, Server
from taktora.transport.service import Service
from taktora.transport.subscriber import Subscriber
from taktora.transport.wakeup import Wakeup

__all__ = [
    "ActiveRequest",
    "Channel",
    "ChannelLimits",
    "ChannelLimitsGiven",
    "Client",
    "Loan",
    "Node",
    "NotifyOutcome",
    "PendingResponse",
    "Publisher",
    "Response",
    "Sample",
    "Server",
    "Service",
    "ServiceLimits",
    "ServiceLimitsGiven",
    "Subscriber",
    "Wakeup",
    "listener_wakeup",
    "set_log_level",
]
