"""What a protocol brings to the framework: one link to the world outside.

Whoever writes a connector writes a :class:`Link`. When to connect, when to try again, what to do
while it is broken, what to count, what to say of health: all of that is the gateway's.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.inbound import Session

__all__ = ["Direction", "Link"]


class Direction(enum.Enum):
    """Which way values go on a channel, as the plug-in sees it."""

    OUT = "out"
    """From the plug-in to the world outside."""
    IN = "in"
    """From the world outside to the plug-in."""


class Link(Protocol):
    """One link. The gateway calls it, never from two threads at the same time.

    A link that must look at the time has, besides, ``poll_period`` (nanoseconds, 0: never) and
    ``poll(now)``, which is called that often, and in between, with monotonic nanoseconds, whether
    it is connected or not. What ``poll`` raises breaks the link.

    A link that works in cycles has ``poll_period`` and ``tick(slot, now)`` in place of ``poll``. It
    is called once for each slot of the executor's time grid, never in between, and not for slots that
    passed while the gateway could not run: ``now - slot`` is how late it is, and the difference of two
    slots a multiple of the period.

    Values that were accepted before a link was last down are sent late, unless the link has an
    attribute ``sends_late`` that is false. Where only the present value counts they would undo what
    the link set when it came up; they are counted as drops of the channel instead.

    A link that tells a value only when it changes has ``readers_came(channel)`` for those who come
    later: there are more readers of that inward channel than at the last look, which is taken as often
    as that for writers. What it has told already they have not seen.

    A link whose values must not stand when nobody writes them any more (outputs of a machine) has
    one or both of these, which are called whether it is connected or not, and once for each change:

    ``writers_changed(channel, present)``: the first writer of an outward channel (``channel`` is its
    name) has come, or the last one has gone: closed, or its process ended or was killed, noticed
    within a second. Whether there is one is looked at every 100 ms or at the heartbeat, whichever is
    more often, so that the first values may be sent before ``True`` is said. As long as nothing was
    said there is none.

    ``plugin_gone(now)``: the process that started this gateway's own process has ended, however
    (monotonic nanoseconds). ``poll`` goes on for the connector's ``linger``, 1 s by default, so that
    safe values can be written; then :meth:`close` follows and the process ends. Nothing is sent any
    more, and ``writers_changed`` says of every channel that nobody writes. Never called where the
    gateway is in the plug-in's process, or was started by hand.

    What one of them raises breaks the link.

    Nothing here may block for long: it runs on the gateway's actor. A library that blocks gets a
    thread of its own, which talks to the gateway through the :class:`~.inbound.Session`.
    """

    def open(self, session: Session) -> None:
        """Begin to connect. Tell ``session`` what becomes of it: up, degraded, down, what arrives.

        Whatever it raises means that the attempt has failed; :meth:`close` follows.
        """

    def close(self) -> None:
        """Let go of everything of the present session. Called between two sessions and at the end.

        Idempotent. Nothing of the old session may be told after it has returned; what is, is
        ignored.
        """

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """From now on, and in every later session, this channel is wanted.

        Raises:
            InvalidDescriptor: its routing leads nowhere.
        """

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,
        correlation_id: bytes | None,
    ) -> bool:
        """Send one encoded value. ``payload`` is valid until this returns.

        ``False``: there is no room; it is tried again after ``session.room()``. Called only while
        the session is up or degraded. Raising (other than ``BackPressure``, which is as ``False``) means that the link is broken, and that the value has
        not gone.
        """
