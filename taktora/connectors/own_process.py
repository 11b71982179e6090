"""The plug-in's side of a gateway that has a process of its own."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from taktora.connectors.attendant import Attendant
from taktora.connectors.handover import Handover, carried, encode, importable, module_path, tree_of
from taktora.connectors.launching import command
from taktora.connectors.policies import recipe_of
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.errors import ConnectorError, InvalidArgument, InvalidDescriptor
from taktora.time import NANOS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.envelope import Checksum
    from taktora.connectors.health_keeper import HealthKeeper
    from taktora.connectors.link import Direction, Link
    from taktora.connectors.reconnect import ReconnectPolicy
    from taktora.time import Nanos

__all__ = ["LONGEST_START", "OwnProcess", "prepared"]

LONGEST_START: Final[Nanos] = 30 * NANOS_PER_SECOND
"""So long a process may take to begin, or longer if its first attempt to connect may."""


def prepared(
    kind: type[Any],
    name: str,
    options: Any,
    *,
    queue: int,
    heartbeat: Nanos,
    stale_after: Nanos,
    connect_timeout: Nanos,
    linger: Nanos,
    policy: ReconnectPolicy | None,
    checksum: Checksum,
    domain: str | None,
    process: ProcessAttributes | None,
) -> Handover:
    """What a process is told so that it becomes the gateway of a connector of class ``kind``.

    Raises:
        ConnectorError: something of it cannot be handed to another process; says what, and why.
    """
    command(name)  # there is an interpreter to start
    try:
        handover = Handover(
            plugin=os.getpid(),
            path=module_path(sys.path),
            kind=importable(kind),
            name=name,
            options=tree_of(options, kind.Options, "options"),
            queue=queue,
            heartbeat=_micros(heartbeat),
            stale_after=_micros(stale_after),
            connect_timeout=_micros(connect_timeout),
            linger=_micros(linger),
            reconnect=recipe_of(policy),
            checksum=checksum,
            domain=domain,
            instance="",
            cpus=tuple(sorted(os.sched_getaffinity(0))),
            attributes=ProcessAttributes() if process is None else process,
            log_level=logging.getLogger("taktora.connectors").getEffectiveLevel(),
        )
        encode(handover)  # all of it can be told
    except InvalidArgument as error:
        raise ConnectorError(
            f"connector {name!r} cannot have its gateway in a process of its own: {error}. With "
            f'gateway="here" it lives in this process'
        ) from error
    return handover


class OwnProcess:
    """Keeps a process, and says of each channel whether its link will take it. One thread at a time.

    Args:
        handover: what the process is told.
        link: of the same make, to be asked; it is never opened.
        routing: class of the routing of channels.
        channels: those that there are already.

    Raises:
        InvalidDescriptor: the routing of one of them leads nowhere, or cannot be handed over.
    """

    def __init__(
        self,
        handover: Handover,
        link: Link,
        routing: type[Any],
        channels: Iterable[tuple[ChannelDescriptor[Any], Direction]],
    ) -> None:
        self._link = link
        self._routing = routing
        self._handover = evolve(handover, channels=tuple(self._checked(*one) for one in channels))
        self.attendant: Attendant | None = None
        """The actor that keeps it, once it has joined."""

    def join(
        self, executor: Any, keeper: HealthKeeper, wall: Callable[[], datetime]
    ) -> tuple[Attendant, Any]:
        """Start the process, and have ``executor`` run an actor that keeps it; both."""
        told = self._handover
        attendant = Attendant(
            told,
            executor,
            keeper,
            stale_after=_nanos(told.stale_after),
            patience=max(LONGEST_START, _nanos(told.connect_timeout)),
            wall=wall,
        )
        ref = attendant.join(executor)
        self.attendant = attendant
        return attendant, ref

    def carry(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """Have a channel carried.

        Raises:
            InvalidDescriptor: its routing leads nowhere, or cannot be handed over.
        """
        channel = self._checked(descriptor, direction)
        assert self.attendant is not None
        self.attendant.carry(channel)

    def _checked(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> Any:
        self._link.add_channel(descriptor, direction)
        try:
            return carried(descriptor, direction, self._routing)
        except InvalidArgument as error:
            raise InvalidDescriptor(
                f"channel {descriptor.name!r} cannot be told to a gateway in another process: {error}"
            ) from error


def _micros(nanos: Nanos) -> timedelta:
    """What can be handed over of a duration; what is not zero stays so."""
    return timedelta(microseconds=max(round(nanos / 1000), nanos > 0))


def _nanos(duration: timedelta) -> Nanos:
    return duration // timedelta(microseconds=1) * 1000
