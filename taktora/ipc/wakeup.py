"""The wake-up of an iceoryx2 listener that the user made."""

from __future__ import annotations

from typing import Any, Final

import iceoryx2 as iox

from taktora.errors import WrongType
from taktora.transport.wakeup import Wakeup

__all__ = ["listener_wakeup"]


class _ListenerWakeup(Wakeup):
    """A listener that the user made: every event is news, and nothing can be taken."""

    __slots__ = ()

    def __init__(self, listener: Any) -> None:
        self.kind = "listener"
        self._listener = listener
        self._unreadable = iox.ListenerWaitError

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
