"""The event service beside a channel or service: who is told, and what is pending."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from taktora.inmemory.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.inmemory.names import Membership

__all__ = ["Event", "Listener", "Notifier"]


class Event:
    """Its listeners in the order in which they were made, and how many there may be."""

    __slots__ = ("__weakref__", "listeners", "max_listeners", "max_notifiers", "notifiers")

    def __init__(self, max_notifiers: int, max_listeners: int) -> None:
        self.max_notifiers = max_notifiers
        self.max_listeners = max_listeners
        self.listeners: list[ref[Listener]] = []
        self.notifiers = 0


class Listener:
    """Counts notifications until they are read."""

    __slots__ = ("__weakref__", "_membership", "bell", "pending")

    pending: int
    """Notifications that were not read yet."""
    bell: Callable[[], None] | None
    """Called on every notification, when it is pending already."""

    def __init__(self, membership: Membership[Event]) -> None:
        """Raises ``Refused`` when there are as many as may be."""
        event = membership.of
        if len(event.listeners) >= event.max_listeners:
            raise Refused("ExceedsMaxSupportedListeners")
        self._membership = membership
        self.pending = 0
        self.bell = None
        event.listeners.append(ref(self, event.listeners.remove))

    def try_wait(self) -> int:
        """What is pending, which is read by this; 0, which is false, when nothing is."""
        pending, self.pending = self.pending, 0
        return pending


class Notifier:
    """Tells every listener."""

    __slots__ = ("_listeners", "_membership")

    def __init__(self, membership: Membership[Event]) -> None:
        """Raises ``Refused`` when there are as many as may be."""
        event = membership.of
        if event.notifiers >= event.max_notifiers:
            raise Refused("ExceedsMaxSupportedNotifiers")
        self._membership = membership
        self._listeners = event.listeners
        event.notifiers += 1

    def notify(self) -> int:
        """Tell all of them; how many there are."""
        told = 0
        for one in tuple(self._listeners):
            listener = one()
            if listener is not None:
                listener.pending += 1
                told += 1
                if listener.bell is not None:
                    listener.bell()
        return told

    def __del__(self) -> None:
        membership = getattr(self, "_membership", None)
        if membership is not None:  # else: there were too many
            membership.of.notifiers -= 1
