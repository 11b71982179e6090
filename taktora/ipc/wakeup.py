"""What the driver waits on: one listener, and who has work when it fires."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from weakref import ref

import iceoryx2 as iox

from taktora.errors import IpcError, WrongType

__all__ = ["Wakeup", "listener_wakeup"]


class Wakeup:
    """The listener of one subscriber, server or client, for a WaitSet.

    The driver thread attaches :attr:`listener` and calls :meth:`drain`; the rest is for any
    thread. It does not keep its source alive. Once the source is closed everything answers
    ``False``.
    """

    __slots__ = ("__weakref__", "_listener", "_source", "kind")

    kind: str
    """``"subscriber"``, ``"server"``, ``"client"`` or ``"listener"``."""

    def __init__(self, kind: str, listener: Any, source: Any) -> None:
        self.kind = kind
        self._listener = listener
        self._source = ref(source)

    @property
    def listener(self) -> Any:
        """The raw iceoryx2 listener; ``None`` once closed."""
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
            IpcError: iceoryx2 could not read the listener.
        """
        listener = self._listener
        if listener is None:
            return False
        found = False
        try:
            while listener.try_wait():
                found = True
        except iox.ListenerWaitError as exc:
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


class _ListenerWakeup(Wakeup):
    """A listener that the user made: every event is news, and nothing can be taken."""

    __slots__ = ()

    def __init__(self, listener: Any) -> None:
        self.kind = "listener"
        self._listener = listener

    @property
    def source(self) -> Any:
        return self._listener

    def has_data(self) -> bool:
        return True

    def more(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<Wakeup of {self._listener!r}>"


_LISTENER: Final[Any] = iox.Listener


def listener_wakeup(listener: Any) -> Wakeup:
    """A :class:`Wakeup` for a raw ``iceoryx2.Listener``, which it keeps alive.

    Raises:
        WrongType: anything else.
    """
    if not isinstance(listener, _LISTENER):
        raise WrongType(
            f"expected an iceoryx2.Listener, not {listener!r} ({type(listener).__name__})"
        )
    return _ListenerWakeup(listener)
