"""What a plug-in can do with a bus besides its channels: objects at run time, and how the bus is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import evolve

from taktora.actors.blocking import refuse_to_block
from taktora.connectors.connector import Connector
from taktora.connectors.ethercat import cycle_stats, sdo_messages
from taktora.connectors.ethercat.cycle_stats import BusStatistics, statistics_channel
from taktora.connectors.ethercat.field_codec import FieldCodec
from taktora.connectors.ethercat.object_values import nothing, reader_of
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.connectors.ethercat.sdo_desk import SdoDesk
from taktora.connectors.ethercat.sdo_messages import SdoReply, SdoRequest, sdo_channel
from taktora.connectors.ethercat.subdevice_map import StartupSdo
from taktora.connectors.health import Degraded, Up, words
from taktora.connectors.service_factory import INWARD, OUTWARD
from taktora.errors import ConnectorDown, ConnectorError, WrongType
from taktora.time import NANOS_PER_SECOND, Duration, to_nanos

if TYPE_CHECKING:
    from taktora.actors.promise import Promise
    from taktora.connectors.codec import PayloadCodec
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.reader import ChannelReader

__all__ = ["BusAccess"]


class BusAccess(Connector):
    """A connector to a bus, wherever its gateway lives. Any thread."""

    Routing = EthercatRouting
    _desk: SdoDesk | None = None
    _desk_ref: Any = None

    @classmethod
    def default_codec(cls, descriptor: ChannelDescriptor[Any]) -> PayloadCodec:
        """The field's own: its routing says what its bits stand for."""
        return FieldCodec(descriptor.routing)

    def create_statistics_reader(self) -> ChannelReader:
        """A reader of :class:`~.cycle_stats.BusStatistics`: about one a second, and at each change of
        health. As :meth:`create_reader`.

        Raises:
            ConnectorClosed: the connector was closed.
        """
        with self._lock:
            self._check_open()
            channel = statistics_channel(self.name)
            reader = self._home.factory().create_reader(
                channel, BusStatistics, cycle_stats.CODEC, suffix=INWARD, on_damage=self._damaged
            )
            self._keep(f"in {channel.name}", reader)
        return reader

    def read_sdo(
        self,
        subdevice: int | str,
        index: int,
        subindex: int = 0,
        type: Any = bytes,
        *,
        signed: bool = False,
        complete: bool = False,
        timeout: Duration = 5,
        block: bool = True,
    ) -> Any:
        """Upload one object over CoE, while the bus runs; cycles are not held up.

        Objects are accessed one after the other, in the order in which the gateway is asked.

        Args:
            subdevice: position on the wire, from 1; or the name that the options give to it.
            index: of the object.
            subindex: of the object.
            type: what becomes of its bytes: ``bytes``; ``int``, little-endian, of any length;
                ``float``, of 4 or 8 bytes; ``str``, without zeros at its end.
            signed: of an ``int``: two's complement.
            complete: all subindices at once (complete access).
            timeout: seconds or ``timedelta`` until nobody waits any more; what the gateway has not
                begun by then is not done.
            block: wait for the answer. ``False``: return a future of it at once.

        Raises:
            SdoAbort: the SubDevice refused. With ``block=False`` this and the next ones are raised
                by the future.
            BusError: it has no mailbox, or did not answer; there is no such SubDevice; the object is
                nothing of ``type``.
            AskTimeout: no answer in time.
            ConnectorDown: the bus is not in operation, or went down meanwhile.
            ConnectorClosed: the connector was closed.
            ConnectorError: it is registered with no executor.
            BackPressure: too many requests wait.
            BlockingInActor: called on a thread that runs actors; use ``block=False``.
            InvalidArgument, WrongType: an argument that cannot be.
        """
        convert = reader_of(type, signed=signed)
        StartupSdo(index, subindex, data=b"\0", complete=complete)  # refuses what cannot be
        request = SdoRequest(_named(subdevice), index, subindex, complete=complete)
        return self._ask(request, convert, timeout, block=block)

    def write_sdo(
        self,
        subdevice: int | str,
        index: int,
        subindex: int,
        value: float | bytes,
        size: int | None = None,
        *,
        complete: bool = False,
        timeout: Duration = 5,
        block: bool = True,
    ) -> Any:
        """Download one object over CoE, while the bus runs; cycles are not held up. As :meth:`read_sdo`.

        Args:
            subdevice: as for :meth:`read_sdo`.
            index: of the object.
            subindex: of the object.
            value: bytes as they are; or a number, which needs ``size``. A float is written as IEEE 754.
            size: bytes of a number.
            complete: as for :meth:`read_sdo`.
            timeout: as for :meth:`read_sdo`.
            block: as for :meth:`read_sdo`.

        Raises:
            PayloadOverflow: more bytes than a request has room for. Others: as :meth:`read_sdo`.
        """
        if isinstance(value, bytes | bytearray | memoryview):
            data = StartupSdo(index, subindex, data=bytes(value), size=size, complete=complete)
        else:
            data = StartupSdo(index, subindex, value=value, size=size, complete=complete)
        request = SdoRequest(_named(subdevice), index, subindex, data.payload, complete=complete)
        return self._ask(request, nothing, timeout, block=block)

    # --- helpers --------------------------------------------------------------------------------------

    def _ask(
        self,
        request: SdoRequest,
        convert: Callable[[bytes], Any],
        timeout: Duration,
        *,
        block: bool,
    ) -> Any:
        patience = to_nanos(timeout, what="timeout")
        if block:
            refuse_to_block()
        desk = self._open_desk()
        health = self.health
        if not isinstance(health, Up | Degraded):
            raise ConnectorDown(
                getattr(health, "reason", words(health)), f"connector {self.name!r}"
            )
        promise: Promise[Any] = self._desk_ref.new_promise()
        desk.ask(evolve(request, expires_ns=self._home.clock() + patience), convert, promise)
        return promise.get(timeout=patience / NANOS_PER_SECOND) if block else promise

    def _open_desk(self) -> SdoDesk:
        with self._lock:
            self._check_open()
            if self._desk is not None:
                return self._desk
            executor = self._home.executor
            if executor is None:
                raise ConnectorError(
                    f"connector {self.name!r} is registered with no executor, and could not hear "
                    f"the answer; register it first"
                )
            channel, factory = sdo_channel(self.name), self._home.factory()
            writer = factory.create_writer(
                channel,
                SdoRequest,
                sdo_messages.CODEC,
                suffix=OUTWARD,
                gate=self._gate,
                must_reach=True,
                overflow=False,
            )
            reader = factory.create_reader(channel, SdoReply, sdo_messages.CODEC, suffix=INWARD)
            desk = SdoDesk(
                self.name,
                beside="gateway" if self.in_process else "watcher",
                writer=writer,
                reader=reader,
                health=self._keeper.subscribe(),
                prefix=self._desk_prefix(),
                clock=self._home.clock,
            )
            try:
                self._desk_ref = executor.add(desk)
            except BaseException:
                writer.close()
                reader.close()
                raise
            self._keep(f"out {channel.name}", writer)
            self._keep(f"in {channel.name}", reader)
            self._desk = desk
            return desk

    def _desk_prefix(self) -> bytes:
        """What tells its answers from those of others; in a simulation nothing is left to chance."""
        if not self._home.is_virtual:
            return uuid.uuid4().bytes
        return f"{type(self).__name__} {self.in_process}".encode()[:16].ljust(16)

    def _refs(self) -> tuple[Any, ...]:
        refs = super()._refs()
        return refs if self._desk_ref is None else (*refs, self._desk_ref)


def _named(subdevice: Any) -> int | str:
    if isinstance(subdevice, bool) or not isinstance(subdevice, int | str):
        raise WrongType(f"subdevice must be a position or a name, not {subdevice!r}")
    return subdevice
