"""Channels and services on iceoryx2 shared memory, with the binding's traps closed.

:class:`Node` opens a :class:`Channel` (publish-subscribe) or a :class:`Service`
(request-response). Beside each lives an event service, so that whoever waits can be woken.
"""

from __future__ import annotations

from taktora.ipc.channel import Channel
from taktora.ipc.client import Client, PendingResponse, Response
from taktora.ipc.log import set_log_level
from taktora.ipc.node import Node
from taktora.ipc.publisher import Publisher
from taktora.ipc.server import ActiveRequest, Server
from taktora.ipc.service import Service
from taktora.ipc.subscriber import Subscriber
from taktora.ipc.wakeup import listener_wakeup
from taktora.transport.limits import (
    ChannelLimits,
    ChannelLimitsGiven,
    ServiceLimits,
    ServiceLimitsGiven,
)
from taktora.transport.loan import Loan
from taktora.transport.outcome import NotifyOutcome
from taktora.transport.received import Sample
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
