"""The plug-in's side of a connector, and the base class of every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from taktora.connectors.connector_life import ConnectorLife
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.health import Degraded, Down, Up
from taktora.connectors.link import Direction
from taktora.connectors.reader import ChannelReader
from taktora.connectors.service_factory import INWARD, OUTWARD
from taktora.connectors.writer import ChannelWriter
from taktora.errors import ConnectorDown, InvalidDescriptor, WrongType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taktora.config import Problem
    from taktora.connectors.codec import PayloadCodec
    from taktora.observe.port_stats import PortStats

__all__ = ["Connector"]


class Connector(ConnectorLife):
    """Typed channels to the world outside, and how they are. Any thread.

    Values written go to the gateway over ``<channel>.out``, and come from it over ``<channel>.in``.
    The gateway is an actor of the executor that :meth:`register_with` is given, or lives in a process
    that the connector keeps for it, or elsewhere (``taktora gateway``). A subclass says which
    :class:`~.link.Link` it has.

    Args:
        name: what it is called, in logs, in health events and on the way to its gateway.
        codec: how values become bytes, on channels for which no other is named; default: what
            :meth:`default_codec` says of each channel, which is JSON for most connectors.
        node: executor or node to open channels on; default: a node of its own.
        queue: frames that wait for each channel and direction.
        reconnect: when to try again; default ``ExponentialBackoff()``, whose chance
            is the same every time in a simulation.
        heartbeat: the gateway's sign of life, and how often it looks whether to try again.
        stale_after: after how much silence a gateway elsewhere counts as gone.
        connect_timeout: after how much silence an attempt to connect has failed.
        gateway: where it lives: ``"here"`` unless the class says otherwise; ``"own process"``: in one
            that is started, kept alive and ended by the connector; ``"elsewhere"``: in one that
            somebody else starts.
        in_process: the same for short: ``True`` is ``"here"``, ``False`` is ``"elsewhere"``.
        process: of ``"own process"``: what it asks of the kernel.
        linger: of ``"own process"``: how long its link may act on the death of the plug-in.
        checksum: what the checksums of its frames guard. ``"auto"``: header and payload, but of
            payloads of more than 64 KiB (65,536 bytes) the header alone, since the checksum would
            take longer than the copy; ``"frame"``: always both; ``"header"``: never the payload.
            Readers see which.

    Raises:
        InvalidArgument, WrongType: one of them cannot be.
    """

    Remote: ClassVar[type[Any] | None] = None
    """Class of the plug-in's side where a file describes the connector and its gateway is elsewhere:
    a ``RemoteConnector`` that can do more. ``None``: that one."""

    @classmethod
    def check_channels(
        cls,
        options: Any,  # noqa: ARG003  # of those that look
        channels: Mapping[int, ChannelDescriptor[Any]],  # noqa: ARG003
    ) -> Iterable[Problem]:
        """What is wrong with channels of a file as a whole, such as two that exclude each other.

        Asked before anything is made or connected to. Paths begin at the connector, so that
        ``("channels", 1, "routing", "bit_offset")`` is a key of the routing of its second channel.

        Args:
            options: an instance of its ``Options``, without mistakes.
            channels: those that have no mistake of their own, by their positions in the file.
        """
        return ()

    def describe(
        self, descriptor: ChannelDescriptor[Any], codec: PayloadCodec | None = None
    ) -> None:
        """Let ports of this channel be made by its name alone; ``codec``: default, the connector's."""
        self._check(descriptor)
        self._described[descriptor.name] = descriptor, codec

    def create_writer(
        self,
        descriptor: ChannelDescriptor[Any] | str,
        type: Any,
        *,
        codec: PayloadCodec | None = None,
    ) -> ChannelWriter:
        """A way out for values of ``type``; ``descriptor`` may be the name of one that was described.

        Its ``send`` raises ``ConnectorDown`` while the connector is down, ``BackPressure`` when the
        queue is full, ``PayloadOverflow`` and ``CodecError``; it never blocks.

        Raises:
            ConnectorClosed: the connector was closed.
            InvalidDescriptor: the channel's routing is not this connector's, or leads nowhere.
            LimitsMismatch: the channel exists with another ``max_payload`` or queue.
        """
        with self._lock:
            descriptor, codec = self._found(descriptor, codec)
            writer = self._home.factory().create_writer(
                descriptor,
                type,
                codec,
                suffix=OUTWARD,
                gate=self._gate,
                must_reach=True,
                overflow=False,
            )
            try:  # only now: what cannot be made is not to be carried either
                self._want(descriptor, Direction.OUT)
            except BaseException:
                writer.close()
                raise
            self._keep(f"out {descriptor.name}", writer)
        return writer

    def create_reader(
        self,
        descriptor: ChannelDescriptor[Any] | str,
        type: Any,
        *,
        codec: PayloadCodec | None = None,
    ) -> ChannelReader:
        """A way in for values of ``type``; a trigger like any subscriber. As :meth:`create_writer`.

        Raises:
            ConnectorClosed, InvalidDescriptor, LimitsMismatch: as :meth:`create_writer`.
        """
        with self._lock:
            descriptor, codec = self._found(descriptor, codec)
            reader = self._home.factory().create_reader(
                descriptor,
                type,
                codec,
                suffix=INWARD,
                on_damage=self._damaged,
            )
            try:  # only now: it is to see what comes first
                self._want(descriptor, Direction.IN)
            except BaseException:
                reader.close()
                raise
            self._keep(f"in {descriptor.name}", reader)
        return reader

    def stats(self) -> dict[str, PortStats]:
        """What each port has counted, by direction and channel: ``out motor/speed``."""
        found: dict[str, PortStats] = {}
        for label, port in list(self._ports):
            key, number = label, 1
            while key in found:
                number += 1
                key = f"{label} #{number}"
            found[key] = port.stats()
        return found

    def gateway_stats(self) -> dict[str, PortStats]:
        """What each port of its gateway has counted, by direction and channel: ``out motor/speed``.

        Out, ``messages`` are values that the link has taken; in, ``drops`` are values that came and
        were not passed on. Of a gateway elsewhere: as it said last, and no more than messages,
        bytes, gaps, drops and damaged frames; empty as long as it said nothing.
        """
        if self._watcher is not None:
            return {name: port.stats for name, port in self._watcher.ports.items()}
        return {} if self._gateway is None else self._gateway.ports.stats()

    @property
    def lost(self) -> dict[str, int]:
        """Accepted values that no gateway carried because one took over from another, by channel.

        At most so many: what a gateway carried after its last sign of life counts, too. Known from
        when a writer sends again. Those of writers in other processes count like one's own. Only of
        gateways elsewhere, and of takeovers that were seen here.
        """
        return {} if self._watcher is None else dict(self._watcher.lost)

    def carry(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """Have the gateway carry a channel whose writers, or readers, are elsewhere.

        Raises:
            ConnectorClosed, InvalidDescriptor, LimitsMismatch: as :meth:`create_writer`.
        """
        with self._lock:
            self._check(descriptor)
            self._want(descriptor, direction)

    # --- helpers -----------------------------------------------------------------------------------

    def _found(
        self, descriptor: Any, codec: PayloadCodec | None
    ) -> tuple[ChannelDescriptor[Any], PayloadCodec]:
        """The channel, and its codec: the one that was named nearest to it, else the default."""
        if isinstance(descriptor, str):
            self._check_open()
            if descriptor not in self._described:
                known = ", ".join(self._described) or "none"
                raise InvalidDescriptor(
                    f"connector {self.name!r}: no channel {descriptor!r} was described; known: {known}"
                    f" (what is in no file needs a ChannelDescriptor instead of its name)"
                )
            descriptor, described = self._described[descriptor]
            codec = described if codec is None else codec
        else:
            self._check(descriptor)
        codec = self.codec if codec is None else codec
        return descriptor, self.default_codec(descriptor) if codec is None else codec

    def _check(self, descriptor: Any) -> None:
        self._check_open()
        if not isinstance(descriptor, ChannelDescriptor):
            raise WrongType(f"expected a ChannelDescriptor, not {descriptor!r}")
        if not isinstance(descriptor.routing, self.Routing):
            raise InvalidDescriptor(
                f"channel {descriptor.name!r}: connector {self.name!r} needs a "
                f"{self.Routing.__name__}, not {descriptor.routing!r}"
            )

    def _gate(self) -> None:
        """Raise unless something can be sent now."""
        self._check_open()
        health = self._keeper.health
        if isinstance(health, Down):
            raise ConnectorDown(health.reason, f"connector {self.name!r}")

    def _damaged(self, reason: str) -> None:
        self._keeper.become(Degraded(reason), now=self._home.wall(), only_from=Up)
