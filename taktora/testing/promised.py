"""The future that an ask returns in a simulation: waiting for it is letting the simulation go on."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

from taktora.actors.promise import Promise

if TYPE_CHECKING:
    from taktora.testing.simulated import SimulatedExecutor

__all__ = ["SimulatedPromise"]

T = TypeVar("T")


class SimulatedPromise(Promise[T]):
    """A :class:`~taktora.Promise` whose ``get`` drives the simulation; timeouts are virtual time."""

    __slots__ = ("_home",)

    def __init__(self, home: SimulatedExecutor | None = None) -> None:
        super().__init__()
        self._home = home

    def expect(self) -> None:
        """Nobody sleeps here."""

    def _wait(self, timeout: float | None) -> None:
        home: Any = self._home
        if home is None:  # derived from another one, which is asked instead
            super()._wait(timeout)
        elif not self.done:
            home.await_promise(self, timeout)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait as :meth:`get` does: the event loop stands still while the simulation goes on."""
        yield from ()
        return self.get()

    __iter__ = __await__
