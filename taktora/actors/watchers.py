"""Death watch: who wants to know when an actor has ended."""

from __future__ import annotations

import threading
from typing import Any

from attrs import field, frozen

from taktora.actors.actor import ActorRef
from taktora.actors.roster import Roster
from taktora.errors import ActorDeadError, MailboxFull, WrongType

__all__ = ["Terminated", "Watchers"]


@frozen
class Terminated:
    """Told to whoever watches an actor: it has ended, and handles no message any more."""

    ref: ActorRef[Any] = field(repr=False)
    """The ref that was watched."""
    item_id: str
    """Its id, which may belong to another actor by now."""


class Watchers:
    """The watches on the actors of one executor. Any thread."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._lock = threading.Lock()
        self._watches: dict[str, list[tuple[ActorRef[Any], ActorRef[Any]]]] = {}

    def add(self, watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
        """Tell ``watcher`` once when ``target`` ends; now if it has. Twice is as once.

        Raises:
            WrongType: the scheduler, which ends with its executor.
        """
        if not target.item_id:
            raise WrongType(f"{target} cannot be watched; watch items, chains, graphs or actors")
        with self._lock:
            # Looked up under the lock: who ends is struck off the roster before its watches.
            if self._roster.get(target.item_id) is target:
                watches = self._watches.setdefault(target.item_id, [])
                if (watcher, target) not in watches:
                    watches.append((watcher, target))
                return
        _tell(watcher, target)

    def remove(self, watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
        """Do not tell after all; nothing if it was not watched."""
        with self._lock:
            watches = self._watches.get(target.item_id, [])
            watches[:] = [pair for pair in watches if pair != (watcher, target)]
            if not watches:
                self._watches.pop(target.item_id, None)

    def ended(self, item_id: str) -> None:
        """The actor with this id is off the roster: tell who watched it."""
        with self._lock:
            watches = self._watches.pop(item_id, [])
        for watcher, target in watches:
            _tell(watcher, target)


def _tell(watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
    try:
        watcher.tell(Terminated(target, target.item_id))
    except ActorDeadError:
        return  # it does not want to know any more
    except MailboxFull as error:
        home = watcher.home
        if home is not None:  # a notice that found no room is a message that nobody handled
            home.lost(watcher, Terminated(target, target.item_id), str(error))
