"""Who lives in an executor: ids, refs, and which item objects are taken."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from taktora.actors.actor import ActorRef
from taktora.actors.item import Item
from taktora.errors import DuplicateItem

__all__ = ["Roster"]


class Roster:
    """Ids and refs of one executor. Any thread; a look-up needs no lock."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._refs: dict[str, ActorRef[Any]] = {}
        self._pending: set[str] = set()
        self._objects: dict[int, str] = {}
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._refs)

    def get(self, actor_id: str) -> ActorRef[Any] | None:
        """The ref with this id, ``None`` when there is none (any more)."""
        return self._refs.get(actor_id)

    def id_of(self, ref: ActorRef[Any]) -> str | None:
        """The id of ``ref`` if it lives here."""
        return next((key for key, known in list(self._refs.items()) if known is ref), None)

    def claim(self, wanted: str | None, prefix: str, item: Item | None = None) -> str:
        """Reserve ``wanted``, or an id made from ``prefix``, until :meth:`enter` or :meth:`drop`.

        Raises:
            DuplicateItem: the id is taken, or ``item`` is here already; nothing was reserved.
        """
        with self._lock:
            if item is not None and (before := self._objects.get(id(item))) is not None:
                raise DuplicateItem(f"{item!r} was already added, as {before!r}")
            if wanted is None:
                wanted = next(
                    name
                    for name in (f"{prefix}-{number}" for number in self._serial)
                    if not self._is_taken(name)
                )
            elif self._is_taken(wanted):
                raise DuplicateItem(f"the id {wanted!r} is taken in executor {self._owner!r}")
            self._pending.add(wanted)
            if item is not None:
                self._objects[id(item)] = wanted
            return wanted

    def hold(self, item: Item, owner: str) -> None:
        """Note that ``item`` serves the actor ``owner``, as its fault handler.

        Raises:
            DuplicateItem: ``item`` is here already; nothing was noted.
        """
        with self._lock:
            if (before := self._objects.get(id(item))) is not None:
                raise DuplicateItem(f"{item!r} was already added, as or for {before!r}")
            self._objects[id(item)] = owner

    def enter(self, actor_id: str, ref: ActorRef[Any]) -> None:
        """Fill a reserved place."""
        with self._lock:
            self._pending.discard(actor_id)
            self._refs[actor_id] = ref

    def drop(self, actor_id: str, item: Item | None = None) -> None:
        """Free the id, and the item object if it had one."""
        with self._lock:
            self._pending.discard(actor_id)
            self._refs.pop(actor_id, None)
            if item is not None and self._objects.get(id(item)) == actor_id:
                del self._objects[id(item)]

    def _is_taken(self, name: str) -> bool:
        return name in self._refs or name in self._pending
