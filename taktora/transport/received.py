"""What came in: a payload to read, in shared memory until nobody looks at it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from taktora.errors import PortClosed

if TYPE_CHECKING:
    from taktora.transport.kind import PayloadKind

__all__ = ["Received", "Sample"]

_UNREAD: Final = object()


class Received:
    """A received payload. It can be read from any thread, and never written.

    The memory is borrowed from the sender until this object and everything that its ``payload``,
    ``view`` and ``numpy()`` handed out is gone, whatever becomes of the port: one that is closed
    keeps its slot until then. Views stay valid and unchanged after the node was closed, too; what
    was not read before that raises ``PortClosed``.
    """

    __slots__ = ("__weakref__", "_kind", "_payload", "_port", "_raw")

    def __init__(self, raw: Any, kind: PayloadKind, port: Any = None) -> None:
        """``port`` is what must not go before the payload, if there is such a thing."""
        self._port = port
        self._raw = raw
        self._kind = kind
        self._payload = _UNREAD

    @property
    def payload(self) -> Any:
        """The payload, read-only; read on first access, the same object afterwards.

        * ctypes structure, union or array: a private copy (one memcpy) of a read-only subclass.
        * ctypes scalar: a plain number that also answers ``.value``.
        * ``bytes``: a read-only memoryview of shared memory; it compares equal to ``bytes``.
        * numpy dtype: a read-only ndarray in shared memory.

        Raises:
            PortClosed: the node was closed before the first access.
        """
        payload = self._payload
        if payload is _UNREAD:
            port, raw = self._port, self._raw
            if raw is None:
                self._raise_closed()
            payload = self._payload = self._kind.read(raw, port)
        return payload

    @property
    def view(self) -> memoryview:
        """The bytes themselves: a read-only memoryview of shared memory that keeps it alive."""
        port, raw = self._port, self._raw
        if raw is None:
            self._raise_closed()
        return self._kind.view(raw, port)

    def numpy(self) -> Any:
        """The payload as a read-only ndarray in shared memory, which it keeps alive.

        Raises:
            MissingExtra: numpy is not installed.
            UnsupportedPayload: a ctypes layout that numpy cannot express, such as bit fields.
            PortClosed: the node was closed.
        """
        port, raw = self._port, self._raw
        if raw is None:
            self._raise_closed()
        return self._kind.array(raw, port)

    def _raise_closed(self) -> NoReturn:
        raise PortClosed(
            f"this {type(self).__name__} of {self._kind.label} was released with its node; "
            f"read .payload before closing"
        )

    def _let_go(self) -> None:
        self._raw = None  # first: a thread that reads meanwhile has the port already
        self._port = None

    def __repr__(self) -> str:
        if self._payload is not _UNREAD:
            content = repr(self._payload)
            content = content if len(content) <= 80 else f"{content[:77]}..."
        else:
            content = "released" if self._raw is None else "unread"
        return f"<{type(self).__name__} of {self._kind.label}: {content}>"


class Sample(Received):
    """One payload that a subscriber took."""

    __slots__ = ()

    @property
    def publisher_id(self) -> int:
        """Who published it: a number that no other publisher has, those that have gone included.

        Raises:
            PortClosed: the node was closed.
        """
        raw = self._raw
        if raw is None:
            self._raise_closed()
        number: int = raw.header.publisher_id.value
        return number
