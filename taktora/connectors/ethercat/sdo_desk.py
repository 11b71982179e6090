"""The plug-in's side of objects at run time: who has asked, and who is answered."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

from attrs import frozen

from taktora.actors.item import Item
from taktora.connectors.ethercat.sdo_messages import SdoReply, SdoRequest
from taktora.connectors.health import Down
from taktora.errors import AskTimeout, ConnectorClosed, ConnectorDown, PortClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.actors.context import Context
    from taktora.actors.declare import TriggerDeclarer
    from taktora.actors.promise import Promise
    from taktora.connectors.health_feed import HealthSubscription
    from taktora.connectors.reader import ChannelReader
    from taktora.connectors.writer import ChannelWriter
    from taktora.time import Nanos

__all__ = ["SdoDesk"]

_LOOK_EVERY = 0.05  # s, for those whose time is up


@frozen
class _Asked:
    promise: Promise[Any]
    convert: Callable[[bytes], Any]
    request: SdoRequest


class SdoDesk(Item):
    """Sends requests, and settles their promises with what comes back.

    Each is settled: with the answer, when its time is up, or when the connector goes down. Any thread
    may ask.

    Args:
        name: of the connector.
        beside: the connector's other actor in the executor: ``gateway``, ``watcher``.
        writer: of requests.
        reader: of answers.
        health: of the connector.
        prefix: 16 bytes that no other desk has, which its correlation ids begin with.
        clock: the time of timestamps, in nanoseconds.
    """

    publishes = ()

    def __init__(
        self,
        name: str,
        *,
        beside: str,
        writer: ChannelWriter,
        reader: ChannelReader,
        health: HealthSubscription,
        prefix: bytes,
        clock: Callable[[], Nanos],
    ) -> None:
        self.item_id = f"{name}/{beside}/sdo"
        self.name = name
        self._writer = writer
        self._reader = reader
        self._health = health
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._clock = clock
        self._asked: dict[bytes, _Asked] = {}
        self._lock = threading.Lock()
        self._over = False

    def ask(
        self, request: SdoRequest, convert: Callable[[bytes], Any], promise: Promise[Any]
    ) -> None:
        """Have ``promise`` settled with ``convert(data)`` of what is answered.

        Raises:
            ConnectorClosed: the connector was closed.
            Exception: what the channel's ``send`` raises; nothing was asked then.
        """
        self._look_at_health()  # an outage that is over is not this request's
        key = (self._prefix + next(self._numbers).to_bytes(8, "big")).ljust(32, b"\0")
        with self._lock:  # the answer may be there before send() has returned
            if self._over:
                raise ConnectorClosed(f"connector {self.name!r} was closed; make a new one")
            self._asked[key] = _Asked(promise, convert, request)
        try:
            self._writer.send(request, correlation_id=key)
        except BaseException:
            with self._lock:
                self._asked.pop(key, None)
            raise

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Woken by answers, and to look whose time is up."""
        on.subscriber(self._reader)
        on.interval(_LOOK_EVERY)

    def execute(self, ctx: Context) -> None:  # noqa: ARG002
        """Settle what can be settled."""
        try:
            for received in self._reader:
                self._settle(received.correlation_id, received.value)
        except PortClosed:
            return  # the connector is being closed, on another thread; on_stop follows
        self._look_at_health()
        if self._asked:
            now = self._clock()
            self._fail(lambda asked: now >= asked.request.expires_ns, self._too_late)

    def on_stop(self) -> None:
        """Nobody is answered any more."""
        with self._lock:
            self._over = True
        closed = f"connector {self.name!r} was closed before the answer came"
        self._fail(lambda _: True, lambda _: ConnectorClosed(closed))

    def _look_at_health(self) -> None:
        for event in self._health:
            if isinstance(event.to, Down):
                down = ConnectorDown(event.to.reason, f"connector {self.name!r}")
                self._fail(lambda _: True, lambda _, down=down: down)  # type: ignore[misc]

    def _settle(self, key: bytes | None, reply: SdoReply) -> None:
        with self._lock:
            asked = self._asked.pop(key or b"", None)
        if asked is None:
            return  # of another plug-in; or its time was up
        error: Exception | None = reply.exception
        value = None
        if error is None:
            try:
                value = asked.convert(reply.data or b"")
            except Exception as its:  # noqa: BLE001  # whoever asked is told
                error = its
        if error is None:
            asked.promise.set(value)
        else:
            asked.promise.fail(error)

    def _fail(self, which: Callable[[_Asked], bool], error: Callable[[_Asked], Exception]) -> None:
        with self._lock:
            failed = [(key, asked) for key, asked in self._asked.items() if which(asked)]
            for key, _ in failed:
                del self._asked[key]
        for _, asked in failed:
            asked.promise.fail(error(asked))

    @staticmethod
    def _too_late(asked: _Asked) -> Exception:
        its = asked.request
        return AskTimeout(
            f"SubDevice {its.subdevice} gave no answer about object 0x{its.index:04X}:"
            f"{its.subindex:02X} in time"
        )
