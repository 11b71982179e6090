"""From descriptors to the ports that carry their values over channels."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.envelope import HEADER_SIZE, Checksum
from taktora.connectors.framing import check_checksum
from taktora.connectors.raw_ports import RawReader, RawWriter
from taktora.connectors.reader import ChannelReader
from taktora.connectors.writer import ChannelWriter
from taktora.errors import WrongType
from taktora.transport.opened import Opened

if TYPE_CHECKING:
    from taktora.connectors.codec import PayloadCodec
    from taktora.transport.channel import Channel

__all__ = ["INWARD", "OUTWARD", "ServiceFactory"]

INWARD: Final = ".in"
"""Behind the name of a channel that carries what a gateway sends to the plug-in."""
OUTWARD: Final = ".out"
"""Behind the name of a channel that carries what the plug-in sends to a gateway."""


class ServiceFactory:
    """Makes the ports of connectors on what ``source`` runs on: shared memory, or a simulation.

    The channel of a descriptor is called ``descriptor.name + suffix`` and carries ``bytes``: an
    envelope of 64 bytes and the payload. Both ends must be made with the same limits, by the same
    descriptor and with the same ``overflow``. Any thread.

    Args:
        source: an ``Executor``, a ``SimulatedExecutor`` or a node.
        clock: for timestamps: nanoseconds since 1970. Default: the computer's clock; in a
            simulation, its virtual time.
        buffer_size: frames that wait for each reader.
        max_writers: writers of one channel, in all processes together.
        max_readers: readers of one channel, in all processes together.
        checksum: what it guards. ``"auto"``: header and payload, but of payloads of more than
            64 KiB (65,536 bytes) the header alone, since the checksum would take longer than the
            copy; ``"frame"``: always both; ``"header"``: never the payload. Readers see which.

    Raises:
        WrongType: ``source`` opens no channels.
        InvalidArgument: ``checksum`` is something else.
    """

    def __init__(
        self,
        source: Any,
        *,
        clock: Callable[[], int] | None = None,
        buffer_size: int = 64,
        max_writers: int = 16,
        max_readers: int = 16,
        checksum: Checksum = "auto",
    ) -> None:
        if not callable(getattr(source, "channel", None)):
            raise WrongType(f"ServiceFactory needs an executor or a node, not {source!r}")
        self._source = source
        self._clock = clock or _clock_of(source)
        self._limits = {
            "buffer_size": buffer_size,
            "max_publishers": max_writers,
            "max_subscribers": max_readers,
        }
        self._checksum = check_checksum(checksum)

    def create_writer(
        self,
        descriptor: ChannelDescriptor[Any],
        type: Any,
        codec: PayloadCodec,
        *,
        suffix: str = "",
        gate: Callable[[], object] | None = None,
        must_reach: bool = False,
        overflow: bool = True,
        checksum: Checksum | None = None,
    ) -> ChannelWriter:
        """A writer of values of ``type`` (which only the topology shows: the codec decides).

        Args:
            descriptor: names the channel and bounds its payloads.
            type: what is sent.
            codec: what encodes it.
            suffix: ``.in`` or ``.out``, behind the name.
            gate: called before each send; it may raise ``ConnectorDown``.
            must_reach: a send that no reader is there for raises ``ConnectorDown``.
            overflow: a full reader loses its oldest frame; ``False``: when every reader is full,
                ``send`` raises ``BackPressure``.
            checksum: instead of the factory's.

        Raises:
            PayloadMismatch, LimitsMismatch: the channel exists otherwise.
            PortLimitReached: it has ``max_writers`` writers.
            InvalidArgument: a limit, or ``checksum``, that cannot be.
            PortClosed: the source was closed.
        """
        channel = self._channel(descriptor, suffix, overflow, _content(type, codec))
        return ChannelWriter(
            channel.publisher(),
            descriptor.max_payload,
            codec,
            clock=self._clock,
            gate=gate,
            must_reach=must_reach,
            checksum=self._checksum if checksum is None else check_checksum(checksum),
        )

    def create_reader(
        self,
        descriptor: ChannelDescriptor[Any],
        type: Any,
        codec: PayloadCodec,
        *,
        suffix: str = "",
        on_damage: Callable[[str], object] | None = None,
        overflow: bool = True,
    ) -> ChannelReader:
        """A reader of values of ``type``: of what is sent from now on.

        Args:
            descriptor: as for :meth:`create_writer`.
            type: what the codec is to make of each payload.
            codec: what decodes them.
            suffix: as for :meth:`create_writer`.
            overflow: as for :meth:`create_writer`.
            on_damage: told of each frame that is not handed out, and why, on the thread that reads.

        Raises:
            PortLimitReached: it has ``max_readers`` readers. Others: as :meth:`create_writer`.
        """
        channel = self._channel(descriptor, suffix, overflow, _content(type, codec))
        return ChannelReader(
            channel.subscriber(),
            type,
            codec,
            clock=self._clock,
            on_damage=on_damage,
            follows_restarts=suffix == INWARD,
        )

    def create_raw_writer(
        self,
        descriptor: ChannelDescriptor[Any],
        *,
        suffix: str = "",
        must_reach: bool = False,
        overflow: bool = True,
        checksum: Checksum | None = None,
    ) -> RawWriter:
        """A writer of bytes. Arguments and errors: as :meth:`create_writer`."""
        channel = self._channel(descriptor, suffix, overflow, None)
        return RawWriter(
            channel.publisher(),
            descriptor.max_payload,
            clock=self._clock,
            must_reach=must_reach,
            checksum=self._checksum if checksum is None else check_checksum(checksum),
        )

    def create_raw_reader(
        self,
        descriptor: ChannelDescriptor[Any],
        *,
        suffix: str = "",
        on_damage: Callable[[str], object] | None = None,
        overflow: bool = True,
    ) -> RawReader:
        """A reader of bytes. Arguments and errors: as :meth:`create_reader`."""
        channel = self._channel(descriptor, suffix, overflow, None)
        return RawReader(
            channel.subscriber(),
            clock=self._clock,
            on_damage=on_damage,
            follows_restarts=suffix == INWARD,
        )

    def _channel(
        self,
        descriptor: ChannelDescriptor[Any],
        suffix: str,
        overflow: bool,
        content: str | None,
    ) -> Channel:
        channel: Channel = self._source.channel(
            descriptor.name + suffix,
            bytes,
            max_bytes=HEADER_SIZE + descriptor.max_payload,
            overflow=overflow,
            **self._limits,
        )
        if content is not None:  # what whoever looks at the topology wants to know
            name = channel.name
            channel.node.opened[name] = Opened("channel", name, content)
        return channel

    def __repr__(self) -> str:
        return f"<ServiceFactory on {self._source!r}>"


def _content(kind: Any, codec: PayloadCodec) -> str:
    return f"{getattr(kind, '__name__', None) or repr(kind)} as {codec.format_name}"


def _clock_of(source: Any) -> Callable[[], int]:
    """Virtual time where there is such a thing, so that runs of a simulation are equal."""
    if hasattr(source, "now_ns"):
        return lambda: int(source.now_ns)
    return time.time_ns
