"""The wake-ups of iceoryx2: of ports, and of listeners that the user made."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import iceoryx2 as iox

from taktora.errors import WrongType
from taktora.transport.wakeup import Wakeup

__all__ = ["PortWakeup", "listener_wakeup"]


class PortWakeup(Wakeup):
    """The wake-up of one port: its listener is iceoryx2's, for a WaitSet."""

    __slots__ = ()

    unreadable: ClassVar[tuple[type[BaseException], ...]] = (iox.ListenerWaitError,)


class _ListenerWakeup(PortWakeup):
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
