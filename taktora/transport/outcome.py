"""What became of one send: a small frozen fact, made once per distinct value."""

from __future__ import annotations

from functools import lru_cache

import attrs

__all__ = ["NotifyOutcome", "outcome_of"]


@attrs.frozen
class NotifyOutcome:
    """Says whether a payload was sent, and how many listeners were told."""

    sent: bool
    """The payload was published.

    True without any subscriber (late joiners may still get it as history). False when a loan was
    skipped; when the channel has ``overflow=False`` and the buffer of every subscriber was full;
    and when no server took a request, or the client of a response has gone.
    """

    listeners_notified: int
    """Listeners on the paired event service that were notified; 0 when nothing was sent."""

    subscribers_reached: int = attrs.field(default=0, eq=False)
    """Subscribers whose buffer took it (servers, for a request). Not part of equality.

    One that was closed counts as long as anything that it took is held.
    """

    @property
    def delivered_to_any_listener(self) -> bool:
        """Sent, and somebody who waits was told."""
        return self.sent and self.listeners_notified > 0


@lru_cache(maxsize=1024)
def outcome_of(sent: bool, listeners: int, reached: int) -> NotifyOutcome:
    """The one :class:`NotifyOutcome` with these values; a look-up costs a tenth of a new one."""
    return NotifyOutcome(sent, listeners, reached)
