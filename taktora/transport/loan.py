"""``with publisher.loan() as payload:`` written in place, sent on the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taktora.errors import InvalidArgument

if TYPE_CHECKING:
    from types import TracebackType

    from taktora.transport.outcome import NotifyOutcome
    from taktora.transport.outlet import Loaned
    from taktora.transport.publisher import Publisher

__all__ = ["Loan"]


class Loan:
    """One payload on loan from a publisher, for one ``with`` block on one thread."""

    __slots__ = ("__weakref__", "_loaned", "_publisher", "_size", "outcome")

    outcome: NotifyOutcome | None
    """What became of it; ``None`` until the block was left, and when it raised."""

    def __init__(self, publisher: Publisher, size: int | None) -> None:
        self._publisher = publisher
        self._size = size
        self._loaned: Loaned | None = None
        self.outcome = None

    def __enter__(self) -> Any:
        if self._loaned is not None:
            raise InvalidArgument("this loan is in use; call loan() for another one")
        self.outcome = None
        self._loaned = loaned = self._publisher._open_loan(self._size)  # noqa: SLF001
        self._publisher.track(self)
        return loaned.payload

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loaned, self._loaned = self._loaned, None
        publisher = self._publisher
        if kind is not None or publisher.closed:
            if loaned is not None:
                loaned.abandon()
            if kind is None:
                publisher.refuse_if_closed()
            return
        assert loaned is not None
        self.outcome = publisher.last_outcome = publisher._send(loaned.finish())  # noqa: SLF001

    def _let_go(self) -> None:
        """The node was closed inside the block: nothing will be sent."""
        loaned, self._loaned = self._loaned, None
        if loaned is not None:
            loaned.abandon()

    def __repr__(self) -> str:
        state = "open" if self._loaned is not None else f"outcome {self.outcome}"
        return f"<Loan from {self._publisher!r}, {state}>"
