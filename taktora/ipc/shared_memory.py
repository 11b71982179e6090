"""iceoryx2's shared memory as a transport: the raw ports behind ours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import iceoryx2 as iox

from taktora.ipc._binding import (
    assume_init_request,
    assume_init_response,
    assume_init_sample,
    loan_of,
)
from taktora.ipc.channels import open_channel
from taktora.ipc.outlets import configure, outlet
from taktora.ipc.room import free_bytes
from taktora.ipc.services import open_service
from taktora.transport.client import Client
from taktora.transport.outlet import MAX_LOANS
from taktora.transport.port import create_port
from taktora.transport.publisher import Publisher
from taktora.transport.raised import Raised
from taktora.transport.server import Server
from taktora.transport.subscriber import Subscriber

if TYPE_CHECKING:
    from taktora.transport.channel import Channel
    from taktora.transport.service import Service

__all__ = ["SharedMemory"]

_RAISED: Final = Raised(
    loan=iox.LoanError,
    send=iox.SendError,
    request=iox.RequestSendError,
    receive=iox.ReceiveError,
    notify=iox.NotifierNotifyError,
    listen=iox.ListenerWaitError,
    connect=iox.ConnectionFailure,
)


class SharedMemory:
    """The :class:`~taktora.transport.medium.Medium` of :class:`taktora.Node`."""

    free_bytes = staticmethod(free_bytes)
    open_channel = staticmethod(open_channel)
    open_service = staticmethod(open_service)

    @staticmethod
    def subscriber_count(raw: Any) -> int:
        """As :meth:`Medium.subscriber_count`."""
        return int(raw.dynamic_config.number_of_subscribers)

    def publisher(self, channel: Channel, raw: Any, event: Any) -> Publisher:
        """As :meth:`Medium.publisher`."""
        kind, limits = channel.kind, channel.limits
        builder = raw.publisher_builder().max_loaned_samples(MAX_LOANS)
        builder = configure(builder, kind, limits.max_bytes)
        role, maximum = Publisher.role, limits.max_publishers
        port = create_port(builder.create, role, kind.label, maximum, iox.PublisherCreateError)
        return Publisher(
            channel,
            port,
            _notifier(event, role, kind.label, maximum),
            lend=loan_of(port, dynamic=kind.size is None),
            outlet=outlet(kind, limits.max_bytes, assume_init_sample),
            service=raw,
            raised=_RAISED,
        )

    def subscriber(self, channel: Channel, raw: Any, event: Any) -> Subscriber:
        """As :meth:`Medium.subscriber`."""
        label, role, maximum = channel.kind.label, Subscriber.role, channel.limits.max_subscribers
        create = raw.subscriber_builder().create
        port = create_port(create, role, label, maximum, iox.SubscriberCreateError)
        listener = _listener(event, role, label, maximum)
        return Subscriber(channel, port, listener, service=raw, raised=_RAISED)

    def server(self, service: Service, raw: Any, request_event: Any, response_event: Any) -> Server:
        """As :meth:`Medium.server`."""
        kind, limits, label = service.response_kind, service.limits, service.label
        builder = raw.server_builder().max_loaned_responses_per_request(MAX_LOANS)
        builder = configure(builder, kind, limits.max_bytes)
        role, maximum = Server.role, limits.max_servers
        port = create_port(builder.create, role, label, maximum, iox.ServerCreateError)
        return Server(
            service,
            port,
            _listener(request_event, role, label, maximum),
            _notifier(response_event, role, label, maximum),
            lend=partial(loan_of, dynamic=kind.size is None),
            outlet=outlet(kind, limits.max_bytes, assume_init_response),
            raised=_RAISED,
        )

    def client(self, service: Service, raw: Any, request_event: Any, response_event: Any) -> Client:
        """As :meth:`Medium.client`."""
        kind, limits, label = service.request_kind, service.limits, service.label
        builder = configure(raw.client_builder(), kind, limits.max_bytes)
        role, maximum = Client.role, limits.max_clients
        port = create_port(builder.create, role, label, maximum, iox.ClientCreateError)
        return Client(
            service,
            port,
            _listener(response_event, role, label, maximum),
            _notifier(request_event, role, label, maximum),
            lend=loan_of(port, dynamic=kind.size is None),
            outlet=outlet(kind, limits.max_bytes, assume_init_request),
            raised=_RAISED,
        )


def _listener(event: Any, role: str, label: str, maximum: int) -> Any:
    create = event.listener_builder().create
    return create_port(create, role, label, maximum, iox.ListenerCreateError)


def _notifier(event: Any, role: str, label: str, maximum: int) -> Any:
    create = event.notifier_builder().create
    return create_port(create, role, label, maximum, iox.NotifierCreateError)
