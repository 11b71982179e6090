"""What a driver waits on: one listener, and who has work when it fires."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from taktora.errors import IpcError

__all__ = ["Wakeup"]


class Wakeup:
    """The listener of one subscriber, server or client, for a driver.

    The driver thread attaches :attr:`listener` and calls :meth:`drain`; the rest is for any
    thread. It does not keep its source alive. Once the source is closed everything answers
    ``False``.
    """

    __slots__ = ("__weakref__", "_listener", "_source", "_unreadable", "kind")

    kind: str
    """``"subscriber"``, ``"server"``, ``"client"`` or ``"listener"``."""

    def __init__(self, kind: str, listener: Any, source: Any, unreadable: type[Exception]) -> None:
        """``unreadable`` is what the listener raises that cannot be read."""
        self.kind = kind
        self._unreadable = unreadable
        self._listener = listener
        self._source = ref(source)

    @property
    def listener(self) -> Any:
        """What a driver waits on; ``None`` once closed."""
        return self._listener

    @property
    def source(self) -> Any:
        """The port that this wakes for; ``None`` once it is gone."""
        return self._source()

    def drain(self) -> bool:
        """Read every pending event; whether there was one. ``False`` is a normal spurious wake.

        Reads until the listener is empty: a single read can leave it in a state in which later
        notifications are swallowed in silence.

        Raises:
            IpcError: the listener could not be read.
        """
        listener = self._listener
        if listener is None:
            return False
        found = False
        try:
            while listener.try_wait():
                found = True
        except self._unreadable as exc:
            raise IpcError(f"could not read the listener of {self!r}: {exc}") from exc
        return found

    def has_data(self) -> bool:
        """Whether the source has something to take now."""
        source = self._source()
        return source is not None and source._has_data()  # noqa: SLF001

    def probe(self) -> Callable[[], bool]:
        """:meth:`has_data` without the detour; what is returned keeps the source alive."""
        source = self._source()
        return self.has_data if source is None else source._has_data  # noqa: SLF001

    def more(self) -> bool:
        """Whether the latest take found something and there is still more."""
        source = self._source()
        return source is not None and not source.drained and source._has_data()  # noqa: SLF001

    def _let_go(self) -> None:
        self._listener = None

    def __repr__(self) -> str:
        return f"<Wakeup of {self._source()!r}>"
