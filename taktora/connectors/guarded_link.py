"""A gateway's link: used by one thread at a time, and whatever it raises is put into words."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from taktora.errors import BackPressure, WrongType

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.inbound import Inbound
    from taktora.connectors.link import Direction, Link
    from taktora.connectors.raw_ports import RawReceived
    from taktora.time import Nanos

__all__ = ["GuardedLink"]

logger = logging.getLogger("taktora.connectors")


class GuardedLink:
    """Around a :class:`~.link.Link` of any make. Any thread may send; the rest is its gateway's.

    Whatever a protocol's library raises ends a session, never an actor.

    Args:
        name: of the connector, for the log.
        link: what is guarded.
        inbound: where its sessions come from.
    """

    def __init__(self, name: str, link: Link, inbound: Inbound) -> None:
        self.is_open = False
        """Whether values can be sent now. Pumps read it; the gateway sets it when the link is up."""
        self.poll_period: Nanos = getattr(link, "poll_period", 0)
        self._name = name
        self._link = link
        self._inbound = inbound
        self._poll = getattr(link, "poll", None) if self.poll_period else None
        self._tick = getattr(link, "tick", None) if self.poll_period else None
        self._keeps = getattr(link, "sends_late", True)
        self._fresh_since: Nanos = -1
        self._plugin_gone = getattr(link, "plugin_gone", None)
        self._writers_changed = getattr(link, "writers_changed", None)
        self._readers_came = getattr(link, "readers_came", None)
        self._lock = threading.Lock()
        self._complaint: str | None = None

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """As the link's, which may raise ``InvalidDescriptor``."""
        with self._lock:
            self._link.add_channel(descriptor, direction)

    def open(self) -> str | None:
        """Begin a session; in words, what went wrong at once."""
        session = self._inbound.new_session()
        try:
            with self._lock:
                self._link.open(session)
        except Exception as error:  # noqa: BLE001  # whatever a protocol's library raises
            return words(error)
        return None

    def close(self) -> None:
        """End the session: nothing is sent any more, and what it still says does not count."""
        self.is_open = False
        if not self._keeps:
            self._fresh_since = self._inbound.clock()
        self._inbound.end_session()
        try:
            with self._lock:
                self._link.close()
        except Exception:
            logger.exception("connector %r: closing its link failed", self._name)

    def poll(self, now: Nanos) -> str | None:
        """Let it look at the time, if it wants to; in words, what went wrong."""
        if self._poll is None:
            return None
        try:
            with self._lock:
                self._poll(now)
        except Exception as error:  # noqa: BLE001  # whatever a protocol's library raises
            return self._said(error)
        self._complaint = None
        return None

    def tick(self, slot: Nanos, now: Nanos) -> str | None:
        """One slot of its cycle; in words, what went wrong."""
        if self._tick is None:
            return None
        try:
            with self._lock:
                self._tick(slot, now)
        except Exception as error:  # noqa: BLE001  # whatever a protocol's library raises
            return self._said(error)
        self._complaint = None
        return None

    def _said(self, error: Exception) -> str:
        complaint = words(error)
        if complaint != self._complaint:  # it may say so again at each look
            logger.warning("connector %r: polling its link: %s", self._name, complaint)
        self._complaint = complaint
        return complaint

    def is_late(self, frame: RawReceived) -> bool:
        """Whether a value was sent before the link was last down, and must not go out any more."""
        return frame.timestamp_ns <= self._fresh_since

    @property
    def watches_writers(self) -> bool:
        """Whether it wants to know if anybody writes to its channels."""
        return self._writers_changed is not None

    def writers_changed(self, channel: str, *, present: bool) -> str | None:
        """Tell it that a channel's first writer has come, or its last one gone. As :meth:`poll`."""
        return self._tell(self._writers_changed, channel, present)

    @property
    def watches_readers(self) -> bool:
        """Whether it wants to know of readers that come."""
        return self._readers_came is not None

    def readers_came(self, channel: str) -> str | None:
        """Tell it that a channel has more readers than before. As :meth:`poll`."""
        return self._tell(self._readers_came, channel)

    def plugin_gone(self, now: Nanos) -> str | None:
        """Tell it that whoever started its process has ended. As :meth:`poll`."""
        return self._tell(self._plugin_gone, now)

    def _tell(self, method: Callable[..., object] | None, *facts: object) -> str | None:
        if method is None:
            return None
        try:
            with self._lock:
                method(*facts)
        except Exception as error:  # noqa: BLE001  # whatever a protocol's library raises
            return words(error)
        return None

    def send(self, descriptor: ChannelDescriptor[Any], frame: RawReceived) -> bool:
        """Send one value; ``False``: not now, it is to be kept. What the link raises ends the session."""
        with self._lock:
            if not self.is_open:
                return False
            session = self._inbound.present()  # now: another may begin as soon as the lock is free
            try:
                sent = self._link.send(
                    descriptor,
                    frame.payload,
                    sequence=frame.sequence,
                    correlation_id=frame.correlation_id,
                )
                if not isinstance(sent, bool):
                    raise WrongType(f"the link's send() must return True or False, not {sent!r}")
            except BackPressure:
                return False
            except Exception as error:  # noqa: BLE001  # whatever a protocol's library raises
                self.is_open = False
                session.down(words(error))
                return False
            return sent


def words(error: Exception) -> str:
    """What was raised, for people: its kind, and what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
